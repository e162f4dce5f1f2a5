{# Months and periods counted from the cycle day. #}

{# The day on which a cycle begins in a calendar month; a missing day is the month's last. #}
{% macro cycle_begin(month_on, cycle_day) -%}
    least({{ add_days(month_on, cycle_day ~ ' - 1') }}, cast(last_day({{ month_on }}) as date))
{%- endmacro %}


{# First day of the calendar month in which the month counted from the cycle day begins. #}
{% macro cycle_month(day, cycle_day) -%}
    case
        when {{ cycle_begin(first_day_of('month', day), cycle_day) }} <= {{ day }}
            then {{ first_day_of('month', day) }}
        else {{ add_months(first_day_of('month', day), -1) }}
    end
{%- endmacro %}


{# 0 or 1: neighbouring calendar months differ. #}
{% macro month_parity(month_on) -%}
    mod(12 * extract(year from {{ month_on }}) + extract(month from {{ month_on }}), 2)
{%- endmacro %}
