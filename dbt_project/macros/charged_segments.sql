{#
    Segments rated after a day with what an allowance gave and what is paid: columns of
    int_rating__segments, and allowance_quantity, charged_quantity, has_connect_fee and the paid units
    by tier of banded prices. `condition` picks segments.
#}
{% macro charged_segments(built_on, condition='true') -%}
{%- set tiers = banded_tier_count() -%}
(
    with segments as (

        select * from {{ ref('int_rating__segments') }}
        where
            rated_on > {{ built_on }}
            and {{ condition }}

    ),

    taken as (

        select
            usage_key,
            segment_number,
            units,
            is_fee_covered
        from {{ ref('int_rating__allowance_movements') }}
        where
            movement_kind = 'taken'
            and moved_on > {{ built_on }}
            and take_number = 1

    ),

    -- few take from more than one instance
    taken_then as (

        select
            usage_key,
            segment_number,
            cast(sum(units) as bigint) as units
        from {{ ref('int_rating__allowance_movements') }}
        where
            movement_kind = 'taken'
            and moved_on > {{ built_on }}
            and take_number > 1
        group by usage_key, segment_number

    ),

    walks as (

        select * from {{ ref('int_rating__split_walks') }}
        where rated_on > {{ built_on }}

    ),

    begun as (

        select
            segments.*,
            prices.price_name_key,
            prices.price_model,
            prices.first_block_units,
            prices.increment_units,
            coalesce(taken.units, 0) + coalesce(taken_then.units, 0) as allowance_quantity,
            segments.segment_number = 1
            and segments.usage_quantity > 0
            and prices.price_model not in ('volume', 'package')
            and not coalesce(taken.is_fee_covered, false) as has_connect_fee,
            coalesce(
                walks.walk_from, coalesce(taken.units, 0) + coalesce(taken_then.units, 0)
            ) as walk_from,
            segments.end_unit as walk_to
        from segments
        inner join {{ ref('int_rating__price_terms') }} as prices
            on segments.price_key = prices.price_key
        left join taken
            on
                segments.usage_key = taken.usage_key
                and segments.segment_number = taken.segment_number
        left join taken_then
            on
                segments.usage_key = taken_then.usage_key
                and segments.segment_number = taken_then.segment_number
        left join walks
            on
                segments.usage_key = walks.usage_key
                and segments.segment_number = walks.segment_number

    )

    select
        *,
        walk_end - walk_from as charged_quantity
    from {{ paid_blocks('begun', ref('int_catalog__price_tiers'), tiers) }} as walked
)
{%- endmacro %}


{#
    What the units of a segment cost times unit_size, in ten-billionths, for all prices but graduated
    ones, which need to know the units before. `prices` is int_rating__price_terms.
#}
{% macro cost_of_units(segments, prices) -%}
    {{ big(segments ~ '.paid_units_1') }} * {{ prices }}.price_in_ten_billionths
    {%- for tier in range(2, banded_tier_count() + 1) %}
    + {{ big(segments ~ '.paid_units_' ~ tier) }}
    * coalesce({{ segments }}.tier_price_{{ tier }}, 0)
    {%- endfor %}
{%- endmacro %}
