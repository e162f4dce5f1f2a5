with events as (

    {{ event_rows_once(
        ref('stg_order_management__provisioning_events'),
        key=['provisioning_event_id']
    ) }}

),

-- of events of one instant the answer counts after the question
numbered as (

    select
        *,
        row_number() over (
            partition by provisioning_request_id
            order by
                occurred_at desc,
                case when outcome = 'requested' then 1 else 0 end,
                provisioning_event_id desc
        ) as place_from_last
    from events

),

requests as (

    select
        provisioning_request_id,
        greatest(
            count(case when outcome = 'requested' then 1 end),
            count(case when outcome in ('completed', 'failed') then 1 end)
        ) as attempts,
        min(case when outcome = 'requested' then occurred_at end) as requested_at
    from events
    group by provisioning_request_id

)

select
    requests.provisioning_request_id,
    numbered.subscription_id,
    numbered.order_item_id,
    numbered.add_on_id,
    numbered.step,
    numbered.outcome,
    numbered.cause,
    numbered.failure_code,
    requests.attempts,
    requests.requested_at,
    case when numbered.outcome = 'completed' then numbered.occurred_at end as completed_at,
    numbered.occurred_at as outcome_at,
    numbered._file,
    numbered._record,
    numbered._delivered_on
from requests
inner join numbered on requests.provisioning_request_id = numbered.provisioning_request_id
where numbered.place_from_last = 1
