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
        usage_quantity,
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

covered_fees as (

    select
        usage_key,
        segment_number
    from {{ ref('int_rating__allowance_movements') }}
    where
        movement_kind = 'taken'
        and is_fee_covered
        and {{ is_new_delivery('moved_on') }}

),

splits as (

    select * from {{ ref('int_rating__split_amounts') }}
    where {{ is_new_delivery('rated_on') }}

),

-- blocks and tiers walked once more
walked as (

    select
        segments.usage_key,
        segments.segment_number,
        segments.charged_quantity,
        {{ cost_of_units('segments', 'walked_prices') }} as numerator
    from {{ charged_segments(
        add_days("cast('" ~ var('tested_from') ~ "' as date)", -1)
    ) }} as segments
    inner join {{ ref('int_rating__price_terms') }} as walked_prices
        on segments.price_key = walked_prices.price_key

),

worked as (

    select
        rated.usage_id,
        rated.segment_number,
        rated.amount,
        rated.charged_quantity,
        rated.connect_fee_amount,
        case
            when
                rated.segment_number = 1
                and segments.usage_quantity > 0
                and rated.priced_by = 'usage'
                and covered_fees.usage_key is null
                then prices.connect_fee_amount
            else 0
        end as owed_fee_amount,
        case
            when rated.priced_by = 'period' then 0
            when segments.segment_count > 1 then splits.amount
            else {{ amount_of_fraction(
                ten_billionths_of(millionths('rated.connect_fee_amount')) ~ ' * prices.unit_size '
                ~ '+ coalesce(graduated.numerator, walked.numerator)',
                'prices.unit_size',
                'coalesce(prices.minimum_millionths, versions.minimum_millionths)',
                'coalesce(prices.maximum_millionths, versions.maximum_millionths)',
                'versions.rounding_mode',
                'versions.rounding_digits'
            ) }}
        end as worked_amount,
        walked.charged_quantity as walked_quantity,
        graduated.charged_quantity as graduated_quantity
    from rated
    left join segments
        on
            rated.usage_key = segments.usage_key
            and rated.segment_number = segments.segment_number
    left join prices
        on rated.price_key = prices.price_key
    left join walked
        on
            rated.usage_key = walked.usage_key
            and rated.segment_number = walked.segment_number
    left join {{ ref('int_rating__version_terms') }} as versions
        on segments.version_key = versions.version_key
    left join graduated
        on
            rated.usage_key = graduated.usage_key
            and rated.segment_number = graduated.segment_number
    left join covered_fees
        on
            rated.usage_key = covered_fees.usage_key
            and rated.segment_number = covered_fees.segment_number
    left join splits
        on
            rated.usage_key = splits.usage_key
            and rated.segment_number = splits.segment_number

)

select *
from worked
where
    amount is distinct from worked_amount
    or connect_fee_amount is distinct from owed_fee_amount
    or charged_quantity is distinct from walked_quantity
    or charged_quantity <> graduated_quantity
