-- Adapter of FreeSWITCH's mod_cdr_csv: one record is one call. Seconds count from the answer.

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
        {{ utc_from_zone(
            "case when files.duration_column = 'duration' then records.start_stamp "
            ~ "else coalesce(records.answer_stamp, records.start_stamp) end",
            'files.time_zone'
        ) }} as started_at,
        coalesce({{ fits_pattern('records.context', 'files.terminating_context') }}, false)
            as is_terminating,
        coalesce({{ fits_pattern('records.context', 'files.originating_context') }}, true)
            as is_originating,
        {{ e164('records.caller_id_number', 'files') }} as caller,
        {{ e164('records.destination_number', 'files') }} as callee
    from records
    inner join files
        on records._file = files.file
    where files.mediated_on is not null

)

select
    'freeswitch' as feed,
    read.usage_source_id,
    concat_ws(':', read.usage_source_id, read.uuid) as record_id,
    'usage' as record_kind,
    cast(null as string) as session_key,
    true as is_closing,
    cast(0 as bigint) as closing_rank,
    false as is_summed,
    'voice' as usage_type,
    case when read.is_terminating then 'terminating' else 'originating' end as direction,
    case when read.served_by = 'accountcode' then 'accountcode' else 'number' end as served_kind,
    case
        when read.served_by = 'accountcode' then read.accountcode
        when read.served_by = 'context' and read.is_terminating then read.callee
        else read.caller
    end as served_key,
    case when read.is_terminating then read.caller else read.callee end as other_number,
    cast(null as string) as visited_network,
    cast(null as string) as area_id,
    case when read.quantity > 0 then 'normal' else 'failed' end as release_cause,
    read.quantity,
    read.started_at,
    read.started_at as occurred_at,
    read.is_terminating or read.is_originating as is_context_known,
    read._file,
    read._record,
    read._delivered_on,
    read.mediated_on,
    delivery_days.duplicate_window_days,
    delivery_days.earliest_at,
    delivery_days.latest_start_at,
    delivery_days.maximum_seconds
from read
inner join delivery_days
    on read._delivered_on = delivery_days.delivered_on
