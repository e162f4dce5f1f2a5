with items as (

    select * from {{ ref('int_orders__items') }}

),

last_events as (

    select * from {{ ref('int_orders__item_events') }}
    qualify row_number() over (
        partition by order_item_id
        order by occurred_at desc, order_event_id desc
    ) = 1

)

select
    items.order_id,
    items.order_item_id,
    items.subscription_id,
    items.customer_id,
    items.account_id,
    items.application_id,
    items.campaign_id,
    items.product_offering_id,
    items.previous_offering_id,
    items.add_on_id,
    items.action,
    coalesce(last_events.state, 'acknowledged') as state,
    last_events.reason,
    items.termination_reason,
    items.channel,
    items.initiated_by,
    items.quantity,
    case
        when last_events.state = 'completed'
            then cast(
                (
                    {{ epoch_seconds('last_events.occurred_at') }}
                    - {{ epoch_seconds('items.ordered_at') }}
                ) / 3600.0
                as decimal(18, 2)
            )
    end as hours_to_complete,
    items.requested_on,
    items.ordered_at,
    case when last_events.state = 'completed' then last_events.occurred_at end as completed_at,
    last_events.occurred_at as state_since_at,
    items._file,
    items._record,
    items._delivered_on
from items
left join last_events on items.order_item_id = last_events.order_item_id
