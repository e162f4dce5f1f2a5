-- Everything that waits or was refused on its way to a price, with the reason and the day on which
-- it came through or the reason changed, if that happened. A view: each part lies in a table
-- already.

{{ config(materialized='view') }}

with keys as (

    select * from {{ ref('int_usage__record_keys') }}
    where reason_code is not null

),

folded as (

    select * from {{ ref('int_usage__folded_records') }}
    where part_class = 'late'

),

usages as (

    select * from {{ ref('int_usage__unguided_usages') }}

),

recycled as (

    select * from {{ ref('int_usage__recycled_usages') }}

),

waiting as (

    select * from {{ ref('int_usage__waiting_records') }}

),

unrated as (

    select * from {{ ref('int_rating__waits') }}
    where reason_code <> 'NOT_YET'

)

select
    cast(null as string) as usage_id,
    keys.feed,
    keys.reason_code,
    keys._file,
    keys._record,
    keys.mediated_on as suspended_on,
    cast(null as date) as resolved_on
from keys
union all
select
    record_id as usage_id,
    feed,
    'LATE_PARTIAL' as reason_code,
    _file,
    _record,
    decided_on as suspended_on,
    cast(null as date) as resolved_on
from folded
union all
select
    usages.usage_id,
    usages.feed,
    'UNKNOWN_NUMBER' as reason_code,
    usages._file,
    usages._record,
    usages.usage_on as suspended_on,
    recycled.guided_on as resolved_on
from usages
left join recycled
    on
        usages._file = recycled._file
        and usages._record = recycled._record
union all
select
    cast(null as string) as usage_id,
    feed,
    reason_code,
    _file,
    _record,
    suspended_on,
    resolved_on
from waiting
union all
select
    usage_id,
    feed,
    reason_code,
    _file,
    _record,
    waited_from_on as suspended_on,
    waited_to_on as resolved_on
from unrated
