-- The rates that a tariff version leads to, where both hold: what the checks of a version look at.

{{ config(materialized='view') }}

with versions as (

    select * from {{ ref('int_catalog__tariff_versions_versioned') }}

),

rates as (

    select * from {{ ref('int_catalog__usage_rates_versioned') }}

)

select
    versions.tariff_id,
    versions.tariff_version_id,
    rates.usage_rate_id,
    versions.zone_plan_id,
    nullif(versions.time_band_set_id, '') as time_band_set_id,
    rates.usage_type,
    rates.direction,
    nullif(rates.zone_id, '') as zone_id,
    nullif(rates.time_band_id, '') as time_band_id,
    nullif(rates.tax_category, '') as tax_category,
    rates.currency = versions.currency as is_in_currency,
    {{ rectangle_shared('versions', 'rates') }}
from versions
inner join rates
    on
        versions.tariff_version_id = rates.tariff_version_id
        and {{ rectangles_overlap('versions', 'rates') }}
