with source as (

    select * from {{ source('ingest', 'ingest_files') }}
    -- a held file is not booked yet: it is known from the day of its folder
    where {{ delivered_by_as_of('coalesce(delivered_on, folder_on)') }}

)

select
    cast(system as string) as system,
    cast(feed as string) as feed,
    cast(file as string) as file,
    cast(content_sha256 as string) as content_sha256,
    cast(repeat_of as string) as repeat_of,
    cast(contract_version as string) as contract_version,
    cast(status as string) as status,
    cast(reason_code as string) as reason_code,
    cast(message as string) as message,
    cast(records_in as bigint) as records_in,
    cast(row_count as bigint) as row_count,
    cast(quarantined as bigint) as quarantined,
    cast(blank as bigint) as blank,
    cast(folder_on as date) as folder_on,
    cast(delivered_on as date) as delivered_on
from source
