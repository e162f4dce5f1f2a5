-- Which source a file of a switch comes from, so that its clock and numbers can be read. A file
-- whose source is not in the catalog yet waits; it is mediated on the first day that knows it. A
-- later version of the source only reads what no version before it took: records of other contexts.

with files as (

    select
        feed,
        file,
        delivered_on
    from {{ ref('stg_ingest__files') }}
    where
        status = 'ingested'
        and system = 'network'
        and feed in ({{ quoted(switch_feeds()) }})

),

-- A correction is read as the record that it corrects, which may be a correction itself: each step
-- doubles how far back it leads.
{%- set steps = 5 %}
step_0 as (

    select
        quarantined_feed as feed,
        _file as file,
        _record as corrected_record,
        quarantined_file as original_file,
        quarantined_record as original_record
    from {{ ref('stg_operations__quarantine_replays') }}
    where quarantined_system = 'network'

),
{%- for step in range(1, steps + 1) %}

step_{{ step }} as (

    select
        step_{{ step - 1 }}.feed,
        step_{{ step - 1 }}.file,
        step_{{ step - 1 }}.corrected_record,
        coalesce(before.original_file, step_{{ step - 1 }}.original_file) as original_file,
        coalesce(before.original_record, step_{{ step - 1 }}.original_record) as original_record
    from step_{{ step - 1 }}
    left join step_{{ step - 1 }} as before
        on
            step_{{ step - 1 }}.original_file = before.file
            and step_{{ step - 1 }}.original_record = before.corrected_record

),
{%- endfor %}

named as (

    select
        files.feed,
        files.file,
        files.delivered_on,
        coalesce(corrections.corrected_record, 0) as corrected_record,
        coalesce(corrections.original_file, files.file) as original_file
    from files
    left join step_{{ steps }} as corrections
        on
            files.file = corrections.file
            and files.feed = corrections.feed

),

sources as (

    select
        *,
        -- null takes every context
        case
            when originating_context is not null
                then concat(
                    '(?:',
                    originating_context,
                    case when terminating_context is null then '' else ')|(?:' end,
                    coalesce(terminating_context, ''),
                    ')'
                )
        end as accepted_context
    from {{ ref('int_usage__usage_sources_versioned') }}

),

candidates as (

    select
        named.feed,
        named.file,
        named.corrected_record,
        sources.usage_source_id,
        sources.time_zone,
        sources.country_code,
        sources.area_code,
        sources.trunk_prefix,
        sources.international_prefix,
        sources.served_by,
        sources.terminating_context,
        sources.duration_column,
        sources.minimum_number_digits,
        sources.file_pattern,
        sources.accepted_context,
        sources.known_from_on,
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

    select
        feed,
        file,
        corrected_record,
        usage_source_id
    from candidates
    qualify row_number() over (
        partition by feed, file, corrected_record
        order by mediated_on asc, length(file_pattern) desc, usage_source_id
    ) = 1

),

-- versions of the chosen source, each with contexts that none before it named
versions as (

    select candidates.*
    from candidates
    inner join chosen
        on
            candidates.feed = chosen.feed
            and candidates.file = chosen.file
            and candidates.corrected_record = chosen.corrected_record
            and candidates.usage_source_id = chosen.usage_source_id
    qualify row_number() over (
        partition by
            candidates.feed,
            candidates.file,
            candidates.corrected_record,
            candidates.accepted_context
        order by candidates.mediated_on, candidates.known_from_on
    ) = 1

),

numbered as (

    select
        *,
        row_number() over (
            partition by feed, file, corrected_record
            order by mediated_on, known_from_on
        ) as version_number,
        {{ patterns_before(
            'accepted_context', 'feed, file, corrected_record', 'mediated_on, known_from_on'
        ) }} as context_before,
        coalesce(max(case when accepted_context is null then 1 else 0 end) over (
            partition by feed, file, corrected_record
            order by mediated_on, known_from_on
            rows between unbounded preceding and 1 preceding
        ), 0) = 1 as is_after_all
    from versions

)

select
    named.feed,
    named.file,
    named.corrected_record,
    coalesce(numbered.version_number, 1) as version_number,
    numbered.usage_source_id,
    numbered.time_zone,
    numbered.country_code,
    numbered.area_code,
    numbered.trunk_prefix,
    numbered.international_prefix,
    numbered.served_by,
    numbered.accepted_context,
    numbered.context_before,
    numbered.terminating_context,
    numbered.duration_column,
    numbered.minimum_number_digits,
    named.delivered_on,
    numbered.mediated_on
from named
left join numbered
    on
        named.feed = numbered.feed
        and named.file = numbered.file
        and named.corrected_record = numbered.corrected_record
        and not numbered.is_after_all
