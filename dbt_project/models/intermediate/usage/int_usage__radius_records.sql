-- Adapter of FreeRADIUS accounting. Octets count from the begin of a session, so its last record
-- holds all of it; Gigawords are the overflows of a 32-bit counter. An access server whose clock is
-- off by days (1970 after a start) is not believed: the time at which the RADIUS server had the
-- record stands in. An access server may count its session ids from one again when it is restarted:
-- parts that begin at another time are of another session.

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

read as (

    select
        records.*,
        files.usage_source_id,
        files.served_by,
        files.mediated_on,
        files.time_zone,
        coalesce({{ sane_seconds('records.acct_session_time') }}, 0) as session_seconds,
        coalesce({{ sane_seconds('records.acct_delay_time') }}, 0) as delay_seconds,
        {{ timestamp_of_epoch('records.timestamp') }} as received_at,
        (
            coalesce(records.acct_input_octets, 0)
            between -{{ most_quantity() }} and {{ most_quantity() }}
            and coalesce(records.acct_output_octets, 0)
            between -{{ most_quantity() }} and {{ most_quantity() }}
            and coalesce(records.acct_input_gigawords, 0) between 0 and 1000000
            and coalesce(records.acct_output_gigawords, 0) between 0 and 1000000
            and coalesce(records.acct_session_time, 0) between 0 and 315360000
        ) as is_countable,
        case
            when records.acct_status_type = 'Alive' then 'Interim-Update'
            else records.acct_status_type
        end as status
    from records
    inner join files
        on {{ is_of_file('records', 'files') }}
    where files.mediated_on is not null

),

believed as (

    select
        *,
        case
            when
                event_timestamp between
                {{ add_seconds('stanza_at_local', '-delay_seconds - 604800') }}
                and {{ add_seconds('stanza_at_local', '604800') }}
                then event_timestamp
        end as event_at_local,
        {{ add_seconds(
            'coalesce(received_at, ' ~ utc_from_zone('stanza_at_local', 'time_zone') ~ ')',
            '-delay_seconds'
        ) }} as sent_at
    from read

),

read_first as (

    select
        *,
        {{ utc_from_zone('event_at_local', 'time_zone') }} as first_reading
    from believed

),

clocked as (

    select
        *,
        coalesce(
            {{ utc_nearest('first_reading', 'event_at_local', 'time_zone', 'sent_at') }}, sent_at
        ) as event_at
    from read_first

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
        cast({{ epoch_seconds('clocked.event_at') }} as string),
        cast(clocked.session_seconds as string)
    ) as record_id,
    case when clocked.status in ('Start', 'Interim-Update', 'Stop') then 'partial' else 'notice' end
        as record_kind,
    case
        when clocked.status in ('Start', 'Interim-Update', 'Stop')
            then concat_ws(
                chr(31),
                clocked.usage_source_id,
                clocked.nas_ip_address,
                clocked.acct_session_id,
                coalesce(clocked.acct_unique_session_id, ''),
                coalesce(clocked.user_name, '')
            )
    end as session_key,
    clocked.status = 'Stop' as is_closing,
    clocked.session_seconds as closing_rank,
    false as is_summed,
    false as is_silent_when_late,
    -- clocks are set and seconds are rounded while a session lasts
    cast(300 as bigint) as begins_within_seconds,
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
    -- null when no line can have counted that
    case
        when clocked.is_countable
            then
                coalesce(clocked.acct_input_octets, 0) + coalesce(clocked.acct_output_octets, 0)
                + cast(4294967296 as bigint) * (
                    coalesce(clocked.acct_input_gigawords, 0)
                    + coalesce(clocked.acct_output_gigawords, 0)
                )
    end as quantity,
    {{ add_seconds('clocked.event_at', '-clocked.session_seconds') }} as started_at,
    clocked.event_at as occurred_at,
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
