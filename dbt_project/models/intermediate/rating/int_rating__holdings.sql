-- What is held of offerings that include units: runs of an offering on service days of the
-- subscription, and of the add-on if the network switches that by itself. Coming back after a break
-- is a holding of its own. The pieces held may change within a holding.

with runs as (

    select * from {{ ref('int_rating__offering_runs') }}

),

services as (

    select * from {{ ref('int_rating__service_periods') }}

),

add_on_services as (

    select * from {{ ref('int_rating__add_on_service_periods') }}

),

switched_add_ons as (

    select distinct
        subscription_id,
        add_on_id
    from add_on_services

),

served as (

    select
        runs.subscription_id,
        runs.add_on_id,
        runs.product_offering_id,
        runs.quantity,
        runs.quantity_from_on,
        runs.quantity_to_on,
        greatest(runs.begins_on, services.served_from_on) as begins_on,
        least(runs.ends_on, services.served_to_on) as ends_on,
        greatest(runs.known_from_on, services.known_from_on) as known_from_on,
        least(runs.known_to_on, services.known_to_on) as known_to_on
    from runs
    inner join services
        on
            runs.subscription_id = services.subscription_id
            and runs.begins_on < services.served_to_on
            and runs.ends_on > services.served_from_on
            and runs.known_from_on < services.known_to_on
            and runs.known_to_on > services.known_from_on

),

held as (

    select served.*
    from served
    left join switched_add_ons
        on
            served.subscription_id = switched_add_ons.subscription_id
            and served.add_on_id = switched_add_ons.add_on_id
    where switched_add_ons.add_on_id is null
    union all
    select
        served.subscription_id,
        served.add_on_id,
        served.product_offering_id,
        served.quantity,
        served.quantity_from_on,
        served.quantity_to_on,
        greatest(served.begins_on, add_on_services.served_from_on) as begins_on,
        least(served.ends_on, add_on_services.served_to_on) as ends_on,
        greatest(served.known_from_on, add_on_services.known_from_on) as known_from_on,
        least(served.known_to_on, add_on_services.known_to_on) as known_to_on
    from served
    inner join add_on_services
        on
            served.subscription_id = add_on_services.subscription_id
            and served.add_on_id = add_on_services.add_on_id
            and served.begins_on < add_on_services.served_to_on
            and served.ends_on > add_on_services.served_from_on
            and served.known_from_on < add_on_services.known_to_on
            and served.known_to_on > add_on_services.known_from_on

)

select
    subscription_id,
    add_on_id,
    product_offering_id,
    quantity,
    greatest(begins_on, quantity_from_on) as quantity_from_on,
    least(ends_on, quantity_to_on) as quantity_to_on,
    begins_on,
    ends_on,
    known_from_on,
    known_to_on
from held
where
    begins_on < quantity_to_on
    and quantity_from_on < ends_on
