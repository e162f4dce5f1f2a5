-- The amounts are what invoices are made of: a cent that is off here is off on a bill. Worked again
-- from the units of the row and its price, exactly and in the longest numbers, whatever way the row
-- took; shares of a split call against the record that they add up to.

{{ config(meta={'dagster': {'ref': {'name': 'fct_rated_usage'}}}) }}

with rated as (

    select * from {{ ref('fct_rated_usage') }}
    where {{ is_new_delivery('rated_on') }}

),

segments as (

    select
        usage_key,
        segment_number,
        segment_count,
        version_key
    from {{ ref('int_rating__segments') }}
    where {{ is_new_delivery('rated_on') }}

),

prices as (

    select * from {{ ref('int_rating__price_terms') }}

),

graduated as (

    select * from {{ ref('int_rating__graduated_charges') }}
    where {{ is_new_delivery('rated_on') }}

),

splits as (

    select * from {{ ref('int_rating__split_amounts') }}
    where {{ is_new_delivery('rated_on') }}

),

-- the tiers of a banded price are walked, not multiplied
banded as (

    select
        segments.usage_key,
        segments.segment_number,
        {{ cost_of_units('segments', 'banded_prices') }} as numerator
    from {{ charged_segments(
        add_days("cast('" ~ var('tested_from') ~ "' as date)", -1),
        'segment_count = 1 and price_key in (select price_key from '
        ~ ref('int_rating__price_terms') ~ " where price_model = 'banded')"
    ) }} as segments
    inner join {{ ref('int_rating__price_terms') }} as banded_prices
        on segments.price_key = banded_prices.price_key

),

worked as (

    select
        rated.usage_id,
        rated.segment_number,
        rated.amount,
        rated.charged_quantity,
        case
            when rated.priced_by = 'period' then 0
            when segments.segment_count > 1 then splits.amount
            else {{ amount_of_fraction(
                ten_billionths_of(millionths('rated.connect_fee_amount')) ~ ' * prices.unit_size '
                ~ '+ coalesce(graduated.numerator, banded.numerator, ' ~ big('rated.charged_quantity')
                ~ ' * prices.price_in_ten_billionths)',
                'prices.unit_size',
                'coalesce(prices.minimum_millionths, versions.minimum_millionths)',
                'coalesce(prices.maximum_millionths, versions.maximum_millionths)',
                'versions.rounding_mode',
                'versions.rounding_digits'
            ) }}
        end as worked_amount,
        graduated.charged_quantity as graduated_quantity
    from rated
    left join segments
        on
            rated.usage_key = segments.usage_key
            and rated.segment_number = segments.segment_number
    left join prices
        on rated.price_key = prices.price_key
    left join banded
        on
            rated.usage_key = banded.usage_key
            and rated.segment_number = banded.segment_number
    left join {{ ref('int_rating__version_terms') }} as versions
        on segments.version_key = versions.version_key
    left join graduated
        on
            rated.usage_key = graduated.usage_key
            and rated.segment_number = graduated.segment_number
    left join splits
        on
            rated.usage_key = splits.usage_key
            and rated.segment_number = splits.segment_number

)

select *
from worked
where
    amount is distinct from worked_amount
    or charged_quantity <> graduated_quantity
