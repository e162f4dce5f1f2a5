-- Since when and until when somebody was served, through whatever subscriptions: a subscription
-- that was handed over counts for each owner in the owner's time.

with versions as (

    select
        subscription_id,
        customer_id,
        -- a base that is loaded with validity from the day of loading was held before by the same
        case
            when
                lag(valid_from_on) over (
                    partition by subscription_id
                    order by valid_from_on
                ) is null
                then cast('0001-01-01' as date)
            else valid_from_on
        end as owned_from_on,
        valid_to_on as owned_to_on
    from {{ ref('int_customer_base__subscriptions_versioned') }}
    where known_to_on = {{ open_end() }}

),

states as (

    select * from {{ ref('int_customer_base__subscription_states') }}
    where
        known_to_on = {{ open_end() }}
        and is_in_service

),

services as (

    select
        versions.customer_id,
        versions.subscription_id,
        greatest(versions.owned_from_on, states.valid_from_on) as served_from_on,
        least(versions.owned_to_on, states.valid_to_on) as served_to_on
    from versions
    inner join states
        on
            versions.subscription_id = states.subscription_id
            and versions.owned_from_on < states.valid_to_on
            and versions.owned_to_on > states.valid_from_on

)

select
    customer_id,
    count(
        distinct case when {{ as_of() }} < served_to_on then subscription_id end
    ) as active_subscription_count,
    min(served_from_on) as first_served_on,
    max(
        case when served_to_on <= {{ as_of() }} then served_to_on end
    ) as last_service_ended_on
from services
where served_from_on <= {{ as_of() }}
group by customer_id
