-- The share of each segment in the amount of its record: what the record has come to at its end
-- less what it had come to before, each kept within the limits and rounded as the first segment
-- that is priced says. So shares add up to a record that is rounded once. The fraction is carried
-- exactly, over a common denominator.

{{ config(materialized='incremental', incremental_strategy='append') }}

{%- set built_on = built_through('rated_on') %}

with recursive segments as (

    select * from {{ charged_segments(built_on, 'segment_count > 1') }} as charged
    where price_model not in ('volume', 'package')

),

priced as (

    select
        segments.usage_key,
        segments.segment_number,
        segments.rated_on,
        prices.unit_size,
        coalesce(prices.minimum_millionths, versions.minimum_millionths)
            as minimum_millionths,
        coalesce(prices.maximum_millionths, versions.maximum_millionths)
            as maximum_millionths,
        versions.rounding_mode,
        versions.rounding_digits,
        case
            when segments.has_connect_fee
                then {{ ten_billionths_of('prices.connect_fee_millionths') }} * prices.unit_size
            else 0
        end + coalesce(graduated.numerator, {{ cost_of_units('segments', 'prices') }}) as numerator,
        row_number() over (
            partition by segments.usage_key
            order by segments.segment_number
        ) as place,
        count(*) over (partition by segments.usage_key) as places
    from segments
    inner join {{ ref('int_rating__price_terms') }} as prices
        on segments.price_key = prices.price_key
    inner join {{ ref('int_rating__version_terms') }} as versions
        on segments.version_key = versions.version_key
    left join {{ ref('int_rating__graduated_charges') }} as graduated
        on
            segments.usage_key = graduated.usage_key
            and segments.segment_number = graduated.segment_number

),

summed as (

    select
        usage_key,
        segment_number,
        rated_on,
        place,
        places,
        minimum_millionths,
        maximum_millionths,
        rounding_mode,
        rounding_digits,
        {{ big('numerator') }} as numerator,
        unit_size as denominator
    from priced
    where place = 1
    union all
    select
        priced.usage_key,
        priced.segment_number,
        priced.rated_on,
        priced.place,
        priced.places,
        summed.minimum_millionths,
        summed.maximum_millionths,
        summed.rounding_mode,
        summed.rounding_digits,
        summed.numerator * {{ whole_times(
            common_multiple('summed.denominator', 'priced.unit_size'), 'summed.denominator'
        ) }}
        + priced.numerator * {{ whole_times(
            common_multiple('summed.denominator', 'priced.unit_size'), 'priced.unit_size'
        ) }} as numerator,
        {{ common_multiple('summed.denominator', 'priced.unit_size') }} as denominator
    from summed
    inner join priced
        on
            summed.usage_key = priced.usage_key
            and summed.place + 1 = priced.place

),

come_to as (

    select
        usage_key,
        segment_number,
        place,
        rated_on,
        {{ amount_of_fraction(
            'numerator',
            'denominator',
            'case when place = places then minimum_millionths end',
            'maximum_millionths',
            'rounding_mode',
            'rounding_digits'
        ) }} as amount_so_far
    from summed

)

select
    usage_key,
    segment_number,
    cast(
        amount_so_far - coalesce(
            lag(amount_so_far) over (partition by usage_key order by place),
            0
        ) as decimal(18, 6)
    ) as amount,
    rated_on
from come_to
