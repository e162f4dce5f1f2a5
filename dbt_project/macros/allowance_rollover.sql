{#
    What closed instances leave over, as instances of the months that follow. All that was issued for
    one window is left over together; what was rolled over does not roll again.
#}
{% macro rolled_over(built_on, first_on) -%}
-- all that was issued for a window closes with what was issued first
with issued as (

    select
        instance_id,
        owner_kind,
        owner_id,
        allowance_id,
        capacity,
        valid_from_on,
        valid_to_on,
        issued_on,
        first_value(closes_on) over (
            partition by owner_kind, owner_id, allowance_id, valid_from_on, valid_to_on
            order by issued_on, instance_id
        ) as closes_on
    from {{ ref('int_rating__issued_instances') }}
    where valid_to_on > {{ add_days(built_on, -400) if built_on != "cast('0001-01-01' as date)" else built_on }}

),

closed as (

    select * from issued
    where
        closes_on >= {{ built_on }}
        and closes_on < {{ first_on }}
        and issued_on <= closes_on

),

taken as (

    select
        taken_before.instance_id,
        sum(taken_before.units) as units
    from (
        {{ movements_so_far('taken') }}
    ) as taken_before
    inner join closed
        on taken_before.instance_id = closed.instance_id
    group by taken_before.instance_id

),

windows as (

    select
        closed.owner_kind,
        closed.owner_id,
        closed.allowance_id,
        closed.valid_from_on,
        closed.valid_to_on,
        max(closed.closes_on) as closes_on,
        min(closed.instance_id) as first_instance_id,
        sum(closed.capacity - coalesce(taken.units, 0)) as units_left
    from closed
    left join taken
        on closed.instance_id = taken.instance_id
    group by
        closed.owner_kind,
        closed.owner_id,
        closed.allowance_id,
        closed.valid_from_on,
        closed.valid_to_on
    having
        -- without limit nothing is left over; nobody knows what was used of a window that was told of
        -- after its end
        count(closed.capacity) = count(*)
        and min(closed.issued_on) < closed.valid_to_on

),

already as (

    select rolled_over_from from (
        {{ movements_so_far('rolled') }}
    ) as rolled

),

rules as (

    select
        windows.*,
        allowances.usage_type,
        allowances.priority,
        allowances.validity_kind,
        allowances.validity_length,
        allowances.rollover_periods,
        least(
            windows.units_left, coalesce(allowances.rollover_cap_units, windows.units_left)
        ) as units
    from windows
    inner join {{ ref('int_catalog__allowances_versioned') }} as allowances
        on
            windows.allowance_id = allowances.allowance_id
            and {{ holds_on(
                'allowances', add_days('windows.valid_to_on', -1), 'windows.closes_on'
            ) }}
    left join already
        on windows.first_instance_id = already.rolled_over_from
    where
        already.rolled_over_from is null
        and allowances.rollover_periods > 0

),

-- of several cycles of a pool the one that ends last decides; what nobody holds any more ends
rolling as (

    select
        rules.owner_kind,
        rules.owner_id,
        rules.allowance_id,
        rules.usage_type,
        rules.priority,
        rules.valid_from_on,
        rules.valid_to_on,
        rules.closes_on,
        rules.first_instance_id,
        rules.units,
        max(
            case rules.validity_kind
                when 'bill_month'
                    then {{ cycle_begin(
                        add_months(
                            cycle_month('rules.valid_to_on', 'held.cycle_day'),
                            'rules.rollover_periods'
                        ),
                        'held.cycle_day'
                    ) }}
                else {{ add_days(
                    'rules.valid_to_on', 'rules.rollover_periods * rules.validity_length'
                ) }}
            end
        ) as rolled_to_on
    from rules
    inner join {{ ref('int_rating__held_allowances') }} as held
        on
            rules.owner_kind = held.owner_kind
            and rules.owner_id = held.owner_id
            and rules.allowance_id = held.allowance_id
            and {{ holds_on('held', 'rules.valid_to_on', 'rules.closes_on') }}
    group by
        rules.owner_kind,
        rules.owner_id,
        rules.allowance_id,
        rules.usage_type,
        rules.priority,
        rules.valid_from_on,
        rules.valid_to_on,
        rules.closes_on,
        rules.first_instance_id,
        rules.units

)

select
    {{ allowance_movement({
        'movement_kind': "'rolled'",
        'moved_on': add_days('closes_on', 1),
        'instance_id': "concat(owner_kind, ' ', owner_id, '/', allowance_id, '/', "
            ~ "cast(valid_from_on as string), '/rolled')",
        'units': 'cast(units as bigint)',
        'owner_kind': 'owner_kind',
        'owner_id': 'owner_id',
        'allowance_id': 'allowance_id',
        'usage_type': 'usage_type',
        'priority': 'priority',
        'valid_from_on': 'valid_to_on',
        'valid_to_on': 'rolled_to_on',
        'origin_from_on': 'valid_from_on',
        'origin_to_on': 'valid_to_on',
        'rolled_over_from': 'first_instance_id',
    }) }}
from rolling
where units > 0
{%- endmacro %}
