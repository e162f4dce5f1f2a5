-- The check that counts for a customer: the newest, with the income that was proved, else the one
-- that the application states. A check of an application is of the customer who applied.

with customers as (

    select
        versions.customer_id,
        versions.customer_kind
    from {{ ref('int_customer_base__customers_versioned') }} as versions
    where {{ holds_on('versions', as_of(), as_of()) }}

),

applications as (

    {{ event_rows_once(ref('stg_crm__applications'), key=['application_id']) }}

),

applicants as (

    select * from {{ ref('int_acquisition__application_claims') }}
    where not is_contradicted

),

told_checks as (

    {{ event_rows_once(ref('stg_crm__credit_checks'), key=['credit_check_id']) }}

),

checks as (

    select
        coalesce(told_checks.customer_id, applicants.customer_id) as customer_id,
        told_checks.credit_check_id,
        told_checks.application_id,
        told_checks.credit_score,
        told_checks.negative_entry_count,
        coalesce(
            told_checks.verified_monthly_income_amount, applications.monthly_income_amount
        ) as monthly_income_amount,
        {{ local_date('told_checks.checked_at') }} as checked_on,
        told_checks._delivered_on
    from told_checks
    left join applications on told_checks.application_id = applications.application_id
    left join applicants on told_checks.application_id = applicants.application_id
    qualify row_number() over (
        partition by coalesce(told_checks.customer_id, applicants.customer_id)
        order by told_checks.checked_at desc, told_checks.credit_check_id desc
    ) = 1

)

select
    checks.customer_id,
    checks.credit_check_id,
    checks.application_id,
    customers.customer_kind,
    checks.credit_score,
    checks.negative_entry_count,
    checks.monthly_income_amount,
    checks.checked_on,
    checks._delivered_on
from checks
inner join customers on checks.customer_id = customers.customer_id
