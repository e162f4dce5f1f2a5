-- What a holding brings to whose units: for each allowance of its offering how many, and how its
-- windows are counted. No number of units comes near 10^15, and sums and products stay below 2^63.

{% set most = 'cast(1000000000000000 as decimal(38, 0))' %}

with holdings as (

    select * from {{ ref('int_rating__holdings') }}

),

rules as (

    select * from {{ ref('int_catalog__allowances_versioned') }}
    where validity_kind = 'bill_month' or validity_length is not null

),

terms as (

    select * from {{ ref('int_rating__subscription_terms') }}

),

sharers as (

    select * from {{ ref('int_rating__sharers') }}

),

included as (

    select
        holdings.subscription_id,
        holdings.add_on_id,
        rules.allowance_id,
        rules.usage_type,
        rules.sharing,
        rules.validity_kind,
        case
            -- longer than any calendar
            when rules.validity_kind <> 'bill_month' then least(rules.validity_length, 1000000)
        end as validity_length,
        rules.is_prorated,
        rules.priority,
        case
            -- the least of nothing and a number would be the number
            when rules.capacity_units is not null
                then cast(least(
                    cast(rules.capacity_units as decimal(19, 0))
                    * cast(holdings.quantity as decimal(19, 0)),
                    {{ most }}
                ) as bigint)
        end as units,
        holdings.begins_on,
        greatest(holdings.quantity_from_on, rules.valid_from_on) as valid_from_on,
        least(holdings.quantity_to_on, rules.valid_to_on) as valid_to_on,
        greatest(holdings.known_from_on, rules.known_from_on) as known_from_on,
        least(holdings.known_to_on, rules.known_to_on) as known_to_on
    from holdings
    inner join rules
        on
            holdings.product_offering_id = rules.product_offering_id
            and holdings.quantity_from_on < rules.valid_to_on
            and holdings.quantity_to_on > rules.valid_from_on
            and holdings.known_from_on < rules.known_to_on
            and holdings.known_to_on > rules.known_from_on

),

{% set kept = [
    'add_on_id', 'allowance_id', 'usage_type', 'sharing', 'validity_kind', 'validity_length',
    'is_prorated', 'priority', 'units', 'begins_on'
] -%}
counted as (

    select
        included.subscription_id,
        {%- for column in kept %}
        included.{{ column }},
        {%- endfor %}
        case when included.validity_kind = 'bill_month' then terms.cycle_key end as cycle_key,
        {{ rectangle_shared('included', 'terms') }}
    from included
    inner join terms
        on
            included.subscription_id = terms.subscription_id
            and {{ rectangles_overlap('included', 'terms') }}

),

-- few holdings are shared
pooled as (

    select
        counted.subscription_id,
        {%- for column in kept + ['cycle_key'] %}
        counted.{{ column }},
        {%- endfor %}
        sharers.owner_kind,
        sharers.owner_id,
        {{ rectangle_shared('counted', 'sharers') }}
    from counted
    inner join sharers
        on
            counted.subscription_id = sharers.subscription_id
            and counted.sharing = sharers.sharing
            and {{ rectangles_overlap('counted', 'sharers') }}
    where counted.sharing <> 'own'

)

{%- set columns = [
    'cycle_key', 'usage_type', 'sharing', 'validity_kind', 'validity_length', 'is_prorated',
    'priority', 'units', 'begins_on', 'valid_from_on', 'valid_to_on', 'known_from_on', 'known_to_on'
] | join(',\n    ') %}

select
    subscription_id,
    add_on_id,
    allowance_id,
    'subscription' as owner_kind,
    subscription_id as owner_id,
    {{ columns }}
from counted
where sharing = 'own'
union all
select
    subscription_id,
    add_on_id,
    allowance_id,
    owner_kind,
    owner_id,
    {{ columns }}
from pooled
