-- The balance tells finance that every record of a file went somewhere: it must count the usage
-- that is rated, not the usage that should be.

{{ config(meta={'dagster': {'ref': {'name': 'fct_rated_usage'}}}) }}

with rated as (

    select
        feed,
        _file,
        count(*) as usage_count
    from {{ ref('fct_rated_usage') }}
    where
        segment_number = 1
        and {{ is_new_delivery('rated_on') }}
    group by feed, _file

),

counted as (

    select
        feed,
        _file,
        sum(record_count) as record_count
    from {{ ref('int_usage__class_movements') }}
    where
        usage_class = 'rated'
        and {{ is_new_delivery('moved_on') }}
    group by feed, _file

)

select
    coalesce(rated.feed, counted.feed) as feed,
    coalesce(rated._file, counted._file) as _file,
    rated.usage_count,
    counted.record_count
from rated
full outer join counted
    on
        rated.feed = counted.feed
        and rated._file = counted._file
where rated.usage_count is distinct from counted.record_count
