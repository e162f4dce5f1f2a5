-- Each record lies in exactly one class; each class is counted from the table that decides it.

with keys as (

    select * from {{ ref('int_usage__record_keys') }}

),

repeated as (

    select * from {{ ref('int_usage__repeated_records') }}

),

partials as (

    select * from {{ ref('int_usage__partial_records') }}

),

folded as (

    select * from {{ ref('int_usage__folded_records') }}

),

usages as (

    select * from {{ ref('int_usage__usages') }}

),

suspended as (

    select * from {{ ref('int_usage__suspended_records') }}
    where resolved_on is null

),

recycled as (

    select * from {{ ref('int_usage__recycled_usages') }}

),

counted as (

    select
        'suspended' as usage_class,
        feed,
        _file,
        count(*) as record_count
    from suspended
    group by
        feed,
        _file
    union all
    select
        record_class as usage_class,
        feed,
        _file,
        count(*) as record_count
    from repeated
    group by
        record_class,
        feed,
        _file
    union all
    -- notices of access servers tell of no usage
    select
        'folded' as usage_class,
        keys.feed,
        keys._file,
        count(*) as record_count
    from keys
    left join repeated
        on
            keys._file = repeated._file
            and keys._record = repeated._record
    where
        keys.record_kind = 'notice'
        and keys.reason_code is null
        and repeated._file is null
    group by
        keys.feed,
        keys._file
    union all
    select
        'folded' as usage_class,
        feed,
        _file,
        count(*) as record_count
    from folded
    where part_class = 'folded'
    group by
        feed,
        _file
    union all
    -- parts of what is not closed yet
    select
        'pending' as usage_class,
        partials.feed,
        partials._file,
        count(*) as record_count
    from partials
    left join folded
        on
            partials._file = folded._file
            and partials._record = folded._record
    where folded._file is null
    group by
        partials.feed,
        partials._file
    union all
    -- guided, and not rated yet
    select
        'pending' as usage_class,
        feed,
        _file,
        count(*) as record_count
    from usages
    where subscription_id is not null
    group by
        feed,
        _file
    union all
    select
        'pending' as usage_class,
        feed,
        _file,
        count(*) as record_count
    from recycled
    group by
        feed,
        _file

)

select
    usage_class,
    feed,
    _file as file,
    cast(sum(record_count) as bigint) as record_count
from counted
group by
    usage_class,
    feed,
    _file
