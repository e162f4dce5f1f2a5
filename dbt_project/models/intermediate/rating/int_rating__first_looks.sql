-- Every guided usage on the first day on which it can be rated. Nearly all are plain: one segment,
-- a number of home or none, everything known. They find their terms here, in one pass over the
-- usages of the day; the others are only told apart, and int_rating__later_looks goes into them.

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook='{{ joins_as_written() }}',
    post_hook='{{ joins_by_size() }}'
) }}

{%- set built_on = built_through('ready_on') %}
{%- set lengths = prefix_lengths(
    ref('int_rating__destinations'),
    'number_prefix',
    "visited_prefix = 'home' and number_prefix <> 'none'"
) %}
{%- set range_lengths = prefix_lengths(
    ref('int_catalog__own_number_ranges_versioned'), 'number_prefix'
) %}

with usages as (

    select
        usage_id,
        subscription_id,
        feed,
        usage_type,
        direction,
        other_number,
        visited_network,
        quantity,
        started_at,
        _file,
        _record,
        usage_on as ready_on
    from {{ ref('int_usage__usages') }}
    where
        subscription_id is not null
        and usage_on > {{ built_on }}
    union all
    select
        usage_id,
        subscription_id,
        feed,
        usage_type,
        direction,
        other_number,
        visited_network,
        quantity,
        started_at,
        _file,
        _record,
        guided_on as ready_on
    from {{ ref('int_usage__recycled_usages') }}
    where guided_on > {{ built_on }}

),

files as (

    select * from {{ ref('int_rating__usage_files') }}

),

clock as (

    select * from {{ ref('int_rating__clock_days') }}

),

terms as (

    select * from {{ ref('int_rating__subscription_terms') }}

),

versions as (

    select * from {{ ref('int_rating__version_terms') }}
    where refusal_code is null

),

holidays as (

    select * from {{ ref('int_catalog__holidays_versioned') }}

),

bands as (

    select * from {{ ref('int_catalog__band_clock') }}

),

cycle_days as (

    select * from {{ ref('int_rating__cycle_days') }}

),

destinations as (

    select * from {{ ref('int_rating__destinations') }}
    where visited_prefix = 'home'

),

{{ prefixes_by_length('destinations', lengths) }}
portings as (

    select * from {{ ref('int_catalog__portings_versioned') }}

),

own_ranges as (

    select * from {{ ref('int_catalog__own_number_ranges_versioned') }}

),

prices as (

    select * from {{ ref('int_catalog__prices') }}

),
{{ prices_by_way() }}
clocked as (

    select
        usages.*,
        {{ usage_key('files.file_number', 'usages._record') }} as usage_key,
        {{ clock_at('usages.started_at', 'clock') }} as local_at,
        usages.usage_type = 'voice'
        and clock.switch_at > usages.started_at
        and clock.switch_at < {{ add_seconds('usages.started_at', 'usages.quantity') }}
            as is_over_switch
    from usages
    inner join files
        on
            usages.feed = files.feed
            and usages._file = files.file
    left join clock
        on cast(usages.started_at as date) = clock.utc_on

),

dated as (

    select
        *,
        cast(local_at as date) as started_on,
        {{ second_of_day('local_at') }} as second_of_day
    from clocked

),

with_terms as (

    select
        dated.*,
        terms.terms_key,
        terms.subscription_number,
        terms.cycle_key,
        versions.tariff_version_id,
        versions.version_key,
        versions.zone_plan_id,
        versions.time_band_set_id,
        versions.holiday_calendar_id
    from dated
    left join terms
        on
            dated.subscription_id = terms.subscription_id
            and {{ holds_on('terms', 'dated.started_on', 'dated.ready_on') }}
    left join versions
        on
            terms.tariff_id = versions.tariff_id
            and {{ holds_on('versions', 'dated.started_on', 'dated.ready_on') }}

),

with_kind as (

    select
        with_terms.*,
        {{ day_kind('with_terms.started_on', 'holidays.holiday_on is not null') }} as day_kind
    from with_terms
    left join holidays
        on
            with_terms.holiday_calendar_id = holidays.holiday_calendar_id
            and with_terms.started_on = holidays.holiday_on
            and {{ holds_on('holidays', 'with_terms.started_on', 'with_terms.ready_on') }}

),

with_band as (

    select
        with_kind.*,
        bands.time_band_id as time_band,
        -- a call that goes on into another band or day may have to be split
        with_kind.usage_type = 'voice'
        and with_kind.second_of_day + with_kind.quantity
        > 60 * coalesce(bands.to_minute, 1440) as is_over_border
    from with_kind
    left join bands
        on
            with_kind.time_band_set_id = bands.time_band_set_id
            and with_kind.day_kind = bands.day_kind
            and with_kind.second_of_day >= 60 * bands.from_minute
            and with_kind.second_of_day < 60 * bands.to_minute
            and {{ holds_on('bands', 'with_kind.started_on', 'with_kind.ready_on') }}

),

with_key as (

    select
        with_band.*,
        coalesce(
            {%- for length in lengths %}
            home_{{ length }}.destination_key,
            {%- endfor %}
            home_none.destination_key
        ) as destination_key
    from with_band
    {{ join_prefixes('with_band', lengths) }}
    left join home_none
        on
            with_band.zone_plan_id = home_none.zone_plan_id
            and case when with_band.other_number is null then 'none' end = home_none.number_prefix
            and {{ holds_on('home_none', 'with_band.started_on', 'with_band.ready_on') }}

),

with_destination as (

    select
        with_key.*,
        destinations.zone_id as dialled_zone_id,
        destinations.on_net_zone_id,
        destinations.is_on_net_zone_known,
        destinations.reason_code
    from with_key
    left join destinations
        on with_key.destination_key = destinations.destination_key

),

with_net as (

    select
        with_destination.*,
        with_destination.on_net_zone_id is not null
        and coalesce(
            portings.is_own_network,
            {%- for length in range_lengths %}
            ranges_{{ length }}.number_prefix is not null or
            {%- endfor %}
            false
        ) as is_on_net
    from with_destination
    left join portings
        on
            case
                when with_destination.on_net_zone_id is not null
                    then with_destination.other_number
            end = portings.service_number
            and with_destination.started_at >= portings.valid_from_at
            and with_destination.started_at < portings.valid_to_at
            and with_destination.ready_on >= portings.known_from_on
            and with_destination.ready_on < portings.known_to_on
    {%- for length in range_lengths %}
    left join own_ranges as ranges_{{ length }}
        on
            case
                when with_destination.on_net_zone_id is not null
                    then left(with_destination.other_number, {{ length }})
            end = ranges_{{ length }}.number_prefix
            and {{ holds_on(
                'ranges_' ~ length, 'with_destination.started_on', 'with_destination.ready_on'
            ) }}
    {%- endfor %}

),

with_zone as (

    select
        *,
        case
            when reason_code is not null then null
            when is_on_net and is_on_net_zone_known then on_net_zone_id
            when not is_on_net then dialled_zone_id
        end as zone_id
    from with_net

),

with_price as (

    select
        with_zone.*,
        {{ found_price_key() }} as price_key
    from with_zone
    {{ join_prices('with_zone', 'with_zone.started_on', 'with_zone.ready_on') }}

),

judged as (

    select
        with_price.*,
        coalesce(
            with_price.price_key is not null
            and with_price.zone_id is not null
            and with_price.visited_network is null
            and (with_price.other_number is null or left(with_price.other_number, 1) = '+')
            and with_price.started_on <= with_price.ready_on
            and not with_price.is_over_border
            and not with_price.is_over_switch
            and (with_price.time_band_set_id is null or with_price.time_band is not null)
            and not {{ is_too_dear('with_price.quantity', 'prices') }},
            false
        ) as is_plain
    from with_price
    left join prices
        on with_price.price_key = prices.price_key

)

select
    judged.usage_key,
    judged.usage_id,
    judged.terms_key,
    judged.subscription_number,
    judged.zone_id,
    judged.time_band,
    judged.version_key,
    judged.price_key,
    judged.is_plain,
    coalesce(judged.ready_on > cycle_days.cut_off_on, false) as is_late,
    -- of plain usage the keys tell all this
    case when not judged.is_plain then judged.subscription_id end as subscription_id,
    case when not judged.is_plain then judged.usage_type end as usage_type,
    case when not judged.is_plain then judged.direction end as direction,
    case when not judged.is_plain then judged.other_number end as other_number,
    case when not judged.is_plain then judged.visited_network end as visited_network,
    judged.quantity,
    judged.started_on,
    judged.ready_on,
    judged.started_at
from judged
left join cycle_days
    on
        judged.cycle_key = cycle_days.cycle_key
        and judged.started_on = cycle_days.day_on
