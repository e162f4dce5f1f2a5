-- The policies that mediation needs, as they stood on each day on which usage was delivered: a
-- policy changed later must not judge again what was judged.

with days as (

    select distinct delivered_on
    from {{ ref('stg_ingest__files') }}
    where
        status = 'ingested'
        and system = 'network'
        and feed in ({{ quoted(usage_feeds()) }})

),

policies as (

    select * from {{ ref('int_shared__policy_numbers') }}
    where
        policy_name in (
            'duplicate_window_days',
            'partial_close_days',
            'future_tolerance_minutes',
            'maximum_usage_days'
        )

),

numbers as (

    select
        days.delivered_on,
        cast(max(policies.number_value) filter (
            where policies.policy_name = 'duplicate_window_days'
        ) as bigint) as duplicate_window_days,
        cast(max(policies.number_value) filter (
            where policies.policy_name = 'partial_close_days'
        ) as bigint) as partial_close_days,
        cast(coalesce(max(policies.number_value) filter (
            where policies.policy_name = 'future_tolerance_minutes'
        ), 0) as bigint) as tolerance_minutes,
        cast(max(policies.number_value) filter (
            where policies.policy_name = 'maximum_usage_days'
        ) as bigint) as maximum_usage_days
    from days
    left join policies
        on
            days.delivered_on >= policies.valid_from_on
            and days.delivered_on < policies.valid_to_on
            and days.delivered_on >= policies.known_from_on
            and days.delivered_on < policies.known_to_on
    group by days.delivered_on

)

select
    delivered_on,
    duplicate_window_days,
    partial_close_days,
    {{ utc_timestamp(
        'cast(' ~ add_days('delivered_on', '-duplicate_window_days') ~ ' as timestamp)'
    ) }} as earliest_at,
    -- nothing can have begun after the delivery day but for clocks that are wrong by minutes
    {{ add_seconds(
        utc_timestamp('cast(' ~ add_days('delivered_on', 1) ~ ' as timestamp)'),
        '60 * tolerance_minutes'
    ) }} as latest_start_at,
    86400 * maximum_usage_days as maximum_seconds
from numbers
