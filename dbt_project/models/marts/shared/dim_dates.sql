with spine as (

    {{ date_spine_days(
        "cast('" ~ var('calendar_from') ~ "' as date)",
        add_days(add_months(first_day_of('year', as_of()), 24), -1)
    ) }}

),

holidays as (

    select
        holiday_on,
        name as holiday_name
    from {{ ref('int_catalog__holidays_versioned') }}
    where
        holiday_calendar_id = '{{ var("holiday_calendar") }}'
        and known_to_on = {{ open_end() }}
        and valid_from_on <= holiday_on
        and holiday_on < valid_to_on

),

numbered as (

    select
        day_on,
        cast(extract(year from day_on) as bigint) as year_number,
        cast(extract(quarter from day_on) as bigint) as quarter_number,
        cast(extract(month from day_on) as bigint) as month_number,
        cast(extract(day from day_on) as bigint) as day_number,
        {{ iso_week_year('day_on') }} as iso_year_number,
        cast(extract(week from day_on) as bigint) as iso_week_number,
        {{ iso_weekday('day_on') }} as weekday_number,
        cast(last_day(day_on) as date) as month_end_on
    from spine

)

select
    numbered.day_on,
    case numbered.weekday_number
        when 1 then 'Monday'
        when 2 then 'Tuesday'
        when 3 then 'Wednesday'
        when 4 then 'Thursday'
        when 5 then 'Friday'
        when 6 then 'Saturday'
        else 'Sunday'
    end as weekday_name,
    holidays.holiday_name,
    numbered.weekday_number in (6, 7) as is_weekend,
    holidays.holiday_on is not null as is_holiday,
    numbered.day_on = numbered.month_end_on as is_month_end,
    numbered.year_number,
    numbered.quarter_number,
    numbered.month_number,
    numbered.day_number,
    numbered.iso_year_number,
    numbered.iso_week_number,
    numbered.weekday_number,
    cast(extract(day from numbered.month_end_on) as bigint) as days_in_month,
    {{ first_day_of('year', 'numbered.day_on') }} as year_on,
    {{ first_day_of('quarter', 'numbered.day_on') }} as quarter_on,
    {{ first_day_of('month', 'numbered.day_on') }} as month_on,
    numbered.month_end_on,
    {{ add_days('numbered.day_on', '1 - numbered.weekday_number') }} as iso_week_on
from numbered
left join holidays
    on numbered.day_on = holidays.holiday_on
