-- Where the paid part of each segment of a split call begins: behind what allowances gave it, and
-- behind the last paid block that began in an earlier segment.
--
-- depends_on: {{ ref('int_catalog__price_tiers') }}

{{ config(materialized='incremental', incremental_strategy='append') }}

{%- set built_on = built_through('rated_on') %}
{%- set tiers = banded_tier_count() %}

with recursive taken as (

    select
        usage_key,
        segment_number,
        cast(sum(units) as bigint) as units
    from {{ ref('int_rating__allowance_movements') }}
    where
        movement_kind = 'taken'
        and moved_on > {{ built_on }}
    group by usage_key, segment_number

),

segments as (

    select
        segments.usage_key,
        segments.segment_number,
        segments.rated_on,
        segments.first_unit,
        segments.end_unit,
        segments.price_key,
        prices.price_model,
        prices.first_block_units,
        prices.increment_units,
        coalesce(taken.units, 0) as taken_units
    from {{ ref('int_rating__segments') }} as segments
    inner join {{ ref('int_catalog__prices') }} as prices
        on segments.price_key = prices.price_key
    left join taken
        on
            segments.usage_key = taken.usage_key
            and segments.segment_number = taken.segment_number
    where
        segments.segment_count > 1
        and segments.rated_on > {{ built_on }}

),

walked as (

    {{ split_walk_step(
        'select *, cast(0 as bigint) as position_before from segments where segment_number = 1',
        tiers
    ) }}
    union all
    {{ split_walk_step(
        'select segments.*, walked.position_after as position_before '
        ~ 'from walked inner join segments on walked.usage_key = segments.usage_key '
        ~ 'and walked.segment_number + 1 = segments.segment_number',
        tiers
    ) }}

)

select
    usage_key,
    segment_number,
    walk_from,
    rated_on
from walked
