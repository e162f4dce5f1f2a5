{# Rows that no green build has tested yet: staging tests read these, not the whole history. #}
{% macro is_new_delivery() -%}
    _delivered_on >= cast('{{ var("tested_from") }}' as date)
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
