-- When which price holds: a price is cut wherever one of its tiers comes or goes, so that the same
-- tiers hold all over a row. Keys count in the order of knowing: a later day gives another number
-- to nothing that is known.

with rates as (

    select
        {{ price_name() }} as price_name,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from {{ ref('int_catalog__usage_rates_versioned') }}

),

cells as (

    {{ version_cells('rates', ['price_name']) }}

),

names as (

    select
        price_name,
        row_number() over (order by min(known_from_on), price_name) as price_name_key
    from rates
    group by price_name

)

select
    cast(
        row_number() over (order by cells.known_from_on, cells.price_name, cells.valid_from_on)
        as bigint
    ) as price_key,
    cast(names.price_name_key as bigint) as price_name_key,
    cells.price_name,
    cells.valid_from_on,
    cells.valid_to_on,
    cells.known_from_on,
    cells.known_to_on
from cells
inner join names
    on cells.price_name = names.price_name
