{# Rows that no green build has tested yet: staging tests read these, not the whole history. #}
{% macro is_new_delivery(delivered_on='_delivered_on') -%}
    {{ delivered_on }} >= cast('{{ var("tested_from") }}' as date)
{%- endmacro %}


{# Conditions that several generic tests share. #}
{% macro breaks_not_null(columns) -%}
    (
    {%- for column in columns %}
        {{ 'or ' if not loop.first }}{{ column }} is null
    {%- endfor %}
    )
{%- endmacro %}


{% macro breaks_value_sets(sets) -%}
    (
    {%- for column, values in sets.items() %}
        {{ 'or ' if not loop.first }}{{ column }} not in (
        {%- for value in values -%}
            '{{ (value | string).replace("'", "''") }}'{{ ', ' if not loop.last }}
        {%- endfor -%}
        )
    {%- endfor %}
    )
{%- endmacro %}


{# Rows in raw per file of every feed, of the deliveries that no green build has tested yet. #}
{% macro rows_per_file() %}
{% for feed in all_feeds() %}
    {{ 'union all' if not loop.first }}
    select
        '{{ feed.system }}' as system,
        '{{ feed.feed }}' as feed,
        _file as file,
        count(*) as row_count,
        0 as quarantined
    from {{ ref('stg_' ~ feed.system ~ '__' ~ feed.feed) }}
    where {{ is_new_delivery() }}
    group by _file
{% endfor %}
{% endmacro %}
