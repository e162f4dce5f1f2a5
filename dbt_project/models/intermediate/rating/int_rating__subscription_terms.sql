-- What a subscription brings to each of its usages: its account with the cycle that counts the
-- months, and its tariff, which is its own or that of its plan.

{{ config(materialized='table') }}

with subscriptions as (

    select
        subscription_id,
        customer_id,
        account_id,
        product_offering_id,
        nullif(tariff_id, '') as own_tariff_id,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from {{ ref('int_customer_base__subscriptions_versioned') }}

),

offerings as (

    select
        product_offering_id,
        nullif(tariff_id, '') as tariff_id,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from {{ ref('int_catalog__product_offerings_versioned') }}

),

cycles as (

    select * from {{ ref('int_rating__account_cycles') }}

),

with_plan as (

    {{ join_versions(
        'subscriptions',
        'offerings',
        identity=['subscription_id'],
        keep=['customer_id', 'account_id', 'product_offering_id', 'own_tariff_id'],
        matching=['product_offering_id', 'product_offering_id'],
        carry={'plan_tariff_id': 'tariff_id'}
    ) }}

),

with_cycle as (

    {{ join_versions(
        'with_plan',
        'cycles',
        identity=['subscription_id'],
        keep=['customer_id', 'account_id', 'product_offering_id', 'own_tariff_id', 'plan_tariff_id'],
        matching=['account_id', 'account_id'],
        carry={'cycle_key': 'cycle_key', 'cycle_day': 'cycle_day'}
    ) }}

),

numbered as (

    select
        *,
        -- in order of knowledge: what is delivered later renumbers nothing
        row_number() over (
            order by known_from_on, subscription_id, valid_from_on
        ) as terms_key
    from with_cycle

)

select
    terms_key,
    min(terms_key) over (partition by subscription_id) as subscription_number,
    subscription_id,
    customer_id,
    account_id,
    product_offering_id,
    coalesce(own_tariff_id, plan_tariff_id) as tariff_id,
    coalesce(cycle_key, 'none') as cycle_key,
    coalesce(cycle_day, 1) as cycle_day,
    valid_from_on,
    valid_to_on,
    known_from_on,
    known_to_on
from numbered
