-- A customer that is neither in a tree nor listed with a reason would be billed by nobody, and
-- nobody would be told; one that is both would be billed while it should wait.

{{ config(meta={'dagster': {'ref': {'name': 'dim_customers'}}}) }}

with customers as (

    select versions.customer_id
    from {{ ref('int_customer_base__customers_versioned') }} as versions
    where {{ holds_on('versions', as_of(), as_of()) }}

),

listed as (

    select customer_id from {{ ref('dim_customers') }}
    union all
    select customer_id from {{ ref('fct_suspended_customers') }}

),

listings as (

    select
        customer_id,
        count(*) as listing_count
    from listed
    group by customer_id

)

select
    customers.customer_id,
    listings.listing_count
from customers
full outer join listings on customers.customer_id = listings.customer_id
where
    customers.customer_id is null
    or listings.listing_count is distinct from 1
