-- A small number for each file of a feed of usage, so that a usage names its record by one
-- integer. A file of corrections counts once for each feed that it corrects. Numbers follow
-- delivery days: a later delivery never renumbers an earlier one.

{{ config(materialized='table') }}

with files as (

    select * from {{ ref('stg_ingest__files') }}
    where
        status = 'ingested'
        and system = 'network'
        and feed in ({{ quoted(usage_feeds()) }})

)

select
    cast(row_number() over (order by delivered_on, feed, file) as bigint) as file_number,
    feed,
    file,
    delivered_on
from files
