-- What the catalog told in two ways at once. Nobody knows which one is meant, so nothing that it
-- is about may be priced from its first day on until a later row settles it.

{%- set feeds = {
    'usage_rates': {'key': ['usage_rate_id'], 'subject': 'tariff_version_id'},
    'time_bands': {
        'key': ['time_band_set_id', 'day_kind', 'from_clock'], 'subject': 'time_band_set_id'
    },
    'tariff_versions': {'key': ['tariff_id'], 'subject': 'tariff_id'},
    'zone_prefixes': {
        'key': ['zone_plan_id', 'visited_prefix', 'number_prefix'],
        'subject': 'zone_plan_id',
        'visited': 'visited_prefix',
        'number': 'number_prefix',
    },
    'short_codes': {
        'key': ['zone_plan_id', 'short_code'], 'subject': 'zone_plan_id', 'number': 'short_code'
    },
} %}

with {% for feed, names in feeds.items() -%}
{{ feed }} as (

    {{ reference_contradictions(ref('stg_catalog__' ~ feed), names.key, 'valid_from_on') }}

){{ ',\n\n' if not loop.last }}
{%- endfor %}

{% for feed, names in feeds.items() -%}
{{ 'union all\n' if not loop.first -}}
select
    '{{ feed }}' as feed,
    {{ names.subject }} as subject_id,
    {{ names.visited | default('cast(null as string)') }} as visited_prefix,
    {{ names.number | default('cast(null as string)') }} as number_prefix,
    valid_from_on,
    known_from_on,
    known_to_on,
    _file,
    _record,
    _delivered_on
from {{ feed }}
{% endfor %}
