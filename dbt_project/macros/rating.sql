{#
    What the models of rating share. A usage is looked up with the rows that hold on the local day of
    its start and are known on the day on which it is rated.
#}

{# The kind of a local day as catalog/time_bands names it. #}
{% macro day_kind(day, is_holiday) -%}
    case
        when {{ is_holiday }} then 'holiday'
        else
            case {{ iso_weekday(day) }}
                when 1 then 'monday'
                when 2 then 'tuesday'
                when 3 then 'wednesday'
                when 4 then 'thursday'
                when 5 then 'friday'
                when 6 then 'saturday'
                when 7 then 'sunday'
            end
    end
{%- endmacro %}


{# What the clock shows at an instant, from a row of int_rating__clock_days of its day in UTC. #}
{% macro clock_at(at, clock) -%}
    {{ add_seconds(
        at,
        'case when ' ~ at ~ ' < ' ~ clock ~ '.switch_at then ' ~ clock ~ '.seconds_ahead else '
        ~ clock ~ '.seconds_ahead_after end'
    ) }}
{%- endmacro %}


{# Whole seconds since midnight of a local time. #}
{% macro second_of_day(local_at) -%}
    ({{ epoch_seconds(local_at) }} % 86400)
{%- endmacro %}


{# One integer for a record: its line in a file of int_rating__usage_files. #}
{% macro usage_key(file_number, record) -%}
    ({{ file_number }} * 10000000000 + {{ record }})
{%- endmacro %}

{# The file of a record, from its key. #}
{% macro file_number_of(usage_key) -%}
    {{ small_times(usage_key, '10000000000') }}
{%- endmacro %}

{# The line of a record, from its key. #}
{% macro record_of(usage_key) -%}
    cast({{ usage_key }} % 10000000000 as bigint)
{%- endmacro %}


{#
    The lengths of prefixes that a relation has, so that a longest match is one join a length.
    `column` is the column with the prefix, `condition` says which rows count.
#}
{% macro prefix_lengths(relation, column, condition='true') -%}
    {%- set known = none -%}
    {%- if execute -%}
        {%- set known = adapter.get_relation(
            relation.database, relation.schema, relation.identifier
        ) -%}
    {%- endif -%}
    {%- if known is none -%}
        {{ return([2]) }}
    {%- endif -%}
    {%- set found = run_query(
        'select distinct length(' ~ column ~ ') from ' ~ relation ~ ' where ' ~ condition
        ~ ' order by 1 desc'
    ) -%}
    {{ return(found.columns[0].values() | map('int') | list) }}
{%- endmacro %}


{# CTEs with the home prefixes of each length, and home_none for usage without a number. #}
{% macro prefixes_by_length(destinations, lengths) -%}
{%- for length in lengths + ['none'] %}
home_{{ length }} as (

    select
        destination_key,
        zone_plan_id,
        number_prefix,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from {{ destinations }}
    where
        {%- if length == 'none' %}
        number_prefix = 'none'
        {%- else %}
        number_prefix <> 'none'
        and length(number_prefix) = {{ length }}
        {%- endif %}

),
{% endfor -%}
{%- endmacro %}

{# Left joins of them all; `usages` has zone_plan_id, other_number, started_on and ready_on. #}
{% macro join_prefixes(usages, lengths) -%}
{%- for length in lengths %}
    left join home_{{ length }}
        on
            {{ usages }}.zone_plan_id = home_{{ length }}.zone_plan_id
            and left({{ usages }}.other_number, {{ length }}) = home_{{ length }}.number_prefix
            and {{ holds_on('home_' ~ length, usages ~ '.started_on', usages ~ '.ready_on') }}
{%- endfor -%}
{%- endmacro %}


{#
    The four ways to a price, the first that there is: for the zone and band, for the zone, for the
    band, for all. `way` is one of these names.
#}
{% macro price_ways() -%}
    {{ return({
        'of_zone_and_band': ['zone_id', 'time_band_id'],
        'of_zone': ['zone_id'],
        'of_band': ['time_band_id'],
        'of_all': [],
    }) }}
{%- endmacro %}

{# CTEs with the prices of each way; `prices` is a CTE before them. #}
{% macro prices_by_way(prices='prices') -%}
{%- for way, names in price_ways().items() %}
prices_{{ way }} as (

    select
        price_key,
        tariff_version_id,
        usage_type,
        direction,
        zone_id,
        time_band_id,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from {{ prices }}
    where
        zone_id is {{ 'not null' if 'zone_id' in names else 'null' }}
        and time_band_id is {{ 'not null' if 'time_band_id' in names else 'null' }}

),
{% endfor -%}
{%- endmacro %}

{# Left joins of all ways; `usages` has version, type, direction, zone and band. #}
{% macro join_prices(usages, priced_on, known_on) -%}
{%- for way, names in price_ways().items() %}
    left join prices_{{ way }}
        on
            {{ usages }}.tariff_version_id = prices_{{ way }}.tariff_version_id
            and {{ usages }}.usage_type = prices_{{ way }}.usage_type
            and {{ usages }}.direction = prices_{{ way }}.direction
            {%- if 'zone_id' in names %}
            and {{ usages }}.zone_id = prices_{{ way }}.zone_id
            {%- endif %}
            {%- if 'time_band_id' in names %}
            and {{ usages }}.time_band = prices_{{ way }}.time_band_id
            {%- endif %}
            and {{ holds_on('prices_' ~ way, priced_on, known_on) }}
{%- endfor -%}
{%- endmacro %}

{# The key of the first price that there is on these ways; its columns are joined by it. #}
{% macro found_price_key() -%}
    coalesce(
        {%- for way in price_ways() %}
        prices_{{ way }}.price_key{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}


{# Whether a usage of that quantity could come to an amount that nobody pays (10^11). #}
{% macro is_too_dear(quantity, price) -%}
    (
        {{ price }}.price_model not in ('volume', 'package')
        and cast({{ quantity }} + {{ price }}.largest_block_units as decimal(20, 0))
        * {{ price }}.dearest_price
        >= cast(100000000000 as decimal(12, 0))
        * cast(
            least({{ price }}.dearest_unit_size, cast(1000000000000000 as bigint))
            as decimal(20, 0)
        )
    )
{%- endmacro %}
