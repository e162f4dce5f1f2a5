-- What the operator's clock shows: per day in UTC how far it is ahead, until the next time that it
-- is moved and from then on. A join to this costs a tenth of asking for the zone of each usage.

{{ config(materialized='table') }}

with days as (

    {{ date_spine_days(
        "cast('" ~ var('calendar_from') ~ "' as date)", add_days(as_of(), 3)
    ) }}

),

offsets as (

    select
        day_on,
        cast(day_on as timestamp) as day_at,
        {{ epoch_seconds(local_timestamp('cast(day_on as timestamp)')) }}
        - {{ epoch_seconds('cast(day_on as timestamp)') }} as seconds_ahead
    from days

),

-- days on which the clock is moved end otherwise than they began
moved_days as (

    select *
    from (
        select
            *,
            lead(seconds_ahead) over (order by day_on) as next_seconds_ahead
        from offsets
    ) as followed
    where seconds_ahead <> next_seconds_ahead

),

quarter_hours as (
    {% for quarter in range(1, 97) %}
    select {{ 900 * quarter }} as seconds_of_day
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

-- zones that are half an hour off move their clock at half past an hour of UTC
moments as (

    select
        moved_days.day_on,
        moved_days.seconds_ahead,
        moved_days.next_seconds_ahead,
        {{ add_seconds('moved_days.day_at', 'quarter_hours.seconds_of_day') }} as moment_at
    from moved_days
    cross join quarter_hours

),

switches as (

    select
        day_on,
        next_seconds_ahead as seconds_ahead,
        min(moment_at) as switch_at
    from moments
    where
        {{ epoch_seconds(local_timestamp('moment_at')) }} - {{ epoch_seconds('moment_at') }}
        <> seconds_ahead
    group by day_on, next_seconds_ahead

),

next_switches as (

    select
        days.day_on,
        min(switches.switch_at) as switch_at
    from days
    left join switches
        on days.day_on <= switches.day_on
    group by days.day_on

)

select
    offsets.day_on as utc_on,
    offsets.seconds_ahead,
    coalesce(switches.seconds_ahead, offsets.seconds_ahead) as seconds_ahead_after,
    coalesce(next_switches.switch_at, cast({{ open_end() }} as timestamp)) as switch_at
from offsets
inner join next_switches
    on offsets.day_on = next_switches.day_on
left join switches
    on next_switches.switch_at = switches.switch_at
