-- What the credit policy says of each customer whose credit was checked: the rules that held on the
-- day of the check, as known when the check was delivered; if none were known by then, as known on
-- the first day on which some were.

with policy as (

    select * from {{ ref('int_acquisition__credit_policy_versioned') }}

),

checks as (

    select * from {{ ref('int_acquisition__newest_checks') }}

),

-- few days, so that customers are compared with the rules of one day of knowing only
judging_days as (

    select
        days.customer_kind,
        days.checked_on,
        days._delivered_on,
        min(greatest(days._delivered_on, policy.known_from_on)) as judged_on
    from (
        select distinct
            customer_kind,
            checked_on,
            _delivered_on
        from checks
    ) as days
    inner join policy
        on
            days.customer_kind = policy.customer_kind
            and days.checked_on >= policy.valid_from_on
            and days.checked_on < policy.valid_to_on
            and days._delivered_on < policy.known_to_on
    group by days.customer_kind, days.checked_on, days._delivered_on

)

select
    checks.customer_id,
    checks.credit_check_id,
    checks.application_id,
    policy.credit_rule_id,
    policy.credit_class,
    checks.checked_on,
    judging_days.judged_on
from checks
inner join judging_days
    on
        checks.customer_kind = judging_days.customer_kind
        and checks.checked_on = judging_days.checked_on
        and checks._delivered_on = judging_days._delivered_on
inner join policy
    on
        checks.customer_kind = policy.customer_kind
        and {{ holds_on('policy', 'checks.checked_on', 'judging_days.judged_on') }}
where
    (
        policy.minimum_credit_score is null
        or checks.credit_score >= policy.minimum_credit_score
    )
    and (
        policy.maximum_negative_entries is null
        or checks.negative_entry_count <= policy.maximum_negative_entries
    )
    and (
        policy.minimum_monthly_income_amount is null
        or checks.monthly_income_amount >= policy.minimum_monthly_income_amount
    )
qualify row_number() over (
    partition by checks.customer_id
    order by policy.priority, policy.credit_rule_id
) = 1
