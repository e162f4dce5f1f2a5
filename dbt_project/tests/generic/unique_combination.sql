{#
    Proves a grain: no two rows share all of `columns`. `new_by` names the day column of a model that
    only grows: days that a green build of the same code has tested are not read again.
#}
{% test unique_combination(model, columns, only_new_deliveries=false, new_by=none) %}

select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
{% if only_new_deliveries or new_by %}
where {{ is_new_delivery(new_by or '_delivered_on') }}
{% endif %}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
