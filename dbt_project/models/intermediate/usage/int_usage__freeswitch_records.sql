-- Adapter of FreeSWITCH's mod_cdr_csv: one record is one call. Seconds count from the answer. In
-- the hour that comes twice in autumn, the end less the seconds tells which one was meant, where it
-- can.

{{ config(materialized='view') }}

with records as (

    select * from {{ ref('stg_network__freeswitch') }}

),

files as (

    select * from {{ ref('int_usage__files') }}
    where feed = 'freeswitch'

),

delivery_days as (

    select * from {{ ref('int_usage__delivery_days') }}

),

read as (

    select
        records.*,
        files.usage_source_id,
        files.served_by,
        files.mediated_on,
        case
            when files.duration_column = 'duration' then records.duration
            else records.billsec
        end as quantity,
        files.time_zone,
        case
            when files.duration_column = 'duration' or records.answer_stamp is null
                then records.start_stamp
            else records.answer_stamp
        end as local_start,
        case
            when files.duration_column = 'duration' or records.answer_stamp is null
                then {{ sane_seconds('records.duration') }}
            else {{ sane_seconds('records.billsec') }}
        end as seconds_to_end,
        coalesce({{ fits_pattern('records.context', 'files.terminating_context') }}, false)
            as is_terminating,
        {{ e164('records.caller_id_number', 'files') }} as caller,
        {{ e164('records.destination_number', 'files') }} as callee
    from records
    inner join files
        on {{ is_read_with('records', 'files', 'records.context') }}
    where files.mediated_on is not null

),

clocked as (

    select
        *,
        {{ utc_from_zone('local_start', 'time_zone') }} as first_reading,
        {{ add_seconds(utc_from_zone('end_stamp', 'time_zone'), '-seconds_to_end') }}
            as expected_at
    from read

),

placed as (

    select
        *,
        {{ utc_nearest('first_reading', 'local_start', 'time_zone', 'expected_at') }}
            as started_at
    from clocked

)

select
    'freeswitch' as feed,
    placed.usage_source_id,
    concat_ws(':', placed.usage_source_id, placed.uuid) as record_id,
    'usage' as record_kind,
    cast(null as string) as session_key,
    true as is_closing,
    cast(0 as bigint) as closing_rank,
    false as is_summed,
    false as is_silent_when_late,
    cast(null as bigint) as begins_within_seconds,
    'voice' as usage_type,
    case when placed.is_terminating then 'terminating' else 'originating' end as direction,
    case when placed.served_by = 'accountcode' then 'accountcode' else 'number' end as served_kind,
    case
        when placed.served_by = 'accountcode' then placed.accountcode
        when placed.served_by = 'context' and placed.is_terminating then placed.callee
        else placed.caller
    end as served_key,
    case when placed.is_terminating then placed.caller else placed.callee end as other_number,
    cast(null as string) as visited_network,
    cast(null as string) as area_id,
    case when placed.quantity > 0 then 'normal' else 'failed' end as release_cause,
    placed.quantity,
    placed.started_at,
    placed.started_at as occurred_at,
    placed._file,
    placed._record,
    placed._delivered_on,
    placed.mediated_on,
    delivery_days.duplicate_window_days,
    delivery_days.earliest_at,
    delivery_days.latest_start_at,
    delivery_days.maximum_seconds
from placed
inner join delivery_days
    on placed._delivered_on = delivery_days.delivered_on
