-- Each record lies in exactly one class; each class is counted from the table that decides it.

with notices as (

    select * from {{ ref('int_usage__record_keys') }}
    where
        is_notice
        and reason_code is null

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

guided as (

    select * from {{ ref('int_usage__guided_counts') }}

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
        _file,
        count(*) as record_count
    from suspended
    group by _file
    union all
    select
        record_class as usage_class,
        _file,
        count(*) as record_count
    from repeated
    group by
        record_class,
        _file
    union all
    -- notices of access servers tell of no usage
    select
        'folded' as usage_class,
        notices._file,
        count(*) as record_count
    from notices
    left join repeated
        on
            notices._file = repeated._file
            and notices._record = repeated._record
    where repeated._file is null
    group by notices._file
    union all
    select
        'folded' as usage_class,
        _file,
        count(*) as record_count
    from folded
    where part_class = 'folded'
    group by _file
    union all
    -- parts of what is not closed yet
    select
        'pending' as usage_class,
        partials._file,
        count(*) as record_count
    from partials
    left join folded
        on
            partials._file = folded._file
            and partials._record = folded._record
    where folded._file is null
    group by partials._file
    union all
    -- guided, and not rated yet
    select
        'pending' as usage_class,
        _file,
        sum(usage_count) as record_count
    from guided
    group by _file
    union all
    select
        'pending' as usage_class,
        _file,
        count(*) as record_count
    from recycled
    group by _file

)

select
    usage_class,
    _file as file,
    cast(sum(record_count) as bigint) as record_count
from counted
group by
    usage_class,
    _file
