-- What rests on something that is not there, or not fit, at as_of. Whether usage, charges or a
-- credit class wait for it is decided where it is used; here somebody finds what to repair, and
-- where it was delivered.

select
    referring_kind,
    referring_id,
    referred_kind,
    referred_id,
    reason_code,
    _file,
    _record,
    _delivered_on
from {{ ref('int_customer_base__absent_references') }}
union all
select
    'account' as referring_kind,
    findings.account_id as referring_id,
    'payer_account' as referred_kind,
    findings.named_payer_account_id as referred_id,
    findings.problem_code as reason_code,
    findings._file,
    findings._record,
    findings._delivered_on
from {{ ref('int_customer_base__account_findings') }} as findings
where {{ holds_on('findings', as_of(), as_of()) }}
union all
select
    'application' as referring_kind,
    application_id as referring_id,
    'customer' as referred_kind,
    customer_id as referred_id,
    'TOLD_IN_TWO_WAYS' as reason_code,
    _file,
    _record,
    _delivered_on
from {{ ref('int_acquisition__application_claims') }}
where is_contradicted
