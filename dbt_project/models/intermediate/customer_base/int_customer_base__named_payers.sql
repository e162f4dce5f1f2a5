-- Whether the payer that an account names can pay for it, cut where anything about either changes.

with accounts as (

    select
        account_id,
        customer_id,
        coalesce(nullif(payer_account_id, ''), account_id) as payer_account_id,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on,
        _file,
        _record,
        _delivered_on
    from {{ ref('int_customer_base__billing_accounts_versioned') }}

),

placed as (

    select * from {{ ref('int_customer_base__hierarchy') }}
    where is_placed

),

paid_by_others as (

    select * from accounts
    where payer_account_id <> account_id

),

{% set kept = ['customer_id', 'payer_account_id', '_file', '_record', '_delivered_on'] -%}
with_payer as (

    {{ join_versions(
        'paid_by_others',
        'accounts',
        identity=['account_id'],
        keep=kept,
        matching=['payer_account_id', 'account_id'],
        carry={'payer_customer_id': 'customer_id', 'payers_payer_account_id': 'payer_account_id'}
    ) }}

),

{% set kept = kept + ['payer_customer_id', 'payers_payer_account_id'] -%}
with_root as (

    {{ join_versions(
        'with_payer',
        'placed',
        identity=['account_id'],
        keep=kept,
        matching=['customer_id', 'customer_id'],
        carry={'root_customer_id': 'root_customer_id'}
    ) }}

),

with_payer_root as (

    {{ join_versions(
        'with_root',
        'placed',
        identity=['account_id'],
        keep=kept + ['root_customer_id'],
        matching=['payer_customer_id', 'customer_id'],
        carry={'payer_root_customer_id': 'root_customer_id'}
    ) }}

)

select
    account_id,
    customer_id,
    payer_account_id as named_payer_account_id,
    case
        when payer_customer_id is null then 'PAYER_MISSING'
        when payers_payer_account_id <> payer_account_id then 'PAYER_CHAIN'
        when payer_customer_id = customer_id then cast(null as string)
        when root_customer_id = payer_root_customer_id then cast(null as string)
        else 'PAYER_OUTSIDE_TREE'
    end as problem_code,
    valid_from_on,
    valid_to_on,
    known_from_on,
    known_to_on,
    _file,
    _record,
    _delivered_on
from with_payer_root
