-- Units that no instance gave would be free for nothing; units that an instance gave and no usage
-- got would be lost to the customer.

{{ config(meta={'dagster': {'ref': {'name': 'fct_rated_usage'}}}) }}

with rated as (

    select
        usage_key,
        segment_number,
        allowance_quantity
    from {{ ref('fct_rated_usage') }}
    where
        allowance_quantity <> 0
        and {{ is_new_delivery('rated_on') }}

),

taken as (

    select
        usage_key,
        segment_number,
        sum(units) as units
    from {{ ref('int_rating__allowance_movements') }}
    where
        movement_kind = 'taken'
        and {{ is_new_delivery('moved_on') }}
    group by usage_key, segment_number

)

select
    coalesce(rated.usage_key, taken.usage_key) as usage_key,
    coalesce(rated.segment_number, taken.segment_number) as segment_number,
    rated.allowance_quantity,
    taken.units
from rated
full outer join taken
    on
        rated.usage_key = taken.usage_key
        and rated.segment_number = taken.segment_number
where rated.allowance_quantity is distinct from taken.units
