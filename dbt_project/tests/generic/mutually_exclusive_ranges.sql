{#
    Half-open intervals [lower, upper) of one `key` never overlap and are never empty; an open end is
    null or a far day. `also` names a second pair of bounds: rows that overlap in only one of the two
    (valid and known, say) are allowed.
#}
{% test mutually_exclusive_ranges(model, key, lower, upper, also=none) %}

with numbered as (

    select
        {{ key | join(', ') }},
        {{ lower }} as lower_bound,
        coalesce({{ upper }}, {{ open_end() }}) as upper_bound,
        {% if also -%}
        {{ also[0] }} as second_lower_bound,
        coalesce({{ also[1] }}, {{ open_end() }}) as second_upper_bound,
        {% endif -%}
        row_number() over (order by {{ key | join(', ') }}, {{ lower }}) as row_number
    from {{ model }}

)

select one.*
from numbered as one
left join numbered as other
    on
        one.row_number <> other.row_number
        {% for column in key -%}
        and one.{{ column }} = other.{{ column }}
        {% endfor -%}
        and one.lower_bound < other.upper_bound
        and other.lower_bound < one.upper_bound
        {% if also -%}
        and one.second_lower_bound < other.second_upper_bound
        and other.second_lower_bound < one.second_upper_bound
        {% endif %}
where
    other.row_number is not null
    or one.lower_bound >= one.upper_bound

{% endtest %}
