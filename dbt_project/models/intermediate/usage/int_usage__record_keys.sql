-- The memory of mediation: every record that was read, narrow, so that each new one can be compared
-- with the ids of the duplicate window at the price of a scan over integers.

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook='{{ joins_as_written() }}',
    post_hook='{{ joins_by_size() }}'
) }}

select
    {{ hash64(['usage_source_id', 'record_id']) }} as key_hash,
    feed,
    record_kind = 'notice' as is_notice,
    reason_code,
    _file,
    _record,
    _delivered_on,
    mediated_on
from {{ ref('int_usage__records') }}
where mediated_on > {{ built_through('mediated_on') }}
