{# Several columns against their value sets in one scan; null is the business of not_null_columns. #}
{% test accepted_value_sets(model, sets) %}

select *
from {{ model }}
where {{ breaks_value_sets(sets) }}

{% endtest %}
