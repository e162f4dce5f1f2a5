{#
    Reference data over time.

    A change feed delivers rows that say: from `valid_from` on, this key looks like this (op =
    upsert) or is gone (op = delete). Facts are restated, announced ahead and corrected, so a version
    holds in two directions: from when to when it is true (valid), and from which delivery day to
    which we believed it (known). Both intervals are half-open; an open one ends on 9999-12-31.

    Rules, in this order:
      1. Rows with the same key, valid_from, delivery day and recorded_at that differ are all set
         aside: nothing tells which one is meant.
      2. A row that says exactly what an earlier one said counts once, on the earlier day.
      3. Of the rows left with the same key, valid_from and delivery day the highest recorded_at
         stands; a later delivery day replaces what was said about the same valid_from before.
      4. A version ends where the next one of its key begins, as known on that day. A delete begins
         nothing, but it ends the version before it.

    Rows that rules 1 to 3 leave unused keep a reason: reference_rows_unused lists them.

    A column of the key that may be empty (`may_be_null`) is a key of its own where it is.

    Only _file and _record of a row travel through the windows; its columns are joined at the end.
#}

{% macro reference_versions(relation, key, valid_from, may_be_null=[]) %}
{%- set keys = key | join(', ') -%}
{%- set valid_to = valid_from | replace('from', 'to') -%}
with used as (

    select *
    from (
        {{ _reference_rows(relation, key, valid_from) }}
    ) as judged
    where unused_reason is null

),

learning_days as (

    select distinct
        {{ keys }},
        _delivered_on as known_on
    from used

),

-- for each day on which something was learned about a key: everything believed about it
beliefs as (

    select
        used.*,
        learning_days.known_on
    from learning_days
    inner join used
        on
            {% for column in key -%}
            learning_days.{{ column }}
            {{- ' is not distinct from ' if column in may_be_null else ' = ' -}}
            used.{{ column }}
            and {% endfor -%}
            learning_days.known_on >= used._delivered_on
    qualify row_number() over (
        partition by
            {% for column in key -%}
            used.{{ column }},
            {% endfor -%}
            used.{{ valid_from }},
            learning_days.known_on
        order by used._delivered_on desc
    ) = 1

),

bounded as (

    select
        *,
        lead({{ valid_from }}) over (
            partition by {{ keys }}, known_on
            order by {{ valid_from }}
        ) as next_valid_from
    from beliefs

),

-- a belief that did not change on a learning day goes on
changes as (

    select *
    from bounded
    qualify
        lag(_row_sha256) over (
            partition by {{ keys }}, {{ valid_from }}
            order by known_on
        ) is distinct from _row_sha256
        or lag(next_valid_from) over (
            partition by {{ keys }}, {{ valid_from }}
            order by known_on
        ) is distinct from next_valid_from

),

versions as (

    select
        _file,
        _record,
        is_delete,
        coalesce(next_valid_from, {{ open_end() }}) as {{ valid_to }},
        known_on as known_from_on,
        coalesce(
            lead(known_on) over (
                partition by {{ keys }}, {{ valid_from }}
                order by known_on
            ),
            {{ open_end() }}
        ) as known_to_on
    from changes

)

select
    staged.*,
    versions.{{ valid_to }},
    versions.known_from_on,
    versions.known_to_on
from versions
inner join {{ relation }} as staged
    on
        versions._file = staged._file
        and versions._record = staged._record
where not versions.is_delete
{% endmacro %}


{# The rows of a change feed that are not used, each with its reason, in one shape for all feeds. #}
{% macro reference_rows_unused(relation, key, valid_from, system, feed) %}
select
    '{{ system }}' as system,
    '{{ feed }}' as feed,
    concat_ws(
        '/',
        {%- for column in key %}
        cast({{ column }} as string){{ ',' if not loop.last }}
        {%- endfor %}
    ) as reference_key,
    unused_reason as reason_code,
    cast({{ valid_from }} as string) as valid_from,
    recorded_at,
    _file,
    _record,
    _delivered_on
from (
    {{ _reference_rows(relation, key, valid_from) }}
) as judged
where unused_reason is not null
{% endmacro %}


{# Every row with the reason why it is not used; null when it is. Rules 1, 2 and 3, inside out. #}
{% macro _reference_rows(relation, key, valid_from) -%}
{%- set subject = key | join(', ') ~ ', ' ~ valid_from -%}
{%- set moment = subject ~ ', _delivered_on, recorded_at' -%}
select
    {{ subject }},
    is_delete,
    recorded_at,
    _delivered_on,
    _file,
    _record,
    _row_sha256,
    case
        when is_contradicted then 'SAME_RECORDED_AT'
        when is_repeated then 'REPEATED'
        when row_number() over (
            partition by {{ subject }}, _delivered_on, is_contradicted, is_repeated
            order by recorded_at desc, _file, _record
        ) > 1 then 'LOWER_RECORDED_AT'
    end as unused_reason
from (
    select
        *,
        row_number() over (
            partition by {{ subject }}, _row_sha256, is_contradicted
            order by _delivered_on, _file, _record
        ) > 1 as is_repeated
    from (
        select
            {{ subject }},
            op = 'delete' as is_delete,
            recorded_at,
            _delivered_on,
            _file,
            _record,
            _row_sha256,
            min(_row_sha256) over (partition by {{ moment }})
            <> max(_row_sha256) over (partition by {{ moment }}) as is_contradicted
        from {{ relation }}
    ) as statements
) as distinct_statements
{%- endmacro %}
