{# Proves a grain: no two rows share all of `columns`. #}
{% test unique_combination(model, columns, only_new_deliveries=false) %}

select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
{% if only_new_deliveries %}where {{ is_new_delivery() }}{% endif %}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
