with subscriptions as (

    select * from {{ ref('int_customer_base__choose_current_subscriptions') }}

),

states as (

    select * from {{ ref('int_customer_base__subscription_states') }}
    where
        known_to_on = {{ open_end() }}
        and valid_from_on <= {{ as_of() }}

),

current_states as (

    select * from states
    where {{ as_of() }} < valid_to_on

),

services as (

    select
        subscription_id,
        min(valid_from_on) as activated_on,
        max(valid_to_on) as service_ended_on
    from states
    where is_in_service
    group by subscription_id

),

items as (

    select * from {{ ref('int_orders__items') }}

),

suspended as (

    select * from {{ ref('fct_suspended_customers') }}

),

broken as (

    select
        referring_id as subscription_id,
        max(case when referred_kind = 'customer' then reason_code end) as customer_problem,
        max(case when referred_kind = 'account' then reason_code end) as account_problem
    from {{ ref('int_customer_base__absent_references') }}
    where referring_kind = 'subscription'
    group by referring_id

),

numbers as (

    select * from {{ ref('int_customer_base__choose_current_numbers') }}

),

products as (

    select * from {{ ref('dim_products') }}

)

select
    subscriptions.subscription_id,
    subscriptions.customer_id,
    subscriptions.account_id,
    subscriptions.product_offering_id,
    coalesce(subscriptions.tariff_id, products.tariff_id) as tariff_id,
    subscriptions.area_id,
    numbers.service_number,
    subscriptions.network_type,
    subscriptions.rating_type,
    subscriptions.network_type || '_' || subscriptions.rating_type as customer_type,
    subscriptions.access_technology,
    subscriptions.channel,
    coalesce(current_states.state, 'pending') as state,
    current_states.cause as state_cause,
    case
        when current_states.state = 'terminated'
            then coalesce(
                items.termination_reason,
                case current_states.cause
                    when 'debt' then 'non_payment'
                    when 'credit_limit' then 'non_payment'
                    when 'fraud' then 'fraud'
                    when 'lapsed' then 'inactive'
                    when 'ported_out' then 'ported_out'
                    else 'other'
                end
            )
    end as termination_reason,
    case
        when broken.customer_problem is not null then 'CUSTOMER_' || broken.customer_problem
        when suspended.customer_id is not null then 'CUSTOMER_SUSPENDED'
        when broken.account_problem is not null then 'ACCOUNT_' || broken.account_problem
    end as suspension_reason,
    subscriptions.notice_period_unit,
    coalesce(current_states.is_in_service, false) as is_in_service,
    coalesce(suspended.customer_id, broken.customer_problem) is not null as is_customer_suspended,
    subscriptions.notice_period_length,
    subscriptions.contract_started_on,
    subscriptions.minimum_term_ends_on,
    services.activated_on,
    case
        when current_states.state = 'terminated'
            then coalesce(services.service_ended_on, current_states.valid_from_on)
    end as terminated_on,
    current_states.valid_from_on as state_since_on,
    subscriptions.valid_from_on,
    subscriptions._file,
    subscriptions._record,
    subscriptions._delivered_on
from subscriptions
left join current_states on subscriptions.subscription_id = current_states.subscription_id
left join services on subscriptions.subscription_id = services.subscription_id
left join items on current_states.order_item_id = items.order_item_id
left join suspended on subscriptions.customer_id = suspended.customer_id
left join broken on subscriptions.subscription_id = broken.subscription_id
left join numbers on subscriptions.subscription_id = numbers.subscription_id
left join products on subscriptions.product_offering_id = products.product_offering_id
