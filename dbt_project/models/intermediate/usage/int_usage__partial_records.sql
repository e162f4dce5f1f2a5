-- Records that are only a part of a usage: legs of a forked call, partial records of a session.

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook='{{ joins_as_written() }}',
    post_hook='{{ joins_by_size() }}'
) }}

with records as (

    select * from {{ ref('int_usage__records') }}
    where
        record_kind = 'partial'
        and reason_code is null
        and mediated_on > {{ built_through('mediated_on') }}

),

repeated as (

    select * from {{ ref('int_usage__repeated_records') }}

)

select
    records.feed,
    records.usage_source_id,
    records.record_id,
    records.session_key,
    records.is_closing,
    records.closing_rank,
    records.is_summed,
    records.is_silent_when_late,
    records.begins_within_seconds,
    records.usage_type,
    records.direction,
    records.served_kind,
    records.served_key,
    records.other_number,
    records.visited_network,
    records.area_id,
    records.release_cause,
    records.quantity,
    records.started_at,
    records._file,
    records._record,
    records._delivered_on,
    records.mediated_on
from records
left join repeated
    on
        records._file = repeated._file
        and records._record = repeated._record
where repeated._file is null
