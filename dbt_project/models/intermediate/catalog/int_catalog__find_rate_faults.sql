-- What is wrong with the rates of a version, whatever tariff claims it: tiers that contradict each
-- other (one price, two models; one place, two tiers), tiers that are missing or count downwards,
-- and amounts that nobody means.

{{ config(materialized='view') }}

{%- set bounds = 'valid_from_on, valid_to_on, known_from_on, known_to_on' %}
{%- set amounts = [
    'connect_fee_amount', 'flat_fee_amount', 'minimum_charge_amount', 'maximum_charge_amount'
] %}

with rates as (

    select
        *,
        {{ price_name() }} as price_name
    from {{ ref('int_catalog__usage_rates_versioned') }}

),

tiers as (

    select
        *,
        concat_ws(chr(31), price_name, cast(tier_number as string)) as tier_name,
        concat_ws(chr(31), price_name, cast(tier_number - 1 as string)) as tier_below
    from rates

),

pairs as (

    select
        one.tariff_version_id,
        case
            when
                one.tier_number = other.tier_number
                or one.from_units = other.from_units
                or one.price_model <> other.price_model
                or one.price_model in ('flat', 'package')
                then 'RATE_OVERLAP'
            when (one.tier_number < other.tier_number) <> (one.from_units < other.from_units)
                then 'TIER_GAP'
        end as reason_code,
        {{ rectangle_shared('one', 'other') }}
    from rates as one
    inner join rates as other
        on
            one.price_name = other.price_name
            and one.usage_rate_id < other.usage_rate_id
            and {{ rectangles_overlap('one', 'other') }}

),

upper_tiers as (

    select * from tiers
    where tier_number > 1

),

missing_tiers as (

    {{ uncovered_versions(
        'upper_tiers',
        'tiers',
        keep=['tariff_version_id'],
        matching=[['tier_below', 'tier_name']]
    ) }}

),

faults as (

    select
        tariff_version_id,
        reason_code,
        {{ bounds }}
    from pairs
    where reason_code is not null
    union all
    select
        tariff_version_id,
        'TIER_GAP' as reason_code,
        {{ bounds }}
    from missing_tiers
    union all
    select
        tariff_version_id,
        'TIER_GAP' as reason_code,
        {{ bounds }}
    from rates
    where
        tier_number < 1
        or tier_number = 1 and from_units <> 0
    union all
    select
        tariff_version_id,
        'NEGATIVE_PRICE' as reason_code,
        {{ bounds }}
    from rates
    where {{ any_column(amounts + ['price'], '< 0') }}
    union all
    select
        tariff_version_id,
        'ABSURD_AMOUNT' as reason_code,
        {{ bounds }}
    from rates
    where {{ any_column(amounts, '>= ' ~ absurd_amount()) }}

)

select distinct * from faults
