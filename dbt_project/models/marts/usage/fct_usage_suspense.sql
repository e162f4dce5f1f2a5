with suspended as (

    select * from {{ ref('int_usage__suspended_records') }}

)

select
    usage_id,
    feed,
    reason_code,
    resolved_on is null as is_open,
    {{ days_between('suspended_on', 'coalesce(resolved_on, ' ~ as_of() ~ ')') }} as waited_days,
    suspended_on,
    resolved_on,
    _file,
    _record
from suspended
