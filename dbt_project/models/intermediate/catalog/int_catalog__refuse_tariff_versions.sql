-- Rated usage names its prices by tariff_version_id alone: an id that two versions claim says
-- nothing, and both are refused whole until one of them is delivered under another id.

with versions as (

    select * from {{ ref('int_catalog__tariff_versions_versioned') }}
    where known_to_on = {{ open_end() }}

)

select
    tariff_id,
    tariff_version_id,
    'VERSION_ID_REUSED' as reason_code,
    valid_from_on,
    _file,
    _record,
    _delivered_on
from versions
qualify count(*) over (partition by tariff_version_id) > 1
