-- Records whose id was told before, within the policy window by their starts. Equal content is a
-- duplicate of the record that stands; other content is a conflict. The first delivery day stands;
-- when that day itself contradicts itself, nothing stands and all that carry the id are conflicts.

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook='{{ joins_as_written() }}',
    post_hook='{{ joins_by_size() }}'
) }}

{%- set built_on = built_through('mediated_on') %}

-- No record is older than the window on its delivery, and none is compared with one that began more
-- than a window earlier: what came before two windows cannot be meant. A file that waited for its
-- source counts from its delivery.
with bounds as (

    select
        {{ add_days(
            'min(keys._delivered_on)', '-2 - 2 * max(coalesce(days.duplicate_window_days, 36500))'
        ) }} as first_on
    from {{ ref('int_usage__record_keys') }} as keys
    inner join {{ ref('int_usage__delivery_days') }} as days
        on keys._delivered_on = days.delivered_on
    where keys.mediated_on > {{ built_on }}

),

{% if is_incremental() -%}
new_keys as (

    select distinct key_hash
    from {{ ref('int_usage__record_keys') }}
    where
        reason_code is null
        and mediated_on > {{ built_on }}

),

{% endif -%}
-- few: an id that was never seen before needs no comparison. The keys are read from their table
-- each time: what a query refers to twice under one name is kept whole in memory.
suspects as (

    select keys.key_hash
    from {{ ref('int_usage__record_keys') }} as keys
    {% if is_incremental() -%}
    inner join new_keys
        on keys.key_hash = new_keys.key_hash
    {% endif -%}
    where
        -- what was suspended on its own account takes no part
        keys.reason_code is null
        and keys.mediated_on >= (select bounds.first_on from bounds)
    group by keys.key_hash
    having count(*) > 1

),

suspect_rows as (

    select
        keys._file,
        keys._record
    from {{ ref('int_usage__record_keys') }} as keys
    inner join suspects
        on keys.key_hash = suspects.key_hash
    where
        keys.reason_code is null
        and keys.mediated_on >= (select bounds.first_on from bounds)

),

-- the hash only proposes; ids and contents are compared as they are
told as (

    select
        records.feed,
        records.usage_source_id,
        records.record_id,
        records._file,
        records._record,
        records.mediated_on,
        cast(records.occurred_at as date) as occurred_on,
        records.duplicate_window_days,
        {{ digest([
            'records.record_kind',
            'records.session_key',
            'records.is_closing',
            'records.closing_rank',
            'records.usage_type',
            'records.direction',
            'records.served_kind',
            'records.served_key',
            'records.other_number',
            'records.visited_network',
            'records.area_id',
            'records.release_cause',
            'records.quantity',
            'records.started_at'
        ]) }} as content
    from {{ ref('int_usage__records') }} as records
    inner join suspect_rows
        on
            records._file = suspect_rows._file
            and records._record = suspect_rows._record

),

-- per record: the first day on which its id was told within the window, and what was said that day
compared as (

    select
        told.feed,
        told.usage_source_id,
        told.record_id,
        told._file,
        told._record,
        told.mediated_on,
        told.content,
        min(other.mediated_on) as first_on
    from told
    inner join told as other
        on
            told.usage_source_id = other.usage_source_id
            and told.record_id = other.record_id
            and told.mediated_on >= other.mediated_on
            and abs({{ days_between('told.occurred_on', 'other.occurred_on') }})
            <= coalesce(told.duplicate_window_days, 36500)
    group by
        told.feed,
        told.usage_source_id,
        told.record_id,
        told._file,
        told._record,
        told.mediated_on,
        told.content

),

first_days as (

    select
        compared._file,
        compared._record,
        count(distinct told.content) as first_contents,
        min(told.content) as first_content,
        min(concat(told._file, chr(31), lpad(cast(told._record as string), 12, '0'))) as first_row
    from compared
    inner join told
        on
            compared.usage_source_id = told.usage_source_id
            and compared.record_id = told.record_id
            and compared.first_on = told.mediated_on
    group by
        compared._file,
        compared._record

),

judged as (

    select
        compared.feed,
        compared.usage_source_id,
        compared.record_id,
        compared._file,
        compared._record,
        compared.mediated_on,
        case
            when first_days.first_contents > 1 then 'conflict'
            when compared.content <> first_days.first_content then 'conflict'
            when
                first_days.first_row
                <> concat(compared._file, chr(31), lpad(cast(compared._record as string), 12, '0'))
                then 'duplicate'
        end as record_class,
        case
            when first_days.first_contents = 1 then split_part(first_days.first_row, chr(31), 1)
        end as stands_file,
        case
            when first_days.first_contents = 1
                then cast(split_part(first_days.first_row, chr(31), 2) as bigint)
        end as stands_record
    from compared
    inner join first_days
        on
            compared._file = first_days._file
            and compared._record = first_days._record

)

select
    feed,
    usage_source_id,
    record_id,
    record_class,
    stands_file,
    stands_record,
    _file,
    _record,
    mediated_on
from judged
where
    record_class is not null
    and mediated_on > {{ built_on }}
