-- How many records of each file entered and left a class on each day. Every class is counted from
-- the table that decides it, none as the rest of the others. Moved day by day, so that the balance
-- of all files ever delivered does not read all usage ever delivered.

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook='{{ joins_as_written() }}',
    post_hook='{{ joins_by_size() }}'
) }}

{%- set built_on = built_through('moved_on') %}

with repeated as (

    select * from {{ ref('int_usage__repeated_records') }}
    where mediated_on > {{ built_on }}

),

partials as (

    select * from {{ ref('int_usage__partial_records') }}
    where mediated_on > {{ built_on }}

),

folded as (

    select * from {{ ref('int_usage__folded_records') }}
    where decided_on > {{ built_on }}

),

-- access servers tell of themselves and of no usage
notices as (

    select keys.*
    from {{ ref('int_usage__record_keys') }} as keys
    left join repeated
        on
            keys._file = repeated._file
            and keys._record = repeated._record
    where
        keys.is_notice
        and keys.reason_code is null
        and keys.mediated_on > {{ built_on }}
        and repeated._file is null

),

suspended as (

    select * from {{ ref('int_usage__suspended_records') }}
    where suspended_on > {{ built_on }}

),

resolved as (

    select * from {{ ref('int_usage__suspended_records') }}
    where resolved_on > {{ built_on }}

),

-- a usage that began after the day on which it was told of waits for its own day
waits as (

    select * from {{ ref('int_rating__waits') }}
    where reason_code = 'NOT_YET'

),

rated as (

    select
        files.feed,
        files.file as _file,
        segments.rated_on
    from {{ ref('int_rating__segments') }} as segments
    inner join {{ ref('int_rating__usage_files') }} as files
        on {{ file_number_of('segments.usage_key') }} = files.file_number
    where
        segments.segment_number = 1
        and segments.rated_on > {{ built_on }}

),

moved as (

    select
        record_class as usage_class,
        feed,
        _file,
        mediated_on as moved_on,
        count(*) as record_count
    from repeated
    group by
        record_class,
        feed,
        _file,
        mediated_on
    union all
    select
        'folded' as usage_class,
        feed,
        _file,
        mediated_on as moved_on,
        count(*) as record_count
    from notices
    group by
        feed,
        _file,
        mediated_on
    union all
    select
        'folded' as usage_class,
        feed,
        _file,
        decided_on as moved_on,
        count(*) as record_count
    from folded
    where part_class = 'folded'
    group by
        feed,
        _file,
        decided_on
    union all
    -- a part waits until its usage is closed
    select
        'pending' as usage_class,
        feed,
        _file,
        mediated_on as moved_on,
        count(*) as record_count
    from partials
    group by
        feed,
        _file,
        mediated_on
    union all
    select
        'pending' as usage_class,
        feed,
        _file,
        decided_on as moved_on,
        -count(*) as record_count
    from folded
    group by
        feed,
        _file,
        decided_on
    union all
    select
        'pending' as usage_class,
        feed,
        _file,
        waited_from_on as moved_on,
        count(*) as record_count
    from waits
    where waited_from_on > {{ built_on }}
    group by
        feed,
        _file,
        waited_from_on
    union all
    select
        'pending' as usage_class,
        feed,
        _file,
        waited_to_on as moved_on,
        -count(*) as record_count
    from waits
    where waited_to_on > {{ built_on }}
    group by
        feed,
        _file,
        waited_to_on
    union all
    select
        'rated' as usage_class,
        feed,
        _file,
        rated_on as moved_on,
        count(*) as record_count
    from rated
    group by
        feed,
        _file,
        rated_on
    union all
    select
        'suspended' as usage_class,
        feed,
        _file,
        suspended_on as moved_on,
        count(*) as record_count
    from suspended
    group by
        feed,
        _file,
        suspended_on
    union all
    select
        'suspended' as usage_class,
        feed,
        _file,
        resolved_on as moved_on,
        -count(*) as record_count
    from resolved
    group by
        feed,
        _file,
        resolved_on

)

select
    usage_class,
    feed,
    _file,
    moved_on,
    cast(sum(record_count) as bigint) as record_count
from moved
group by
    usage_class,
    feed,
    _file,
    moved_on
having sum(record_count) <> 0
