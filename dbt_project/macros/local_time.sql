{#
    Timestamps are UTC and carry no zone. Days, bands and periods are decided on the operator's clock
    (var `time_zone`), never on the machine's.
#}

{% macro local_timestamp(utc_timestamp) -%}
    {{ return(adapter.dispatch('local_timestamp', 'tollhouse')(utc_timestamp)) }}
{%- endmacro %}

{% macro duckdb__local_timestamp(utc_timestamp) -%}
    timezone('{{ var("time_zone") }}', timezone('UTC', {{ utc_timestamp }}))
{%- endmacro %}

{% macro spark__local_timestamp(utc_timestamp) -%}
    from_utc_timestamp({{ utc_timestamp }}, '{{ var("time_zone") }}')
{%- endmacro %}


{% macro local_date(utc_timestamp) -%}
    cast({{ local_timestamp(utc_timestamp) }} as date)
{%- endmacro %}


{# the hour that occurs twice in autumn is read as its first occurrence's offset by the engine #}
{% macro utc_timestamp(local_timestamp) -%}
    {{ return(adapter.dispatch('utc_timestamp', 'tollhouse')(local_timestamp)) }}
{%- endmacro %}

{% macro duckdb__utc_timestamp(local_timestamp) -%}
    timezone('UTC', timezone('{{ var("time_zone") }}', {{ local_timestamp }}))
{%- endmacro %}

{% macro spark__utc_timestamp(local_timestamp) -%}
    to_utc_timestamp({{ local_timestamp }}, '{{ var("time_zone") }}')
{%- endmacro %}
