-- Every class is counted where it is decided, none as the rest of the others: difference can fail.

with files as (

    select * from {{ ref('stg_ingest__files') }}
    where
        status = 'ingested'
        and system = 'network'
        and feed in ({{ quoted(usage_feeds()) }})

),

classes as (

    select
        feed,
        _file as file,
        cast(sum(case when usage_class = 'rated' then record_count else 0 end) as bigint)
            as rated,
        cast(sum(case when usage_class = 'suspended' then record_count else 0 end) as bigint)
            as suspended,
        cast(sum(case when usage_class = 'pending' then record_count else 0 end) as bigint)
            as pending,
        cast(sum(case when usage_class = 'folded' then record_count else 0 end) as bigint)
            as folded,
        cast(sum(case when usage_class = 'duplicate' then record_count else 0 end) as bigint)
            as duplicates,
        cast(sum(case when usage_class = 'conflict' then record_count else 0 end) as bigint)
            as conflicts
    from {{ ref('int_usage__class_movements') }}
    group by
        feed,
        _file

),

balanced as (

    select
        files.feed as source,
        files.file,
        files.delivered_on,
        files.records_in,
        files.blank,
        files.quarantined,
        files.row_count,
        coalesce(classes.rated, 0) as rated,
        coalesce(classes.suspended, 0) as suspended,
        coalesce(classes.pending, 0) as pending,
        coalesce(classes.folded, 0) as folded,
        coalesce(classes.duplicates, 0) as duplicates,
        coalesce(classes.conflicts, 0) as conflicts
    from files
    left join classes
        on
            files.feed = classes.feed
            and files.file = classes.file

)

select
    source,
    file,
    records_in,
    blank,
    quarantined,
    row_count,
    rated,
    suspended,
    pending,
    folded,
    duplicates,
    conflicts,
    row_count - rated - suspended - pending - folded - duplicates - conflicts as difference,
    delivered_on
from balanced
