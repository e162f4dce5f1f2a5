-- Who applied, by whoever tells: the form, the decision or the customer. Where they name different
-- customers nothing tells which one is meant, and nobody is classed by the application.

with customers as (

    select versions.*
    from {{ ref('int_customer_base__customers_versioned') }} as versions
    where {{ holds_on('versions', as_of(), as_of()) }}

),

applications as (

    {{ event_rows_once(ref('stg_crm__applications'), key=['application_id']) }}

),

decisions as (

    {{ event_rows_once(
        ref('stg_crm__application_decisions'),
        key=['application_decision_id']
    ) }}

),

told as (

    select
        application_id,
        customer_id,
        'application' as told_by,
        _file,
        _record,
        _delivered_on
    from applications
    union all
    select
        application_id,
        customer_id,
        'decision' as told_by,
        _file,
        _record,
        _delivered_on
    from decisions
    union all
    select
        application_id,
        customer_id,
        'customer' as told_by,
        _file,
        _record,
        _delivered_on
    from customers

),

claims as (

    select *
    from told
    where
        application_id is not null
        and customer_id is not null
    qualify row_number() over (
        partition by application_id, customer_id
        order by _delivered_on, _file, _record
    ) = 1

)

select
    application_id,
    customer_id,
    told_by,
    count(*) over (partition by application_id) > 1 as is_contradicted,
    _file,
    _record,
    _delivered_on
from claims
