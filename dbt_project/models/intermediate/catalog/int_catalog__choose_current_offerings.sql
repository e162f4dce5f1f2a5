-- The version of each offering that speaks for it on as_of: the one that holds; before the first
-- one begins, the first; after the last one ended (a delete), the last.

with versions as (

    select * from {{ ref('int_catalog__product_offerings_versioned') }}
    where known_to_on = {{ open_end() }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by product_offering_id
            order by
                valid_from_on > {{ as_of() }},
                case when valid_from_on <= {{ as_of() }} then valid_from_on end desc,
                valid_from_on
        ) as preference,
        count(*) over (partition by product_offering_id) as version_count
    from versions

)

select
    product_offering_id,
    valid_from_on <= {{ as_of() }} and {{ as_of() }} < valid_to_on as is_valid,
    version_count,
    valid_from_on,
    valid_to_on,
    _file,
    _record,
    _delivered_on
from ranked
where preference = 1
