-- Usages whose number or line nobody held, as far as was known on the day. They wait until somebody
-- is known who did.

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook='{{ joins_as_written() }}',
    post_hook='{{ joins_by_size() }}'
) }}

select
    usage_id,
    feed,
    usage_source_id,
    usage_type,
    direction,
    served_kind,
    served_key,
    other_number,
    visited_network,
    quantity,
    started_at,
    _file,
    _record,
    usage_on
from {{ ref('int_usage__usages') }}
where
    subscription_id is null
    and usage_on > {{ built_through('usage_on') }}
