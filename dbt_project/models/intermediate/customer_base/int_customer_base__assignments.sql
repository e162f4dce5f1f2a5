-- Numbers and lines in one shape: what a usage record names its subscriber by is looked up here.
-- Nothing is offered before its subscription has been told of, so that usage waits instead of
-- being guided to a subscription that nobody could bill; that day never changes. A table, because
-- usage is joined to it several times.

with assignments as (

    select
        service_number as served_key,
        'number' as key_kind,
        cast(null as string) as usage_source_id,
        subscription_id,
        valid_from_at,
        valid_to_at,
        known_from_on,
        known_to_on
    from {{ ref('int_customer_base__service_numbers_versioned') }}
    union all
    select
        line_id as served_key,
        line_kind as key_kind,
        usage_source_id,
        subscription_id,
        valid_from_at,
        valid_to_at,
        known_from_on,
        known_to_on
    from {{ ref('int_customer_base__line_assignments_versioned') }}

),

subscriptions as (

    select
        subscription_id,
        min(known_from_on) as first_known_on
    from {{ ref('int_customer_base__subscriptions_versioned') }}
    group by subscription_id

)

select
    assignments.served_key,
    assignments.key_kind,
    assignments.usage_source_id,
    assignments.subscription_id,
    assignments.valid_from_at,
    assignments.valid_to_at,
    greatest(assignments.known_from_on, subscriptions.first_known_on) as known_from_on,
    assignments.known_to_on
from assignments
inner join subscriptions on assignments.subscription_id = subscriptions.subscription_id
where subscriptions.first_known_on < assignments.known_to_on
