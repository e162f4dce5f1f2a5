-- The manifest says what ingest did, the Parquet files are what models read. A file lost on disk,
-- one written twice, or one that no decision covers would bill too little or too much while the
-- manifest still balances. Counts per file of the deliveries that no green build has tested yet.

{{ config(meta={'dagster': {'ref': {'name': 'stg_ingest__files'}}}) }}

with written as (

    {{ rows_per_file() }}
    union all
    select
        system,
        feed,
        _file as file,
        0 as row_count,
        count(*) as quarantined
    from {{ ref('stg_ingest__quarantined_records') }}
    where {{ is_new_delivery() }}
    group by system, feed, _file

),

counted as (

    select
        system,
        feed,
        file,
        row_count,
        quarantined
    from {{ ref('stg_ingest__files') }}
    where
        status = 'ingested'
        and {{ is_new_delivery('delivered_on') }}

),

compared as (

    select
        system,
        feed,
        file,
        row_count as counted_rows,
        quarantined as counted_quarantined,
        0 as written_rows,
        0 as written_quarantined
    from counted
    union all
    select
        system,
        feed,
        file,
        0 as counted_rows,
        0 as counted_quarantined,
        row_count as written_rows,
        quarantined as written_quarantined
    from written

)

select
    system,
    feed,
    file,
    sum(counted_rows) as counted_rows,
    sum(written_rows) as written_rows,
    sum(counted_quarantined) as counted_quarantined,
    sum(written_quarantined) as written_quarantined
from compared
group by system, feed, file
having
    sum(counted_rows) <> sum(written_rows)
    or sum(counted_quarantined) <> sum(written_quarantined)
