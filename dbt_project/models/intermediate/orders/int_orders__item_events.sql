-- An event of a whole order is an event of each of its items.

with items as (

    select * from {{ ref('int_orders__items') }}

),

events as (

    {{ event_rows_once(ref('stg_order_management__order_events'), key=['order_event_id']) }}

)

select
    items.order_item_id,
    events.order_event_id,
    items.order_id,
    events.state,
    events.reason,
    events.occurred_at,
    greatest(items._delivered_on, events._delivered_on) as known_from_on
from events
inner join items
    on
        events.order_id = items.order_id
        and coalesce(events.order_item_id, items.order_item_id) = items.order_item_id
