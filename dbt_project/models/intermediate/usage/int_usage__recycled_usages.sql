-- Usages that waited for their number or line, on the first day on which its holder was known.

{{ config(materialized='incremental', incremental_strategy='append') }}

with waiting as (

    select * from {{ ref('int_usage__unguided_usages') }}
    where served_key is not null

),

assignments as (

    select * from {{ ref('int_customer_base__assignments') }}

),

found as (

    select
        waiting.usage_id,
        assignments.subscription_id,
        waiting.feed,
        waiting.usage_type,
        waiting.direction,
        waiting.other_number,
        waiting.visited_network,
        waiting.quantity,
        waiting.started_at,
        waiting.usage_on,
        assignments.known_from_on as guided_on,
        waiting._file,
        waiting._record
    from waiting
    inner join assignments
        on
            waiting.served_kind = assignments.key_kind
            and coalesce(assignments.usage_source_id, waiting.usage_source_id)
            = waiting.usage_source_id
            and waiting.served_key = assignments.served_key
            and waiting.started_at >= assignments.valid_from_at
            and waiting.started_at < assignments.valid_to_at
            -- known on usage_on would have guided it then
            and waiting.usage_on < assignments.known_from_on
            and assignments.known_from_on < assignments.known_to_on
    qualify row_number() over (
        partition by waiting._file, waiting._record
        order by
            assignments.known_from_on,
            assignments.usage_source_id is null,
            assignments.subscription_id
    ) = 1

)

select
    usage_id,
    subscription_id,
    feed,
    usage_type,
    direction,
    other_number,
    visited_network,
    quantity,
    started_at,
    _file,
    _record,
    usage_on,
    guided_on
from found
where guided_on > {{ built_through('guided_on') }}
