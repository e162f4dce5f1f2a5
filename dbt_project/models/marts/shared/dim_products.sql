with current_versions as (

    select * from {{ ref('int_catalog__choose_current_offerings') }}

),

offerings as (

    select * from {{ ref('int_catalog__product_offerings_versioned') }}
    where known_to_on = {{ open_end() }}

)

select
    offerings.product_offering_id,
    offerings.tariff_id,
    offerings.successor_offering_id,
    offerings.name,
    offerings.offering_kind,
    offerings.revenue_kind,
    offerings.network_type,
    offerings.rating_type,
    offerings.customer_kind,
    offerings.access_technology,
    offerings.tax_category,
    offerings.notice_period_unit,
    current_versions.is_valid,
    current_versions.is_valid
    and {{ as_of() }} >= coalesce(offerings.sold_from_on, {{ as_of() }})
    and {{ as_of() }} <= coalesce(offerings.sold_until_on, {{ as_of() }}) as is_sold,
    coalesce(offerings.is_contract_summary_required, false) as is_contract_summary_required,
    offerings.worst_credit_rank,
    offerings.minimum_term_months,
    offerings.notice_period_length,
    cast(
        coalesce(offerings.early_termination_percent, 0) as decimal(9, 6)
    ) as early_termination_percent,
    current_versions.version_count,
    offerings.sold_from_on,
    offerings.sold_until_on,
    offerings.valid_from_on,
    nullif(offerings.valid_to_on, {{ open_end() }}) as valid_to_on,
    offerings._file,
    offerings._record,
    offerings._delivered_on
from current_versions
inner join offerings
    on
        current_versions.product_offering_id = offerings.product_offering_id
        and current_versions.valid_from_on = offerings.valid_from_on
