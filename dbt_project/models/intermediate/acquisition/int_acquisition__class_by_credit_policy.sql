-- What the credit policy says of each customer whose credit was checked: the newest check, with
-- the income proved or else stated, under the rules that held on its day, as known when it was
-- delivered.

with customers as (

    select
        versions.customer_id,
        versions.customer_kind,
        versions.application_id
    from {{ ref('int_customer_base__customers_versioned') }} as versions
    where {{ holds_on('versions', as_of(), as_of()) }}

),

applications as (

    select * from {{ ref('stg_crm__applications') }}
    qualify row_number() over (
        partition by application_id
        order by _delivered_on, _file, _record
    ) = 1

),

-- who applied: told by the form, by the decision or by the customer
applicants as (

    select
        application_id,
        max(customer_id) as customer_id
    from (
        select
            application_id,
            customer_id
        from applications
        union all
        select
            application_id,
            customer_id
        from {{ ref('stg_crm__application_decisions') }}
        union all
        select
            application_id,
            customer_id
        from customers
    ) as told
    where customer_id is not null
    group by application_id

),

checks as (

    select
        coalesce(checks.customer_id, applicants.customer_id) as customer_id,
        checks.credit_check_id,
        checks.application_id,
        checks.credit_score,
        checks.negative_entry_count,
        coalesce(
            checks.verified_monthly_income_amount, applications.monthly_income_amount
        ) as monthly_income_amount,
        {{ local_date('checks.checked_at') }} as checked_on,
        checks._delivered_on
    from {{ ref('stg_crm__credit_checks') }} as checks
    left join applications on checks.application_id = applications.application_id
    left join applicants on checks.application_id = applicants.application_id
    qualify row_number() over (
        partition by coalesce(checks.customer_id, applicants.customer_id)
        order by checks.checked_at desc, checks.credit_check_id desc, checks._delivered_on asc
    ) = 1

)

select
    customers.customer_id,
    checks.credit_check_id,
    checks.application_id,
    policy.credit_rule_id,
    policy.credit_class,
    checks.checked_on
from checks
inner join customers on checks.customer_id = customers.customer_id
inner join {{ ref('int_acquisition__credit_policy_versioned') }} as policy
    on
        customers.customer_kind = policy.customer_kind
        and {{ holds_on('policy', 'checks.checked_on', 'checks._delivered_on') }}
where
    (policy.minimum_credit_score is null or checks.credit_score >= policy.minimum_credit_score)
    and (
        policy.maximum_negative_entries is null
        or checks.negative_entry_count <= policy.maximum_negative_entries
    )
    and (
        policy.minimum_monthly_income_amount is null
        or checks.monthly_income_amount >= policy.minimum_monthly_income_amount
    )
qualify row_number() over (
    partition by customers.customer_id
    order by policy.priority, policy.credit_rule_id
) = 1
