-- What names something that is not there at as_of. A subscription that is gone itself, or a number
-- that is held no more, names nothing any more.

{%- set end_of_day = utc_timestamp('cast(' ~ add_days(as_of(), 1) ~ ' as timestamp)') %}
{%- set referred = {
    'customer': 'int_customer_base__customers_versioned',
    'account': 'int_customer_base__billing_accounts_versioned',
    'subscription': 'int_customer_base__subscriptions_versioned',
} %}

with {% for kind, model in referred.items() -%}
{{ kind }}s as (

    select versions.*
    from {{ ref(model) }} as versions
    where {{ holds_on('versions', as_of(), as_of()) }}

),

{% endfor -%}
numbers as (

    select * from {{ ref('int_customer_base__service_numbers_versioned') }}
    where
        known_to_on = {{ open_end() }}
        and valid_from_at < {{ end_of_day }}
        and valid_to_at >= {{ end_of_day }}

),

lines as (

    select
        *,
        concat_ws('/', line_kind, line_id, usage_source_id) as line_key
    from {{ ref('int_customer_base__line_assignments_versioned') }}
    where
        known_to_on = {{ open_end() }}
        and valid_from_at < {{ end_of_day }}
        and valid_to_at >= {{ end_of_day }}

),

absent as (

    {% for rows, kind, id, other_kind in [
        ('subscriptions', 'subscription', 'subscription_id', 'customer'),
        ('subscriptions', 'subscription', 'subscription_id', 'account'),
        ('accounts', 'account', 'account_id', 'customer'),
        ('numbers', 'number', 'service_number', 'subscription'),
        ('lines', 'line', 'line_key', 'subscription'),
    ] -%}
    {{ 'union all' if not loop.first }}
    select
        '{{ kind }}' as referring_kind,
        {{ rows }}.{{ id }} as referring_id,
        '{{ other_kind }}' as referred_kind,
        {{ rows }}.{{ other_kind }}_id as referred_id,
        {{ rows }}._file,
        {{ rows }}._record,
        {{ rows }}._delivered_on
    from {{ rows }}
    left join {{ other_kind }}s as others
        on {{ rows }}.{{ other_kind }}_id = others.{{ other_kind }}_id
    where
        {{ rows }}.{{ other_kind }}_id is not null
        and others.{{ other_kind }}_id is null
    {% endfor %}

),

absent_ids as (

    select distinct
        referred_kind,
        referred_id
    from absent

),

-- few ids, so that the versions are read, and not sorted, to see what became of them
ever_told as (

    {% for kind, model in referred.items() -%}
    {{ 'union all' if not loop.first }}
    select
        '{{ kind }}' as referred_kind,
        versions.{{ kind }}_id as referred_id,
        min(case when versions.known_to_on = {{ open_end() }} then versions.valid_from_on end)
            as first_valid_from_on
    from {{ ref(model) }} as versions
    inner join absent_ids
        on
            versions.{{ kind }}_id = absent_ids.referred_id
            and absent_ids.referred_kind = '{{ kind }}'
    group by versions.{{ kind }}_id
    {% endfor %}

)

select
    absent.referring_kind,
    absent.referring_id,
    absent.referred_kind,
    absent.referred_id,
    case
        when ever_told.referred_id is null then 'UNKNOWN'
        when ever_told.first_valid_from_on > {{ as_of() }} then 'NOT_YET_VALID'
        else 'WITHDRAWN'
    end as reason_code,
    absent._file,
    absent._record,
    absent._delivered_on
from absent
left join ever_told
    on
        absent.referred_kind = ever_told.referred_kind
        and absent.referred_id = ever_told.referred_id
