-- The tiers of each price. A good one has them numbered from 1 without a gap; of one that is
-- refused they are counted all the same, so that there is one row for each number.

with cells as (

    select * from {{ ref('int_catalog__price_cells') }}

),

rates as (

    select
        *,
        {{ price_name() }} as price_name
    from {{ ref('int_catalog__usage_rates_versioned') }}

),

tiers as (

    select
        rates.*,
        cells.price_key,
        row_number() over (
            partition by cells.price_key
            order by rates.tier_number, rates.from_units, rates.usage_rate_id
        ) as place
    from cells
    inner join rates
        on
            cells.price_name = rates.price_name
            and {{ holds_on('rates', 'cells.valid_from_on', 'cells.known_from_on') }}

)

select
    price_key,
    cast(place as bigint) as tier_number,
    usage_rate_id,
    from_units,
    lead(from_units) over (partition by price_key order by place) as to_units,
    unit_size,
    first_block_units,
    increment_units,
    price,
    flat_fee_amount
from tiers
