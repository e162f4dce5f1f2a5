-- The version of each subscription that speaks for it on as_of: the one that holds; before the
-- first one begins, the first; after the last one ended (a delete), the last.

with versions as (

    select * from {{ ref('int_customer_base__subscriptions_versioned') }}
    where known_to_on = {{ open_end() }}

)

select
    subscription_id,
    customer_id,
    account_id,
    product_offering_id,
    tariff_id,
    area_id,
    network_type,
    rating_type,
    access_technology,
    channel,
    notice_period_unit,
    notice_period_length,
    contract_started_on,
    minimum_term_ends_on,
    valid_from_on,
    _file,
    _record,
    _delivered_on
from versions
qualify row_number() over (
    partition by subscription_id
    order by
        case when valid_from_on > {{ as_of() }} then 1 else 0 end asc,
        case when valid_from_on <= {{ as_of() }} then valid_from_on end desc,
        valid_from_on asc
) = 1
