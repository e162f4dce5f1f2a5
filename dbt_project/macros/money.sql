{#
    The two money macros. In DuckDB `/` and `avg()` turn a DECIMAL into a DOUBLE, so nothing else may
    divide money. Both round once, half away from zero, and return DECIMAL(18, scale).
#}

{% macro money_round(amount, scale=2) -%}
    {{ return(adapter.dispatch('money_round', 'tollhouse')(amount, scale)) }}
{%- endmacro %}

{# on both engines: round() of a DECIMAL is exact and half away from zero #}
{% macro duckdb__money_round(amount, scale) -%}
    cast(round({{ amount }}, {{ scale }}) as decimal(18, {{ scale }}))
{%- endmacro %}

{% macro spark__money_round(amount, scale) -%}
    cast(round({{ amount }}, {{ scale }}) as decimal(18, {{ scale }}))
{%- endmacro %}


{# amount / divisor, exact before the one rounding; both may have up to 10 decimals #}
{% macro money_divide(amount, divisor, scale=6) -%}
    {{ return(adapter.dispatch('money_divide', 'tollhouse')(amount, divisor, scale)) }}
{%- endmacro %}

{# in whole numbers: both sides times 10^10, then round half up by adding half of the divisor #}
{% macro duckdb__money_divide(amount, divisor, scale) -%}
    {%- set a -%}
        cast(cast({{ amount }} as decimal(28, 10)) * 10000000000 as hugeint)
    {%- endset -%}
    {%- set d -%}
        cast(cast({{ divisor }} as decimal(28, 10)) * 10000000000 as hugeint)
    {%- endset -%}
    case
        when ({{ divisor }}) = 0 then error('money_divide: division by zero')
        else
            cast(
                sign({{ amount }}) * sign({{ divisor }}) * cast(
                    (abs({{ a }}) * {{ 2 * 10 ** scale }} + abs({{ d }})) // (2 * abs({{ d }}))
                    as decimal(38, 0)
                ) * cast({{ '%.*f' | format(scale, 10 ** -scale) }} as decimal({{ scale + 1 }}, {{ scale }}))
                as decimal(18, {{ scale }})
            )
    end
{%- endmacro %}

{#
    ANSI mode raises on division by zero; x - x % d is divisible, so the quotient is whole; Spark's
    sign() returns a DOUBLE and must not come near.
#}
{% macro spark__money_divide(amount, divisor, scale) -%}
    {%- set n -%}
        (abs(cast({{ amount }} as decimal(28, 10))) * {{ 2 * 10 ** scale }}
        + abs(cast({{ divisor }} as decimal(28, 10))))
    {%- endset -%}
    {%- set d -%}
        (2 * abs(cast({{ divisor }} as decimal(28, 10))))
    {%- endset -%}
    cast(
        case when ({{ amount }} < 0) <> ({{ divisor }} < 0) then -1 else 1 end
        * cast(({{ n }} - {{ n }} % {{ d }}) / {{ d }} as decimal(28, 0))
        / {{ 10 ** scale }}
        as decimal(18, {{ scale }})
    )
{%- endmacro %}
