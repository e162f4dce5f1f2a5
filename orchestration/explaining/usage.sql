-- One usage from its price back to the record: a row per segment and allowance instance that gave units
-- to it (or one without). Reads the builder's warehouse; $usage_id is the key of the usage.
with segments as (

    select
        rated.*,
        looks.first_unit,
        looks.end_unit,
        terms.product_offering_id,
        terms.tariff_id,
        versions.zone_plan_id,
        versions.time_band_set_id,
        versions.rounding_mode,
        versions.rounding_digits
    from marts.fct_rated_usage as rated
    inner join intermediate.int_rating__segments as looks
        on
            rated.usage_key = looks.usage_key
            and rated.segment_number = looks.segment_number
    inner join intermediate.int_rating__subscription_terms as terms
        on looks.terms_key = terms.terms_key
    inner join intermediate.int_rating__version_terms as versions
        on looks.version_key = versions.version_key
    where rated.usage_id = $usage_id

),

records as (

    select
        usages._file,
        usages._record,
        usages.served_key,
        usages.other_number,
        usages.visited_network,
        usages.started_at as usage_started_at
    from intermediate.int_usage__usages as usages
    where
        usages.usage_id = $usage_id
        and usages._file in (select segments._file from segments)

),

-- the longest of the visited network, then of the number, as it was known
destinations as (

    select
        segments.usage_key,
        segments.segment_number,
        found.visited_prefix,
        found.number_prefix
    from segments
    inner join records
        on
            segments._file = records._file
            and segments._record = records._record
    inner join intermediate.int_rating__destinations as found
        on
            segments.zone_plan_id = found.zone_plan_id
            and segments.started_on >= found.valid_from_on
            and segments.started_on < found.valid_to_on
            and segments.rated_on >= found.known_from_on
            and segments.rated_on < found.known_to_on
            and case
                when found.visited_prefix is null
                    then
                        left(records.other_number, 1) <> '+'
                        and (
                            records.other_number = found.number_prefix
                            or found.is_prefix
                            and starts_with(records.other_number, found.number_prefix)
                        )
                else
                    case
                        when records.visited_network is null then found.visited_prefix = 'home'
                        else starts_with(records.visited_network, found.visited_prefix)
                    end
                    and starts_with(
                        case
                            when left(records.other_number, 1) = '+' then records.other_number
                            else 'none'
                        end,
                        found.number_prefix
                    )
            end
    qualify row_number() over (
        partition by segments.usage_key, segments.segment_number
        order by
            found.visited_prefix is null desc,
            length(found.visited_prefix) desc,
            length(found.number_prefix) desc
    ) = 1

),

taken as (

    select
        movements.usage_key,
        movements.segment_number,
        movements.instance_id,
        movements.units,
        movements.moved_on,
        movements.is_fee_covered,
        sum(movements.units) over (
            partition by movements.instance_id
            order by
                movements.moved_on,
                looks.usage_started_at,
                looks.usage_id,
                movements.segment_number
            rows between unbounded preceding and current row
        ) as used_after
    from (
        select all_movements.*
        from intermediate.int_rating__allowance_movements as all_movements
        where
            all_movements.movement_kind = 'taken'
            and all_movements.instance_id in (
                select mine.instance_id
                from intermediate.int_rating__allowance_movements as mine
                inner join segments
                    on
                        mine.usage_key = segments.usage_key
                        and mine.moved_on = segments.rated_on
            )
    ) as movements
    inner join intermediate.int_rating__segments as looks
        on
            movements.usage_key = looks.usage_key
            and movements.segment_number = looks.segment_number
            and movements.moved_on = looks.rated_on

)

select
    segments.usage_id,
    segments.segment_number,
    segments.subscription_id,
    segments.account_id,
    segments.usage_type,
    segments.direction,
    records.served_key,
    records.other_number,
    records.visited_network,
    segments.started_at,
    segments.started_on,
    segments.rated_on,
    segments.first_unit,
    segments.end_unit,
    segments.quantity,
    segments.unit,
    segments.product_offering_id,
    segments.tariff_id,
    segments.tariff_version_id,
    segments.zone_plan_id,
    destinations.visited_prefix,
    destinations.number_prefix,
    segments.zone_id,
    segments.time_band,
    segments.price_key,
    prices.usage_rate_id,
    prices.price_model,
    prices.price,
    prices.unit_size,
    prices.first_block_units,
    prices.increment_units,
    graduated.units_before,
    segments.billable_quantity,
    segments.allowance_quantity,
    segments.charged_quantity,
    segments.connect_fee_amount,
    segments.amount,
    segments.currency,
    segments.priced_by,
    segments.rounding_mode,
    segments.rounding_digits,
    segments.is_late,
    taken.instance_id,
    taken.units as taken_units,
    instances.capacity,
    taken.used_after - taken.units as used_before,
    taken.used_after,
    coalesce(taken.is_fee_covered, false) as is_fee_covered,
    segments.delivered_on,
    segments._file,
    segments._record
from segments
inner join intermediate.int_catalog__prices as prices
    on segments.price_key = prices.price_key
left join records
    on
        segments._file = records._file
        and segments._record = records._record
left join destinations
    on
        segments.usage_key = destinations.usage_key
        and segments.segment_number = destinations.segment_number
left join intermediate.int_rating__graduated_charges as graduated
    on
        segments.usage_key = graduated.usage_key
        and segments.segment_number = graduated.segment_number
left join taken
    on
        segments.usage_key = taken.usage_key
        and segments.segment_number = taken.segment_number
left join marts.fct_allowance_instances as instances
    on taken.instance_id = instances.instance_id
order by segments._file, segments._record, segments.segment_number, taken.instance_id
