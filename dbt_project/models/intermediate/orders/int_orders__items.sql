-- What was ordered, once each, however often it is told. An item whose order has not come yet
-- waits: known_from_on is empty until both are there.

with items as (

    {{ event_rows_once(ref('stg_order_management__order_items'), key=['order_item_id']) }}

),

orders as (

    {{ event_rows_once(ref('stg_order_management__orders'), key=['order_id']) }}

)

select
    items.order_item_id,
    items.order_id,
    items.subscription_id,
    orders.customer_id,
    orders.account_id,
    orders.application_id,
    orders.campaign_id,
    items.product_offering_id,
    items.previous_offering_id,
    items.add_on_id,
    items.action,
    items.termination_reason,
    orders.channel,
    orders.initiated_by,
    items.quantity,
    items.requested_on,
    orders.ordered_at,
    case
        when orders.order_id is not null
            then greatest(items._delivered_on, orders._delivered_on)
    end as known_from_on,
    items._file,
    items._record,
    items._delivered_on
from items
left join orders on items.order_id = orders.order_id
