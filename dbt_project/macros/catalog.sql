{# What the models of the catalog share. #}

{#
    The name of a price: tariff version, type of usage, direction, zone and band, the last two empty
    where it holds for every one.
#}
{% macro price_name(zone="coalesce(zone_id, '')", band="coalesce(time_band_id, '')") -%}
    concat_ws(chr(31), tariff_version_id, usage_type, direction, {{ zone }}, {{ band }})
{%- endmacro %}


{# Whether any of several columns meets a condition such as '< 0'; what is empty meets none. #}
{% macro any_column(columns, condition) -%}
    (
    {%- for column in columns %}
        {{ 'or ' if not loop.first }}{{ column }} {{ condition }}
    {%- endfor %}
    )
{%- endmacro %}


{# An amount that no usage or month costs: a slip of a clerk or a machine. #}
{% macro absurd_amount() -%}
    cast(100000000000 as decimal(18, 6))
{%- endmacro %}
