-- Numbers and lines in one shape: what a usage record names its subscriber by is looked up here.
-- A view: both halves lie in tables already.

{{ config(materialized='view') }}

select
    service_number as served_key,
    'number' as key_kind,
    cast(null as string) as usage_source_id,
    subscription_id,
    valid_from_at,
    valid_to_at,
    known_from_on,
    known_to_on
from {{ ref('int_customer_base__service_numbers_versioned') }}
union all
select
    line_id as served_key,
    line_kind as key_kind,
    usage_source_id,
    subscription_id,
    valid_from_at,
    valid_to_at,
    known_from_on,
    known_to_on
from {{ ref('int_customer_base__line_assignments_versioned') }}
