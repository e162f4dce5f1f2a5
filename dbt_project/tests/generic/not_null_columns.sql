{# All required columns at once: one scan instead of one test per column. #}
{% test not_null_columns(model, columns) %}

select *
from {{ model }}
where {{ breaks_not_null(columns) }}

{% endtest %}
