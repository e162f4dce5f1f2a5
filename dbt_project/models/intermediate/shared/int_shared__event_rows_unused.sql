-- a view: what a source tells again is looked at when somebody asks why a row has no effect
{{ config(materialized='view') }}

{% for feed in event_feeds() %}
{{ 'union all' if not loop.first }}
{{ event_rows_unused(
    ref('stg_' ~ feed.system ~ '__' ~ feed.feed),
    key=feed.key,
    system=feed.system,
    feed=feed.feed
) }}
{% endfor %}
