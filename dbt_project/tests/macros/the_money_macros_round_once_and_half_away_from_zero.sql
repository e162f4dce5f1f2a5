-- Every amount goes through these two macros. A division that ran through DOUBLE would be off by a
-- cent on some invoices only, and rounding half to even would lose half a cent on every second one.

with cases as (

    {% set cases = [
        ('0.125', 2, '0.13'),
        ('-0.125', 2, '-0.13'),
        ('2.5', 0, '3'),
        ('-2.5', 0, '-3'),
        ('1.005', 2, '1.01'),
    ] -%}
    {% for amount, scale, expected in cases -%}
    select
        'round {{ amount }} to {{ scale }}' as wording,
        cast(
            {{ money_round("cast('" ~ amount ~ "' as decimal(28, 10))", scale) }} as string
        ) as actual,
        cast(cast('{{ expected }}' as decimal(18, {{ scale }})) as string) as expected
    union all
    {% endfor -%}
    {% set cases = [
        ('1', '3', 6, '0.333333'),
        ('2', '3', 6, '0.666667'),
        ('-2', '3', 6, '-0.666667'),
        ('0.0000005', '1', 6, '0.000001'),
        ('-0.0000005', '1', 6, '-0.000001'),
        ('0.00000049', '1', 6, '0.000000'),
        ('200', '-30', 2, '-6.67'),
        ('193.333', '2', 2, '96.67'),
        ('999999999999.99', '0.01', 2, '99999999999999.00'),
        ('0', '7', 2, '0.00'),
        ('50', '31', 6, '1.612903'),
    ] -%}
    {% for amount, divisor, scale, expected in cases -%}
    select
        '{{ amount }} / {{ divisor }} to {{ scale }}' as wording,
        cast(
            {{ money_divide(
                "cast('" ~ amount ~ "' as decimal(28, 10))",
                "cast('" ~ divisor ~ "' as decimal(28, 10))",
                scale
            ) }} as string
        ) as actual,
        '{{ expected }}' as expected
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select *
from cases
where actual is distinct from expected
