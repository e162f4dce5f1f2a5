-- Adapter of Asterisk's Master.csv. A leg that was not answered used nothing, whatever its billsec
-- says; an answered one counts from the answer. The switch writes the clock of its own zone; its
-- uniqueid begins with the second in UTC, which tells apart the two 02:30 of an autumn night.

{{ config(materialized='view') }}

with records as (

    select * from {{ ref('stg_network__asterisk') }}

),

files as (

    select * from {{ ref('int_usage__files') }}
    where feed = 'asterisk'

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
        files.time_zone,
        records.disposition = 'ANSWERED' as is_answered,
        case
            when records.disposition <> 'ANSWERED' then cast(0 as bigint)
            when files.duration_column = 'duration' then records.duration
            else records.billsec
        end as quantity,
        case
            when
                records.disposition = 'ANSWERED'
                and coalesce(files.duration_column, 'billsec') = 'billsec'
                then coalesce(
                    records.answer,
                    {{ add_seconds(
                        'records.start',
                        'coalesce((' ~ sane_seconds('records.duration') ~ ') - ('
                        ~ sane_seconds('records.billsec') ~ '), 0)'
                    ) }}
                )
            else records.start
        end as local_start,
        try_cast(
            split_part(regexp_replace(records.uniqueid, '^.*-', ''), '.', 1) as bigint
        ) as made_epoch,
        coalesce({{ fits_pattern('records.dcontext', 'files.terminating_context') }}, false)
            as is_terminating,
        {{ e164('records.src', 'files') }} as caller,
        {{ e164('records.dst', 'files') }} as callee
    from records
    inner join files
        on {{ is_read_with('records', 'files', 'records.dcontext') }}
    where files.mediated_on is not null

),

clocked as (

    select
        *,
        {{ utc_from_zone('local_start', 'time_zone') }} as first_reading
    from read

),

placed as (

    select
        *,
        {{ utc_nearest(
            'first_reading', 'local_start', 'time_zone', timestamp_of_epoch('made_epoch')
        ) }} as started_at
    from clocked

)

select
    'asterisk' as feed,
    placed.usage_source_id,
    concat_ws(
        ':',
        placed.usage_source_id,
        placed.uniqueid,
        coalesce(
            cast(placed.sequence as string),
            concat(
                coalesce(placed.dstchannel, ''),
                '@',
                cast({{ epoch_seconds('placed.start') }} as string)
            )
        )
    ) as record_id,
    'partial' as record_kind,
    concat_ws(
        ':',
        placed.usage_source_id,
        coalesce(nullif(placed.linkedid, ''), placed.uniqueid),
        coalesce(placed.accountcode, '')
    ) as session_key,
    placed.is_answered as is_closing,
    -- of several answered legs the longest is the call
    placed.quantity as closing_rank,
    false as is_summed,
    -- a leg that was never answered adds nothing, whenever it comes
    not placed.is_answered as is_silent_when_late,
    -- a call may wait long between one leg and the next
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
    case when placed.is_answered then 'normal' else 'failed' end as release_cause,
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
