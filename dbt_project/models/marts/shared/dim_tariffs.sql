with versions as (

    select * from {{ ref('int_catalog__tariff_versions_versioned') }}
    where known_to_on = {{ open_end() }}

),

-- an id that two versions claim names neither; versions with other faults are what they are called
reused_ids as (

    select distinct tariff_version_id
    from {{ ref('int_catalog__refuse_tariff_versions') }}
    where
        reason_code = 'VERSION_ID_REUSED'
        and known_to_on = {{ open_end() }}

),

tariffs as (

    select * from {{ ref('int_catalog__tariffs_versioned') }}
    where known_to_on = {{ open_end() }}

),

rates as (

    select * from {{ ref('int_catalog__count_usage_rates') }}

)

select
    versions.tariff_version_id,
    versions.tariff_id,
    versions.zone_plan_id,
    versions.time_band_set_id,
    versions.holiday_calendar_id,
    tariffs.name as tariff_name,
    tariffs.network_type,
    tariffs.rating_type,
    versions.tax_category,
    versions.rounding_mode,
    versions.valid_from_on <= {{ as_of() }}
    and {{ as_of() }} < versions.valid_to_on as is_valid,
    versions.is_tax_included,
    versions.rounding_digits,
    coalesce(rates.rate_count, 0) as rate_count,
    versions.minimum_charge_amount,
    versions.maximum_charge_amount,
    versions.currency,
    versions.valid_from_on,
    nullif(versions.valid_to_on, {{ open_end() }}) as valid_to_on,
    versions._file,
    versions._record,
    versions._delivered_on
from versions
left join reused_ids
    on versions.tariff_version_id = reused_ids.tariff_version_id
-- the name that the tariff has when the version begins
left join tariffs
    on
        versions.tariff_id = tariffs.tariff_id
        and versions.valid_from_on >= tariffs.valid_from_on
        and versions.valid_from_on < tariffs.valid_to_on
left join rates
    on versions.tariff_version_id = rates.tariff_version_id
where reused_ids.tariff_version_id is null
