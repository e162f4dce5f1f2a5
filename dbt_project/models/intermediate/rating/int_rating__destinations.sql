-- What a number leads to: prefixes of home and of visited networks, and short codes, each with its
-- zone, or with the reason for which usage that meets it waits. A row that was told in two ways at
-- once stays in the way: without it the next shorter prefix would price.

{{ config(materialized='table') }}

with zones as (

    select * from {{ ref('int_catalog__zones_versioned') }}

),

told as (

    select
        zone_plan_id,
        visited_prefix,
        number_prefix,
        true as is_prefix,
        zone_id,
        concat_ws(chr(31), 'zone_prefixes', zone_plan_id, visited_prefix, number_prefix)
            as destination_id,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from {{ ref('int_catalog__zone_prefixes_versioned') }}
    union all
    select
        zone_plan_id,
        cast(null as string) as visited_prefix,
        short_code as number_prefix,
        is_prefix,
        zone_id,
        concat_ws(chr(31), 'short_codes', zone_plan_id, short_code) as destination_id,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from {{ ref('int_catalog__short_codes_versioned') }}

),

contradictions as (

    select
        *,
        concat_ws(chr(31), feed, subject_id, visited_prefix, number_prefix) as destination_id
    from {{ ref('int_catalog__contradictions') }}
    where feed in ('zone_prefixes', 'short_codes')

),

-- several at once are one, from the first of their days on
contradiction_bounds as (

    select
        destination_id,
        known_from_on as bound_on
    from contradictions
    union
    select
        destination_id,
        known_to_on as bound_on
    from contradictions

),

contradiction_strips as (

    select
        destination_id,
        bound_on as known_from_on,
        lead(bound_on) over (partition by destination_id order by bound_on) as known_to_on
    from contradiction_bounds

),

contradicted as (

    select
        strips.destination_id,
        contradictions.subject_id as zone_plan_id,
        contradictions.visited_prefix,
        contradictions.number_prefix,
        -- nobody knows if it was meant as one
        true as is_prefix,
        min(contradictions.valid_from_on) as valid_from_on,
        {{ open_end() }} as valid_to_on,
        strips.known_from_on,
        strips.known_to_on
    from contradiction_strips as strips
    inner join contradictions
        on
            strips.destination_id = contradictions.destination_id
            and strips.known_from_on >= contradictions.known_from_on
            and strips.known_from_on < contradictions.known_to_on
    group by
        strips.destination_id,
        contradictions.subject_id,
        contradictions.visited_prefix,
        contradictions.number_prefix,
        strips.known_from_on,
        strips.known_to_on

),

{% set named = ['zone_plan_id', 'visited_prefix', 'number_prefix', 'is_prefix'] -%}
clear as (

    {{ join_versions(
        'told',
        'contradicted',
        identity=['destination_id'],
        keep=named + ['zone_id'],
        matching=['destination_id', 'destination_id'],
        carry={'contradicted_id': 'destination_id'}
    ) }}

),

alone as (

    {{ join_versions(
        'contradicted',
        'told',
        identity=['destination_id'],
        keep=named,
        matching=['destination_id', 'destination_id'],
        carry={'told_id': 'destination_id'}
    ) }}

),

{% set named = named + ['zone_id', 'contradicted_id'] -%}
with_zone as (

    {{ join_versions(
        'clear',
        'zones',
        identity=['destination_id'],
        keep=named,
        matching=['zone_id', 'zone_id'],
        carry={'plan_of_zone': 'zone_plan_id', 'on_net_zone_id': 'on_net_zone_id'}
    ) }}

),

with_on_net_zone as (

    {{ join_versions(
        'with_zone',
        'zones',
        identity=['destination_id'],
        keep=named + ['plan_of_zone', 'on_net_zone_id'],
        matching=['on_net_zone_id', 'zone_id'],
        carry={'plan_of_on_net_zone': 'zone_plan_id'}
    ) }}

),

destinations as (

    select
        zone_plan_id,
        visited_prefix,
        number_prefix,
        is_prefix or contradicted_id is not null as is_prefix,
        case
            when contradicted_id is not null then 'PREFIX_TWICE'
            when coalesce(plan_of_zone <> zone_plan_id, true) then 'UNKNOWN_ZONE'
        end as reason_code,
        zone_id,
        nullif(on_net_zone_id, '') as on_net_zone_id,
        coalesce(plan_of_on_net_zone = zone_plan_id, false) as is_on_net_zone_known,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from with_on_net_zone
    union all
    select
        zone_plan_id,
        visited_prefix,
        number_prefix,
        is_prefix,
        'PREFIX_TWICE' as reason_code,
        cast(null as string) as zone_id,
        cast(null as string) as on_net_zone_id,
        false as is_on_net_zone_known,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from alone
    where not is_matched

)

select
    -- in order of knowledge: what is delivered later renumbers nothing
    row_number() over (
        order by
            known_from_on,
            zone_plan_id,
            coalesce(visited_prefix, ''),
            number_prefix,
            valid_from_on
    ) as destination_key,
    *
from destinations
