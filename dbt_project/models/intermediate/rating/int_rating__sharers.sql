-- With whom a subscription shares units, by how an allowance is shared: in its account or in its
-- company tree. Who has no place in a tree shares with nobody. What no allowance is shared in is
-- left out, and so are own units, which need no join.

with subscriptions as (

    select
        subscription_id,
        customer_id,
        account_id,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from {{ ref('int_customer_base__subscriptions_versioned') }}

),

ways as (

    select distinct sharing
    from {{ ref('int_catalog__allowances_versioned') }}

),

members as (

    select subscriptions.*
    from subscriptions
    inner join ways on ways.sharing = 'company'

),

placed as (

    select * from {{ ref('int_customer_base__hierarchy') }}
    where is_placed

),

with_root as (

    {{ join_versions(
        'members',
        'placed',
        identity=['subscription_id'],
        keep=['customer_id'],
        matching=['customer_id', 'customer_id'],
        carry={'root_customer_id': 'root_customer_id'}
    ) }}

)

select
    subscriptions.subscription_id,
    'account' as sharing,
    'account' as owner_kind,
    subscriptions.account_id as owner_id,
    subscriptions.valid_from_on,
    subscriptions.valid_to_on,
    subscriptions.known_from_on,
    subscriptions.known_to_on
from subscriptions
inner join ways on ways.sharing = 'account'
union all
select
    subscription_id,
    'company' as sharing,
    'company' as owner_kind,
    coalesce(root_customer_id, customer_id) as owner_id,
    valid_from_on,
    valid_to_on,
    known_from_on,
    known_to_on
from with_root
