-- Adapter of FreeRADIUS accounting. Octets count from the begin of a session, so its last record
-- holds all of it; Gigawords are the overflows of a 32-bit counter. An access server without a
-- clock writes 1970, then the time at which the RADIUS server had the record stands in.

{{ config(materialized='view') }}

with records as (

    select * from {{ ref('stg_network__radius') }}

),

files as (

    select * from {{ ref('int_usage__files') }}
    where feed = 'radius'

),

delivery_days as (

    select * from {{ ref('int_usage__delivery_days') }}

),

clocked as (

    select
        records.*,
        files.usage_source_id,
        files.served_by,
        files.mediated_on,
        coalesce(
            case
                when records.event_timestamp >= cast('2000-01-01' as timestamp)
                    then {{ utc_from_zone('records.event_timestamp', 'files.time_zone') }}
            end,
            {{ add_seconds(
                'coalesce(' ~ timestamp_of_epoch('records.timestamp') ~ ', '
                ~ utc_from_zone('records.stanza_at_local', 'files.time_zone') ~ ')',
                '-coalesce(records.acct_delay_time, 0)'
            ) }}
        ) as event_at,
        case
            when records.acct_status_type = 'Alive' then 'Interim-Update'
            else records.acct_status_type
        end as status
    from records
    inner join files
        on records._file = files.file
    where files.mediated_on is not null

)

select
    'radius' as feed,
    clocked.usage_source_id,
    concat_ws(
        ':',
        clocked.usage_source_id,
        clocked.nas_ip_address,
        clocked.acct_session_id,
        clocked.status,
        cast(clocked.event_at as string)
    ) as record_id,
    case when clocked.status in ('Start', 'Interim-Update', 'Stop') then 'partial' else 'notice' end
        as record_kind,
    case
        when clocked.status in ('Start', 'Interim-Update', 'Stop')
            then concat_ws(
                ':',
                clocked.usage_source_id,
                clocked.nas_ip_address,
                clocked.acct_session_id,
                coalesce(clocked.user_name, '')
            )
    end as session_key,
    clocked.status = 'Stop' as is_closing,
    coalesce(clocked.acct_session_time, 0) as closing_rank,
    false as is_summed,
    'data' as usage_type,
    'originating' as direction,
    case when clocked.served_by = 'calling_station' then 'calling_station' else 'user_name' end
        as served_kind,
    case
        when clocked.served_by = 'calling_station' then clocked.calling_station_id
        else clocked.user_name
    end as served_key,
    cast(null as string) as other_number,
    cast(null as string) as visited_network,
    cast(null as string) as area_id,
    case
        when clocked.acct_terminate_cause in ('User-Request', 'Session-Timeout', 'Idle-Timeout')
            then 'normal'
        when clocked.acct_terminate_cause is not null then 'dropped'
    end as release_cause,
    coalesce(clocked.acct_input_octets, 0) + coalesce(clocked.acct_output_octets, 0)
    + cast(4294967296 as bigint)
    * (coalesce(clocked.acct_input_gigawords, 0) + coalesce(clocked.acct_output_gigawords, 0))
        as quantity,
    {{ add_seconds('clocked.event_at', '-coalesce(clocked.acct_session_time, 0)') }} as started_at,
    clocked.event_at as occurred_at,
    true as is_context_known,
    clocked._file,
    clocked._record,
    clocked._delivered_on,
    clocked.mediated_on,
    delivery_days.duplicate_window_days,
    delivery_days.earliest_at,
    delivery_days.latest_start_at,
    delivery_days.maximum_seconds
from clocked
inner join delivery_days
    on clocked._delivered_on = delivery_days.delivered_on
