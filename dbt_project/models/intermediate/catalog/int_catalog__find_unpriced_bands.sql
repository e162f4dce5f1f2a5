-- A zone that has prices by band and none in one of the bands of the set, by whatever way usage
-- comes to a price: (zone, band), (zone, any), (any zone, band), (any, any).

{{ config(materialized='view') }}

with version_rates as (

    select * from {{ ref('int_catalog__version_rates') }}
    where
        time_band_id is not null
        and time_band_set_id is not null

),

rates as (

    select
        {{ price_name() }} as price_name,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from {{ ref('int_catalog__usage_rates_versioned') }}

),

-- a band begins many times in a week: its name counts once
bands as (

    select distinct
        time_band_set_id,
        time_band_id,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from {{ ref('int_catalog__time_bands_versioned') }}

),

priced_zones as (

    select distinct
        tariff_id,
        tariff_version_id,
        usage_type,
        direction,
        coalesce(zone_id, '') as zone,
        time_band_set_id,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from version_rates

),

zone_bands as (

    select
        priced_zones.tariff_id,
        priced_zones.tariff_version_id,
        priced_zones.usage_type,
        priced_zones.direction,
        priced_zones.zone,
        bands.time_band_id as band,
        {{ rectangle_shared('priced_zones', 'bands') }}
    from priced_zones
    inner join bands
        on
            priced_zones.time_band_set_id = bands.time_band_set_id
            and {{ rectangles_overlap('priced_zones', 'bands') }}

),

needed as (

    select
        *,
        {{ price_name('zone', 'band') }} as zone_and_band,
        {{ price_name('zone', "''") }} as zone_alone,
        {{ price_name("''", 'band') }} as band_alone,
        {{ price_name("''", "''") }} as neither
    from zone_bands

),

unpriced as (

    {{ uncovered_versions(
        'needed',
        'rates',
        keep=['tariff_id', 'tariff_version_id'],
        matching=[
            ['zone_and_band', 'price_name'],
            ['zone_alone', 'price_name'],
            ['band_alone', 'price_name'],
            ['neither', 'price_name'],
        ]
    ) }}

)

select distinct
    tariff_id,
    tariff_version_id,
    'BAND_GAP' as reason_code,
    valid_from_on,
    valid_to_on,
    known_from_on,
    known_to_on
from unpriced
