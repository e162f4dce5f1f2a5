-- Segments of all rated usages with the keys of what they are priced by. A view: both parts lie in
-- tables.

{{ config(materialized='view') }}

select
    usage_key,
    cast(1 as bigint) as segment_number,
    cast(1 as bigint) as segment_count,
    usage_id,
    terms_key,
    subscription_number,
    version_key,
    price_key,
    zone_id,
    time_band,
    is_late,
    quantity as usage_quantity,
    cast(0 as bigint) as first_unit,
    quantity as end_unit,
    started_on,
    ready_on as rated_on,
    started_at as usage_started_at,
    started_at
from {{ ref('int_rating__first_looks') }}
where is_plain
union all
select
    usage_key,
    segment_number,
    segment_count,
    usage_id,
    terms_key,
    subscription_number,
    version_key,
    price_key,
    zone_id,
    time_band,
    is_late,
    quantity as usage_quantity,
    first_unit,
    end_unit,
    started_on,
    looked_on as rated_on,
    started_at as usage_started_at,
    segment_started_at as started_at
from {{ ref('int_rating__later_looks') }}
where reason_code is null
