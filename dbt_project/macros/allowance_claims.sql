{# What segments ask of allowance instances: steps of allocate_allowances. #}


{# What a claim says of its segment, its rule and its instance. #}
{% macro claim_columns() -%}
    usage_key,
    segment_number,
    segment_count,
    price_key,
    first_unit,
    end_unit,
    rated_on,
    usage_started_at,
    usage_id,
    step_units,
    is_connect_fee_covered,
    instance_number
{%- endmacro %}


{# Every segment of the slice with each instance that counts for it, whatever is left of it. #}
{% macro claims_of_slice(slice) -%}
{#- nothing is looked for in earlier windows when nothing was rolled over -#}
{%- set most_periods = run_query(
    'select coalesce(max(rollover_periods), 0) from ' ~ ref('int_catalog__allowances_versioned')
    ~ ' where exists (select 1 from slice_instances where is_rolled)'
).rows[0][0] | int -%}
with segments as (

    select
        segments.*,
        prices.usage_type,
        prices.direction
    from {{ ref('int_rating__segments') }} as segments
    inner join {{ ref('int_catalog__prices') }} as prices
        on segments.price_key = prices.price_key
    where
        segments.rated_on >= {{ slice.first_on }}
        and segments.rated_on <= {{ slice.last_on }}
        and segments.usage_quantity > 0

),

held as (

    select * from {{ ref('int_rating__held_allowances') }}
    where valid_to_on > {{ slice.first_started_on }}

),

cycle_days as (

    select * from {{ ref('int_rating__cycle_days') }}
    where day_on >= {{ slice.first_started_on }}

),

zone_sets as (

    select * from {{ ref('int_catalog__zone_sets_versioned') }}

),

covered as (

    select
        segments.usage_key,
        segments.segment_number,
        segments.segment_count,
        segments.price_key,
        segments.first_unit,
        segments.end_unit,
        segments.started_on,
        segments.rated_on,
        segments.usage_started_at,
        segments.usage_id,
        held.holder_number,
        held.owner_kind,
        held.owner_id,
        held.allowance_id,
        held.step_units,
        held.is_connect_fee_covered,
        held.begins_on,
        held.validity_kind,
        held.validity_length,
        held.rollover_periods,
        case held.validity_kind
            when 'bill_month' then cycle_days.month_from_on
            when 'days' then held.begins_on
            else {{ add_days(
                'held.begins_on',
                'held_days - held_days % held.validity_length'
            ) | replace('held_days', days_between('held.begins_on', 'segments.started_on')) }}
        end as window_from_on,
        case held.validity_kind
            when 'bill_month' then cycle_days.month_to_on
            when 'days' then {{ add_days('held.begins_on', 'held.validity_length') }}
            else {{ add_days(
                'held.begins_on',
                'held_days - held_days % held.validity_length + held.validity_length'
            ) | replace('held_days', days_between('held.begins_on', 'segments.started_on')) }}
        end as window_to_on
    from segments
    inner join held
        on
            segments.subscription_number = held.subscription_number
            and segments.usage_type = held.usage_type
            and (held.direction is null or segments.direction = held.direction)
            and (held.time_band_id is null or segments.time_band = held.time_band_id)
            and {{ holds_on('held', 'segments.started_on', 'segments.rated_on') }}
    left join cycle_days
        on
            held.cycle_key = cycle_days.cycle_key
            and segments.started_on = cycle_days.day_on
    left join zone_sets
        on
            held.zone_set_id = zone_sets.zone_set_id
            and segments.zone_id = zone_sets.zone_id
            and {{ holds_on('zone_sets', 'segments.started_on', 'segments.rated_on') }}
    where held.zone_set_id is null or zone_sets.zone_id is not null

),

{% if most_periods > 0 -%}
-- a window before that of the usage, of the same holding, from which units are left
rolled as (

    select
        covered.*,
        instances.instance_number,
        instances.origin_from_on,
        instances.origin_to_on
    from covered
    inner join (
        select * from slice_instances
        where is_rolled
    ) as instances
        on
            covered.owner_id = instances.owner_id
            and covered.allowance_id = instances.allowance_id
            and covered.owner_kind = instances.owner_kind
            and covered.started_on >= instances.valid_from_on
            and covered.started_on < instances.valid_to_on
            and covered.rated_on >= instances.usable_from_on
            and covered.begins_on < instances.origin_to_on
    where covered.rollover_periods > 0

),

-- months before it, one after the other, as they were counted then
months_0 as (

    select
        *,
        window_from_on as step_from_on,
        window_to_on as step_to_on
    from rolled
    where validity_kind = 'bill_month'

),

{% for step in range(1, most_periods + 1) -%}
months_{{ step }} as (

    select
        months_{{ step - 1 }}.* {{ without(['step_from_on', 'step_to_on']) }},
        cycle_days.month_from_on as step_from_on,
        cycle_days.month_to_on as step_to_on
    from months_{{ step - 1 }}
    inner join {{ ref('int_rating__subscription_terms') }} as terms
        on
            months_{{ step - 1 }}.holder_number = terms.subscription_number
            and {{ holds_on(
                'terms',
                add_days('months_' ~ (step - 1) ~ '.step_from_on', -1),
                'months_' ~ (step - 1) ~ '.rated_on'
            ) }}
    inner join {{ ref('int_rating__cycle_days') }} as cycle_days
        on
            terms.cycle_key = cycle_days.cycle_key
            and {{ add_days('months_' ~ (step - 1) ~ '.step_from_on', -1) }} = cycle_days.day_on
    where
        months_{{ step - 1 }}.rollover_periods >= {{ step }}
        and months_{{ step - 1 }}.begins_on < months_{{ step - 1 }}.step_from_on

),

{% endfor -%}
rolled_of_holding as (

    select {{ claim_columns() }}
    from rolled
    where
        validity_kind <> 'bill_month'
        and {{ days_between('origin_from_on', 'window_from_on') }}
        <= rollover_periods * validity_length
        and {{ days_between('origin_from_on', 'window_from_on') }} % validity_length = 0
    {%- for step in range(1, most_periods + 1) %}
    union all
    select {{ claim_columns() }}
    from months_{{ step }}
    where
        origin_from_on = step_from_on
        and origin_to_on = step_to_on
    {%- endfor %}

),

{% endif -%}
claims as (

    select
        covered.*,
        instances.instance_number
    from covered
    inner join slice_instances as instances
        on
            covered.owner_id = instances.owner_id
            and covered.allowance_id = instances.allowance_id
            and covered.window_from_on = instances.valid_from_on
            and covered.window_to_on = instances.valid_to_on
            and covered.owner_kind = instances.owner_kind
            and covered.rated_on >= instances.usable_from_on
            and covered.rated_on <= instances.closes_on
    where
        covered.started_on < covered.window_to_on
        and not instances.is_rolled

)

select {{ claim_columns() }}
from claims
{%- if most_periods > 0 %}
union all
select * from rolled_of_holding
{%- endif %}
{%- endmacro %}


{# Instances from which everybody gets what they ask for, whoever comes first. #}
{% macro safe_instances() -%}
select
    slice_instances.instance_number
from (
    select
        instance_number,
        sum({{ whole_blocks('end_unit - first_unit', 'step_units') }}) as most_units
    from slice_claims
    group by instance_number
) as asked
inner join slice_instances
    on asked.instance_number = slice_instances.instance_number
where
    slice_instances.units_left is null
    or asked.most_units <= slice_instances.units_left
{%- endmacro %}


{#
    What each segment asks for, and its first instance. For a usage of one segment that is all of it.
    Of a split call a segment asks for what blocks that began in an earlier segment do not reach, with
    steps of the first instance that counts there, or paid blocks where none does.
#}
{% macro needs_of_segments() -%}
{%- set tiers = banded_tier_count() -%}
with recursive whole as (

    select
        usage_key,
        segment_number,
        max(rated_on) as rated_on,
        max(end_unit) as need,
        min(instance_number) as first_instance_number,
        min_by(step_units, instance_number) as first_step_units,
        min_by(is_connect_fee_covered, instance_number) as is_first_fee_covered,
        true as is_at_begin
    from slice_claims
    where segment_count = 1
    group by usage_key, segment_number

),

split_firsts as (

    select
        usage_key,
        segment_number,
        min(instance_number) as first_instance_number,
        min_by(step_units, instance_number) as first_step_units,
        min_by(is_connect_fee_covered, instance_number) as is_first_fee_covered
    from slice_claims
    where segment_count > 1
    group by usage_key, segment_number

),

split_segments as (

    select
        segments.usage_key,
        segments.segment_number,
        segments.rated_on,
        segments.first_unit,
        segments.end_unit,
        segments.price_key,
        prices.price_model,
        prices.first_block_units,
        prices.increment_units,
        firsts.first_instance_number,
        firsts.first_step_units,
        firsts.is_first_fee_covered
    from {{ ref('int_rating__segments') }} as segments
    inner join (
        select distinct usage_key from split_firsts
    ) as usages
        on segments.usage_key = usages.usage_key
    inner join {{ ref('int_catalog__prices') }} as prices
        on segments.price_key = prices.price_key
    left join split_firsts as firsts
        on
            segments.usage_key = firsts.usage_key
            and segments.segment_number = firsts.segment_number
    where segments.segment_count > 1

),

walked as (

    {{ _static_step(
        "select *, cast(0 as bigint) as position_before from split_segments where segment_number = 1",
        tiers
    ) }}
    union all
    {{ _static_step(
        "select split_segments.*, walked.position_after as position_before "
        ~ "from walked inner join split_segments on walked.usage_key = split_segments.usage_key "
        ~ "and walked.segment_number + 1 = split_segments.segment_number",
        tiers
    ) }}

)

select * from whole
union all
select
    usage_key,
    segment_number,
    rated_on,
    end_unit - walk_from as need,
    first_instance_number,
    first_step_units,
    is_first_fee_covered,
    walk_from = 0 as is_at_begin
from walked
where
    first_instance_number is not null
    and end_unit > walk_from
{%- endmacro %}

{# One segment further: where it begins to ask, and where what it would get ends. #}
{% macro _static_step(query, tiers) -%}
    select
        usage_key,
        segment_number,
        rated_on,
        end_unit,
        walk_from,
        first_instance_number,
        first_step_units,
        is_first_fee_covered,
        case
            when walk_from >= end_unit then walk_from
            when first_instance_number is not null
                then walk_from + {{ whole_blocks('end_unit - walk_from', 'first_step_units') }}
            else walk_end
        end as position_after
    from {{ paid_blocks(
        '(select stepped.*, greatest(first_unit, position_before) as walk_from, end_unit as walk_to '
        ~ 'from (' ~ query ~ ') as stepped)',
        ref('int_catalog__price_tiers'),
        tiers
    ) }} as walked_step
{%- endmacro %}
