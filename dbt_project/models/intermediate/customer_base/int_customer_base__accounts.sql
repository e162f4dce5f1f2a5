-- Who pays for each account. An account that names a payer which cannot pay for it pays for itself,
-- and the problem stands beside it.

with accounts as (

    select * from {{ ref('int_customer_base__billing_accounts_versioned') }}

),

named_payers as (

    select * from {{ ref('int_customer_base__named_payers') }}

)

select
    account_id,
    customer_id,
    case when problem_code is null then named_payer_account_id else account_id end
        as payer_account_id,
    named_payer_account_id,
    problem_code,
    valid_from_on,
    valid_to_on,
    known_from_on,
    known_to_on,
    _file,
    _record,
    _delivered_on
from named_payers
union all
select
    account_id,
    customer_id,
    account_id as payer_account_id,
    cast(null as string) as named_payer_account_id,
    cast(null as string) as problem_code,
    valid_from_on,
    valid_to_on,
    known_from_on,
    known_to_on,
    _file,
    _record,
    _delivered_on
from accounts
where coalesce(nullif(payer_account_id, ''), account_id) = account_id
