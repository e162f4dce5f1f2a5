-- Service days of add-ons that the network switches by events of their own. As long as nothing is
-- known that switched one on, it goes with its subscription: one period without begin or end.

with events as (

    {{ event_rows_once(
        ref('stg_order_management__provisioning_events'),
        key=['provisioning_event_id']
    ) }}

),

switches as (

    select
        subscription_id,
        add_on_id,
        provisioning_event_id,
        step = 'activate' as is_in_service,
        {{ local_date('occurred_at') }} as happened_on,
        occurred_at,
        _delivered_on as known_from_on
    from events
    where
        outcome = 'completed'
        and add_on_id <> ''
        and step in ('activate', 'deactivate')

),

learning_days as (

    select
        subscription_id,
        add_on_id,
        known_from_on as known_on,
        coalesce(
            lead(known_from_on) over (
                partition by subscription_id, add_on_id
                order by known_from_on
            ),
            {{ open_end() }}
        ) as next_known_on
    from switches
    group by subscription_id, add_on_id, known_from_on

),

-- the last event of a local day decides
replayed as (

    select
        learning_days.*,
        switches.is_in_service,
        switches.happened_on
    from learning_days
    inner join switches
        on
            learning_days.subscription_id = switches.subscription_id
            and learning_days.add_on_id = switches.add_on_id
            and learning_days.known_on >= switches.known_from_on
    qualify row_number() over (
        partition by
            switches.subscription_id,
            switches.add_on_id,
            learning_days.known_on,
            switches.happened_on
        order by switches.occurred_at desc, switches.provisioning_event_id desc
    ) = 1

),

begun as (

    select *
    from replayed
    qualify
        lag(is_in_service) over (
            partition by subscription_id, add_on_id, known_on
            order by happened_on
        ) is distinct from is_in_service

),

periods as (

    select
        *,
        coalesce(
            lead(happened_on) over (
                partition by subscription_id, add_on_id, known_on
                order by happened_on
            ),
            {{ open_end() }}
        ) as served_to_on
    from begun

),

-- learning days by which nothing switched it on, and the time before the first
untold as (

    select
        learning_days.subscription_id,
        learning_days.add_on_id,
        learning_days.known_on,
        learning_days.next_known_on
    from learning_days
    left join periods
        on
            learning_days.subscription_id = periods.subscription_id
            and learning_days.add_on_id = periods.add_on_id
            and learning_days.known_on = periods.known_on
            and periods.is_in_service
    where periods.add_on_id is null
    union all
    select
        subscription_id,
        add_on_id,
        cast('0001-01-01' as date) as known_on,
        min(known_on) as next_known_on
    from learning_days
    group by subscription_id, add_on_id

)

select
    subscription_id,
    add_on_id,
    happened_on as served_from_on,
    served_to_on,
    known_on as known_from_on,
    next_known_on as known_to_on
from periods
where is_in_service
union all
select
    subscription_id,
    add_on_id,
    cast('0001-01-01' as date) as served_from_on,
    {{ open_end() }} as served_to_on,
    known_on as known_from_on,
    next_known_on as known_to_on
from untold
