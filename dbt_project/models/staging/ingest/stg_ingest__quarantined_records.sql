with source as (

    select * from {{ source('ingest', 'quarantine') }}
    where {{ delivered_by_as_of() }}

)

select
    cast(system as string) as system,
    cast(feed as string) as feed,
    cast(reason_code as string) as reason_code,
    cast(column_name as string) as column_name,
    cast(value as string) as value,
    cast(message as string) as message,
    cast(raw_text as string) as raw_text,
    cast(_file as string) as _file,
    cast(_record as bigint) as _record,
    cast(_delivered_on as date) as _delivered_on,
    cast(_folder_on as date) as _folder_on,
    cast(_content_sha256 as string) as _content_sha256
from source
