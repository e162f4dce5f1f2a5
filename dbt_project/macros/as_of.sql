{# The only "today" there is: a run parameter, never the wall clock. #}
{% macro as_of() -%}
    {%- set day = var('as_of') -%}
    {%- if execute and not modules.re.match('^\\d{4}-\\d{2}-\\d{2}$', day | string) -%}
        {{ exceptions.raise_compiler_error("as_of must be a day such as 2026-01-31, not " ~ day) }}
    {%- endif -%}
    cast('{{ day }}' as date)
{%- endmacro %}


{# The one place where as_of cuts deliveries: every staging model filters by it, nothing else does. #}
{% macro delivered_by_as_of(delivered_on='_delivered_on') -%}
    {{ delivered_on }} <= {{ as_of() }}
{%- endmacro %}


{# End of an open interval in intermediate models: a comparison with null would lose the row. #}
{% macro open_end() -%}
    cast('9999-12-31' as date)
{%- endmacro %}
