-- A record that ingest read and neither kept, quarantined nor saw as blank would vanish without a
-- trace: usage that nobody bills, a payment that nobody books. One counted twice is billed twice.

{{ config(meta={'dagster': {'ref': {'name': 'stg_ingest__files'}}}) }}

select
    system,
    feed,
    file,
    records_in,
    row_count,
    quarantined,
    blank
from {{ ref('stg_ingest__files') }}
where
    status = 'ingested'
    and records_in is distinct from row_count + quarantined + blank
