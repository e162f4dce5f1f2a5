-- a view: full deliveries repeat most rows, and a copy of what changes nothing would only grow
{{ config(materialized='view') }}

{% for feed in change_feeds() %}
{{ 'union all' if not loop.first }}
{{ reference_rows_unused(
    ref('stg_' ~ feed.system ~ '__' ~ feed.feed),
    key=feed.key,
    valid_from=feed.valid_from,
    system=feed.system,
    feed=feed.feed
) }}
{% endfor %}
