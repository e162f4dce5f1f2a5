{#
    Rows that hold in two directions: valid from a day to a day, known from a delivery day to a
    delivery day, both half-open. Drawn on paper such a row is a rectangle.
#}

{# The row that held on `day`, as it was known on `known_on`. #}
{% macro holds_on(alias, day, known_on) -%}
    {{ alias }}.valid_from_on <= {{ day }}
        and {{ day }} < {{ alias }}.valid_to_on
        and {{ alias }}.known_from_on <= {{ known_on }}
        and {{ known_on }} < {{ alias }}.known_to_on
{%- endmacro %}


{# Whether two rows hold together at some time in both directions. #}
{% macro rectangles_overlap(one, other) -%}
    {{ one }}.valid_from_on < {{ other }}.valid_to_on
        and {{ other }}.valid_from_on < {{ one }}.valid_to_on
        and {{ one }}.known_from_on < {{ other }}.known_to_on
        and {{ other }}.known_from_on < {{ one }}.known_to_on
{%- endmacro %}


{# The four bounds of the part that two rows share. #}
{% macro rectangle_shared(one, other) -%}
    greatest({{ one }}.valid_from_on, {{ other }}.valid_from_on) as valid_from_on,
    least({{ one }}.valid_to_on, {{ other }}.valid_to_on) as valid_to_on,
    greatest({{ one }}.known_from_on, {{ other }}.known_from_on) as known_from_on,
    least({{ one }}.known_to_on, {{ other }}.known_to_on) as known_to_on
{%- endmacro %}


{% macro _rectangle_area(bounds='') -%}
    {{ days_between(bounds ~ 'valid_from_on', bounds ~ 'valid_to_on') }}
    * {{ days_between(bounds ~ 'known_from_on', bounds ~ 'known_to_on') }}
{%- endmacro %}


{#
    CTEs that end in `gaps`: the parts (gap_from_on to gap_to_on, strip_from_on to strip_to_on) of the
    rows of a CTE `uncovered` for which a CTE `shared` has nothing. `shared` holds parts of these rows,
    which may overlap each other; `cut` are the columns that tell the rows apart in both.
#}
{% macro _parts_without_cover(cut) -%}
bounds as (

    select
        {{ cut | join(', ') }},
        known_from_on as strip_from_on
    from uncovered
    union
    select
        {{ cut | join(', ') }},
        known_from_on as strip_from_on
    from shared
    union
    select
        {{ cut | join(', ') }},
        known_to_on as strip_from_on
    from shared

),

-- between two neighbouring bounds nothing changes in the direction of knowing
strips as (

    select
        uncovered.*,
        bounds.strip_from_on,
        coalesce(
            lead(bounds.strip_from_on) over (
                partition by
                    {%- for column in cut %}
                    uncovered.{{ column }}{{ ',' if not loop.last }}
                    {%- endfor %}
                order by bounds.strip_from_on
            ),
            uncovered.known_to_on
        ) as strip_to_on
    from uncovered
    inner join bounds
        on
            {% for column in cut -%}
            uncovered.{{ column }} = bounds.{{ column }}
            and {% endfor -%}
            uncovered.known_to_on > bounds.strip_from_on

),

covered as (

    select
        strips.*,
        shared.valid_from_on as covered_from_on,
        shared.valid_to_on as covered_to_on,
        max(shared.valid_to_on) over (
            partition by
                {%- for column in cut %}
                strips.{{ column }},
                {%- endfor %}
                strips.strip_from_on
            order by shared.valid_from_on, shared.valid_to_on
            rows between unbounded preceding and 1 preceding
        ) as previous_to_on,
        row_number() over (
            partition by
                {%- for column in cut %}
                strips.{{ column }},
                {%- endfor %}
                strips.strip_from_on
            order by shared.valid_from_on desc, shared.valid_to_on desc
        ) = 1 as is_last
    from strips
    left join shared
        on
            {% for column in cut -%}
            strips.{{ column }} = shared.{{ column }}
            and {% endfor -%}
            strips.strip_from_on >= shared.known_from_on
            and strips.strip_from_on < shared.known_to_on

),

gaps as (

    select
        covered.*,
        coalesce(previous_to_on, valid_from_on) as gap_from_on,
        coalesce(covered_from_on, valid_to_on) as gap_to_on
    from covered
    union all
    select
        covered.*,
        greatest(covered_to_on, coalesce(previous_to_on, covered_to_on)) as gap_from_on,
        valid_to_on as gap_to_on
    from covered
    where is_last

)
{%- endmacro %}


{#
    A left join of rectangles: each row of `left_rows` is cut into the parts that it shares with a
    matching row of `right_rows` (is_matched), and the parts for which there is none. Together the
    parts are the row again: nothing is lost, nothing counted twice.

      identity   columns that together with valid_from_on and known_from_on identify a left row
      keep       further columns of the left row
      matching   [left column, right column]
      carry      {new name: right column}; null where nothing matches

    Rows on the right with the same matching column must not overlap.
#}
{% macro join_versions(left_rows, right_rows, identity, keep, matching, carry) %}
{%- set cut = identity + ['left_valid_from_on', 'left_known_from_on'] -%}
with lefts as (

    select
        {{ (identity + keep + [matching[0]]) | unique | join(',\n        ') }},
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on,
        valid_from_on as left_valid_from_on,
        known_from_on as left_known_from_on
    from {{ left_rows }}

),

shared as (

    select
        {%- for column in (cut + keep) %}
        lefts.{{ column }},
        {%- endfor %}
        {%- for name, column in carry.items() %}
        rights.{{ column }} as {{ name }},
        {%- endfor %}
        {{ rectangle_shared('lefts', 'rights') }}
    from lefts
    inner join {{ right_rows }} as rights
        on
            lefts.{{ matching[0] }} = rights.{{ matching[1] }}
            and {{ rectangles_overlap('lefts', 'rights') }}

),

shared_areas as (

    select
        {{ cut | join(', ') }},
        sum({{ _rectangle_area() }}) as area
    from shared
    group by {{ cut | join(', ') }}

),

-- most rows are covered in full, and the rest of this need not look at them
uncovered as (

    select lefts.*
    from lefts
    left join shared_areas
        on
            {% for column in cut -%}
            {{ 'and ' if not loop.first }}lefts.{{ column }} = shared_areas.{{ column }}
            {% endfor %}
    where coalesce(shared_areas.area, 0) < {{ _rectangle_area('lefts.') }}

),

{{ _parts_without_cover(cut) }}

select
    {{ (identity + keep) | join(',\n    ') }},
    {%- for name in carry %}
    {{ name }},
    {%- endfor %}
    true as is_matched,
    valid_from_on,
    valid_to_on,
    known_from_on,
    known_to_on
from shared
union all
select
    {{ (identity + keep) | join(',\n    ') }},
    {%- for name in carry %}
    null as {{ name }},
    {%- endfor %}
    false as is_matched,
    gap_from_on as valid_from_on,
    gap_to_on as valid_to_on,
    strip_from_on as known_from_on,
    strip_to_on as known_to_on
from gaps
where gap_from_on < gap_to_on
{% endmacro %}


{#
    The parts of rows for which no other row holds: what remains of each row of `left_rows` when
    everything is cut off that a matching row of `right_rows` covers.

      keep       columns of the left row that the parts carry; parts of equal rows come once
      matching   [[left column, right column], ...]; a right row matches if one of the pairs is equal

    Rows on the right may overlap each other.
#}
{% macro uncovered_versions(left_rows, right_rows, keep, matching) %}
{%- set keys = matching | map('first') | list -%}
{%- set bounds = ['valid_from_on', 'valid_to_on', 'known_from_on', 'known_to_on'] -%}
{%- set cut = (keep + keys) | unique | list
    + ['left_valid_from_on', 'left_valid_to_on', 'left_known_from_on', 'left_known_to_on'] -%}
with lefts as (

    select distinct
        {{ (keep + keys) | unique | join(',\n        ') }},
        {%- for bound in bounds %}
        {{ bound }},
        {{ bound }} as left_{{ bound }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ left_rows }}

),

shared as (

    {%- for pair in matching %}
    {{ 'union all' if not loop.first }}
    select
        {%- for column in cut %}
        lefts.{{ column }},
        {%- endfor %}
        {{ rectangle_shared('lefts', 'rights') }}
    from lefts
    inner join {{ right_rows }} as rights
        on
            lefts.{{ pair[0] }} = rights.{{ pair[1] }}
            and {{ rectangles_overlap('lefts', 'rights') }}
    {%- endfor %}

),

-- most rows are covered by one other row, and the rest of this need not look at them
covered_whole as (

    select distinct {{ cut | join(', ') }}
    from shared
    where
        {%- for bound in bounds %}
        {{ 'and ' if not loop.first }}{{ bound }} = left_{{ bound }}
        {%- endfor %}

),

uncovered as (

    select lefts.*
    from lefts
    left join covered_whole
        on
            {% for column in cut -%}
            {{ 'and ' if not loop.first }}lefts.{{ column }} = covered_whole.{{ column }}
            {% endfor %}
    where covered_whole.{{ keys[0] }} is null

),

{{ _parts_without_cover(cut) }}

select
    {{ keep | join(',\n    ') }},
    gap_from_on as valid_from_on,
    gap_to_on as valid_to_on,
    strip_from_on as known_from_on,
    strip_to_on as known_to_on
from gaps
where gap_from_on < gap_to_on
{% endmacro %}


{#
    Rectangles inside which nothing changes: per value of `key` the plane is cut where the knowledge
    of any of its rows begins or ends, and each of these strips where the validity of one that is
    known then does. What is delivered later adds rectangles and ends the knowledge of others, and
    never moves where one begins. Rectangles in which nothing holds may be among them.
#}
{% macro version_cells(relation, key) %}
{%- set keys = key | join(', ') -%}
with known_bounds as (

    select
        {{ keys }},
        known_from_on as bound_on
    from {{ relation }}
    union
    select
        {{ keys }},
        known_to_on as bound_on
    from {{ relation }}

),

known_strips as (

    select
        {{ keys }},
        bound_on as known_from_on,
        lead(bound_on) over (partition by {{ keys }} order by bound_on) as known_to_on
    from known_bounds

),

held as (

    select
        known_strips.*,
        held_rows.valid_from_on,
        held_rows.valid_to_on
    from known_strips
    inner join {{ relation }} as held_rows
        on
            {% for column in key -%}
            known_strips.{{ column }} = held_rows.{{ column }}
            and {% endfor -%}
            known_strips.known_from_on >= held_rows.known_from_on
            and known_strips.known_from_on < held_rows.known_to_on

),

valid_bounds as (

    select
        {{ keys }},
        known_from_on,
        known_to_on,
        valid_from_on as bound_on
    from held
    union
    select
        {{ keys }},
        known_from_on,
        known_to_on,
        valid_to_on as bound_on
    from held

),

cells as (

    select
        {{ keys }},
        bound_on as valid_from_on,
        lead(bound_on) over (
            partition by {{ keys }}, known_from_on
            order by bound_on
        ) as valid_to_on,
        known_from_on,
        known_to_on
    from valid_bounds

)

select
    {{ keys }},
    valid_from_on,
    valid_to_on,
    known_from_on,
    known_to_on
from cells
where valid_to_on is not null
{% endmacro %}
