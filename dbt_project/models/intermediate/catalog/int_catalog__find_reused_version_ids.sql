-- Rated usage names its prices by tariff_version_id alone: an id that two versions claim says
-- nothing, whatever days they hold on, and both are refused until one of them is delivered under
-- another id.

{{ config(materialized='view') }}

with versions as (

    select * from {{ ref('int_catalog__tariff_versions_versioned') }}

),

changes as (

    select
        tariff_version_id,
        known_from_on as changed_on,
        1 as claims
    from versions
    union all
    select
        tariff_version_id,
        known_to_on as changed_on,
        -1 as claims
    from versions

),

claimed as (

    select
        tariff_version_id,
        changed_on,
        sum(sum(claims)) over (
            partition by tariff_version_id
            order by changed_on
        ) > 1 as is_reused
    from changes
    group by tariff_version_id, changed_on

),

switches as (

    select *
    from claimed
    qualify
        lag(is_reused, 1, false) over (
            partition by tariff_version_id
            order by changed_on
        ) <> is_reused

),

stretches as (

    select
        *,
        lead(changed_on) over (
            partition by tariff_version_id
            order by changed_on
        ) as next_changed_on
    from switches

)

select
    versions.tariff_id,
    versions.tariff_version_id,
    'VERSION_ID_REUSED' as reason_code,
    versions.valid_from_on,
    versions.valid_to_on,
    greatest(versions.known_from_on, stretches.changed_on) as known_from_on,
    least(versions.known_to_on, stretches.next_changed_on) as known_to_on
from versions
inner join stretches
    on
        versions.tariff_version_id = stretches.tariff_version_id
        and versions.known_from_on < stretches.next_changed_on
        and versions.known_to_on > stretches.changed_on
where stretches.is_reused
