-- Instances of allowances, issued day by day: the capacity of an owner in a window on the first day
-- on which anything is held there, as known then, and what comes on top on later days. A day rests
-- on what was delivered up to it and is never decided again: a day's run looks at slots that begin
-- and at those of which something changed. What becomes known long after its window is issued when
-- usage asks for it.

{{ config(materialized='incremental', incremental_strategy='append') }}

{%- set built = built_through('issued_on') %}
{%- set ended_after = add_days(built, '-' ~ issued_unasked_days()) if is_incremental() else built %}

{%- set entitlements = ref('int_rating__entitlements') %}

with {% if is_incremental() -%}
moved as (

    {{ moved_entitlements(entitlements, built) }}

),

moved_shares as (

    {{ allowance_shares('moved', ended_after) }}

),

touched as (

    select distinct {{ slot_columns() }}
    from moved_shares
    where counts_from_on > {{ built }}

),

touched_owners as (

    select distinct
        owner_kind,
        owner_id,
        allowance_id
    from touched

),

asked as (

    select entitlements.*
    from {{ entitlements }} as entitlements
    inner join touched_owners
        on
            entitlements.owner_id = touched_owners.owner_id
            and entitlements.allowance_id = touched_owners.allowance_id
            and entitlements.owner_kind = touched_owners.owner_kind

),

asked_shares as (

    {{ allowance_shares('asked', ended_after) }}

),

shares as (

    select asked_shares.*
    from asked_shares
    inner join touched
        on {{ same_slot('asked_shares', 'touched') }}

),
{%- else -%}
shares as (

    {{ allowance_shares(entitlements, ended_after) }}

),
{%- endif %}

issues as (

    {{ allowance_issues('shares') }}

),

new_issues as (

    {{ issues_with_rollover('issues', 'shares') }}
    where issues.issued_on > {{ built }}

)

select
    concat(
        owner_kind, ' ', owner_id, '/', allowance_id, '/', cast(valid_from_on as string), '/',
        cast(instance_number as string)
    ) as instance_id,
    owner_kind,
    owner_id,
    allowance_id,
    usage_type,
    case owner_kind when 'subscription' then 'own' else owner_kind end as sharing,
    priority,
    rollover_periods,
    capacity,
    rollover_cap_units,
    valid_from_on,
    valid_to_on,
    issued_on as usable_from_on,
    valid_from_on as origin_from_on,
    closes_on,
    issued_on
from new_issues
