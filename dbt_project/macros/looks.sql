{#
    The general way to the terms of a usage, for the few that are not plain: calls that go over a border
    of bands, days or the clock, usage abroad, short codes, and all that waits. A look is a usage on a
    day on which it may be rated; each macro is a step, written as CTEs after the one with the looks.
    int_rating__later_looks puts them together.
#}

{#
    looks -> moments: the seconds of a call at which its terms may change, 0 included: local midnights,
    the clocks at which bands begin, the switches of the clock. More than needed do no harm.
#}
{% macro moments_of_looks(looks) %}
long_calls as (

    select
        looks.usage_key,
        looks.looked_on,
        looks.quantity,
        looks.started_at,
        {{ epoch_seconds('looks.started_at') }} as started_second,
        {{ add_days('cast(looks.started_at as date)', -1) }} as first_on,
        {{ add_days(
            'cast(' ~ add_seconds('looks.started_at', 'looks.quantity') ~ ' as date)', 1
        ) }} as last_on
    from {{ looks }} as looks
    where
        looks.usage_type = 'voice'
        and looks.quantity > 1

),

offsets as (

    select distinct seconds_ahead from {{ ref('int_rating__clock_days') }}

),

border_clocks as (

    select distinct 60 * from_minute as border_second from {{ ref('int_catalog__band_clock') }}
    union
    select cast(0 as bigint) as border_second

),

borders as (

    select
        long_calls.usage_key,
        long_calls.looked_on,
        long_calls.quantity,
        86400 * {{ days_between("cast('1970-01-01' as date)", 'days.utc_on') }}
        + border_clocks.border_second
        - offsets.seconds_ahead
        - long_calls.started_second as first_unit
    from long_calls
    inner join {{ ref('int_rating__clock_days') }} as days
        on
            long_calls.first_on <= days.utc_on
            and long_calls.last_on >= days.utc_on
    cross join border_clocks
    cross join offsets
    union all
    select
        long_calls.usage_key,
        long_calls.looked_on,
        long_calls.quantity,
        {{ epoch_seconds('days.switch_at') }} - long_calls.started_second as first_unit
    from long_calls
    inner join {{ ref('int_rating__clock_days') }} as days
        on
            long_calls.first_on <= days.utc_on
            and long_calls.last_on >= days.utc_on
    where days.switch_at < cast({{ open_end() }} as timestamp)

),

moments as (

    select
        usage_key,
        looked_on,
        cast(0 as bigint) as first_unit
    from {{ looks }}
    union
    select
        usage_key,
        looked_on,
        first_unit
    from borders
    where
        first_unit > 0
        and first_unit < quantity

),
{% endmacro %}


{#
    moments -> parts: what holds at each moment, kept where version or band change. fault_code says why
    there is none.
#}
{% macro parts_of_moments(looks) %}
clocked_moments as (

    select
        looks.*,
        moments.first_unit,
        {{ add_seconds('looks.started_at', 'moments.first_unit') }} as part_started_at
    from moments
    inner join {{ looks }} as looks
        on
            moments.usage_key = looks.usage_key
            and moments.looked_on = looks.looked_on

),

dated_moments as (

    select
        *,
        cast(local_at as date) as part_on,
        {{ second_of_day('local_at') }} as second_of_day
    from (
        select
            *,
            {{ local_timestamp('part_started_at') }} as local_at
        from clocked_moments
    ) as local_moments

),

moments_with_terms as (

    select
        dated_moments.*,
        terms.terms_key,
        terms.subscription_number,
        terms.cycle_key,
        versions.tariff_version_id,
        versions.version_key,
        versions.zone_plan_id,
        versions.time_band_set_id,
        versions.holiday_calendar_id,
        case
            when terms.subscription_id is null then 'UNKNOWN_SUBSCRIPTION'
            when terms.tariff_id is null then 'NO_TARIFF'
            when versions.tariff_version_id is null then 'NO_TARIFF_VERSION'
            when versions.refusal_code is not null then 'REFUSED_TARIFF_VERSION'
        end as fault_code
    from dated_moments
    left join {{ ref('int_rating__subscription_terms') }} as terms
        on
            dated_moments.subscription_id = terms.subscription_id
            and {{ holds_on('terms', 'dated_moments.part_on', 'dated_moments.looked_on') }}
    left join {{ ref('int_rating__version_terms') }} as versions
        on
            terms.tariff_id = versions.tariff_id
            and {{ holds_on('versions', 'dated_moments.part_on', 'dated_moments.looked_on') }}

),

moments_with_kind as (

    select
        moments_with_terms.*,
        {{ day_kind('moments_with_terms.part_on', 'holidays.holiday_on is not null') }} as day_kind
    from moments_with_terms
    left join {{ ref('int_catalog__holidays_versioned') }} as holidays
        on
            moments_with_terms.holiday_calendar_id = holidays.holiday_calendar_id
            and moments_with_terms.part_on = holidays.holiday_on
            and {{ holds_on('holidays', 'moments_with_terms.part_on', 'moments_with_terms.looked_on') }}

),

moments_with_band as (

    select
        moments_with_kind.*,
        bands.time_band_id as time_band
    from moments_with_kind
    left join {{ ref('int_catalog__band_clock') }} as bands
        on
            moments_with_kind.time_band_set_id = bands.time_band_set_id
            and moments_with_kind.day_kind = bands.day_kind
            and moments_with_kind.second_of_day >= 60 * bands.from_minute
            and moments_with_kind.second_of_day < 60 * bands.to_minute
            and {{ holds_on('bands', 'moments_with_kind.part_on', 'moments_with_kind.looked_on') }}

),

parts as (

    select
        *,
        lead(first_unit, 1, quantity) over in_order as end_unit,
        row_number() over in_order as part_number
    from (
        select
            *,
            first_unit = 0
            or coalesce(lag(tariff_version_id) over in_order, '') <> coalesce(tariff_version_id, '')
            or coalesce(lag(time_band) over in_order, '') <> coalesce(time_band, '')
            or fault_code is not null as is_begin
        from moments_with_band
        window in_order as (partition by usage_key, looked_on order by first_unit)
    ) as compared
    where is_begin
    window in_order as (partition by usage_key, looked_on order by first_unit)

),
{% endmacro %}


{#
    parts -> parts_with_zone: short codes first, then prefixes, the longest of the visited network and
    of the number; on-net where the zone tells own numbers apart.
#}
{% macro zones_of_parts() %}
parts_with_number as (

    select
        *,
        case
            when left(dialled, 1) = '+' or dialled is null then null
            else dialled
        end as short_code,
        case
            when left(dialled, 1) = '+' then dialled
            -- a name, or a caller that is no number, is as good as a withheld one
            when dialled is null or upper(dialled) <> lower(dialled) or direction = 'terminating'
                then 'none'
        end as number_looked_up
    from (
        select
            parts.*,
            nullif(other_number, '') as dialled
        from parts
        where fault_code is null
    ) as named

),

destinations as (

    select * from {{ ref('int_rating__destinations') }}

),

destination_lengths as (

    select distinct length(number_prefix) as prefix_length from destinations

),

-- all beginnings of what was dialled that could be a prefix, looked up at once
beginnings as (

    select distinct
        parts_with_number.usage_key,
        parts_with_number.looked_on,
        parts_with_number.part_number,
        parts_with_number.zone_plan_id,
        parts_with_number.started_on,
        parts_with_number.visited_network,
        left(parts_with_number.short_code, destination_lengths.prefix_length) as beginning,
        true as is_short_code,
        length(parts_with_number.short_code) <= destination_lengths.prefix_length as is_whole
    from parts_with_number
    inner join destination_lengths
        on length(parts_with_number.short_code) >= destination_lengths.prefix_length
    union all
    select distinct
        parts_with_number.usage_key,
        parts_with_number.looked_on,
        parts_with_number.part_number,
        parts_with_number.zone_plan_id,
        parts_with_number.started_on,
        parts_with_number.visited_network,
        left(parts_with_number.number_looked_up, destination_lengths.prefix_length) as beginning,
        false as is_short_code,
        true as is_whole
    from parts_with_number
    inner join destination_lengths
        on length(parts_with_number.number_looked_up) >= destination_lengths.prefix_length

),

part_destinations as (

    select
        beginnings.usage_key,
        beginnings.looked_on,
        beginnings.part_number,
        destinations.zone_id as dialled_zone_id,
        destinations.on_net_zone_id,
        destinations.is_on_net_zone_known,
        destinations.reason_code as destination_fault
    from beginnings
    inner join destinations
        on
            beginnings.zone_plan_id = destinations.zone_plan_id
            and beginnings.beginning = destinations.number_prefix
            and {{ holds_on('destinations', 'beginnings.started_on', 'beginnings.looked_on') }}
    where
        case
            when beginnings.is_short_code
                then
                    destinations.visited_prefix is null
                    and (beginnings.is_whole or destinations.is_prefix)
            when beginnings.visited_network is null then destinations.visited_prefix = 'home'
            else
                left(beginnings.visited_network, length(destinations.visited_prefix))
                = destinations.visited_prefix
        end
    qualify row_number() over (
        partition by beginnings.usage_key, beginnings.looked_on, beginnings.part_number
        order by
            beginnings.is_short_code desc,
            length(destinations.visited_prefix) desc,
            length(destinations.number_prefix) desc
    ) = 1

),

own_numbers as (

    select distinct
        parts_with_number.usage_key,
        parts_with_number.looked_on,
        parts_with_number.part_number
    from parts_with_number
    left join {{ ref('int_catalog__portings_versioned') }} as portings
        on
            parts_with_number.number_looked_up = portings.service_number
            and parts_with_number.started_at >= portings.valid_from_at
            and parts_with_number.started_at < portings.valid_to_at
            and parts_with_number.looked_on >= portings.known_from_on
            and parts_with_number.looked_on < portings.known_to_on
    left join {{ ref('int_catalog__own_number_ranges_versioned') }} as ranges
        on
            left(parts_with_number.number_looked_up, length(ranges.number_prefix))
            = ranges.number_prefix
            and {{ holds_on('ranges', 'parts_with_number.started_on', 'parts_with_number.looked_on') }}
    where
        left(parts_with_number.number_looked_up, 1) = '+'
        and coalesce(portings.is_own_network, ranges.number_prefix is not null)

),

parts_with_zone as (

    select
        parts.*,
        case
            when part_destinations.usage_key is null then 'NO_ZONE'
            when part_destinations.destination_fault is not null
                then part_destinations.destination_fault
            when
                part_destinations.on_net_zone_id is not null
                and own_numbers.usage_key is not null
                and not part_destinations.is_on_net_zone_known
                then 'UNKNOWN_ZONE'
        end as zone_fault,
        case
            when
                part_destinations.on_net_zone_id is not null
                and own_numbers.usage_key is not null
                then part_destinations.on_net_zone_id
            else part_destinations.dialled_zone_id
        end as zone_id
    from parts
    left join part_destinations
        on
            parts.usage_key = part_destinations.usage_key
            and parts.looked_on = part_destinations.looked_on
            and parts.part_number = part_destinations.part_number
    left join own_numbers
        on
            parts.usage_key = own_numbers.usage_key
            and parts.looked_on = own_numbers.looked_on
            and parts.part_number = own_numbers.part_number

),
{% endmacro %}


{#
    parts_with_zone -> verdicts and parts_with_price. A usage is rated whole or not at all: what has no
    version comes first, then the earliest part without zone or price.
#}
{% macro verdicts_of_parts() %}
prices as (

    select * from {{ ref('int_catalog__prices') }}

),
{{ prices_by_way() }}
parts_with_price as (

    select
        looked_up.*,
        case
            when looked_up.fault_code is not null then looked_up.fault_code
            when looked_up.zone_fault is not null then looked_up.zone_fault
            when looked_up.price_key is null then 'NO_RATE'
            when {{ is_too_dear('looked_up.end_unit - looked_up.first_unit', 'prices') }}
                then 'AMOUNT_TOO_LARGE'
        end as reason_code
    from (
        select
            parts_with_zone.*,
            {{ found_price_key() }} as price_key
        from parts_with_zone
        {{ join_prices('parts_with_zone', 'parts_with_zone.part_on', 'parts_with_zone.looked_on') }}
    ) as looked_up
    left join prices
        on looked_up.price_key = prices.price_key

),

verdicts as (

    select
        usage_key,
        looked_on,
        reason_code,
        part_count
    from (
        select
            usage_key,
            looked_on,
            reason_code,
            count(*) over (partition by usage_key, looked_on) as part_count,
            row_number() over (
                partition by usage_key, looked_on
                order by
                    case
                        when fault_code is not null then 1
                        when reason_code is not null then 2
                        else 3
                    end,
                    part_number
            ) as preference
        from parts_with_price
    ) as ranked
    where preference = 1

),
{% endmacro %}
