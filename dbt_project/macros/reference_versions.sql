{#
    Reference data over time.

    A change feed delivers rows that say: from `valid_from` on, this key looks like this (op =
    upsert) or is gone (op = delete). Facts are restated, announced ahead and corrected, so a version
    holds in two directions: from when to when it is true (valid), and from which delivery day to
    which we believed it (known). Both intervals are half-open; an open one ends on 9999-12-31.

    Rules about rows of the same key and valid_from, in this order; "says the same" means all
    columns but recorded_at (_row_sha256 of a change feed):
      1. Rows of the same delivery day and recorded_at that say different things are all set aside:
         nothing tells which one is meant.
      2. A row that was written before another one delivered by the end of the same day is set
         aside: a file that comes late does not take back a correction.
      3. Of rows written at the same time the one delivered later stands; one that repeats such a
         row of an earlier day does not bring it back.
      4. A row that says what is believed anyway changes nothing.
    Then a version ends where the next one of its key begins, as known on that day. A delete begins
    nothing, but it ends the version before it.

    What a rule decides for a delivery day rests on rows delivered up to that day: later deliveries
    only add. Rows that the rules leave unused keep a reason: reference_rows_unused lists them.

    A column of the key that may be empty (`may_be_null`) is a key of its own where it is.

    Most keys say one thing for ever, at most again and again: one grouping finds them and the first
    row of each, and only the others go through the windows. Only _file and _record of a row travel
    so far; its columns are joined at the end.
#}

{% macro reference_versions(relation, key, valid_from, may_be_null=[]) %}
{%- set keys = key | join(', ') -%}
{%- set valid_to = valid_from | replace('from', 'to') -%}
{%- set open_valid_to = 'cast(' ~ open_end() ~ ' as timestamp)' if valid_to.endswith('_at')
    else open_end() -%}
with keys_told as (

    select
        {{ keys }},
        min({{ hash64(['_row_sha256']) }}) = max({{ hash64(['_row_sha256']) }}) as is_plain,
        min(_delivered_on) as known_from_on,
        -- in the order in which rows that say the same stand for each other
        min(
            concat(
                cast(_delivered_on as string), _file, chr(31), lpad(cast(_record as string), 19, '0')
            )
        ) as first_row
    from {{ relation }}
    group by {{ keys }}

),

used as (

    select *
    from (
        {{ _reference_rows(_rows_of_keys(relation, key, may_be_null), key, valid_from) }}
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
            {{ _same_key('learning_days', 'used', key, may_be_null) }}
            and learning_days.known_on >= used._delivered_on
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
        coalesce(next_valid_from, {{ open_valid_to }}) as {{ valid_to }},
        known_on as known_from_on,
        coalesce(
            lead(known_on) over (
                partition by {{ keys }}, {{ valid_from }}
                order by known_on
            ),
            {{ open_end() }}
        ) as known_to_on
    from changes
    union all
    select
        substr(first_row, 11, length(first_row) - 30) as _file,
        cast(right(first_row, 19) as bigint) as _record,
        {{ open_valid_to }} as {{ valid_to }},
        known_from_on,
        {{ open_end() }} as known_to_on
    from keys_told
    where is_plain

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
where staged.op <> 'delete'
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


{% macro _same_key(one, other, key, may_be_null) -%}
    {%- for column in key -%}
    {{ 'and ' if not loop.first }}{{ one }}.{{ column }}
    {{- ' is not distinct from ' if column in may_be_null else ' = ' -}}
    {{ other }}.{{ column }}
    {%- if not loop.last %}
            {% endif %}
    {%- endfor -%}
{%- endmacro %}


{# The rows of keys that say more than one thing, as a relation in parentheses. #}
{% macro _rows_of_keys(relation, key, may_be_null) -%}
(
                select staged.*
                from {{ relation }} as staged
                inner join keys_told
                    on
                        {{ _same_key('staged', 'keys_told', key, may_be_null) }}
                        and not keys_told.is_plain
            ) as rows_of_keys
{%- endmacro %}


{# Every row with the reason why it is not used; null when it is. Rules 1 to 4, inside out. #}
{% macro _reference_rows(relation, key, valid_from) -%}
{%- set subject = key | join(', ') ~ ', ' ~ valid_from -%}
{%- set moment = subject ~ ', _delivered_on, recorded_at' -%}
select
    {{ subject }},
    recorded_at,
    _delivered_on,
    _file,
    _record,
    _row_sha256,
    case
        when is_contradicted then 'SAME_RECORDED_AT'
        when is_outdated then 'LOWER_RECORDED_AT'
        when is_said_before then 'REPEATED'
        when lag(_row_sha256) over (
            partition by {{ subject }}, is_contradicted, is_outdated, is_said_before
            order by _delivered_on
        ) = _row_sha256 then 'REPEATED'
    end as unused_reason
from (
    select
        *,
        said_at < max(recorded_at) over (
            partition by {{ subject }}, is_contradicted
            order by _delivered_on
        ) as is_outdated,
        row_number() over (
            partition by {{ subject }}, is_contradicted, _row_sha256, said_at
            order by _delivered_on, _file, _record
        ) > 1 as is_said_before
    from (
        select
            *,
            -- a day's rows that say the same count as one, written when the last of them was
            max(recorded_at) over (
                partition by {{ subject }}, _delivered_on, _row_sha256, is_contradicted
            ) as said_at
        from (
            select
                {{ subject }},
                recorded_at,
                _delivered_on,
                _file,
                _record,
                _row_sha256,
                min(_row_sha256) over (partition by {{ moment }})
                <> max(_row_sha256) over (partition by {{ moment }}) as is_contradicted
            from {{ relation }}
        ) as statements
    ) as day_statements
) as compared_statements
{%- endmacro %}


{#
    Rows of a change feed that are set aside because their file told something else at once (rule 1),
    as long as nothing has settled which one is meant: known from their delivery day to the day on
    which a row of the same key and first day is known that is not set aside and was written later, or
    at the same time but delivered later. A repeat counts on the day on which it was first said.
#}
{% macro reference_contradictions(relation, key, valid_from) %}
{%- set subject = key + [valid_from] -%}
{%- set moment = subject + ['_delivered_on', 'recorded_at'] -%}
with moments as (

    select {{ moment | join(', ') }}
    from {{ relation }}
    group by {{ moment | join(', ') }}
    having min({{ hash64(['_row_sha256']) }}) <> max({{ hash64(['_row_sha256']) }})

),

contradicting as (

    select staged.*
    from {{ relation }} as staged
    inner join moments
        on
            {% for column in moment -%}
            {{ 'and ' if not loop.first }}staged.{{ column }} = moments.{{ column }}
            {% endfor %}

),

subjects as (

    select distinct {{ subject | join(', ') }}
    from moments

),

clear as (

    select
        {%- for column in subject %}
        staged.{{ column }},
        {%- endfor %}
        staged.recorded_at,
        min(staged._delivered_on) as said_on
    from {{ relation }} as staged
    inner join subjects
        on
            {% for column in subject -%}
            {{ 'and ' if not loop.first }}staged.{{ column }} = subjects.{{ column }}
            {% endfor %}
    left join moments
        on
            {% for column in moment -%}
            {{ 'and ' if not loop.first }}staged.{{ column }} = moments.{{ column }}
            {% endfor %}
    where moments.recorded_at is null
    group by
        {%- for column in subject %}
        staged.{{ column }},
        {%- endfor %}
        staged.recorded_at,
        staged._row_sha256

),

settled as (

    select
        contradicting._file,
        contradicting._record,
        min(clear.said_on) as settled_on
    from contradicting
    inner join clear
        on
            {% for column in subject -%}
            contradicting.{{ column }} = clear.{{ column }}
            and {% endfor -%}
            (
                contradicting.recorded_at < clear.recorded_at
                or contradicting.recorded_at = clear.recorded_at
                and contradicting._delivered_on < clear.said_on
            )
    group by contradicting._file, contradicting._record

)

select
    contradicting.*,
    contradicting._delivered_on as known_from_on,
    coalesce(settled.settled_on, {{ open_end() }}) as known_to_on
from contradicting
left join settled
    on
        contradicting._file = settled._file
        and contradicting._record = settled._record
where
    settled.settled_on is null
    or settled.settled_on > contradicting._delivered_on
{% endmacro %}
