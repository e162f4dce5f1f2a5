-- The step from each customer to its parent, cut where the parent's own version changes, and what
-- is wrong with that step alone. Whether the way up leads to a root is seen in the hierarchy.

with customers as (

    select
        customer_id,
        nullif(parent_customer_id, '') as parent_customer_id,
        customer_kind,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from {{ ref('int_customer_base__customers_versioned') }}

),

children as (

    select * from customers
    where parent_customer_id is not null

),

joined as (

    {{ join_versions(
        'children',
        'customers',
        identity=['customer_id'],
        keep=['parent_customer_id', 'customer_kind'],
        matching=['parent_customer_id', 'customer_id'],
        carry={'parent_kind': 'customer_kind'}
    ) }}

)

select
    customer_id,
    parent_customer_id,
    case
        when not is_matched then 'PARENT_MISSING'
        when parent_kind = 'individual' then 'INDIVIDUAL_HAS_CHILDREN'
        when customer_kind = 'individual' then 'INDIVIDUAL_HAS_PARENT'
    end as reason_code,
    valid_from_on,
    valid_to_on,
    known_from_on,
    known_to_on
from joined
union all
select
    customer_id,
    parent_customer_id,
    cast(null as string) as reason_code,
    valid_from_on,
    valid_to_on,
    known_from_on,
    known_to_on
from customers
where parent_customer_id is null
