-- Adapter of the house's own format. Partial records carry what was used since the one before, so
-- a session is the sum of them. A session belongs to one served number and is of one kind: devices
-- that share the feed may use the same ids.

{{ config(materialized='view') }}

with records as (

    select * from {{ ref('stg_network__usage_records') }}

),

delivery_days as (

    select * from {{ ref('int_usage__delivery_days') }}

)

select
    'usage_records' as feed,
    -- its ids are one space, whichever device wrote the file
    'usage_records' as usage_source_id,
    records.usage_id as record_id,
    case when records.session_id is null then 'usage' else 'partial' end as record_kind,
    case
        when records.session_id is not null
            then concat_ws(
                chr(31),
                records.usage_type,
                records.direction,
                records.session_id,
                records.served_number
            )
    end as session_key,
    coalesce(records.is_closing, true) as is_closing,
    coalesce(records.record_sequence, 0) as closing_rank,
    true as is_summed,
    false as is_silent_when_late,
    cast(null as bigint) as begins_within_seconds,
    records.usage_type,
    records.direction,
    case
        when left(records.served_number, 1) = '+' then 'number'
        when translate(records.served_number, '0123456789', '') = '' then 'imsi'
        else 'user_name'
    end as served_kind,
    records.served_number as served_key,
    records.other_number,
    records.visited_network,
    records.area_id,
    records.release_cause,
    records.quantity,
    records.started_at,
    records.started_at as occurred_at,
    records._file,
    records._record,
    records._delivered_on,
    records._delivered_on as mediated_on,
    delivery_days.duplicate_window_days,
    delivery_days.earliest_at,
    delivery_days.latest_start_at,
    delivery_days.maximum_seconds
from records
inner join delivery_days
    on records._delivered_on = delivery_days.delivered_on
