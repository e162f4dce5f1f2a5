{#
    The day up to which an incremental model has been built, as a literal: only a constant reaches
    the row groups of the Parquet files, so that a day's run reads the day and not the history.
    Each model carries its own watermark: a build that broke off half way goes on where it stopped.
    Correct because delivery days are closed in order and what is decided for a day never changes.
#}
{% macro built_through(day_column) -%}
    {%- set nothing = "cast('0001-01-01' as date)" -%}
    {%- if not (execute and is_incremental()) -%}
        {{ return(nothing) }}
    {%- endif -%}
    {%- set newest = run_query(
        'select cast(max(' ~ day_column ~ ') as string) as day from ' ~ this
    ).rows[0][0] -%}
    {{ return("cast('" ~ newest ~ "' as date)" if newest else nothing) }}
{%- endmacro %}


{#
    Hooks of models that join many usages with little else. DuckDB orders joins by what it thinks how
    many rows there are, and behind several filters it takes millions of usages for a few (seven
    times slower, three times the memory). With the hook joins are made in the order in which they
    are written, and the right side goes into the hash table.
#}
{% macro joins_as_written() -%}
    {{ return(adapter.dispatch('joins_as_written', 'tollhouse')()) }}
{%- endmacro %}

{% macro duckdb__joins_as_written() -%}
    set disabled_optimizers = 'build_side_probe_side,join_order'
{%- endmacro %}

{% macro spark__joins_as_written() -%}
{%- endmacro %}


{% macro joins_by_size() -%}
    {{ return(adapter.dispatch('joins_by_size', 'tollhouse')()) }}
{%- endmacro %}

{% macro duckdb__joins_by_size() -%}
    set disabled_optimizers = ''
{%- endmacro %}

{% macro spark__joins_by_size() -%}
{%- endmacro %}
