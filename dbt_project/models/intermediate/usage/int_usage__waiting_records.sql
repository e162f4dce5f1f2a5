-- Records of switches that could not be read on their delivery, with the reason, and the day on
-- which they were, if they were: the catalog did not know their source, or their source not their
-- context.

{{ config(materialized='view') }}

with files as (

    select * from {{ ref('int_usage__files') }}

),

records as (

    select
        'asterisk' as feed,
        dcontext as context,
        _file,
        _record
    from {{ ref('stg_network__asterisk') }}
    union all
    select
        'freeswitch' as feed,
        context,
        _file,
        _record
    from {{ ref('stg_network__freeswitch') }}
    union all
    select
        'radius' as feed,
        cast(null as string) as context,
        _file,
        _record
    from {{ ref('stg_network__radius') }}

),

strangers as (

    select
        records.feed,
        records._file,
        records._record,
        files.delivered_on as suspended_on,
        files.mediated_on as resolved_on
    from records
    inner join files
        on
            records.feed = files.feed
            and {{ is_of_file('records', 'files') }}
    where
        files.version_number = 1
        and (files.mediated_on is null or files.mediated_on > files.delivered_on)

),

refused as (

    select
        records.*,
        files.mediated_on as suspended_on
    from records
    inner join files
        on
            records.feed = files.feed
            and {{ is_of_file('records', 'files') }}
    where
        files.version_number = 1
        and files.accepted_context is not null
        and not {{ takes_context('records.context', 'files') }}

),

taken as (

    select
        refused._file,
        refused._record,
        files.mediated_on as resolved_on
    from refused
    inner join files
        on
            refused.feed = files.feed
            and {{ is_read_with('refused', 'files', 'refused.context') }}

)

select
    feed,
    'UNKNOWN_SOURCE' as reason_code,
    _file,
    _record,
    suspended_on,
    resolved_on
from strangers
union all
select
    refused.feed,
    'UNKNOWN_CONTEXT' as reason_code,
    refused._file,
    refused._record,
    refused.suspended_on,
    taken.resolved_on
from refused
left join taken
    on
        refused._file = taken._file
        and refused._record = taken._record
