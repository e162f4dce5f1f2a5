-- Names, addresses and the like stay out: whoever analyses customers need not know who they are.

with hierarchy as (

    select placed.*
    from {{ ref('int_customer_base__hierarchy') }} as placed
    where
        {{ holds_on('placed', as_of(), as_of()) }}
        and placed.is_placed

),

customers as (

    select versions.*
    from {{ ref('int_customer_base__customers_versioned') }} as versions
    where {{ holds_on('versions', as_of(), as_of()) }}

),

services as (

    select * from {{ ref('int_customer_base__customer_services') }}

),

classes as (

    select * from {{ ref('int_acquisition__class_by_credit_policy') }}

)

select
    customers.customer_id,
    hierarchy.parent_customer_id,
    hierarchy.root_customer_id,
    customers.application_id,
    classes.credit_check_id,
    customers.customer_kind,
    case
        when services.customer_id is null then 'prospect'
        when services.active_subscription_count > 0 then 'active'
        else 'former'
    end as status,
    coalesce(classes.credit_class, customers.credit_class) as credit_class,
    customers.credit_class as crm_credit_class,
    case
        when classes.credit_class is not null then 'policy'
        when customers.credit_class is not null then 'crm'
        else 'none'
    end as credit_class_source,
    customers.segment,
    customers.region,
    customers.channel,
    customers.language,
    customers.customer_kind = 'company' as is_company,
    hierarchy.hierarchy_level,
    hierarchy.hierarchy_path,
    coalesce(services.active_subscription_count, 0) as active_subscription_count,
    customers.customer_since_on,
    services.first_served_on,
    case
        when services.active_subscription_count = 0 then services.last_service_ended_on
    end as terminated_on,
    customers.valid_from_on,
    customers._file,
    customers._record,
    customers._delivered_on
from customers
inner join hierarchy on customers.customer_id = hierarchy.customer_id
left join services on customers.customer_id = services.customer_id
left join classes on customers.customer_id = classes.customer_id
