{#
    Required columns and value sets of a contract in one scan of the deliveries that no green build
    has tested yet. Ingest has checked each record already; this notices a raw file that came into
    being in another way, and a contract that became stricter than what lies in raw.
#}
{% test as_contracted(model, required, sets={}) %}

select *
from {{ model }}
where
    {{ is_new_delivery() }}
    and (
        {{ breaks_not_null(required) }}
        {% if sets -%}
        or {{ breaks_value_sets(sets) }}
        {%- endif %}
    )

{% endtest %}
