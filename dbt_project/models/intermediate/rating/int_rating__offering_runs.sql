-- Offerings that include units, base plans and add-ons, as the contract says: rows that follow each
-- other with the same offering are one run. Other offerings are left out, they include nothing.

with rows_held as (

    select
        subscription_id,
        '' as add_on_id,
        product_offering_id,
        cast(1 as bigint) as quantity,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from {{ ref('int_customer_base__subscriptions_versioned') }}
    union all
    select
        subscription_id,
        add_on_id,
        product_offering_id,
        quantity,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from {{ ref('int_customer_base__add_ons_versioned') }}

),

including as (

    select distinct product_offering_id
    from {{ ref('int_catalog__allowances_versioned') }}

),

counted as (

    select
        rows_held.*,
        count(*) over (partition by rows_held.subscription_id, rows_held.add_on_id) as row_count
    from rows_held
    inner join including on rows_held.product_offering_id = including.product_offering_id

),

learning_days as (

    select
        subscription_id,
        add_on_id,
        known_from_on as known_on
    from counted
    where row_count > 1
    union
    select
        subscription_id,
        add_on_id,
        known_to_on as known_on
    from counted
    where row_count > 1

),

learning_spans as (

    select
        *,
        lead(known_on) over (
            partition by subscription_id, add_on_id
            order by known_on
        ) as next_known_on
    from learning_days

),

believed as (

    select
        learning_spans.*,
        counted.product_offering_id,
        counted.quantity,
        counted.valid_from_on,
        counted.valid_to_on,
        case
            when
                lag(counted.valid_to_on) over timeline = counted.valid_from_on
                and lag(counted.product_offering_id) over timeline = counted.product_offering_id
                then 0
            else 1
        end as is_begin
    from learning_spans
    inner join counted
        on
            learning_spans.subscription_id = counted.subscription_id
            and learning_spans.add_on_id = counted.add_on_id
            and learning_spans.known_on >= counted.known_from_on
            and learning_spans.known_on < counted.known_to_on
    window timeline as (
        partition by counted.subscription_id, counted.add_on_id, learning_spans.known_on
        order by counted.valid_from_on
    )

),

numbered as (

    select
        *,
        sum(is_begin) over (
            partition by subscription_id, add_on_id, known_on
            order by valid_from_on
        ) as run_number
    from believed

)

select
    subscription_id,
    nullif(add_on_id, '') as add_on_id,
    product_offering_id,
    quantity,
    valid_from_on as quantity_from_on,
    valid_to_on as quantity_to_on,
    min(valid_from_on) over same_run as begins_on,
    max(valid_to_on) over same_run as ends_on,
    known_on as known_from_on,
    next_known_on as known_to_on
from numbered
window same_run as (partition by subscription_id, add_on_id, known_on, run_number)
union all
select
    subscription_id,
    nullif(add_on_id, '') as add_on_id,
    product_offering_id,
    quantity,
    valid_from_on as quantity_from_on,
    valid_to_on as quantity_to_on,
    valid_from_on as begins_on,
    valid_to_on as ends_on,
    known_from_on,
    known_to_on
from counted
where row_count = 1
