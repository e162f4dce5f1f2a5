-- What was ordered, once each: an item or order delivered again counts on its first day. An item
-- whose order has not come yet waits: known_from_on is empty until both are there.

with items as (

    select * from {{ ref('stg_order_management__order_items') }}
    qualify row_number() over (
        partition by order_item_id
        order by _delivered_on, _file, _record
    ) = 1

),

orders as (

    select * from {{ ref('stg_order_management__orders') }}
    qualify row_number() over (
        partition by order_id
        order by _delivered_on, _file, _record
    ) = 1

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
