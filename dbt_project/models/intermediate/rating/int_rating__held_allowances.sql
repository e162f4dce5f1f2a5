-- Which allowances a subscription may claim, and by which rule, cut where anything about it
-- changes: its own, and those that somebody with the same account or company tree holds for all.

{{ config(materialized='table') }}

with allowances as (

    select * from {{ ref('int_catalog__allowances_versioned') }}

),

-- pieces change the capacity, not the claim
holdings as (

    select distinct
        subscription_id,
        product_offering_id,
        begins_on,
        begins_on as valid_from_on,
        ends_on as valid_to_on,
        known_from_on,
        known_to_on
    from {{ ref('int_rating__holdings') }}

),

terms as (

    select * from {{ ref('int_rating__subscription_terms') }}

),

numbers as (

    select distinct
        subscription_id,
        subscription_number
    from terms

),

sharers as (

    select * from {{ ref('int_rating__sharers') }}
    where sharing <> 'own'

),

ruled as (

    select
        holdings.subscription_id,
        holdings.begins_on,
        allowances.allowance_id,
        allowances.sharing,
        allowances.usage_type,
        nullif(allowances.direction, '') as direction,
        nullif(allowances.time_band_id, '') as time_band_id,
        nullif(allowances.zone_set_id, '') as zone_set_id,
        allowances.step_units,
        allowances.is_connect_fee_covered,
        allowances.validity_kind,
        allowances.validity_length,
        allowances.rollover_periods,
        {{ rectangle_shared('holdings', 'allowances') }}
    from holdings
    inner join allowances
        on
            holdings.product_offering_id = allowances.product_offering_id
            and {{ rectangles_overlap('holdings', 'allowances') }}

),

with_cycle as (

    select
        ruled.subscription_id,
        ruled.begins_on,
        ruled.allowance_id,
        ruled.sharing,
        ruled.usage_type,
        ruled.direction,
        ruled.time_band_id,
        ruled.zone_set_id,
        ruled.step_units,
        ruled.is_connect_fee_covered,
        ruled.validity_kind,
        ruled.validity_length,
        ruled.rollover_periods,
        terms.subscription_number as holder_number,
        terms.cycle_key,
        terms.cycle_day,
        {{ rectangle_shared('ruled', 'terms') }}
    from ruled
    inner join terms
        on
            ruled.subscription_id = terms.subscription_id
            and {{ rectangles_overlap('ruled', 'terms') }}

),

pooled as (

    select
        with_cycle.subscription_id,
        with_cycle.begins_on,
        with_cycle.allowance_id,
        with_cycle.sharing,
        with_cycle.usage_type,
        with_cycle.direction,
        with_cycle.time_band_id,
        with_cycle.zone_set_id,
        with_cycle.step_units,
        with_cycle.is_connect_fee_covered,
        with_cycle.validity_kind,
        with_cycle.validity_length,
        with_cycle.rollover_periods,
        with_cycle.holder_number,
        with_cycle.cycle_key,
        with_cycle.cycle_day,
        sharers.owner_kind,
        sharers.owner_id,
        {{ rectangle_shared('with_cycle', 'sharers') }}
    from with_cycle
    inner join sharers
        on
            with_cycle.subscription_id = sharers.subscription_id
            and with_cycle.sharing = sharers.sharing
            and {{ rectangles_overlap('with_cycle', 'sharers') }}

)

{%- set rule = [
    'begins_on', 'allowance_id', 'usage_type', 'direction', 'time_band_id', 'zone_set_id',
    'step_units', 'is_connect_fee_covered', 'validity_kind', 'validity_length',
    'rollover_periods', 'holder_number',
    'cycle_key', 'cycle_day'
] %}

select
    subscription_id,
    holder_number as subscription_number,
    'subscription' as owner_kind,
    subscription_id as owner_id,
    {{ rule | join(',\n    ') }},
    valid_from_on,
    valid_to_on,
    known_from_on,
    known_to_on
from with_cycle
where sharing = 'own'
-- two pieces of one offering claim the same
union distinct
select
    sharers.subscription_id,
    numbers.subscription_number,
    pooled.owner_kind,
    pooled.owner_id,
    {% for column in rule -%}
    pooled.{{ column }},
    {% endfor -%}
    {{ rectangle_shared('pooled', 'sharers') }}
from pooled
inner join sharers
    on
        pooled.owner_kind = sharers.owner_kind
        and pooled.owner_id = sharers.owner_id
        and {{ rectangles_overlap('pooled', 'sharers') }}
inner join numbers
    on sharers.subscription_id = numbers.subscription_id
