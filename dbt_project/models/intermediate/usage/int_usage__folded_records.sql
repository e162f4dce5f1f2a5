-- What became of each partial record, once it is decided: `closing` carries the whole usage,
-- `folded` went into it, `late` came after the usage was closed. A usage closes on the day on which
-- its closing record is mediated, else partial_close_days after the last part. A key that is used
-- again longer than the duplicate window after its last part begins another usage; so does one
-- whose parts say that they begin at another time, where their kind of source says it reliably.

{{ config(materialized='incremental', incremental_strategy='append') }}

with partials as (

    select * from {{ ref('int_usage__partial_records') }}

),

delivery_days as (

    select * from {{ ref('int_usage__delivery_days') }}

),

{% if is_incremental() %}
-- whatever was still open on the last day that was decided had a part within partial_close_days
open_keys as (

    select distinct
        usage_source_id,
        session_key
    from partials
    where
        mediated_on >= (
            select {{ add_days(built_through('decided_on'), '-coalesce(max(partial_close_days), 36500)') }}
            from delivery_days
        )

),

{% endif %}
known as (

    select
        partials.*,
        lag(partials.started_at) over (
            partition by partials.usage_source_id, partials.session_key
            order by partials.started_at, partials._file, partials._record
        ) as begun_before
    from partials
    {% if is_incremental() %}
    inner join open_keys
        on
            partials.usage_source_id = open_keys.usage_source_id
            and partials.session_key = open_keys.session_key
    {% endif %}

),

begun as (

    select
        *,
        sum(
            case
                when
                    started_at > {{ add_seconds('begun_before', 'begins_within_seconds') }}
                    then 1
                else 0
            end
        ) over (
            partition by usage_source_id, session_key
            order by started_at, _file, _record
            rows between unbounded preceding and current row
        ) as begin_number
    from known

),

parts as (

    select
        begun.*,
        delivery_days.partial_close_days,
        delivery_days.duplicate_window_days,
        lag(begun.mediated_on) over (
            partition by begun.usage_source_id, begun.session_key, begun.begin_number
            order by begun.mediated_on, begun._file, begun._record
        ) as previous_on,
        lead(begun.mediated_on) over (
            partition by begun.usage_source_id, begun.session_key, begun.begin_number
            order by begun.mediated_on, begun._file, begun._record
        ) as next_on
    from begun
    inner join delivery_days
        on begun._delivered_on = delivery_days.delivered_on

),

numbered as (

    select
        *,
        sum(
            case
                when {{ days_between('previous_on', 'mediated_on') }} > duplicate_window_days then 1
                else 0
            end
        ) over (
            partition by usage_source_id, session_key, begin_number
            order by mediated_on, _file, _record
            rows between unbounded preceding and current row
        ) as session_number,
        -- the day on which this part lets the session end, if it is the one that does
        case
            when is_closing then mediated_on
            when
                next_on is null
                or {{ days_between('mediated_on', 'next_on') }} > partial_close_days
                then {{ add_days('mediated_on', 'partial_close_days') }}
        end as may_close_on
    from parts

),

closed as (

    select
        *,
        min(may_close_on) over (
            partition by usage_source_id, session_key, begin_number, session_number
        ) as closed_on
    from numbered

),

ranked as (

    select
        *,
        row_number() over (
            partition by usage_source_id, session_key, begin_number, session_number
            order by
                mediated_on > closed_on,
                is_closing desc,
                closing_rank desc,
                mediated_on desc,
                _file asc,
                _record asc
        ) = 1 as is_the_closing_one,
        sum(case when mediated_on <= closed_on then quantity end) over (
            partition by usage_source_id, session_key, begin_number, session_number
        ) as summed_quantity,
        min(case when mediated_on <= closed_on then started_at end) over (
            partition by usage_source_id, session_key, begin_number, session_number
        ) as first_started_at
    from closed
    where closed_on <= {{ as_of() }}

),

decided as (

    select
        *,
        case
            when is_the_closing_one then 'closing'
            when mediated_on <= closed_on or is_silent_when_late then 'folded'
            else 'late'
        end as part_class,
        greatest(closed_on, mediated_on) as decided_on
    from ranked

)

select
    feed,
    usage_source_id,
    record_id,
    session_key,
    session_number,
    part_class,
    usage_type,
    direction,
    served_kind,
    served_key,
    other_number,
    visited_network,
    area_id,
    release_cause,
    cast(case when is_summed then summed_quantity else quantity end as bigint) as quantity,
    case when is_summed then first_started_at else started_at end as started_at,
    _file,
    _record,
    _delivered_on,
    decided_on
from decided
where decided_on > {{ built_through('decided_on') }}
