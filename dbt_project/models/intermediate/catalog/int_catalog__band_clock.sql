-- Which band a set of time bands shows at which minute: a begin lasts until the next one that
-- holds at the same time, so a set is cut wherever one of its begins comes or goes.

with begins as (

    select
        *,
        60 * cast(left(from_clock, 2) as bigint) + cast(right(from_clock, 2) as bigint)
            as from_minute
    from {{ ref('int_catalog__time_bands_versioned') }}

),

cells as (

    {{ version_cells('begins', ['time_band_set_id', 'day_kind']) }}

)

select
    cells.time_band_set_id,
    cells.day_kind,
    begins.from_minute,
    lead(begins.from_minute, 1, cast(1440 as bigint)) over (
        partition by
            cells.time_band_set_id,
            cells.day_kind,
            cells.valid_from_on,
            cells.known_from_on
        order by begins.from_minute
    ) as to_minute,
    begins.time_band_id,
    cells.valid_from_on,
    cells.valid_to_on,
    cells.known_from_on,
    cells.known_to_on
from cells
inner join begins
    on
        cells.time_band_set_id = begins.time_band_set_id
        and cells.day_kind = begins.day_kind
        and {{ holds_on('begins', 'cells.valid_from_on', 'cells.known_from_on') }}
