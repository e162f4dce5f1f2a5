-- All sources in one shape, and what disqualifies a record before anything is compared: such a
-- record never stands for its id, so that a corrected one under the same id is taken.

{{ config(materialized='view') }}

with records as (

    select * from {{ ref('int_usage__canonical_records') }}
    union all
    select * from {{ ref('int_usage__asterisk_records') }}
    union all
    select * from {{ ref('int_usage__freeswitch_records') }}
    union all
    select * from {{ ref('int_usage__radius_records') }}

)

select
    feed,
    usage_source_id,
    record_id,
    record_kind,
    session_key,
    is_closing,
    closing_rank,
    is_summed,
    is_silent_when_late,
    begins_within_seconds,
    usage_type,
    direction,
    served_kind,
    served_key,
    other_number,
    visited_network,
    area_id,
    release_cause,
    case
        when occurred_at < earliest_at then 'TOO_OLD'
        when started_at > latest_start_at then 'FUTURE_START'
        when quantity < 0 then 'NEGATIVE_QUANTITY'
        when usage_type = 'voice' and quantity > maximum_seconds then 'TOO_LONG'
        when quantity is null or quantity > {{ most_quantity() }} then 'BAD_QUANTITY'
    end as reason_code,
    quantity,
    duplicate_window_days,
    started_at,
    occurred_at,
    _file,
    _record,
    _delivered_on,
    mediated_on
from records
