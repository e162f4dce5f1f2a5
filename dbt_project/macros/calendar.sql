{# Dates stay dates: in DuckDB date + interval and date_trunc return a timestamp. #}

{% macro date_spine_days(first_day, last_day) -%}
    {{ return(adapter.dispatch('date_spine_days', 'tollhouse')(first_day, last_day)) }}
{%- endmacro %}

{# one row per day from first to last, both included; column day_on #}
{% macro duckdb__date_spine_days(first_day, last_day) -%}
    select cast(spine.day_at as date) as day_on
    from (
        select unnest(
            generate_series(
                cast({{ first_day }} as timestamp),
                cast({{ last_day }} as timestamp),
                interval 1 day
            )
        ) as day_at
    ) as spine
{%- endmacro %}

{% macro spark__date_spine_days(first_day, last_day) -%}
    select explode(sequence({{ first_day }}, {{ last_day }}, interval 1 day)) as day_on
{%- endmacro %}


{% macro add_days(day, days) -%}
    {{ return(adapter.dispatch('add_days', 'tollhouse')(day, days)) }}
{%- endmacro %}

{% macro duckdb__add_days(day, days) -%}
    cast({{ day }} + to_days(cast({{ days }} as integer)) as date)
{%- endmacro %}

{% macro spark__add_days(day, days) -%}
    date_add({{ day }}, cast({{ days }} as int))
{%- endmacro %}


{# a missing day becomes the last one of its month (31 January + 1 month = 28 February) #}
{% macro add_months(day, months) -%}
    {{ return(adapter.dispatch('add_months', 'tollhouse')(day, months)) }}
{%- endmacro %}

{% macro duckdb__add_months(day, months) -%}
    cast({{ day }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}

{% macro spark__add_months(day, months) -%}
    add_months({{ day }}, cast({{ months }} as int))
{%- endmacro %}


{# days from first to last, first included and last not: the length of a half-open interval #}
{% macro days_between(first_day, last_day) -%}
    {{ return(adapter.dispatch('days_between', 'tollhouse')(first_day, last_day)) }}
{%- endmacro %}

{% macro duckdb__days_between(first_day, last_day) -%}
    date_diff('day', {{ first_day }}, {{ last_day }})
{%- endmacro %}

{% macro spark__days_between(first_day, last_day) -%}
    cast(datediff({{ last_day }}, {{ first_day }}) as bigint)
{%- endmacro %}


{# first day of the month, quarter or year that holds the day #}
{% macro first_day_of(period, day) -%}
    cast(date_trunc('{{ period }}', {{ day }}) as date)
{%- endmacro %}


{# 1 Monday to 7 Sunday #}
{% macro iso_weekday(day) -%}
    {{ return(adapter.dispatch('iso_weekday', 'tollhouse')(day)) }}
{%- endmacro %}

{% macro duckdb__iso_weekday(day) -%}
    cast(extract(isodow from {{ day }}) as bigint)
{%- endmacro %}

{% macro spark__iso_weekday(day) -%}
    cast(extract(dayofweek_iso from {{ day }}) as bigint)
{%- endmacro %}


{# the year that the ISO week belongs to: 2027-01-01 lies in week 53 of 2026 #}
{% macro iso_week_year(day) -%}
    {{ return(adapter.dispatch('iso_week_year', 'tollhouse')(day)) }}
{%- endmacro %}

{% macro duckdb__iso_week_year(day) -%}
    cast(extract(isoyear from {{ day }}) as bigint)
{%- endmacro %}

{% macro spark__iso_week_year(day) -%}
    cast(extract(yearofweek from {{ day }}) as bigint)
{%- endmacro %}


{# whole seconds since 1970-01-01 00:00 UTC; fractions are cut #}
{% macro epoch_seconds(utc_timestamp) -%}
    {{ return(adapter.dispatch('epoch_seconds', 'tollhouse')(utc_timestamp)) }}
{%- endmacro %}

{% macro duckdb__epoch_seconds(utc_timestamp) -%}
    (epoch_us({{ utc_timestamp }}) // 1000000)
{%- endmacro %}

{% macro spark__epoch_seconds(utc_timestamp) -%}
    unix_seconds({{ utc_timestamp }})
{%- endmacro %}


{# All columns but some: after a `relation.*`. #}
{% macro without(columns) -%}
    {{ return(adapter.dispatch('without', 'tollhouse')(columns)) }}
{%- endmacro %}

{% macro duckdb__without(columns) -%}
    exclude ({{ columns | join(', ') }})
{%- endmacro %}

{% macro spark__without(columns) -%}
    except ({{ columns | join(', ') }})
{%- endmacro %}
