{# All feeds of usage, and those whose files are read by a source of the catalog. #}
{% macro usage_feeds() -%}
    {{ return(['usage_records'] + switch_feeds()) }}
{%- endmacro %}

{% macro switch_feeds() -%}
    {{ return(['asterisk', 'freeswitch', 'radius']) }}
{%- endmacro %}

{# Names as a list of SQL texts. #}
{% macro quoted(names) -%}
    '{{ names | join("', '") }}'
{%- endmacro %}


{# No usage is that much: a petabyte, and sums of thousands still fit. #}
{% macro most_quantity() -%} cast(1000000000000000 as bigint) {%- endmacro %}

{# A count of seconds; null when nobody can have counted that (ten years). #}
{% macro sane_seconds(seconds) -%}
    case when {{ seconds }} between 0 and 315360000 then {{ seconds }} end
{%- endmacro %}


{#
    Whether a record is read with a row of int_usage__files: its file; for a correction the file of
    the record that it corrects; and the first version of its source that takes its context.
#}
{% macro is_read_with(records, files, context) -%}
    {{ is_of_file(records, files) }}
    and {{ takes_context(context, files) }}
{%- endmacro %}

{% macro is_of_file(records, files) -%}
    {{ records }}._file = {{ files }}.file
    and case
        when {{ records }}._file like 'operations/quarantine_replays/%' then {{ records }}._record
        else 0
    end = {{ files }}.corrected_record
{%- endmacro %}

{% macro takes_context(context, files) -%}
    coalesce({{ fits_pattern(context, files ~ '.accepted_context') }}, true)
    and not coalesce(
        {{ fits_pattern(context, files ~ '.context_before') }},
        {{ files }}.context_before is not null
    )
{%- endmacro %}


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

{#
    The same, where another clock tells when it must have been: in the hour that comes twice the
    occurrence nearest to it. `first_reading` is the column with what utc_from_zone gave.
#}
{% macro utc_nearest(first_reading, local_time, zone, expected) -%}
    {%- set hour_after = add_seconds(first_reading, '3600') -%}
    case
        when
            {{ clock_in_zone(hour_after, zone) }} = {{ local_time }}
            and {{ expected }} > {{ add_seconds(first_reading, '1800') }}
            then {{ hour_after }}
        else {{ first_reading }}
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


{# Seconds since 1970 in UTC as a timestamp in UTC; null for what is no time of a switch. #}
{% macro timestamp_of_epoch(seconds) -%}
    case
        when {{ seconds }} between 0 and 4102444800
            then {{ adapter.dispatch('timestamp_of_epoch', 'tollhouse')(seconds) }}
    end
{%- endmacro %}

{% macro duckdb__timestamp_of_epoch(seconds) -%}
    make_timestamp(cast({{ seconds }} as bigint) * 1000000)
{%- endmacro %}

{% macro spark__timestamp_of_epoch(seconds) -%}
    timestamp_seconds(cast({{ seconds }} as bigint))
{%- endmacro %}


{# Texts of the rows before, joined to one pattern that fits where one of them does. #}
{% macro patterns_before(pattern, keys, order_by) -%}
    {{ return(adapter.dispatch('patterns_before', 'tollhouse')(pattern, keys, order_by)) }}
{%- endmacro %}

{% macro duckdb__patterns_before(pattern, keys, order_by) -%}
    string_agg({{ pattern }}, '|') over (
        partition by {{ keys }}
        order by {{ order_by }}
        rows between unbounded preceding and 1 preceding
    )
{%- endmacro %}

{% macro spark__patterns_before(pattern, keys, order_by) -%}
    nullif(array_join(collect_list({{ pattern }}) over (
        partition by {{ keys }}
        order by {{ order_by }}
        rows between unbounded preceding and 1 preceding
    ), '|'), '')
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
    {%- set bare = bare_number(number, source) -%}
    case
        when coalesce({{ number }}, '') = '' then null
        -- nearly all are digits already: what is slow is left to the others
        when translate({{ number }}, '0123456789', '') in ('', '+')
            then {{ with_prefixes(number, source) }}
        when translate({{ bare }}, '0123456789', '') in ('', '+') and {{ bare }} <> ''
            then {{ with_prefixes(bare, source) }}
        else {{ number }}
    end
{%- endmacro %}

{#
    Without blanks and signs between the digits; without the service code before a number
    (`*31#0301234`); without a trunk prefix in brackets, which nobody dials after a country code.
#}
{% macro bare_number(number, source) -%}
    {%- set joined = "translate(" ~ number ~ ", ' -/.', '')" -%}
    {%- set plain = "translate(" ~ joined ~ ", '()', '')" -%}
    {%- set trunk = "concat('(', coalesce(" ~ source ~ ".trunk_prefix, '0'), ')')" -%}
    case
        when
            left({{ joined }}, 1) in ('*', '#')
            and {{ fits_pattern(joined, "'^[*#][0-9]{2,3}#[+0-9(]'") }}
            then translate(regexp_replace({{ joined }}, '^[*#][0-9]{2,3}#', ''), '()', '')
        when
            position('(' in {{ joined }}) > 0
            and (
                left({{ plain }}, 1) = '+'
                or left({{ plain }}, length({{ source }}.international_prefix))
                = {{ source }}.international_prefix
            )
            then translate(replace({{ joined }}, {{ trunk }}, ''), '()', '')
        else {{ plain }}
    end
{%- endmacro %}

{# Digits, perhaps after a +, with the prefixes of their source put before them. #}
{% macro with_prefixes(n, source) -%}
    case
        -- a prefix alone is no number
        when {{ n }} in ('+', {{ source }}.international_prefix) then null
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
