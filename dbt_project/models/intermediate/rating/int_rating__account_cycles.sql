-- Which cycle counts the months of an account: that of its payer, if that has one, else its own.
-- Cycles that give the same months, periods and cut-offs share a key, so that a month is looked up
-- by equality.

with accounts as (

    select
        account_id,
        payer_account_id,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from {{ ref('int_customer_base__accounts') }}

),

named_cycles as (

    select
        account_id,
        nullif(bill_cycle_id, '') as bill_cycle_id,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from {{ ref('int_customer_base__billing_accounts_versioned') }}

),

with_own as (

    {{ join_versions(
        'accounts',
        'named_cycles',
        identity=['account_id'],
        keep=['payer_account_id'],
        matching=['account_id', 'account_id'],
        carry={'own_cycle_id': 'bill_cycle_id'}
    ) }}

),

paid_by_others as (

    select * from with_own
    where payer_account_id <> account_id

),

with_payer as (

    {{ join_versions(
        'paid_by_others',
        'named_cycles',
        identity=['account_id'],
        keep=['own_cycle_id'],
        matching=['payer_account_id', 'account_id'],
        carry={'payer_cycle_id': 'bill_cycle_id'}
    ) }}

),

{% set bounds = ['valid_from_on', 'valid_to_on', 'known_from_on', 'known_to_on'] | join(', ') -%}
chosen as (

    select
        account_id,
        coalesce(payer_cycle_id, own_cycle_id) as chosen_cycle_id,
        {{ bounds }}
    from with_payer
    union all
    select
        account_id,
        own_cycle_id as chosen_cycle_id,
        {{ bounds }}
    from with_own
    where payer_account_id = account_id

),

cycles as (

    select
        bill_cycle_id,
        cycle_day,
        interval_months,
        anchor_on,
        grace_days,
        -- every month is the first of a period of one, whatever the anchor
        case interval_months
            when 1 then 0
            else {{ month_parity(cycle_month('anchor_on', 'cycle_day')) }}
        end as anchor_parity,
        {{ bounds }}
    from {{ ref('int_catalog__bill_cycles_versioned') }}

),

keyed_cycles as (

    select
        *,
        concat_ws(
            '/',
            cast(cycle_day as string),
            cast(interval_months as string),
            cast(anchor_parity as string),
            cast(grace_days as string)
        ) as cycle_key
    from cycles

),

{% set carried = ['bill_cycle_id', 'cycle_key', 'cycle_day', 'interval_months', 'anchor_on'] -%}
with_cycle as (

    {{ join_versions(
        'chosen',
        'keyed_cycles',
        identity=['account_id'],
        keep=['chosen_cycle_id'],
        matching=['chosen_cycle_id', 'bill_cycle_id'],
        carry=dict(zip(carried + ['grace_days'], carried + ['grace_days']))
    ) }}

)

select
    account_id,
    bill_cycle_id,
    coalesce(cycle_key, 'none') as cycle_key,
    cycle_day,
    interval_months,
    grace_days,
    anchor_on,
    valid_from_on,
    valid_to_on,
    known_from_on,
    known_to_on
from with_cycle
