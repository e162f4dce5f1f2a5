-- From its first day on, a subscription without a state on some day would drop out of the base and
-- of billing on that day; one with two would be counted and charged twice. Intervals of one
-- subscription do not overlap (tested beside the model), so lengths that add up leave no gap.

{{ config(meta={'dagster': {'ref': {'name': 'int_customer_base__subscription_states'}}}) }}

with subscriptions as (

    select distinct subscription_id
    from {{ ref('stg_order_management__subscriptions') }}

),

states as (

    select
        subscription_id,
        max(valid_to_on) as last_to_on,
        sum({{ days_between('valid_from_on', 'valid_to_on') }}) as days_in_states,
        max({{ days_between('valid_from_on', open_end()) }}) as days_to_the_end
    from {{ ref('int_customer_base__subscription_states') }}
    where known_to_on = {{ open_end() }}
    group by subscription_id

)

select
    subscriptions.subscription_id,
    states.last_to_on,
    states.days_in_states,
    states.days_to_the_end
from subscriptions
left join states on subscriptions.subscription_id = states.subscription_id
where
    states.subscription_id is null
    or states.days_in_states <> states.days_to_the_end
    or states.last_to_on <> {{ open_end() }}
