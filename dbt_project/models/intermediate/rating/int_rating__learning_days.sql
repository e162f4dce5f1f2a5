-- The days on which something was learned that may give terms to usage that waits: about the
-- catalog, or about one subscription.

{{ config(materialized='view') }}

{%- set relations = [
    'int_rating__version_terms',
    'int_catalog__prices',
    'int_catalog__band_clock',
    'int_catalog__holidays_versioned',
    'int_rating__destinations',
] %}

with catalog_days as (

    {%- for relation in relations %}
    {%- for bound in ['known_from_on', 'known_to_on'] %}
    select {{ bound }} as learned_on
    from {{ ref(relation) }}
    {%- if not loop.last %}
    union
    {%- endif %}
    {%- endfor %}
    {%- if not loop.last %}
    union
    {%- endif %}
    {%- endfor %}

)

select
    cast(null as string) as subscription_id,
    learned_on
from catalog_days
where learned_on < {{ open_end() }}
union all
select distinct
    subscription_id,
    known_from_on as learned_on
from {{ ref('int_rating__subscription_terms') }}
