-- What a price says, ready for arithmetic: its unit price as a fraction in lowest terms, in
-- millionths, and up to how many units whole numbers of 64 bits are enough. Prices are few and
-- usages many.

{{ config(materialized='table') }}

with prices as (

    select
        *,
        {{ ten_billionths('price') }} as price_in_ten_billionths,
        -- a ten-billionth is a ten-thousandth of a millionth
        {{ common_divisor(ten_billionths('price'), big('unit_size') ~ ' * 10000') }} as divisor
    from {{ ref('int_catalog__prices') }}

),

reduced as (

    select
        *,
        {{ whole_times('price_in_ten_billionths', 'divisor') }} as millionths_per_denominator,
        {{ whole_times(big('unit_size') ~ ' * 10000', 'divisor') }} as denominator,
        {{ millionths('connect_fee_amount') }} as connect_fee_millionths,
        {{ millionths('minimum_charge_amount') }} as minimum_millionths,
        {{ millionths('maximum_charge_amount') }} as maximum_millionths
    from prices

)

select
    price_key,
    price_name_key,
    tariff_version_id,
    usage_type,
    direction,
    price_model,
    currency,
    unit_size,
    first_block_units,
    increment_units,
    connect_fee_amount,
    connect_fee_millionths,
    minimum_millionths,
    maximum_millionths,
    price_in_ten_billionths,
    cast(
        case when is_small then millionths_per_denominator else 0 end as bigint
    ) as millionths_per_denominator,
    cast(case when is_small then denominator else 1 end as bigint) as denominator,
    cast(
        case
            when is_small
                then {{ whole_times(
                    '1000000000000000000', 'greatest(millionths_per_denominator, 1)'
                ) }}
            else -1
        end as bigint
    ) as most_units,
    valid_from_on,
    valid_to_on,
    known_from_on,
    known_to_on
from (
    select
        *,
        tier_count = 1
        and denominator <= 1000000000000
        and millionths_per_denominator <= 1000000000000000000
        and denominator * greatest(
            connect_fee_millionths, coalesce(minimum_millionths, 0), coalesce(maximum_millionths, 0)
        ) <= 1000000000000000000 as is_small
    from reduced
) as judged
