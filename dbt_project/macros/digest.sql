{#
    SHA-256 over several values, to tell whether rows say the same and to name rows without a key of
    their own. Comparable within one engine only: engines print timestamps differently.
#}
{% macro digest(expressions) -%}
    {{ return(adapter.dispatch('digest', 'tollhouse')(expressions)) }}
{%- endmacro %}

{# unit and record separator: 'a|b' beside 'c' must differ from 'a' beside 'b|c', null from empty #}
{% macro duckdb__digest(expressions) -%}
    sha256(
        concat_ws(
            chr(31),
            {%- for expression in expressions %}
            coalesce(cast({{ expression }} as string), chr(30)){{ ',' if not loop.last }}
            {%- endfor %}
        )
    )
{%- endmacro %}

{% macro spark__digest(expressions) -%}
    sha2(
        concat_ws(
            chr(31),
            {%- for expression in expressions %}
            coalesce(cast({{ expression }} as string), chr(30)){{ ',' if not loop.last }}
            {%- endfor %}
        ),
        256
    )
{%- endmacro %}
