with movements as (

    select * from {{ ref('int_rating__allowance_movements') }}

),

instances as (

    select
        instance_id,
        owner_kind,
        owner_id,
        allowance_id,
        usage_type,
        cast(null as string) as rolled_over_from,
        priority,
        capacity,
        valid_from_on,
        valid_to_on,
        issued_on as usable_from_on,
        closes_on
    from {{ ref('int_rating__issued_instances') }}
    union all
    select
        instance_id,
        owner_kind,
        owner_id,
        allowance_id,
        usage_type,
        rolled_over_from,
        priority,
        units as capacity,
        valid_from_on,
        valid_to_on,
        moved_on as usable_from_on,
        cast(null as date) as closes_on
    from movements
    where movement_kind = 'rolled'

),

taken as (

    select
        instance_id,
        cast(sum(units) as bigint) as used
    from movements
    where movement_kind = 'taken'
    group by instance_id

)

select
    instances.instance_id,
    instances.allowance_id,
    instances.rolled_over_from,
    instances.owner_kind,
    instances.owner_id,
    case when instances.owner_kind = 'subscription' then instances.owner_id end as subscription_id,
    instances.usage_type,
    instances.priority,
    instances.capacity,
    coalesce(taken.used, 0) as used,
    instances.capacity - coalesce(taken.used, 0) as unused,
    instances.valid_from_on,
    instances.valid_to_on,
    instances.usable_from_on,
    instances.closes_on
from instances
left join taken
    on instances.instance_id = taken.instance_id
