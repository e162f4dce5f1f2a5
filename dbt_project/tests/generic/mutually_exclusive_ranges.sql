{#
    Half-open intervals [lower, upper) of one `key` never overlap and are never empty; an open end is
    null or a far day. `also` names a second pair of bounds: rows that overlap in only one of the two
    (valid and known, say) are allowed. A column of the key that is empty is a key of its own there.
#}
{% test mutually_exclusive_ranges(model, key, lower, upper, also=none) %}

with bounded as (

    select
        {{ key | join(', ') }},
        {{ lower }} as lower_bound,
        coalesce({{ upper }}, {{ open_end() }}) as upper_bound,
        {% if also -%}
        {{ also[0] }} as second_lower_bound,
        coalesce({{ also[1] }}, {{ open_end() }}) as second_upper_bound
        {%- else -%}
        0 as second_lower_bound,
        1 as second_upper_bound
        {%- endif %}
    from {{ model }}

),

-- most keys have one interval, and nothing to overlap with
numbered as (

    select
        *,
        row_number() over (
            partition by {{ key | join(', ') }}
            order by lower_bound, second_lower_bound
        ) as row_number
    from bounded
    qualify count(*) over (partition by {{ key | join(', ') }}) > 1

)

select
    {% for column in key -%}
    one.{{ column }},
    {% endfor -%}
    one.lower_bound,
    one.upper_bound,
    one.second_lower_bound,
    one.second_upper_bound
from numbered as one
inner join numbered as other
    on
        one.row_number < other.row_number
        {% for column in key -%}
        and one.{{ column }} is not distinct from other.{{ column }}
        {% endfor -%}
        and one.lower_bound < other.upper_bound
        and other.lower_bound < one.upper_bound
        and one.second_lower_bound < other.second_upper_bound
        and other.second_lower_bound < one.second_upper_bound
union all
select *
from bounded
where
    lower_bound >= upper_bound
    or second_lower_bound >= second_upper_bound

{% endtest %}
