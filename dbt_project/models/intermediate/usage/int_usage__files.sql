-- Which source a file of a switch comes from, so that its clock and numbers can be read. A file
-- whose source is not in the catalog yet waits; it is mediated on the first day that knows it.

with files as (

    select
        feed,
        file,
        delivered_on
    from {{ ref('stg_ingest__files') }}
    where
        status = 'ingested'
        and system = 'network'
        and feed in ('asterisk', 'freeswitch', 'radius')

),

-- a corrected record has the file of its correction; its source is that of the original
originals as (

    select
        _file as file,
        quarantined_feed as feed,
        min(quarantined_file) as original_file
    from {{ ref('stg_operations__quarantine_replays') }}
    where quarantined_system = 'network'
    group by
        _file,
        quarantined_feed

),

named as (

    select
        files.feed,
        files.file,
        files.delivered_on,
        coalesce(originals.original_file, files.file) as original_file
    from files
    left join originals
        on
            files.file = originals.file
            and files.feed = originals.feed

),

sources as (

    select * from {{ ref('int_usage__usage_sources_versioned') }}

),

candidates as (

    select
        named.feed,
        named.file,
        named.delivered_on,
        sources.usage_source_id,
        sources.time_zone,
        sources.country_code,
        sources.area_code,
        sources.trunk_prefix,
        sources.international_prefix,
        sources.served_by,
        sources.originating_context,
        sources.terminating_context,
        sources.duration_column,
        sources.minimum_number_digits,
        sources.file_pattern,
        greatest(named.delivered_on, sources.known_from_on) as mediated_on
    from named
    inner join sources
        on
            named.feed = sources.feed_name
            and named.delivered_on >= sources.valid_from_on
            and named.delivered_on < sources.valid_to_on
            and named.delivered_on < sources.known_to_on
            and {{ fits_pattern(
                "regexp_replace(named.original_file, '^.*/', '')", 'sources.file_pattern'
            ) }}

),

chosen as (

    select *
    from candidates
    qualify row_number() over (
        partition by feed, file
        order by mediated_on asc, length(file_pattern) desc, usage_source_id
    ) = 1

)

select
    named.feed,
    named.file,
    chosen.usage_source_id,
    chosen.time_zone,
    chosen.country_code,
    chosen.area_code,
    chosen.trunk_prefix,
    chosen.international_prefix,
    chosen.served_by,
    chosen.originating_context,
    chosen.terminating_context,
    chosen.duration_column,
    chosen.minimum_number_digits,
    named.delivered_on,
    chosen.mediated_on
from named
left join chosen
    on
        named.feed = chosen.feed
        and named.file = chosen.file
