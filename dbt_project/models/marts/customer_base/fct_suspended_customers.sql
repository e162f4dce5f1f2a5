with hierarchy as (

    select * from {{ ref('int_customer_base__hierarchy') }}

),

suspended as (

    select hierarchy.*
    from hierarchy
    where
        {{ holds_on('hierarchy', as_of(), as_of()) }}
        and not hierarchy.is_placed

),

-- what was known on each day of that same day: as a row, the days on which it was today's word
days_told as (

    select
        hierarchy.customer_id,
        hierarchy.is_placed,
        greatest(hierarchy.valid_from_on, hierarchy.known_from_on) as told_from_on,
        least(hierarchy.valid_to_on, hierarchy.known_to_on) as told_to_on
    from hierarchy
    inner join suspended on hierarchy.customer_id = suspended.customer_id
    where
        hierarchy.valid_from_on < hierarchy.known_to_on
        and hierarchy.known_from_on < hierarchy.valid_to_on
        and hierarchy.valid_from_on <= {{ as_of() }}
        and hierarchy.known_from_on <= {{ as_of() }}

),

-- a stretch of suspension begins after a day on which the customer was placed, or not there
begins as (

    select
        customer_id,
        max(told_from_on) as suspended_on
    from (
        select *
        from days_told
        qualify
            not is_placed
            and (
                lag(told_to_on) over (
                    partition by customer_id
                    order by told_from_on
                ) is distinct from told_from_on
                or lag(is_placed) over (
                    partition by customer_id
                    order by told_from_on
                )
            )
    ) as stretches
    group by customer_id

),

customers as (

    select versions.*
    from {{ ref('int_customer_base__customers_versioned') }} as versions
    where {{ holds_on('versions', as_of(), as_of()) }}

)

select
    suspended.customer_id,
    suspended.parent_customer_id,
    suspended.reason_code,
    begins.suspended_on,
    customers.valid_from_on,
    customers._file,
    customers._record,
    customers._delivered_on
from suspended
inner join begins on suspended.customer_id = begins.customer_id
inner join customers on suspended.customer_id = customers.customer_id
