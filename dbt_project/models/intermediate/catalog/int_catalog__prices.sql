-- What usage of a version, type, direction, zone and band costs. Tiers that contradict each other
-- make a price too: int_catalog__refuse_tariff_versions stops it.

with cells as (

    select * from {{ ref('int_catalog__price_cells') }}

),

tiers as (

    select
        *,
        {{ big(ten_billionths('price')) }} as big_price
    from {{ ref('int_catalog__price_tiers') }}

),

rates as (

    select * from {{ ref('int_catalog__usage_rates_versioned') }}

),

summed_tiers as (

    select
        price_key,
        count(*) as tier_count,
        -- no counter holds a block of 10^18 units, and with one a quantity stays below 2^63
        max(
            least(
                {{ big('first_block_units') }} + increment_units,
                {{ big('1000000000000000000') }}
            )
        ) as largest_block_units
    from tiers
    group by price_key

),

-- price / unit_size without a division
cheaper_tiers as (

    select distinct
        tiers.price_key,
        tiers.tier_number
    from tiers
    inner join tiers as others
        on
            tiers.price_key = others.price_key
            and tiers.tier_number <> others.tier_number
            and tiers.big_price * others.unit_size < others.big_price * tiers.unit_size

),

dearest_tiers as (

    select
        tiers.price_key,
        min_by(tiers.price, tiers.tier_number) as dearest_price,
        min_by(tiers.unit_size, tiers.tier_number) as dearest_unit_size
    from tiers
    left join cheaper_tiers
        on
            tiers.price_key = cheaper_tiers.price_key
            and tiers.tier_number = cheaper_tiers.tier_number
    where cheaper_tiers.price_key is null
    group by tiers.price_key

)

select
    cells.price_key,
    cells.price_name_key,
    rates.tariff_version_id,
    rates.usage_type,
    rates.direction,
    nullif(rates.zone_id, '') as zone_id,
    nullif(rates.time_band_id, '') as time_band_id,
    rates.usage_rate_id,
    rates.price_model,
    nullif(rates.tax_category, '') as tax_category,
    nullif(rates.bill_label, '') as bill_label,
    summed_tiers.tier_count,
    rates.unit_size,
    rates.first_block_units,
    rates.increment_units,
    cast(summed_tiers.largest_block_units as bigint) as largest_block_units,
    dearest_tiers.dearest_unit_size,
    dearest_tiers.dearest_price,
    rates.price,
    rates.connect_fee_amount,
    rates.minimum_charge_amount,
    rates.maximum_charge_amount,
    rates.currency,
    cells.valid_from_on,
    cells.valid_to_on,
    cells.known_from_on,
    cells.known_to_on
from cells
inner join tiers
    on
        cells.price_key = tiers.price_key
        and tiers.tier_number = 1
inner join rates
    on
        tiers.usage_rate_id = rates.usage_rate_id
        and {{ holds_on('rates', 'cells.valid_from_on', 'cells.known_from_on') }}
inner join summed_tiers
    on cells.price_key = summed_tiers.price_key
inner join dearest_tiers
    on cells.price_key = dearest_tiers.price_key
