-- Written once, when a usage is rated, and never again: no later delivery changes a row.

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ joins_as_written() }}',
    post_hook='{{ joins_by_size() }}'
) }}

{%- set built_on = built_through('rated_on') %}

with segments as (

    select * from {{ charged_segments(built_on) }} as charged

),

graduated as (

    select * from {{ ref('int_rating__graduated_charges') }}
    where rated_on > {{ built_on }}

),

splits as (

    select * from {{ ref('int_rating__split_amounts') }}
    where rated_on > {{ built_on }}

),

files as (

    select * from {{ ref('int_rating__usage_files') }}

),

prices as (

    select * from {{ ref('int_rating__price_terms') }}

),

versions as (

    select * from {{ ref('int_rating__version_terms') }}

),

terms as (

    select * from {{ ref('int_rating__subscription_terms') }}

),

costed as (

    select
        segments.usage_id,
        segments.segment_number,
        segments.segment_count,
        segments.usage_key,
        segments.price_key,
        segments.terms_key,
        segments.zone_id,
        segments.time_band,
        segments.is_late,
        segments.end_unit - segments.first_unit as quantity,
        segments.allowance_quantity,
        segments.charged_quantity,
        segments.started_on,
        segments.rated_on,
        segments.started_at,
        prices.tariff_version_id,
        prices.usage_type,
        prices.direction,
        prices.price_model,
        prices.currency,
        prices.denominator,
        prices.millionths_per_denominator,
        versions.millionths_per_step,
        versions.rounding_mode,
        versions.rounding_digits,
        prices.unit_size,
        graduated.numerator is null
        and segments.charged_quantity <= prices.most_units
        and prices.denominator <= versions.most_denominator as is_small,
        coalesce(prices.minimum_millionths, versions.minimum_millionths)
            as minimum_millionths,
        coalesce(prices.maximum_millionths, versions.maximum_millionths)
            as maximum_millionths,
        case
            when segments.has_connect_fee then prices.connect_fee_amount
            else cast(0 as decimal(18, 6))
        end as connect_fee_amount,
        case when segments.has_connect_fee then prices.connect_fee_millionths else 0 end
            as connect_fee_millionths,
        case
            when graduated.numerator is not null then graduated.numerator
            when segments.charged_quantity > prices.most_units
                then {{ cost_of_units('segments', 'prices') }}
            when prices.denominator > versions.most_denominator
                then {{ cost_of_units('segments', 'prices') }}
        end as numerator,
        splits.amount as share_amount
    from segments
    inner join prices
        on segments.price_key = prices.price_key
    inner join versions
        on segments.version_key = versions.version_key
    left join graduated
        on
            segments.usage_key = graduated.usage_key
            and segments.segment_number = graduated.segment_number
    left join splits
        on
            segments.usage_key = splits.usage_key
            and segments.segment_number = splits.segment_number

)

select
    costed.usage_id,
    costed.segment_number,
    terms.subscription_id,
    terms.account_id,
    costed.zone_id,
    costed.tariff_version_id,
    costed.usage_key,
    costed.price_key,
    files.feed,
    costed.usage_type,
    costed.direction,
    costed.time_band,
    case when costed.price_model in ('volume', 'package') then 'period' else 'usage' end
        as priced_by,
    costed.is_late,
    cast(costed.quantity as bigint) as quantity,
    case costed.usage_type
        when 'voice' then 'seconds'
        when 'data' then 'bytes'
        else 'messages'
    end as unit,
    cast(costed.allowance_quantity + costed.charged_quantity as bigint) as billable_quantity,
    cast(costed.allowance_quantity as bigint) as allowance_quantity,
    cast(costed.charged_quantity as bigint) as charged_quantity,
    costed.connect_fee_amount,
    case
        when costed.price_model in ('volume', 'package') then cast(0 as decimal(18, 6))
        when costed.segment_count > 1 then costed.share_amount
        when costed.is_small then {{ amount_in_small_numbers('costed') }}
        else cast({{ amount_of_fraction(
            ten_billionths_of('costed.connect_fee_millionths')
            ~ ' * costed.unit_size + costed.numerator',
            'costed.unit_size',
            'costed.minimum_millionths',
            'costed.maximum_millionths',
            'costed.rounding_mode',
            'costed.rounding_digits'
        ) }} as decimal(18, 6))
    end as amount,
    costed.currency,
    costed.started_on,
    files.delivered_on,
    costed.rated_on,
    costed.started_at,
    files.file as _file,
    {{ record_of('costed.usage_key') }} as _record
from costed
inner join terms
    on costed.terms_key = terms.terms_key
inner join files
    on {{ file_number_of('costed.usage_key') }} = files.file_number
