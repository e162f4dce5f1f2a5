-- Everything that can move a subscription from one state to another, in one shape. Provisioning
-- counts when it is completed; what concerns an add-on only does not move the subscription.

with provisioning as (

    {{ event_rows_once(
        ref('stg_order_management__provisioning_events'),
        key=['provisioning_event_id']
    ) }}

),

additions as (

    select * from {{ ref('int_orders__items') }}
    where
        action = 'add'
        and subscription_id is not null
        and ordered_at is not null

),

-- how the order went on matters only if it was called off at some time
order_events as (

    select
        *,
        state in ('cancelled', 'rejected', 'failed') as is_called_off,
        max(case when state in ('cancelled', 'rejected', 'failed') then 1 else 0 end)
            over (partition by order_item_id) as was_called_off
    from {{ ref('int_orders__item_events') }}

),

-- that it is known at all makes a subscription pending, whatever became of its order; of its rows
-- only those matter that say it began earlier than was known
contracts as (

    select *
    from (
        select
            subscription_id,
            least(min(contract_started_on), min(valid_from_on), _delivered_on) as happened_on,
            _delivered_on as known_from_on
        from {{ ref('stg_order_management__subscriptions') }}
        group by subscription_id, _delivered_on
    ) as told
    qualify
        happened_on < coalesce(
            min(happened_on) over (
                partition by subscription_id
                order by known_from_on
                rows between unbounded preceding and 1 preceding
            ),
            {{ open_end() }}
        )

),

events as (

    select
        subscription_id,
        provisioning_event_id as event_id,
        step as event_kind,
        order_item_id,
        cause,
        occurred_at,
        _delivered_on as known_from_on
    from provisioning
    where
        outcome = 'completed'
        and add_on_id is null
        and step in (
            'activate', 'deactivate', 'bar_outgoing', 'bar_all', 'unbar', 'suspend', 'resume'
        )
    union all
    select
        subscription_id,
        order_item_id as event_id,
        'order' as event_kind,
        order_item_id,
        cast(null as string) as cause,
        ordered_at as occurred_at,
        known_from_on
    from additions
    union all
    select
        additions.subscription_id,
        concat(order_events.order_event_id, '/', order_events.order_item_id) as event_id,
        case when order_events.is_called_off then 'call_off' else 'order' end as event_kind,
        order_events.order_item_id,
        cast(null as string) as cause,
        -- whatever its clock says, an event of an order comes after the order
        greatest(order_events.occurred_at, additions.ordered_at) as occurred_at,
        greatest(order_events.known_from_on, additions.known_from_on) as known_from_on
    from order_events
    inner join additions on order_events.order_item_id = additions.order_item_id
    where order_events.was_called_off = 1
    union all
    select
        subscription_id,
        concat(subscription_id, '/', cast(known_from_on as string)) as event_id,
        'contract' as event_kind,
        cast(null as string) as order_item_id,
        cast(null as string) as cause,
        {{ utc_timestamp('cast(happened_on as timestamp)') }} as occurred_at,
        known_from_on
    from contracts

)

select
    subscription_id,
    event_id,
    order_item_id,
    event_kind,
    cause,
    {{ local_date('occurred_at') }} as happened_on,
    occurred_at,
    known_from_on
from events
