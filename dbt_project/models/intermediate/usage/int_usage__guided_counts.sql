-- How many usages of each file found their subscription at once. Counted day by day, so that the
-- balance of all files ever delivered does not read all usage ever delivered.

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook='{{ joins_as_written() }}',
    post_hook='{{ joins_by_size() }}'
) }}

select
    _file,
    usage_on,
    cast(count(*) as bigint) as usage_count
from {{ ref('int_usage__usages') }}
where
    subscription_id is not null
    and usage_on > {{ built_through('usage_on') }}
group by
    _file,
    usage_on
