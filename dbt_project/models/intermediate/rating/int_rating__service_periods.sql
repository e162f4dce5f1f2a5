-- Service days of subscriptions: from the day on which the network switched one on until the day on
-- which it switched it off; barring and pauses end no service. A belief that a learning day leaves
-- as it was goes on.

with replayed as (

    select
        subscription_id,
        known_on,
        next_known_on,
        happened_on,
        state in ('active', 'barred_outgoing', 'barred_all', 'suspended') as is_in_service
    from {{ ref('int_customer_base__replay_subscriptions') }}

),

begun as (

    select *
    from replayed
    qualify
        lag(is_in_service) over (
            partition by subscription_id, known_on
            order by happened_on
        ) is distinct from is_in_service

),

periods as (

    select
        *,
        coalesce(
            lead(happened_on) over (
                partition by subscription_id, known_on
                order by happened_on
            ),
            {{ open_end() }}
        ) as served_to_on
    from begun

),

served as (

    select
        subscription_id,
        happened_on as served_from_on,
        served_to_on,
        known_on,
        next_known_on
    from periods
    where is_in_service

),

beliefs as (

    select
        *,
        case
            when
                lag(next_known_on) over same_begin = known_on
                and lag(served_to_on) over same_begin = served_to_on
                then 0
            else 1
        end as is_change
    from served
    window same_begin as (partition by subscription_id, served_from_on order by known_on)

),

numbered as (

    select
        *,
        sum(is_change) over (
            partition by subscription_id, served_from_on
            order by known_on
        ) as belief_number
    from beliefs

)

select
    subscription_id,
    served_from_on,
    served_to_on,
    min(known_on) as known_from_on,
    max(next_known_on) as known_to_on
from numbered
group by subscription_id, served_from_on, served_to_on, belief_number
