-- A kind of day without a band at midnight: until the first one begins nobody knows the price.

{{ config(materialized='view') }}

{%- set day_kinds = [
    'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday', 'holiday'
] %}

with versions as (

    select * from {{ ref('int_catalog__tariff_versions_versioned') }}
    where time_band_set_id <> ''

),

midnights as (

    select
        *,
        concat_ws(chr(31), time_band_set_id, day_kind) as set_kind
    from {{ ref('int_catalog__time_bands_versioned') }}
    where from_clock = '00:00'

),

day_kinds as (

    {%- for day_kind in day_kinds %}
    select '{{ day_kind }}' as day_kind
    {%- if not loop.last %} union all{% endif %}
    {%- endfor %}

),

-- without a calendar no day is a holiday
needed as (

    select
        versions.*,
        concat_ws(chr(31), versions.time_band_set_id, day_kinds.day_kind) as set_kind
    from versions
    inner join day_kinds
        on
            day_kinds.day_kind <> 'holiday'
            or versions.holiday_calendar_id <> ''

),

missing as (

    {{ uncovered_versions(
        'needed',
        'midnights',
        keep=['tariff_id', 'tariff_version_id'],
        matching=[['set_kind', 'set_kind']]
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
from missing
