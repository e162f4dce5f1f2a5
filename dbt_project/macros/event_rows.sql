{#
    Events and other facts that are told once, under an id of their own, and never updated.

    A source that delivers a period again tells some of them again. The first delivery day that says
    one thing about an id stands; a later row of the id repeats it or contradicts it, and neither
    changes anything. Rows of one day that say different things are all set aside, because nothing
    tells which one is meant: the right one is delivered again. So what a day decides never changes.

    event_rows_unused lists the rows that are left out, each with its reason. Almost all ids come
    once: only the others are compared.
#}

{# The rows that stand, one per id. #}
{% macro event_rows_once(relation, key) %}
select staged.*
from {{ relation }} as staged
left join (
    {{ _event_rows_unused(relation, key) }}
) as unused
    on
        staged._file = unused._file
        and staged._record = unused._record
where unused._file is null
{% endmacro %}


{# The rows that do not stand, in one shape for all feeds. #}
{% macro event_rows_unused(relation, key, system, feed) %}
select
    '{{ system }}' as system,
    '{{ feed }}' as feed,
    concat_ws(
        '/',
        {%- for column in key %}
        cast({{ column }} as string){{ ',' if not loop.last }}
        {%- endfor %}
    ) as event_key,
    reason_code,
    _file,
    _record,
    _delivered_on
from (
    {{ _event_rows_unused(relation, key) }}
) as unused
{% endmacro %}


{% macro _event_rows_unused(relation, key) -%}
{%- set keys = key | join(', ') -%}
select
    {{ keys }},
    case when is_standing_content then 'REPEATED' else 'CONFLICT' end as reason_code,
    _file,
    _record,
    _delivered_on
from (
    select
        *,
        not is_contradicted and row_number() over standing = 1 as is_standing,
        not first_value(is_contradicted) over standing
        and _row_sha256 = first_value(_row_sha256) over standing
        and _delivered_on >= first_value(_delivered_on) over standing as is_standing_content
    from (
        select
            {% for column in key -%}
            staged.{{ column }},
            {% endfor -%}
            staged._row_sha256,
            staged._file,
            staged._record,
            staged._delivered_on,
            min(staged._row_sha256) over same_day
            <> max(staged._row_sha256) over same_day as is_contradicted
        from {{ relation }} as staged
        inner join (
            select {{ keys }}
            from {{ relation }}
            group by {{ keys }}
            having count(*) > 1
        ) as told_again
            on
                {% for column in key -%}
                {{ 'and ' if not loop.first }}staged.{{ column }} = told_again.{{ column }}
                {% endfor -%}
        window same_day as (
            partition by
                {% for column in key -%}
                staged.{{ column }},
                {% endfor -%}
                staged._delivered_on
        )
    ) as compared
    window standing as (
        partition by {{ keys }}
        order by is_contradicted, _delivered_on, _file, _record
    )
) as judged
where not is_standing
{%- endmacro %}
