{% macro generate_schema_name(custom_schema_name, node) -%}
    {#- dbt would put the profile's schema in front; readers should find `marts`, not `main_marts` -#}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
