-- The number that stands for a subscription at the end of as_of; one that holds none any more is
-- still found by the last one it had.

{% set end_of_day = utc_timestamp('cast(' ~ add_days(as_of(), 1) ~ ' as timestamp)') -%}
with versions as (

    select
        *,
        valid_to_at >= {{ end_of_day }} as is_held
    from {{ ref('int_customer_base__service_numbers_versioned') }}
    where
        known_to_on = {{ open_end() }}
        and valid_from_at < {{ end_of_day }}

)

select
    subscription_id,
    service_number,
    is_held
from versions
qualify row_number() over (
    partition by subscription_id
    order by
        case when is_held then 0 else 1 end asc,
        case when is_held then null else valid_to_at end desc,
        case when is_primary then 0 else 1 end asc,
        valid_from_at desc,
        service_number asc
) = 1
