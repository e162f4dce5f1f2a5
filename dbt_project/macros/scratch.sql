{#
    Tables that live as long as the model that is being built: for work in steps, where each step reads
    what the one before found. Names are the model's own business.
#}

{% macro scratch(name, query) -%}
    {%- do run_query(create_scratch(name, query)) -%}
{%- endmacro %}

{% macro create_scratch(name, query) -%}
    {{ return(adapter.dispatch('create_scratch', 'tollhouse')(name, query)) }}
{%- endmacro %}

{% macro duckdb__create_scratch(name, query) -%}
    create or replace temporary table {{ name }} as {{ query }}
{%- endmacro %}

{# lazily kept: a view that is named again below itself needs its rows to be fixed first #}
{% macro spark__create_scratch(name, query) -%}
    cache table {{ name }} as {{ query }}
{%- endmacro %}


{% macro scratch_more(name, query) -%}
    {%- do run_query('insert into ' ~ name ~ ' ' ~ query) -%}
{%- endmacro %}


{% macro drop_scratch(names) -%}
    {%- for name in names -%}
        {%- do run_query('drop table if exists ' ~ name) -%}
    {%- endfor -%}
{%- endmacro %}
