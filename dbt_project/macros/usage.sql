{# Sixty-four bits over several values: finds candidates fast, proves nothing. One engine only. #}
{% macro hash64(expressions) -%}
    {{ return(adapter.dispatch('hash64', 'tollhouse')(expressions)) }}
{%- endmacro %}

{% macro duckdb__hash64(expressions) -%}
    hash({{ expressions | join(', ') }})
{%- endmacro %}

{% macro spark__hash64(expressions) -%}
    xxhash64({{ expressions | join(', ') }})
{%- endmacro %}


{# Whether a regular expression fits somewhere in a text. #}
{% macro fits_pattern(text, pattern) -%}
    {{ return(adapter.dispatch('fits_pattern', 'tollhouse')(text, pattern)) }}
{%- endmacro %}

{% macro duckdb__fits_pattern(text, pattern) -%}
    regexp_matches({{ text }}, {{ pattern }})
{%- endmacro %}

{% macro spark__fits_pattern(text, pattern) -%}
    {{ text }} rlike {{ pattern }}
{%- endmacro %}


{#
    A clock without a zone, told by the switch, in UTC; `zone` is an expression such as a column.
    The hour that comes twice in autumn is read as its first occurrence: engines differ there.
#}
{% macro utc_from_zone(local_time, zone) -%}
    {%- set read = read_in_zone(local_time, zone) -%}
    {%- set hour_before = add_seconds(read, '-3600') -%}
    case
        when {{ clock_in_zone(hour_before, zone) }} = {{ local_time }} then {{ hour_before }}
        else {{ read }}
    end
{%- endmacro %}

{% macro read_in_zone(local_time, zone) -%}
    {{ return(adapter.dispatch('read_in_zone', 'tollhouse')(local_time, zone)) }}
{%- endmacro %}

{% macro duckdb__read_in_zone(local_time, zone) -%}
    timezone('UTC', timezone({{ zone }}, {{ local_time }}))
{%- endmacro %}

{% macro spark__read_in_zone(local_time, zone) -%}
    to_utc_timestamp({{ local_time }}, {{ zone }})
{%- endmacro %}


{# The clock in a zone at an instant in UTC. #}
{% macro clock_in_zone(utc_time, zone) -%}
    {{ return(adapter.dispatch('clock_in_zone', 'tollhouse')(utc_time, zone)) }}
{%- endmacro %}

{% macro duckdb__clock_in_zone(utc_time, zone) -%}
    timezone({{ zone }}, timezone('UTC', {{ utc_time }}))
{%- endmacro %}

{% macro spark__clock_in_zone(utc_time, zone) -%}
    from_utc_timestamp({{ utc_time }}, {{ zone }})
{%- endmacro %}


{# Seconds since 1970 in UTC as a timestamp in UTC. #}
{% macro timestamp_of_epoch(seconds) -%}
    {{ return(adapter.dispatch('timestamp_of_epoch', 'tollhouse')(seconds)) }}
{%- endmacro %}

{% macro duckdb__timestamp_of_epoch(seconds) -%}
    make_timestamp(cast({{ seconds }} as bigint) * 1000000)
{%- endmacro %}

{% macro spark__timestamp_of_epoch(seconds) -%}
    timestamp_seconds(cast({{ seconds }} as bigint))
{%- endmacro %}


{# A timestamp moved by seconds (an expression, may be negative). #}
{% macro add_seconds(at, seconds) -%}
    {{ return(adapter.dispatch('add_seconds', 'tollhouse')(at, seconds)) }}
{%- endmacro %}

{% macro duckdb__add_seconds(at, seconds) -%}
    ({{ at }} + to_seconds({{ seconds }}))
{%- endmacro %}

{% macro spark__add_seconds(at, seconds) -%}
    ({{ at }} + make_dt_interval(0, 0, 0, {{ seconds }}))
{%- endmacro %}


{#
    A number as a switch writes it, in E.164, by the numbering of its source. Short codes and
    extensions, and names that are no number, stay as they are. `source` is the alias of a relation
    with country_code, area_code, trunk_prefix, international_prefix and minimum_number_digits.
#}
{% macro e164(number, source) -%}
    {%- set n = "translate(" ~ number ~ ", ' -/().', '')" -%}
    case
        when coalesce({{ number }}, '') = '' then null
        when {{ n }} = '' or translate({{ n }}, '+0123456789', '') <> '' then {{ number }}
        when left({{ n }}, 1) = '+' then {{ n }}
        when length({{ n }}) <= {{ source }}.minimum_number_digits then {{ n }}
        when left({{ n }}, length({{ source }}.international_prefix)) = {{ source }}.international_prefix
            then concat('+', substr({{ n }}, length({{ source }}.international_prefix) + 1))
        when left({{ n }}, length({{ source }}.trunk_prefix)) = {{ source }}.trunk_prefix
            then concat(
                '+', {{ source }}.country_code, substr({{ n }}, length({{ source }}.trunk_prefix) + 1)
            )
        when {{ source }}.area_code is not null
            then concat('+', {{ source }}.country_code, {{ source }}.area_code, {{ n }})
        when left({{ n }}, length({{ source }}.country_code)) = {{ source }}.country_code
            then concat('+', {{ n }})
        when {{ source }}.trunk_prefix is null
            then concat('+', {{ source }}.country_code, {{ n }})
        else {{ n }}
    end
{%- endmacro %}


{# Whether an assignment holds the served key of a usage when it began, as known on a day. #}
{% macro is_held(usages, assignments, known_on) -%}
    {{ usages }}.served_key = {{ assignments }}.served_key
    and {{ assignments }}.valid_from_at <= {{ usages }}.started_at
    and {{ usages }}.started_at < {{ assignments }}.valid_to_at
    and {{ assignments }}.known_from_on <= {{ known_on }}
    and {{ known_on }} < {{ assignments }}.known_to_on
{%- endmacro %}
