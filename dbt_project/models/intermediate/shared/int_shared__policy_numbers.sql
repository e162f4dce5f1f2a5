-- Join it on the policy's name and narrow it with holds_on(). A policy that was never delivered has
-- no row: whoever asks says what then. A view: the versions lie in a table already.

{{ config(materialized='view') }}

select
    policy_name,
    unit,
    number_value,
    valid_from_on,
    valid_to_on,
    known_from_on,
    known_to_on
from {{ ref('int_shared__policies_versioned') }}
where number_value is not null
