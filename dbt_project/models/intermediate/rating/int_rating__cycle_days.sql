-- What month and what period a day belongs to, counted as a cycle counts; looked up by equality, so
-- that usage joins to it by hash. From 800 days before anything was delivered, which is longer than
-- usage may be late, until the end of the longest period that can have begun by as_of. Without a
-- cycle months are calendar months, and nothing is ever cut off.

with first_deliveries as (

    select min(delivered_on) as first_on
    from {{ ref('stg_ingest__files') }}
    where status = 'ingested'

),

spine as (

    {{ date_spine_days(
        "cast('" ~ var('calendar_from') ~ "' as date)", add_days(as_of(), 62)
    ) }}

),

days as (

    select spine.day_on
    from spine
    inner join first_deliveries
        on spine.day_on >= {{ add_days('first_deliveries.first_on', -800) }}

),

cycles as (

    select
        cycle_key,
        cycle_day,
        interval_months,
        grace_days,
        {{ month_parity(cycle_month('min(anchor_on)', 'cycle_day')) }} as anchor_parity
    from {{ ref('int_rating__account_cycles') }}
    where bill_cycle_id is not null
    group by cycle_key, cycle_day, interval_months, grace_days
    union all
    select
        'none' as cycle_key,
        1 as cycle_day,
        1 as interval_months,
        cast(null as bigint) as grace_days,
        0 as anchor_parity

),

placed as (

    select
        cycles.*,
        days.day_on,
        {{ cycle_month('days.day_on', 'cycles.cycle_day') }} as begun_on
    from days
    cross join cycles

),

-- a month that is an odd number of months behind the anchor is the second one of its period
periods as (

    select
        *,
        case
            when interval_months = 2 and {{ month_parity('begun_on') }} <> anchor_parity then 1
            else 0
        end as months_before
    from placed

),

bounded as (

    select
        cycle_key,
        day_on,
        grace_days,
        {{ cycle_begin('begun_on', 'cycle_day') }} as month_from_on,
        {{ cycle_begin(add_months('begun_on', 1), 'cycle_day') }} as month_to_on,
        {{ cycle_begin(add_months('begun_on', '-months_before'), 'cycle_day') }} as period_from_on,
        {{ cycle_begin(add_months('begun_on', 'interval_months - months_before'), 'cycle_day') }}
            as period_to_on
    from periods

)

select
    cycle_key,
    day_on,
    month_from_on,
    month_to_on,
    {{ add_days('month_to_on', 'grace_days') }} as month_cut_off_on,
    period_from_on,
    period_to_on,
    {{ add_days('period_to_on', 'grace_days') }} as cut_off_on
from bounded
