-- Why and how long guided usage waited for its price. A view over the looks that found none.

{{ config(materialized='view') }}

with looks as (

    select * from {{ ref('int_rating__later_looks') }}
    where coalesce(segment_number, 1) = 1

),

followed as (

    select
        *,
        lead(looked_on) over (
            partition by usage_key
            order by looked_on, reason_code is null
        ) as next_looked_on
    from looks

),

files as (

    select * from {{ ref('int_rating__usage_files') }}

)

select
    followed.usage_id,
    followed.usage_key,
    followed.subscription_id,
    files.feed,
    followed.reason_code,
    files.file as _file,
    {{ record_of('followed.usage_key') }} as _record,
    followed.looked_on as waited_from_on,
    followed.next_looked_on as waited_to_on
from followed
inner join files
    on {{ file_number_of('followed.usage_key') }} = files.file_number
where followed.reason_code is not null
