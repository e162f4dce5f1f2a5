with rates as (

    select * from {{ ref('int_catalog__usage_rates_versioned') }}
    where known_to_on = {{ open_end() }}

)

select
    tariff_version_id,
    count(distinct usage_rate_id) as rate_count
from rates
group by tariff_version_id
