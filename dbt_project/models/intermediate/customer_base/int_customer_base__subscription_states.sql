-- The replays of a subscription as intervals: days in a row that end in the same state for the same
-- cause make one, and a belief that a learning day leaves as it was goes on.

with replayed as (

    select
        *,
        happened_on as valid_from_on
    from {{ ref('int_customer_base__replay_subscriptions') }}

),

begun as (

    select *
    from replayed
    window history as (partition by subscription_id, known_on order by valid_from_on)
    qualify
        lag(state) over history is distinct from state
        or lag(cause) over history is distinct from cause

),

intervals as (

    select
        *,
        coalesce(
            lead(valid_from_on) over (
                partition by subscription_id, known_on
                order by valid_from_on
            ),
            {{ open_end() }}
        ) as valid_to_on
    from begun

),

beliefs as (

    select
        *,
        case
            when
                lag(next_known_on) over same_begin = known_on
                and lag(state) over same_begin = state
                and coalesce(lag(event_id) over same_begin, '') = coalesce(event_id, '')
                and lag(valid_to_on) over same_begin = valid_to_on
                then 0
            else 1
        end as is_change
    from intervals
    window same_begin as (partition by subscription_id, valid_from_on order by known_on)

),

numbered as (

    select
        *,
        sum(is_change) over (
            partition by subscription_id, valid_from_on
            order by known_on
        ) as belief_number
    from beliefs

)

select
    subscription_id,
    event_id,
    order_item_id,
    state,
    cause,
    state in ('active', 'barred_outgoing', 'barred_all', 'suspended') as is_in_service,
    valid_from_on,
    valid_to_on,
    min(known_on) as known_from_on,
    max(next_known_on) as known_to_on
from numbered
group by
    subscription_id, event_id, order_item_id, state, cause, valid_from_on, valid_to_on,
    belief_number
