-- What came of the usages that are not plain: their segments on the first day on which all of them
-- have terms, and until then the reason for which they wait, whenever it changes. A usage is looked
-- at again on days on which something was learned about the catalog or its subscription.

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook='{{ joins_as_written() }}',
    post_hook='{{ joins_by_size() }}'
) }}

{%- set built_on = built_through('looked_on') %}
{%- set attributes = [
    'usage_key', 'usage_id', 'subscription_id', 'usage_type', 'direction', 'other_number',
    'visited_network', 'quantity', 'started_on', 'started_at', 'ready_on'
] %}

with waiting as (

    select
        {{ attributes | join(',\n        ') }},
        cast(null as string) as last_reason_code,
        ready_on as last_looked_on,
        true as is_new
    from {{ ref('int_rating__first_looks') }}
    where
        not is_plain
        and ready_on > {{ built_on }}
    {%- if is_incremental() %}
    union all
    select
        {{ attributes | join(',\n        ') }},
        reason_code as last_reason_code,
        {{ built_on }} as last_looked_on,
        false as is_new
    from (
        select
            *,
            row_number() over (
                partition by usage_key
                order by looked_on desc, reason_code is null desc
            ) as newest
        from {{ this }}
    ) as looked
    where
        newest = 1
        and reason_code is not null
    {%- endif %}

),

looking_days as (

    select
        waiting.usage_key,
        learning_days.learned_on as looked_on
    from waiting
    inner join {{ ref('int_rating__learning_days') }} as learning_days
        on waiting.last_looked_on < learning_days.learned_on
    where learning_days.subscription_id is null
    union
    select
        waiting.usage_key,
        learning_days.learned_on as looked_on
    from waiting
    inner join {{ ref('int_rating__learning_days') }} as learning_days
        on
            waiting.subscription_id = learning_days.subscription_id
            and waiting.last_looked_on < learning_days.learned_on
    union
    -- nobody knows yet what will hold on a day to come
    select
        usage_key,
        started_on as looked_on
    from waiting
    where
        started_on > last_looked_on
        and started_on <= {{ as_of() }}
    union
    select
        usage_key,
        ready_on as looked_on
    from waiting
    where is_new

),

looks as (

    select
        waiting.*,
        looking_days.looked_on
    from looking_days
    inner join waiting
        on looking_days.usage_key = waiting.usage_key
    where looking_days.looked_on >= waiting.started_on

),

early as (

    select
        waiting.*,
        waiting.ready_on as looked_on
    from waiting
    where
        waiting.is_new
        and waiting.started_on > waiting.ready_on

),
{{ moments_of_looks('looks') }}
{{ parts_of_moments('looks') }}
{{ zones_of_parts() }}
{{ verdicts_of_parts() }}
-- the first good look ends it; of the others only those that say something else than the one before
telling as (

    select *
    from (
        select
            verdicts.*,
            coalesce(
                lag(verdicts.reason_code) over looked_at,
                waiting.last_reason_code,
                case when waiting.started_on > waiting.ready_on then 'NOT_YET' end,
                ''
            ) as previous_reason_code,
            coalesce(
                max(case when verdicts.reason_code is null then 1 else 0 end) over (
                    partition by verdicts.usage_key
                    order by verdicts.looked_on
                    rows between unbounded preceding and 1 preceding
                ),
                0
            ) as was_good
        from verdicts
        inner join waiting
            on verdicts.usage_key = waiting.usage_key
        window looked_at as (partition by verdicts.usage_key order by verdicts.looked_on)
    ) as followed
    where
        was_good = 0
        and (reason_code is null or reason_code <> previous_reason_code)

)

select
    {%- for column in attributes %}
    parts.{{ column }},
    {%- endfor %}
    parts.looked_on,
    telling.reason_code,
    -- why it waits is all that a look without a price says
    case when telling.reason_code is null then parts.part_number end as segment_number,
    case when telling.reason_code is null then telling.part_count end as segment_count,
    case when telling.reason_code is null then parts.first_unit end as first_unit,
    case when telling.reason_code is null then parts.end_unit end as end_unit,
    case when telling.reason_code is null then parts.part_started_at end as segment_started_at,
    case when telling.reason_code is null then first_parts.terms_key end as terms_key,
    case when telling.reason_code is null then first_parts.subscription_number end
        as subscription_number,
    case
        when telling.reason_code is null
            then coalesce(parts.looked_on > cycle_days.cut_off_on, false)
    end as is_late,
    case when telling.reason_code is null then parts.zone_id end as zone_id,
    case when telling.reason_code is null then parts.time_band end as time_band,
    case when telling.reason_code is null then parts.version_key end as version_key,
    case when telling.reason_code is null then parts.price_key end as price_key
from telling
inner join parts_with_price as parts
    on
        telling.usage_key = parts.usage_key
        and telling.looked_on = parts.looked_on
        and (telling.reason_code is null or parts.part_number = 1)
inner join parts_with_price as first_parts
    on
        parts.usage_key = first_parts.usage_key
        and parts.looked_on = first_parts.looked_on
        and first_parts.part_number = 1
left join {{ ref('int_rating__cycle_days') }} as cycle_days
    on
        first_parts.cycle_key = cycle_days.cycle_key
        and parts.started_on = cycle_days.day_on
union all
select
    {%- for column in attributes %}
    {{ column }},
    {%- endfor %}
    looked_on,
    'NOT_YET' as reason_code,
    cast(null as bigint) as segment_number,
    cast(null as bigint) as segment_count,
    cast(null as bigint) as first_unit,
    cast(null as bigint) as end_unit,
    cast(null as timestamp) as segment_started_at,
    cast(null as bigint) as terms_key,
    cast(null as bigint) as subscription_number,
    cast(null as boolean) as is_late,
    cast(null as string) as zone_id,
    cast(null as string) as time_band,
    cast(null as bigint) as version_key,
    cast(null as bigint) as price_key
from early
