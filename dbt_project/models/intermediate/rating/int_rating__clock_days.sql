-- What the operator's clock shows: per day in UTC how far it is ahead, until the next switch and
-- from it on. A join to this costs a tenth of asking for the zone of each usage.

{{ config(materialized='table') }}


with days as (

    {{ date_spine_days(
        "cast('" ~ var('calendar_from') ~ "' as date)", add_days(as_of(), 3)
    ) }}

),

clock_hours as (
    {% for hour in range(24) %}
    select {{ hour }} as hour_number
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

hours as (

    select
        days.day_on,
        {{ add_seconds(
            'cast(days.day_on as timestamp)', '3600 * clock_hours.hour_number'
        ) }} as hour_at
    from days
    cross join clock_hours

),

offsets as (

    select
        day_on,
        hour_at,
        {{ epoch_seconds(local_timestamp('hour_at')) }} - {{ epoch_seconds('hour_at') }}
            as seconds_ahead
    from hours

),

-- the clock is moved at a full hour of UTC, everywhere and always since 2000 but for a few islands
switches as (

    select
        hour_at as switch_at,
        seconds_ahead,
        previous_seconds_ahead
    from (
        select
            *,
            lag(seconds_ahead) over (order by hour_at) as previous_seconds_ahead
        from offsets
    ) as followed
    where seconds_ahead <> previous_seconds_ahead

),

next_switches as (

    select
        days.day_on,
        min(switches.switch_at) as switch_at
    from days
    left join switches
        on days.day_on <= cast(switches.switch_at as date)
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
where offsets.hour_at = cast(offsets.day_on as timestamp)
