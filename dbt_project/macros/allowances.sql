{#
    Who takes what from which allowance instance: greedy, in the order (rated_on, start, usage id,
    segment), each segment from its instances in their order. In sets:

    - Days are worked in slices that end where an instance closes, so that what is rolled over is known
      before the first usage that may take it.
    - An instance that all that could ever be asked of it in the slice does not exceed gives everybody
      what they ask for, in whatever order. Most are such, and a sum tells.
    - The others are emptied level by level: an instance comes after all those that a segment asks
      before it, so what is left of each segment is known, and a running sum in order of consumption
      says who still got something.

    Everything is found in scratch tables; the model writes what `allocated` holds.
#}

{% macro allocate_allowances() -%}
{%- if execute -%}
{%- set built_on = built_through('moved_on') -%}
{%- do scratch('allocated', no_allowance_movements()) -%}
{%- for slice in allowance_slices(built_on) -%}
    {%- if slice.rolls -%}
        {%- do scratch_more('allocated', rolled_over(built_on, slice.first_on)) -%}
    {%- endif -%}
    {%- if slice.first_started_on is not none -%}
        {%- do scratch('slice_instances', instances_of_slice(slice)) -%}
        {%- do scratch('slice_claims', claims_of_slice(slice)) -%}
        {%- do scratch('slice_safe', safe_instances()) -%}
        {%- do scratch('slice_needs', needs_of_segments()) -%}
        {%- do scratch_more('allocated', taken_at_once()) -%}
        {%- do scratch('tight_claims', claims_on_tight_instances()) -%}
        {%- set levels = levels_of_instances() -%}
        {%- do scratch('tight_taken', no_allowance_movements()) -%}
        {%- for level in range(1, levels + 1) -%}
            {%- do scratch_more('tight_taken', taken_at_level(level)) -%}
        {%- endfor -%}
        {%- do scratch_more('allocated', 'select * from tight_taken') -%}
    {%- endif -%}
{%- endfor -%}
{%- do drop_scratch([
    'slice_instances', 'slice_claims', 'slice_safe', 'slice_needs', 'tight_claims', 'tight_levels',
    'tight_taken'
]) -%}
{%- endif -%}
{%- endmacro %}


{# The columns of a movement, and the type of each. #}
{% macro allowance_movement_columns() -%}
    {{ return({
        'movement_kind': 'string',
        'moved_on': 'date',
        'usage_key': 'bigint',
        'segment_number': 'bigint',
        'instance_id': 'string',
        'units': 'bigint',
        'take_number': 'bigint',
        'is_fee_covered': 'boolean',
        'owner_kind': 'string',
        'owner_id': 'string',
        'allowance_id': 'string',
        'usage_type': 'string',
        'priority': 'bigint',
        'valid_from_on': 'date',
        'valid_to_on': 'date',
        'origin_from_on': 'date',
        'origin_to_on': 'date',
        'rolled_over_from': 'string',
    }) }}
{%- endmacro %}

{% macro no_allowance_movements() -%}
    select
        {%- for name, type in allowance_movement_columns().items() %}
        cast(null as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    where false
{%- endmacro %}

{# A movement with the given columns, all others null. #}
{% macro allowance_movement(given) -%}
    {%- for name, type in allowance_movement_columns().items() %}
        {{ given.get(name, 'cast(null as ' ~ type ~ ')') }} as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{# Movements of earlier runs and of this one, of a kind. #}
{% macro movements_so_far(kind) -%}
    {%- if is_incremental() %}
    select * from {{ this }} where movement_kind = '{{ kind }}'
    union all
    {%- endif %}
    select * from allocated where movement_kind = '{{ kind }}'
{%- endmacro %}


{# First and last day of each slice, the first day on which its usage began, and if anything closed. #}
{% macro allowance_slices(built_on) -%}
    {%- set found = run_query(
        'select rated_on, min(started_on) as started_on from '
        ~ ref('int_rating__segments') ~ ' where rated_on > ' ~ built_on
        ~ ' group by rated_on order by rated_on'
    ) -%}
    {%- set closing = run_query(
        'select distinct closes_on from ' ~ ref('int_rating__issued_instances')
        ~ ' where closes_on >= ' ~ built_on ~ ' order by closes_on'
    ).columns[0].values() | map('string') | list -%}
    {%- set state = namespace(slices=[], days=[], closed=0) -%}
    {%- for row in found.rows -%}
        {%- set day = row[0] | string -%}
        {%- set closed = closing | select('lt', day) | list | length -%}
        {%- if state.days and (closed > state.closed or state.days | length >= 31) -%}
            {%- do state.slices.append(_allowance_slice(state.days, state.closed)) -%}
            {%- set state.days = [] -%}
        {%- endif -%}
        {%- set state.closed = closed -%}
        {%- do state.days.append([day, row[1] | string]) -%}
    {%- endfor -%}
    {%- if state.days -%}
        {%- do state.slices.append(_allowance_slice(state.days, state.closed)) -%}
    {%- endif -%}
    {{ return(state.slices) }}
{%- endmacro %}

{% macro _allowance_slice(days, closed) -%}
    {{ return({
        'first_on': "cast('" ~ days[0][0] ~ "' as date)",
        'last_on': "cast('" ~ days[-1][0] ~ "' as date)",
        'first_started_on': "cast('" ~ (days | map('last') | min) ~ "' as date)",
        'rolls': closed > 0,
    }) }}
{%- endmacro %}


{#
    Instances that usage of the slice may take from, numbered in the order in which they are used up;
    `units_left` is what is left of them, null without limit.
#}
{% macro instances_of_slice(slice) -%}
with instances as (

    select
        instance_id,
        owner_kind,
        owner_id,
        allowance_id,
        priority,
        capacity,
        false as is_rolled,
        valid_from_on,
        valid_to_on,
        valid_from_on as origin_from_on,
        valid_to_on as origin_to_on,
        issued_on as usable_from_on,
        coalesce(
            first_value(closes_on) over (
                partition by owner_kind, owner_id, allowance_id, valid_from_on, valid_to_on
                order by issued_on, instance_id
            ),
            {{ open_end() }}
        ) as closes_on
    from {{ ref('int_rating__issued_instances') }}
    where valid_to_on > {{ slice.first_started_on }}
    union all
    select
        instance_id,
        owner_kind,
        owner_id,
        allowance_id,
        priority,
        units as capacity,
        true as is_rolled,
        valid_from_on,
        valid_to_on,
        origin_from_on,
        origin_to_on,
        moved_on as usable_from_on,
        {{ open_end() }} as closes_on
    from (
        {{ movements_so_far('rolled') }}
    ) as rolled

),

usable as (

    select * from instances
    where
        valid_to_on > {{ slice.first_started_on }}
        and usable_from_on <= {{ slice.last_on }}
        and closes_on >= {{ slice.first_on }}

),

taken as (

    select
        taken_before.instance_id,
        cast(sum(taken_before.units) as bigint) as units
    from (
        {{ movements_so_far('taken') }}
    ) as taken_before
    inner join usable
        on taken_before.instance_id = usable.instance_id
    group by taken_before.instance_id

)

select
    usable.*,
    usable.capacity - coalesce(taken.units, 0) as units_left,
    row_number() over (
        order by
            usable.priority,
            usable.valid_to_on,
            usable.origin_from_on,
            usable.origin_to_on,
            usable.allowance_id,
            usable.usable_from_on,
            usable.instance_id
    ) as instance_number
from usable
left join taken
    on usable.instance_id = taken.instance_id
{%- endmacro %}
