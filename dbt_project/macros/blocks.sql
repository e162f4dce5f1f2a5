{#
    From units to blocks. A usage is walked through from its first unit; where an allowance gave
    nothing, the next paid block begins: the first block at the very begin, increments after it. Blocks
    of banded prices are those of the tier in which they begin, of all other prices those of the first.
#}

{# Units in whole blocks. #}
{% macro whole_blocks(units, block) -%}
    ({{ units }} + ({{ block }} - ({{ units }}) % {{ block }}) % {{ block }})
{%- endmacro %}


{# The most tiers that a banded price has, so that the walk is unrolled that often. #}
{% macro banded_tier_count() -%}
    {%- set prices = ref('int_catalog__prices') -%}
    {%- if execute and adapter.get_relation(
        prices.database, prices.schema, prices.identifier
    ) is not none -%}
        {%- set found = run_query(
            'select max(tier_count) from ' ~ prices ~ " where price_model = 'banded'"
        ).rows[0][0] -%}
        {{ return([found | int(default=1), 1] | max) }}
    {%- endif -%}
    {{ return(1) }}
{%- endmacro %}


{#
    The paid blocks between walk_from and walk_to, as a relation in parentheses: all columns of
    `relation` (which has price_key, price_model, first_block_units, increment_units, walk_from,
    walk_to), paid_units_1 ... n by tier, and walk_end where the last block ends.
#}
{% macro paid_blocks(relation, tiers='int_catalog__price_tiers', tier_count=1) -%}
(
    select
        walk_{{ tier_count }}.*,
        walk_{{ tier_count }}.position_{{ tier_count }} as walk_end
    from
    {%- for tier in range(tier_count, 0, -1) %}
        (
            select
                *,
                position_{{ tier - 1 }} + paid_units_{{ tier }} as position_{{ tier }}
            from (
                select
                    *,
                    case
                        when position_{{ tier - 1 }} >= limit_{{ tier }} then cast(0 as bigint)
                        {%- if tier == 1 %}
                        when position_0 = 0
                            then first_block_units + case
                                when first_block_units >= limit_1 then 0
                                else {{ whole_blocks('limit_1 - first_block_units', 'increment_units') }}
                            end
                        else {{ whole_blocks('limit_1 - position_0', 'increment_units') }}
                        {%- else %}
                        else {{ whole_blocks(
                            'limit_' ~ tier ~ ' - position_' ~ (tier - 1), 'tier_increment_' ~ tier
                        ) }}
                        {%- endif %}
                    end as paid_units_{{ tier }}
                from (
                    select
                        before_{{ tier }}.*,
                        tier_{{ tier }}.increment_units as tier_increment_{{ tier }},
                        {{ ten_billionths('tier_' ~ tier ~ '.price') }} as tier_price_{{ tier }},
                        case
                            when before_{{ tier }}.price_model = 'banded'
                                then
                                    {%- if tier == 1 %}
                                    least(
                                        before_1.walk_to,
                                        coalesce(tier_1.to_units, before_1.walk_to)
                                    )
                                    {%- else %}
                                    case
                                        when tier_{{ tier }}.price_key is null then 0
                                        else least(
                                            before_{{ tier }}.walk_to,
                                            coalesce(
                                                tier_{{ tier }}.to_units,
                                                before_{{ tier }}.walk_to
                                            )
                                        )
                                    end
                                    {%- endif %}
                            else {{ 'before_1.walk_to' if tier == 1 else '0' }}
                        end as limit_{{ tier }}
                    from
    {%- endfor %}
        (
            select
                *,
                walk_from as position_0
            from {{ relation }}
        ) as before_1
    {%- for tier in range(1, tier_count + 1) %}
                    left join {{ tiers }} as tier_{{ tier }}
                        on
                            case
                                when before_{{ tier }}.price_model = 'banded'
                                    then before_{{ tier }}.price_key
                            end = tier_{{ tier }}.price_key
                            and tier_{{ tier }}.tier_number = {{ tier }}
                ) as bounded_{{ tier }}
            ) as paid_{{ tier }}
        ) as {{ 'walk_' ~ tier_count if tier == tier_count else 'before_' ~ (tier + 1) }}
    {%- endfor %}
)
{%- endmacro %}


{# One segment of a split call further: where its paid part begins, and where the last block ends. #}
{% macro split_walk_step(query, tiers) %}
    select
        usage_key,
        segment_number,
        rated_on,
        walk_from,
        walk_end as position_after
    from {{ paid_blocks(
        '(select stepped.*, greatest(first_unit, position_before) + taken_units as walk_from, '
        ~ 'end_unit as walk_to from (' ~ query ~ ') as stepped)',
        ref('int_catalog__price_tiers'),
        tiers
    ) }} as walked_step
{%- endmacro %}
