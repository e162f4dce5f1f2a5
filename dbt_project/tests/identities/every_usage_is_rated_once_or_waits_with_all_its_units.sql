-- A usage that is in no table would be given away, one that is in two would be billed twice, and
-- segments that do not add up to it would bill seconds that nobody spoke. Reads the usage that
-- became complete and could be guided on days that no green build has tested.

{{ config(meta={'dagster': {'ref': {'name': 'fct_rated_usage'}}}) }}

with usages as (

    select
        {{ usage_key('files.file_number', 'usages._record') }} as usage_key,
        usages.usage_id,
        usages.quantity
    from {{ ref('int_usage__usages') }} as usages
    inner join {{ ref('int_rating__usage_files') }} as files
        on
            usages.feed = files.feed
            and usages._file = files.file
    where
        usages.subscription_id is not null
        and {{ is_new_delivery('usages.usage_on') }}

),

recycled as (

    select
        {{ usage_key('files.file_number', 'usages._record') }} as usage_key,
        usages.usage_id,
        usages.quantity
    from {{ ref('int_usage__recycled_usages') }} as usages
    inner join {{ ref('int_rating__usage_files') }} as files
        on
            usages.feed = files.feed
            and usages._file = files.file
    where {{ is_new_delivery('usages.guided_on') }}

),

due as (

    select * from usages
    union all
    select * from recycled

),

rated as (

    select
        usage_key,
        usage_id,
        sum(quantity) as quantity
    from {{ ref('fct_rated_usage') }}
    where {{ is_new_delivery('rated_on') }}
    group by usage_key, usage_id

),

waiting as (

    select
        waits.usage_key,
        looks.usage_id,
        looks.quantity
    from {{ ref('int_rating__waits') }} as waits
    inner join {{ ref('int_rating__later_looks') }} as looks
        on
            waits.usage_key = looks.usage_key
            and waits.waited_from_on = looks.looked_on
            and waits.reason_code = looks.reason_code
    where waits.waited_to_on is null

),

found as (

    select * from rated
    union all
    select * from waiting

),

counted as (

    select
        usage_key,
        usage_id,
        count(*) as places,
        sum(quantity) as quantity
    from found
    group by usage_key, usage_id

)

select
    due.usage_key,
    due.usage_id,
    due.quantity,
    counted.places,
    counted.quantity as found_quantity
from due
left join counted
    on
        due.usage_key = counted.usage_key
        and due.usage_id = counted.usage_id
where
    counted.places is distinct from 1
    or counted.quantity <> due.quantity
union all
select
    rated.usage_key,
    rated.usage_id,
    cast(null as bigint) as quantity,
    cast(null as bigint) as places,
    rated.quantity as found_quantity
from rated
left join {{ ref('int_rating__segments') }} as segments
    on
        rated.usage_key = segments.usage_key
        and rated.usage_id = segments.usage_id
        and segments.segment_number = 1
where segments.usage_key is null
