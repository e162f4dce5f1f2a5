-- The state machine, replayed for each day on which something was learned about a subscription: an
-- event that comes late changes the past from the day on which it is known. Within a local day the
-- last event decides. `ordinal` numbers the events of one such replay; the columns named after a
-- kind of event hold the ordinal of its last one so far, 0 for none.

with events as (

    select * from {{ ref('int_customer_base__subscription_events') }}

),

learning_days as (

    select
        subscription_id,
        known_from_on as known_on,
        coalesce(
            lead(known_from_on) over (partition by subscription_id order by known_from_on),
            {{ open_end() }}
        ) as next_known_on
    from events
    group by subscription_id, known_from_on

),

replayed as (

    select
        learning_days.known_on,
        learning_days.next_known_on,
        events.*,
        row_number() over (
            partition by events.subscription_id, learning_days.known_on
            order by
                events.occurred_at,
                case when events.event_kind in ('order', 'contract') then 0 else 1 end,
                events.event_id
        ) as ordinal
    from learning_days
    inner join events
        on
            learning_days.subscription_id = events.subscription_id
            and learning_days.known_on >= events.known_from_on

),

progressed as (

    select
        *,
        {% for column, kind in [
            ('ordered', 'order'),
            ('called_off', 'call_off'),
            ('activated', 'activate'),
            ('deactivated', 'deactivate'),
            ('paused', 'suspend'),
            ('resumed', 'resume'),
            ('barred_all', 'bar_all'),
            ('barred_outgoing', 'bar_outgoing'),
            ('unbarred', 'unbar'),
        ] -%}
        max(case event_kind when '{{ kind }}' then ordinal else 0 end)
            over so_far as {{ column }},
        {% endfor -%}
        lead(happened_on) over so_far as next_happened_on
    from replayed
    window so_far as (partition by subscription_id, known_on order by ordinal)

),

judged as (

    select
        *,
        case
            when deactivated > activated then 'terminated'
            when activated = 0 and called_off > ordered then 'cancelled'
            when activated = 0 then 'pending'
            when paused > greatest(resumed, activated) then 'suspended'
            when barred_all > greatest(barred_outgoing, unbarred, activated) then 'barred_all'
            when barred_outgoing > greatest(unbarred, activated) then 'barred_outgoing'
            else 'active'
        end as state
    from progressed
    where next_happened_on is distinct from happened_on

)

-- the event that the state stands on is not always the day's last one; pending stands on none
select
    judged.subscription_id,
    deciding.event_id,
    deciding.order_item_id,
    judged.state,
    case when judged.state <> 'active' then deciding.cause end as cause,
    judged.happened_on,
    judged.known_on,
    judged.next_known_on
from judged
left join replayed as deciding
    on
        judged.subscription_id = deciding.subscription_id
        and judged.known_on = deciding.known_on
        and deciding.ordinal = case judged.state
            when 'terminated' then judged.deactivated
            when 'cancelled' then judged.called_off
            when 'suspended' then judged.paused
            when 'active' then judged.activated
            when 'barred_all' then judged.barred_all
            when 'barred_outgoing' then judged.barred_outgoing
        end
