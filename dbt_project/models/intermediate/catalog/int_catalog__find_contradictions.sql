-- Tariff versions that something was told about in two ways at once: about a row of the tariff, a
-- rate that names the version, or its set of time bands.

{{ config(materialized='view') }}

with versions as (

    select * from {{ ref('int_catalog__tariff_versions_versioned') }}

),

contradictions as (

    select
        *,
        {{ open_end() }} as valid_to_on
    from {{ ref('int_catalog__contradictions') }}

)

{% for feed, subject in {
    'tariff_versions': 'tariff_id',
    'usage_rates': 'tariff_version_id',
    'time_bands': 'time_band_set_id',
}.items() -%}
{{ 'union\n' if not loop.first -}}
select
    versions.tariff_id,
    versions.tariff_version_id,
    'CONTRADICTED' as reason_code,
    {{ rectangle_shared('versions', 'contradictions') }}
from versions
inner join contradictions
    on
        versions.{{ subject }} = contradictions.subject_id
        and contradictions.feed = '{{ feed }}'
        and {{ rectangles_overlap('versions', 'contradictions') }}
{% endfor %}
