with files as (

    select * from {{ ref('stg_ingest__files') }}

)

select
    system,
    feed,
    file,
    content_sha256,
    repeat_of,
    contract_version,
    status,
    reason_code,
    message,
    records_in,
    row_count,
    quarantined,
    blank,
    -- a file whose rows are not taken has nothing to balance
    case
        when status = 'ingested'
            then records_in - row_count - quarantined - blank
        else 0
    end as difference,
    folder_on,
    delivered_on
from files
