{#
    Allowances in sets. A slot is what has one capacity: an owner, an allowance and a window. What
    the holdings of an owner bring to a slot are its shares: so many units on days of the window, as
    known for a while. All shares of a slot give its instances, whichever other slots are asked for.
#}

{# Days after a window up to which what becomes known about it is issued at once, unasked. #}
{% macro issued_unasked_days() -%}
    130
{%- endmacro %}


{% macro slot_columns(alias='') -%}
    {%- for column in [
        'owner_kind', 'owner_id', 'allowance_id', 'valid_from_on', 'valid_to_on'
    ] -%}
    {{ alias ~ '.' if alias }}{{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro same_slot(one, other) -%}
    {{ one }}.owner_id = {{ other }}.owner_id
        and {{ one }}.allowance_id = {{ other }}.allowance_id
        and {{ one }}.valid_from_on = {{ other }}.valid_from_on
        and {{ one }}.valid_to_on = {{ other }}.valid_to_on
        and {{ one }}.owner_kind = {{ other }}.owner_kind
{%- endmacro %}


{# How many whole times the divisor goes into what is not negative. #}
{% macro whole_quotient(dividend, divisor) -%}
    {{ return(adapter.dispatch('whole_quotient', 'tollhouse')(dividend, divisor)) }}
{%- endmacro %}

{% macro duckdb__whole_quotient(dividend, divisor) -%}
    (({{ dividend }}) // ({{ divisor }}))
{%- endmacro %}

{% macro spark__whole_quotient(dividend, divisor) -%}
    (({{ dividend }}) div ({{ divisor }}))
{%- endmacro %}


{#
    The shares of slots: each row of `entitlements` is cut at the windows that it touches and that
    end after a day. A share counts from the day on which it is known and reached. Unasked, what
    becomes known too long after a window is left out.
#}
{% macro allowance_shares(entitlements, ended_after, is_unasked=true) -%}
{%- set kept = [
    'subscription_id', 'owner_kind', 'owner_id', 'allowance_id', 'usage_type', 'priority', 'units',
    'is_prorated', 'validity_kind', 'begins_on', 'valid_from_on', 'valid_to_on',
    'known_from_on', 'known_to_on'
] -%}
{%- set served = days_between('greatest(window_from_on, begins_on)', 'window_to_on') -%}
{%- set length = days_between('window_from_on', 'window_to_on') -%}
with windows as (

    select
        {%- for column in kept %}
        entitlements.{{ column }},
        {%- endfor %}
        months.month_from_on as window_from_on,
        months.month_to_on as window_to_on
    from {{ entitlements }} as entitlements
    inner join (
        select distinct
            cycle_key,
            month_from_on,
            month_to_on
        from {{ ref('int_rating__cycle_days') }}
        where month_from_on <= {{ as_of() }}
    ) as months
        on
            entitlements.cycle_key = months.cycle_key
            and entitlements.valid_from_on < months.month_to_on
            and months.month_from_on < entitlements.valid_to_on
            and months.month_to_on > {{ ended_after }}
    where entitlements.validity_kind = 'bill_month'
    union all
    {{ _windows_of_days(entitlements, kept, ended_after, is_unasked) }}

),

shares as (

    select
        subscription_id,
        owner_kind,
        owner_id,
        allowance_id,
        usage_type,
        priority,
        case
            when is_prorated and validity_kind = 'bill_month'
                -- up to a whole unit
                then {{ whole_quotient('units * ' ~ served ~ ' + ' ~ length ~ ' - 1', length) }}
            else units
        end as units,
        window_from_on,
        window_to_on,
        greatest(valid_from_on, window_from_on) as held_from_on,
        least(valid_to_on, window_to_on) as held_to_on,
        known_from_on,
        known_to_on
    from windows

)

select
    subscription_id,
    owner_kind,
    owner_id,
    allowance_id,
    usage_type,
    priority,
    units,
    window_from_on as valid_from_on,
    window_to_on as valid_to_on,
    held_from_on,
    held_to_on,
    known_from_on,
    known_to_on,
    greatest(held_from_on, known_from_on) as counts_from_on
from shares
where
    held_from_on < held_to_on
    and greatest(held_from_on, known_from_on) < known_to_on
    and greatest(held_from_on, known_from_on) <= {{ as_of() }}
    {%- if is_unasked %}
    and known_from_on < {{ add_days('window_to_on', issued_unasked_days()) }}
    {%- endif %}
{%- endmacro %}


{#
    Windows of `validity_length` days from the begin of the holding: one, or one after the other
    from the first that matters to the last that has begun.
#}
{% macro _windows_of_days(entitlements, kept, ended_after, is_unasked) -%}
{%- set earliest = ['valid_from_on', ended_after] -%}
{%- if is_unasked -%}
    {%- do earliest.append(add_days('known_from_on', '-' ~ issued_unasked_days())) -%}
{%- endif -%}
{%- set last = 'least(' ~ add_days('least(valid_to_on, known_to_on)', -1) ~ ', ' ~ as_of() ~ ')' -%}
{%- set days_before = 'reached.validity_length * (reached.first_number + numbers.number)' -%}
select
        {%- for column in kept %}
        reached.{{ column }},
        {%- endfor %}
        {{ add_days('reached.begins_on', days_before) }} as window_from_on,
        {{ add_days('reached.begins_on', days_before ~ ' + reached.validity_length') }}
            as window_to_on
    from (
        select
            *,
            case
                when validity_kind = 'days' then 0
                else {{ whole_quotient(
                    days_between('begins_on', 'greatest(' ~ earliest | join(', ') ~ ')'),
                    'validity_length'
                ) }}
            end as first_number,
            case
                when validity_kind = 'days' then 0
                else {{ whole_quotient(days_between('begins_on', last), 'validity_length') }}
            end as last_number
        from {{ entitlements }}
        where validity_kind <> 'bill_month'
    ) as reached
    inner join (
        select row_number() over (order by day_on) - 1 as number
        from {{ ref('int_rating__cycle_days') }}
        where cycle_key = 'none'
    ) as numbers
        on reached.last_number - reached.first_number >= numbers.number
{%- endmacro %}


{#
    The instances of slots, from all their shares. The capacity on a day is the most that was held
    at once on a day of the window so far, as known then; it can rise only on a day from which on a
    share counts. The first such day issues an instance, later ones what comes on top.
#}
{% macro allowance_issues(shares) -%}
{%- set slot = slot_columns() -%}
with slots as (

    select
        {{ slot }},
        count(*) as share_count,
        min(counts_from_on) as issued_on,
        min(units) as units,
        min(priority) as priority,
        min(usage_type) as usage_type
    from {{ shares }}
    group by {{ slot }}

),

crowded as (

    select shares.*
    from {{ shares }} as shares
    inner join slots
        on
            {{ same_slot('shares', 'slots') }}
    where slots.share_count > 1

),

looks as (

    select distinct
        {{ slot }},
        counts_from_on as looked_on
    from crowded

),

believed as (

    select
        {{ slot_columns('looks') }},
        looks.looked_on,
        crowded.held_from_on,
        crowded.held_to_on,
        crowded.units,
        crowded.priority,
        crowded.usage_type
    from looks
    inner join crowded
        on
            {{ same_slot('looks', 'crowded') }}
            and looks.looked_on >= crowded.counts_from_on
            and looks.looked_on < crowded.known_to_on

),

movements as (

    select
        {{ slot }},
        looked_on,
        held_from_on as moved_on,
        units
    from believed
    union all
    select
        {{ slot }},
        looked_on,
        held_to_on as moved_on,
        -units as units
    from believed

),

totals as (

    select
        {{ slot }},
        looked_on,
        sum(sum(units)) over (
            partition by {{ slot }}, looked_on
            order by moved_on
        ) as units
    from movements
    group by {{ slot }}, looked_on, moved_on

),

most as (

    select
        {{ slot }},
        looked_on,
        max(units) as units
    from totals
    group by {{ slot }}, looked_on

),

first_days as (

    select
        {{ slot }},
        looked_on,
        min_by(priority, held_from_on) as priority,
        min_by(usage_type, held_from_on) as usage_type,
        max(case when units is null then 1 else 0 end) as is_unlimited
    from believed
    group by {{ slot }}, looked_on

),

capacities as (

    select
        {{ slot_columns('first_days') }},
        first_days.looked_on,
        first_days.priority,
        first_days.usage_type,
        first_days.is_unlimited,
        case when first_days.is_unlimited = 0 then most.units end as units,
        max(case when first_days.is_unlimited = 0 then most.units end) over before as units_before,
        max(first_days.is_unlimited) over before as was_unlimited
    from first_days
    inner join most
        on
            {{ same_slot('first_days', 'most') }}
            and first_days.looked_on = most.looked_on
    window before as (
        partition by {{ slot_columns('first_days') }}
        order by first_days.looked_on
        rows between unbounded preceding and 1 preceding
    )

)

select
    {{ slot }},
    issued_on,
    1 as instance_number,
    units as capacity,
    priority,
    usage_type
from slots
where share_count = 1
union all
select
    {{ slot }},
    looked_on as issued_on,
    row_number() over (partition by {{ slot }} order by looked_on) as instance_number,
    cast(units - coalesce(units_before, 0) as bigint) as capacity,
    priority,
    usage_type
from capacities
where
    was_unlimited is null
    or (was_unlimited = 0 and (is_unlimited = 1 or units > units_before))
{%- endmacro %}


{#
    Entitlements that can begin to count after the day `built`: something about them became known or
    valid, or a window of theirs begins.
#}
{% macro moved_entitlements(entitlements, built) -%}
{%- set length = 'entitlements.validity_length' -%}
select entitlements.*
from {{ entitlements }} as entitlements
left join (
    select distinct cycle_key
    from {{ ref('int_rating__cycle_days') }}
    where
        day_on = month_from_on
        and day_on > {{ built }}
        and day_on <= {{ as_of() }}
) as begun_cycles
    on entitlements.cycle_key = begun_cycles.cycle_key
where
    begun_cycles.cycle_key is not null
    or entitlements.known_from_on > {{ built }}
    or entitlements.valid_from_on > {{ built }}
    or (
        entitlements.validity_kind = 'recurring_days'
        and {{ whole_quotient(days_between('entitlements.begins_on', as_of()), length) }}
        > {{ whole_quotient(days_between('entitlements.begins_on', built), length) }}
    )
{%- endmacro %}


{#
    Issues with what the rule of the last day of the window says of rollover, as known on the day of
    issue, and with the last day on which a window that rolls is open: its end plus the days of
    grace of the cycle. Where several cycles meet in a pool the latest decides, of those that hold
    until the end if there are any.
#}
{% macro issues_with_rollover(issues, shares) -%}
{%- set last_day = add_days('issues.valid_to_on', -1) -%}
select
    issues.*,
    rules.rollover_periods,
    rules.rollover_cap_units,
    case
        when rules.rollover_periods > 0 and rules.validity_kind = 'bill_month'
            then {{ add_days('issues.valid_to_on', 'coalesce(graces.grace_days, 0)') }}
        when rules.rollover_periods > 0 and rules.validity_kind = 'recurring_days'
            then issues.valid_to_on
    end as closes_on
from {{ issues }} as issues
left join {{ ref('int_catalog__allowances_versioned') }} as rules
    on
        issues.allowance_id = rules.allowance_id
        and {{ holds_on('rules', last_day, 'issues.issued_on') }}
left join (
    select
        {{ slot_columns('issues') }},
        issues.issued_on,
        coalesce(
            max(
                case
                    when shares.held_to_on = issues.valid_to_on
                        then coalesce(cycles.grace_days, 0)
                end
            ),
            max(cycles.grace_days)
        ) as grace_days
    from {{ issues }} as issues
    inner join {{ shares }} as shares
        on
            {{ same_slot('issues', 'shares') }}
            and issues.issued_on >= shares.counts_from_on
            and issues.issued_on < shares.known_to_on
    inner join (
        select distinct allowance_id
        from {{ ref('int_catalog__allowances_versioned') }}
        where
            rollover_periods > 0
            and validity_kind = 'bill_month'
    ) as rolling
        on issues.allowance_id = rolling.allowance_id
    inner join {{ ref('int_rating__subscription_terms') }} as terms
        on
            shares.subscription_id = terms.subscription_id
            and {{ holds_on('terms', last_day, 'issues.issued_on') }}
    left join (
        select distinct
            cycle_key,
            grace_days
        from {{ ref('int_rating__account_cycles') }}
        where bill_cycle_id is not null
    ) as cycles
        on terms.cycle_key = cycles.cycle_key
    group by {{ slot_columns('issues') }}, issues.issued_on
) as graces
    on
        {{ same_slot('issues', 'graces') }}
        and issues.issued_on = graces.issued_on
{%- endmacro %}
