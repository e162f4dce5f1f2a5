-- Which version of a tariff prices, cut where it begins or ceases to be refused.

{%- set reasons = [
    'VERSION_ID_REUSED',
    'CONTRADICTED',
    'RATE_OVERLAP',
    'TIER_GAP',
    'BAND_GAP',
    'UNKNOWN_BAND',
    'NEGATIVE_PRICE',
    'ABSURD_AMOUNT',
    'UNKNOWN_ZONE',
    'UNKNOWN_TAX_CATEGORY',
    'OTHER_CURRENCY',
] %}

with versions as (

    select
        *,
        concat_ws(
            chr(31),
            tariff_id,
            cast(valid_from_on as string),
            cast(known_from_on as string)
        ) as row_name
    from {{ ref('int_catalog__tariff_versions_versioned') }}

),

refusals as (

    select
        versions.row_name,
        refused.reason_code,
        case refused.reason_code
            {%- for reason in reasons %}
            when '{{ reason }}' then {{ loop.index }}
            {%- endfor %}
        end as preference,
        refused.valid_from_on,
        refused.valid_to_on,
        refused.known_from_on,
        refused.known_to_on
    from {{ ref('int_catalog__refuse_tariff_versions') }} as refused
    inner join versions
        on
            refused.tariff_id = versions.tariff_id
            and {{ holds_on('versions', 'refused.valid_from_on', 'refused.known_from_on') }}

),

bounded as (

    select
        row_name,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from versions
    union all
    select
        row_name,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from refusals

),

cells as (

    {{ version_cells('bounded', ['row_name']) }}

),

judged as (

    select
        cells.row_name,
        cells.valid_from_on,
        cells.valid_to_on,
        cells.known_from_on,
        cells.known_to_on,
        min_by(refusals.reason_code, refusals.preference) as refusal_code
    from cells
    left join refusals
        on
            cells.row_name = refusals.row_name
            and {{ holds_on('refusals', 'cells.valid_from_on', 'cells.known_from_on') }}
    group by
        cells.row_name,
        cells.valid_from_on,
        cells.valid_to_on,
        cells.known_from_on,
        cells.known_to_on

)

select
    -- in the order of knowing: a later day gives another number to nothing that is known
    cast(
        row_number() over (
            order by judged.known_from_on, versions.tariff_id, judged.valid_from_on
        ) as bigint
    ) as version_key,
    versions.tariff_id,
    versions.tariff_version_id,
    nullif(versions.zone_plan_id, '') as zone_plan_id,
    nullif(versions.time_band_set_id, '') as time_band_set_id,
    nullif(versions.holiday_calendar_id, '') as holiday_calendar_id,
    versions.tax_category,
    versions.rounding_mode,
    judged.refusal_code,
    versions.is_tax_included,
    versions.rounding_digits,
    versions.minimum_charge_amount,
    versions.maximum_charge_amount,
    versions.currency,
    judged.valid_from_on,
    judged.valid_to_on,
    judged.known_from_on,
    judged.known_to_on
from judged
inner join versions
    on judged.row_name = versions.row_name
