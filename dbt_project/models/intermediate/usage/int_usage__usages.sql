-- Usages as they are first known: single records that stand, and closed sessions; guided to the
-- subscription that held the number or line when the usage began, as known on usage_on. Who cannot
-- be guided on that day has no subscription here and is looked at again by
-- int_usage__recycled_usages. A number has one holder at a time; a line named for one source goes
-- before the same name for all sources.
--
-- A view, so that usage is written once, where it is rated: all that a usage depends on is known on
-- usage_on and never changes afterwards. Models that read it build with joins_as_written.

{{ config(materialized='view') }}

with records as (

    select * from {{ ref('int_usage__records') }}
    where
        record_kind = 'usage'
        and reason_code is null

),

repeated as (

    select * from {{ ref('int_usage__repeated_records') }}

),

closings as (

    select * from {{ ref('int_usage__folded_records') }}
    where part_class = 'closing'

),

usages as (

    select
        records.record_id as usage_id,
        records.feed,
        records.usage_source_id,
        records.usage_type,
        records.direction,
        records.served_kind,
        records.served_key,
        records.other_number,
        records.visited_network,
        records.area_id,
        records.release_cause,
        records.quantity,
        records.started_at,
        records._file,
        records._record,
        records._delivered_on,
        records.mediated_on as usage_on
    from records
    left join repeated
        on
            records._file = repeated._file
            and records._record = repeated._record
    where repeated._file is null
    union all
    select
        record_id as usage_id,
        feed,
        usage_source_id,
        usage_type,
        direction,
        served_kind,
        served_key,
        other_number,
        visited_network,
        area_id,
        release_cause,
        quantity,
        started_at,
        _file,
        _record,
        _delivered_on,
        decided_on as usage_on
    from closings

),

assignments as (

    select * from {{ ref('int_customer_base__assignments') }}

),

numbers as (

    select * from assignments
    where key_kind = 'number'

),

lines as (

    select * from assignments
    where key_kind <> 'number'

)

select
    usages.usage_id,
    coalesce(
        numbers.subscription_id, lines_of_source.subscription_id, lines_of_all.subscription_id
    ) as subscription_id,
    usages.feed,
    usages.usage_source_id,
    usages.usage_type,
    usages.direction,
    usages.served_kind,
    usages.served_key,
    usages.other_number,
    usages.visited_network,
    usages.area_id,
    usages.release_cause,
    usages.quantity,
    usages.started_at,
    usages._file,
    usages._record,
    usages._delivered_on,
    usages.usage_on
from usages
left join numbers
    on
        usages.served_kind = 'number'
        and {{ is_held('usages', 'numbers', 'usages.usage_on') }}
left join lines as lines_of_source
    on
        usages.served_kind = lines_of_source.key_kind
        and usages.usage_source_id = lines_of_source.usage_source_id
        and {{ is_held('usages', 'lines_of_source', 'usages.usage_on') }}
left join lines as lines_of_all
    on
        usages.served_kind = lines_of_all.key_kind
        and lines_of_all.usage_source_id is null
        and {{ is_held('usages', 'lines_of_all', 'usages.usage_on') }}
