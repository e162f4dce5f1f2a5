{# What allowance instances give: steps of allocate_allowances. #}


{# Who asks a safe instance first gets all of it there. #}
{% macro taken_at_once() -%}
select
    {{ allowance_movement({
        'movement_kind': "'taken'",
        'moved_on': 'needs.rated_on',
        'usage_key': 'needs.usage_key',
        'segment_number': 'needs.segment_number',
        'instance_id': 'instances.instance_id',
        'units': 'cast(' ~ whole_blocks('needs.need', 'needs.first_step_units') ~ ' as bigint)',
        'take_number': '1',
        'is_fee_covered': 'needs.is_first_fee_covered and needs.is_at_begin',
    }) }}
from slice_needs as needs
inner join slice_safe
    on needs.first_instance_number = slice_safe.instance_number
inner join slice_instances as instances
    on needs.first_instance_number = instances.instance_number
{%- endmacro %}


{# All claims of the segments whose first instance is not safe. #}
{% macro claims_on_tight_instances() -%}
select distinct
    claims.usage_key,
    claims.segment_number,
    claims.rated_on,
    claims.usage_started_at,
    claims.usage_id,
    claims.step_units,
    claims.is_connect_fee_covered,
    claims.instance_number,
    needs.need,
    needs.is_at_begin
from slice_claims as claims
inner join slice_needs as needs
    on
        claims.usage_key = needs.usage_key
        and claims.segment_number = needs.segment_number
left join slice_safe
    on needs.first_instance_number = slice_safe.instance_number
where slice_safe.instance_number is null
{%- endmacro %}


{#
    Writes tight_levels: the level of each instance, one more than those of all that a segment asks
    before it; returns the highest.
#}
{% macro levels_of_instances() -%}
{%- do scratch('tight_levels', "
with recursive edges as (
    select distinct previous_number, instance_number
    from (
        select
            instance_number,
            lag(instance_number) over (
                partition by usage_key, segment_number
                order by instance_number
            ) as previous_number
        from tight_claims
    ) as followed
    where previous_number is not null
),
levels as (
    select distinct instance_number, cast(1 as bigint) as level from tight_claims
    union
    select edges.instance_number, levels.level + 1 as level
    from levels
    inner join edges on levels.instance_number = edges.previous_number
)
select instance_number, max(level) as level from levels group by instance_number
") -%}
{{ return(run_query('select coalesce(max(level), 0) from tight_levels').rows[0][0] | int) }}
{%- endmacro %}


{# What the instances of a level give, in order of consumption, to who still asks for something. #}
{% macro taken_at_level(level) -%}
with claims as (

    select
        tight_claims.*,
        instances.instance_id,
        instances.units_left
    from tight_claims
    inner join tight_levels
        on tight_claims.instance_number = tight_levels.instance_number
    inner join slice_instances as instances
        on tight_claims.instance_number = instances.instance_number
    where tight_levels.level = {{ level }}

),

taken as (

    select
        usage_key,
        segment_number,
        sum(units) as units,
        max(take_number) as takes
    from tight_taken
    group by usage_key, segment_number

),

asking as (

    select
        claims.*,
        coalesce(taken.takes, 0) + 1 as take_number,
        {{ whole_blocks('claims.need - coalesce(taken.units, 0)', 'claims.step_units') }} as asked
    from claims
    left join taken
        on
            claims.usage_key = taken.usage_key
            and claims.segment_number = taken.segment_number
    where claims.need > coalesce(taken.units, 0)

),

summed as (

    select
        *,
        sum(asked) over (
            partition by instance_number
            order by rated_on, usage_started_at, usage_id, segment_number
            rows between unbounded preceding and current row
        ) as asked_so_far
    from asking

),

given as (

    select
        *,
        case
            when units_left is null then asked
            else least(asked_so_far, units_left) - least(asked_so_far - asked, units_left)
        end as units
    from summed

)

select
    {{ allowance_movement({
        'movement_kind': "'taken'",
        'moved_on': 'rated_on',
        'usage_key': 'usage_key',
        'segment_number': 'segment_number',
        'instance_id': 'instance_id',
        'units': 'cast(units as bigint)',
        'take_number': 'take_number',
        'is_fee_covered': 'is_connect_fee_covered and is_at_begin and take_number = 1',
    }) }}
from given
where units > 0
{%- endmacro %}
