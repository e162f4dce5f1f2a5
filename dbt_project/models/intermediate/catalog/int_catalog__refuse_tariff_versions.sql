-- Versions that nothing may be priced with, and why: refused whole as long as anything in them is
-- wrong, good again on the day on which it is corrected.

{%- set columns -%}
tariff_id,
tariff_version_id,
reason_code,
valid_from_on,
valid_to_on,
known_from_on,
known_to_on
{%- endset %}

with versions as (

    select * from {{ ref('int_catalog__tariff_versions_versioned') }}

),

version_rates as (

    select * from {{ ref('int_catalog__version_rates') }}

),

rate_faults as (

    select
        versions.tariff_id,
        versions.tariff_version_id,
        faults.reason_code,
        {{ rectangle_shared('versions', 'faults') }}
    from versions
    inner join {{ ref('int_catalog__find_rate_faults') }} as faults
        on
            versions.tariff_version_id = faults.tariff_version_id
            and {{ rectangles_overlap('versions', 'faults') }}

),

other_currencies as (

    select
        *,
        'OTHER_CURRENCY' as reason_code
    from version_rates
    where not is_in_currency

),

{% set limits = ['minimum_charge_amount', 'maximum_charge_amount'] -%}
negative_limits as (

    select
        *,
        'NEGATIVE_PRICE' as reason_code
    from versions
    where {{ any_column(limits, '< 0') }}

),

absurd_limits as (

    select
        *,
        'ABSURD_AMOUNT' as reason_code
    from versions
    where {{ any_column(limits, '>= ' ~ absurd_amount()) }}

)

{% for fault in [
    ref('int_catalog__find_reused_version_ids'),
    ref('int_catalog__find_contradictions'),
    'rate_faults',
    ref('int_catalog__find_missing_midnights'),
    ref('int_catalog__find_unpriced_bands'),
    ref('int_catalog__find_unknown_names'),
    'negative_limits',
    'absurd_limits',
    'other_currencies',
] -%}
{{ 'union\n' if not loop.first -}}
select
    {{ columns | indent }}
from {{ fault }}
{% endfor %}
