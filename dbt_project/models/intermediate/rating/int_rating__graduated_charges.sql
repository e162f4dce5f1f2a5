-- What the paid units of graduated prices cost, each in the tier that the units of the month
-- before it have reached. Units count in order of consumption, so what is rated never changes its
-- price.

{{ config(materialized='incremental', incremental_strategy='append') }}

{%- set built_on = built_through('rated_on') %}

with charged as (

    select
        segments.usage_key,
        segments.segment_number,
        segments.subscription_number,
        segments.price_name_key,
        segments.price_key,
        segments.charged_quantity,
        cycle_days.month_from_on,
        segments.rated_on,
        segments.usage_started_at,
        segments.usage_id
    from {{ charged_segments(
        built_on,
        "price_key in (select price_key from " ~ ref('int_catalog__prices')
        ~ " where price_model = 'graduated')"
    ) }} as segments
    inner join {{ ref('int_rating__subscription_terms') }} as terms
        on segments.terms_key = terms.terms_key
    inner join {{ ref('int_rating__cycle_days') }} as cycle_days
        on
            terms.cycle_key = cycle_days.cycle_key
            and segments.started_on = cycle_days.day_on

),

{% if is_incremental() -%}
earlier as (

    select
        earlier.subscription_number,
        earlier.price_name_key,
        earlier.month_from_on,
        sum(earlier.charged_quantity) as units
    from {{ this }} as earlier
    inner join (
        select min(month_from_on) as month_from_on from charged
    ) as first_months
        on earlier.month_from_on >= first_months.month_from_on
    group by
        earlier.subscription_number,
        earlier.price_name_key,
        earlier.month_from_on

),

{% endif -%}
counted as (

    select
        charged.*,
        {%- if is_incremental() %}
        coalesce(earlier.units, 0) +
        {%- endif %}
        sum(charged.charged_quantity) over (
            partition by
                charged.subscription_number,
                charged.price_name_key,
                charged.month_from_on
            order by
                charged.rated_on,
                charged.usage_started_at,
                charged.usage_id,
                charged.segment_number
            rows between unbounded preceding and current row
        ) - charged.charged_quantity as units_before
    from charged
    {%- if is_incremental() %}
    left join earlier
        on
            charged.subscription_number = earlier.subscription_number
            and charged.price_name_key = earlier.price_name_key
            and charged.month_from_on = earlier.month_from_on
    {%- endif %}

)

select
    counted.usage_key,
    counted.segment_number,
    counted.subscription_number,
    counted.price_name_key,
    counted.month_from_on,
    cast(counted.units_before as bigint) as units_before,
    counted.charged_quantity,
    sum(
        {{ big(
            'greatest(0, least(counted.units_before + counted.charged_quantity, '
            ~ 'coalesce(tiers.to_units, counted.units_before + counted.charged_quantity)) '
            ~ '- greatest(counted.units_before, tiers.from_units))'
        ) }} * {{ ten_billionths('tiers.price') }}
    ) as numerator,
    counted.rated_on
from counted
inner join {{ ref('int_catalog__price_tiers') }} as tiers
    on counted.price_key = tiers.price_key
group by
    counted.usage_key,
    counted.segment_number,
    counted.subscription_number,
    counted.price_name_key,
    counted.month_from_on,
    counted.units_before,
    counted.charged_quantity,
    counted.rated_on
