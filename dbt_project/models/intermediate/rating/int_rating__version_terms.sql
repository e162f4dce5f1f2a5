-- Tariff versions with all that rating asks them: what they lead to, and how they round and limit,
-- ready for arithmetic.

{{ config(materialized='table') }}

with versions as (

    select
        *,
        {{ millionths('minimum_charge_amount') }} as minimum_millionths,
        {{ millionths('maximum_charge_amount') }} as maximum_millionths
    from {{ ref('int_catalog__rateable_versions') }}

)

select
    version_key,
    tariff_id,
    tariff_version_id,
    refusal_code,
    zone_plan_id,
    nullif(time_band_set_id, '') as time_band_set_id,
    nullif(holiday_calendar_id, '') as holiday_calendar_id,
    rounding_mode,
    rounding_digits,
    minimum_millionths,
    maximum_millionths,
    -- millionths of one step of rounding
    cast(
        case least(rounding_digits, 6)
            {%- for digits in range(6) %}
            when {{ digits }} then {{ 10 ** (6 - digits) }}
            {%- endfor %}
            else 1
        end as bigint
    ) as millionths_per_step,
    {{ small_times(
        '1000000000000000000',
        'greatest(coalesce(minimum_millionths, 0), coalesce(maximum_millionths, 0), 1)'
    ) }} as most_denominator,
    valid_from_on,
    valid_to_on,
    known_from_on,
    known_to_on
from versions
