{#
    From blocks to money, in whole numbers: prices and fees in ten-billionths, divided once, at the end.
    A fraction that is cut on the way would decide roundings up and ties.
#}

{# A whole number of up to 38 digits. #}
{% macro big(number) -%}
    {{ return(adapter.dispatch('big', 'tollhouse')(number)) }}
{%- endmacro %}

{% macro duckdb__big(number) -%}
    cast({{ number }} as hugeint)
{%- endmacro %}

{% macro spark__big(number) -%}
    cast({{ number }} as decimal(38, 0))
{%- endmacro %}


{# How often a positive whole number goes into one that is not negative. #}
{% macro whole_times(number, divisor) -%}
    {{ return(adapter.dispatch('whole_times', 'tollhouse')(number, divisor)) }}
{%- endmacro %}

{% macro duckdb__whole_times(number, divisor) -%}
    (({{ number }}) // ({{ divisor }}))
{%- endmacro %}

{% macro spark__whole_times(number, divisor) -%}
    cast((({{ number }}) - ({{ number }}) % ({{ divisor }})) / ({{ divisor }}) as decimal(38, 0))
{%- endmacro %}


{# A price of ten decimals as a whole number of ten-billionths. #}
{% macro ten_billionths(price) -%}
    cast(cast({{ price }} as decimal(28, 10)) * 10000000000 as bigint)
{%- endmacro %}

{# Millionths as ten-billionths. #}
{% macro ten_billionths_of(millionths) -%}
    {{ big(millionths) }} * 10000
{%- endmacro %}


{#
    The amount of a fraction that is not negative: numerator in ten-billionths, kept within minimum
    (where there is anything) and maximum (in millionths, or null; a maximum below the minimum wins), rounded
    once by the mode at the digits (0 to 6). DECIMAL(18, 6).
#}
{% macro amount_of_fraction(numerator, denominator, minimum, maximum, mode, digits) -%}
    {%- set per_digit -%}
        case {{ digits }}
        {%- for digit in range(6) %} when {{ digit }} then {{ 10 ** digit }}{% endfor %} else 1000000 end
    {%- endset -%}
    {%- set limited -%}
        case
            when
                {{ maximum }} is not null
                and {{ numerator }} > {{ ten_billionths_of(maximum) }} * {{ denominator }}
                then {{ ten_billionths_of(maximum) }} * {{ denominator }}
            when
                {{ minimum }} is not null
                and {{ numerator }} > 0
                and {{ numerator }} < {{ ten_billionths_of(minimum) }} * {{ denominator }}
                then
                    case
                        when {{ maximum }} < {{ minimum }}
                            then {{ ten_billionths_of(maximum) }}
                        else {{ ten_billionths_of(minimum) }}
                    end * {{ denominator }}
            else {{ numerator }}
        end
    {%- endset -%}
    {{ round_whole(
        '(' ~ limited ~ ') * ' ~ per_digit,
        '(' ~ big(denominator) ~ ' * 10000000000)',
        mode
    ) }} * case {{ digits }}
        {%- for digit in range(6) %}
        when {{ digit }} then cast({{ 10 ** (6 - digit) }} as decimal(7, 0))
        {%- endfor %}
        else cast(1 as decimal(7, 0))
    end * cast(0.000001 as decimal(7, 6))
{%- endmacro %}

{# number / divisor as a whole number, rounded by a mode of catalog/tariff_versions. #}
{% macro round_whole(number, divisor, mode) -%}
    cast(
        {{ whole_times(number, divisor) }}
        + case
            when ({{ number }}) % {{ divisor }} = 0 then 0
            else
                case {{ mode }}
                    when 'half_up' then
                        case when 2 * (({{ number }}) % {{ divisor }}) >= {{ divisor }} then 1 else 0 end
                    when 'up' then 1
                    when 'half_even' then
                        case
                            when 2 * (({{ number }}) % {{ divisor }}) > {{ divisor }} then 1
                            when 2 * (({{ number }}) % {{ divisor }}) < {{ divisor }} then 0
                            else {{ whole_times(number, divisor) }} % 2
                        end
                    else 0
                end
        end
        as decimal(18, 0)
    )
{%- endmacro %}


{# A number that both positive whole numbers divide. #}
{% macro common_multiple(one, other) -%}
    {{ return(adapter.dispatch('common_multiple', 'tollhouse')(one, other)) }}
{%- endmacro %}

{% macro duckdb__common_multiple(one, other) -%}
    lcm({{ one }}, {{ other }})
{%- endmacro %}

{% macro spark__common_multiple(one, other) -%}
    case when {{ one }} % {{ other }} = 0 then {{ one }} else {{ one }} * {{ other }} end
{%- endmacro %}


{# The greatest number that divides both; 1 is always right, only less handy. #}
{% macro common_divisor(one, other) -%}
    {{ return(adapter.dispatch('common_divisor', 'tollhouse')(one, other)) }}
{%- endmacro %}

{% macro duckdb__common_divisor(one, other) -%}
    greatest(gcd({{ one }}, {{ other }}), 1)
{%- endmacro %}

{% macro spark__common_divisor(one, other) -%}
    cast(1 as decimal(38, 0))
{%- endmacro %}


{# A quotient of two numbers of 64 bits that are not negative, as one. #}
{% macro small_times(number, divisor) -%}
    {{ return(adapter.dispatch('small_times', 'tollhouse')(number, divisor)) }}
{%- endmacro %}

{% macro duckdb__small_times(number, divisor) -%}
    (({{ number }}) // ({{ divisor }}))
{%- endmacro %}

{% macro spark__small_times(number, divisor) -%}
    (({{ number }}) div ({{ divisor }}))
{%- endmacro %}


{# An amount of six decimals as a whole number of millionths. #}
{% macro millionths(amount) -%}
    cast(cast({{ amount }} as decimal(28, 6)) * 1000000 as bigint)
{%- endmacro %}


{#
    The same amount as amount_of_fraction, in numbers of 64 bits, from a row with charged_quantity,
    connect_fee_millionths, the limits, and the columns of int_rating__price_terms and
    int_rating__version_terms. Right while charged_quantity <= most_units and
    denominator <= most_denominator.
#}
{% macro amount_in_small_numbers(row) -%}
    {%- set wanted -%}
        {{ row }}.connect_fee_millionths * {{ row }}.denominator
        + {{ row }}.charged_quantity * {{ row }}.millionths_per_denominator
    {%- endset -%}
    {%- set maximum = row ~ '.maximum_millionths * ' ~ row ~ '.denominator' -%}
    {%- set minimum = row ~ '.minimum_millionths * ' ~ row ~ '.denominator' -%}
    {%- set limited -%}
        case
            when {{ row }}.maximum_millionths is null and {{ row }}.minimum_millionths is null
                then {{ wanted }}
            when {{ wanted }} = 0 then 0
            else least(
                greatest({{ wanted }}, coalesce({{ minimum }}, 0)),
                coalesce({{ maximum }}, 9000000000000000000)
            )
        end
    {%- endset -%}
    {%- set step = row ~ '.denominator * ' ~ row ~ '.millionths_per_step' -%}
    {%- set rest = '(' ~ limited ~ ') % (' ~ step ~ ')' -%}
    cast(
        cast(
            (
                {{ small_times(limited, step) }}
                + case
                    when {{ rest }} = 0 then 0
                    else
                        case {{ row }}.rounding_mode
                            when 'half_up' then
                                case when 2 * ({{ rest }}) >= {{ step }} then 1 else 0 end
                            when 'up' then 1
                            when 'half_even' then
                                case
                                    when 2 * ({{ rest }}) > {{ step }} then 1
                                    when 2 * ({{ rest }}) < {{ step }} then 0
                                    else {{ small_times(limited, step) }} % 2
                                end
                            else 0
                        end
                end
            ) * {{ row }}.millionths_per_step as decimal(18, 0)
        ) * cast(0.000001 as decimal(7, 6))
        as decimal(18, 6)
    )
{%- endmacro %}
