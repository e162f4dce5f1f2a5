-- Zones, time bands and tax categories that a version or its rates name and that are none of its
-- zone plan, of its set of bands, or of any tax rule then.

{{ config(materialized='view') }}

with version_rates as (

    select * from {{ ref('int_catalog__version_rates') }}

),

{% set kept = 'tariff_id, tariff_version_id' -%}
{% set bounds = 'valid_from_on, valid_to_on, known_from_on, known_to_on' -%}
named as (

    select
        {{ kept }},
        'UNKNOWN_ZONE' as reason_code,
        concat_ws(chr(31), 'zone', zone_plan_id, zone_id) as name,
        {{ bounds }}
    from version_rates
    where zone_id is not null
    union
    select
        {{ kept }},
        'UNKNOWN_BAND' as reason_code,
        concat_ws(chr(31), 'band', coalesce(time_band_set_id, ''), time_band_id) as name,
        {{ bounds }}
    from version_rates
    where time_band_id is not null
    union
    select
        {{ kept }},
        'UNKNOWN_TAX_CATEGORY' as reason_code,
        concat_ws(chr(31), 'tax', tax_category) as name,
        {{ bounds }}
    from version_rates
    where tax_category is not null
    union
    select
        {{ kept }},
        'UNKNOWN_TAX_CATEGORY' as reason_code,
        concat_ws(chr(31), 'tax', tax_category) as name,
        {{ bounds }}
    from {{ ref('int_catalog__tariff_versions_versioned') }}

),

told as (

    select
        concat_ws(chr(31), 'zone', zone_plan_id, zone_id) as name,
        {{ bounds }}
    from {{ ref('int_catalog__zones_versioned') }}
    union
    select
        concat_ws(chr(31), 'band', time_band_set_id, time_band_id) as name,
        {{ bounds }}
    from {{ ref('int_catalog__time_bands_versioned') }}
    union
    select
        concat_ws(chr(31), 'tax', tax_category) as name,
        {{ bounds }}
    from {{ ref('int_catalog__tax_rules_versioned') }}

),

unknown as (

    {{ uncovered_versions(
        'named',
        'told',
        keep=['tariff_id', 'tariff_version_id', 'reason_code'],
        matching=[['name', 'name']]
    ) }}

)

select distinct
    tariff_id,
    tariff_version_id,
    reason_code,
    valid_from_on,
    valid_to_on,
    known_from_on,
    known_to_on
from unknown
