"""Usage records of the house's own format, as the mediation of the mobile and voice network writes.

Long data sessions come as partial records over one or several delivery days. A few lose their
closing record, a few have a partial that turns up when the session is closed already.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from data.simulator.traffic.events import Scene
from data.simulator.traffic.records import RECORDS, records
from data.simulator.traffic.rhythm import HOUR, MICRO, delivery_ordinals

NODES = 2
# share of data sessions that come in parts, and of those: closing record lost, a partial too late
LONG_SESSION = 0.03
LOST_CLOSING = 0.03
LATE_PARTIAL = 0.03
MOST_PARTS = 6
# optional column of the lines: the day on which a late assignment is delivered
KNOWN_FROM = "known_from_on"
COLUMNS = (
    "usage_id",
    "usage_type",
    "direction",
    "started_at",
    "served_number",
    "other_number",
    "quantity",
    "visited_network",
    "session_id",
    "record_sequence",
    "is_closing",
    "release_cause",
    "area_id",
)
_META = {name: dtype for name, dtype in RECORDS.items() if name not in ("text", "quantity")}
DRAFT = {
    **{name: pl.String() for name in COLUMNS},
    "started_at": pl.Int64(),
    "quantity": pl.Int64(),
    "record_sequence": pl.Int64(),
    **_META,
}


def drafts(scene: Scene, events: pl.DataFrame) -> pl.DataFrame:
    """Return the day's usage records with typed columns, ready for dirt and for text."""
    mine = (scene.lines["source"] == "usage_records").to_numpy()
    events = events.filter(pl.Series(mine[events["line"].to_numpy()]))
    count = events.height
    line, network = events["line"], events["network"].to_numpy()
    plmns = [item.plmn for item in scene.catalog.visited_networks]
    home = pl.Series(network < 0)
    number = pl.int_range(1, count + 1, eager=True).cast(pl.String).str.zfill(7)
    frame = events.select(
        usage_id=pl.lit(f"M{scene.when.day:%y%m%d}-") + number,
        usage_type="usage_type",
        direction="direction",
        started_at="start",
        served_number=scene.lines["served_key"].gather(line),
        other_number="other",
        quantity="quantity",
        visited_network=pl.Series([*plmns, None], dtype=pl.String).gather(
            np.where(network < 0, len(plmns), network)
        ),
        release_cause="cause",
        area_id=scene.lines["area_id"]
        .gather(line)
        .zip_with(home, pl.repeat(None, count, dtype=pl.String, eager=True)),
        source=pl.lit("usage_records:") + (line % NODES + 1).cast(pl.String),
        deliver_on=pl.lit(scene.when.day.toordinal() + 1, dtype=pl.Int64),
        known_on=_known_on(scene).gather(line),
        order="start",
    ).with_columns(pl.lit("pending").alias("class"))
    return _in_parts(scene, _complete(frame))


def _known_on(scene: Scene) -> pl.Series:
    """Return on which day the holder of each line is told, where lines say that it is late."""
    if KNOWN_FROM not in scene.lines.columns:
        return pl.repeat(None, scene.lines.height, dtype=pl.Int64, eager=True)
    days = pl.col(KNOWN_FROM).cast(pl.Int64) + date(1970, 1, 1).toordinal()
    return scene.lines.select(days)[KNOWN_FROM]


def _complete(frame: pl.DataFrame) -> pl.DataFrame:
    missing = [
        pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in DRAFT.items()
        if name not in frame.columns
    ]
    return frame.with_columns(missing).select(
        pl.col(name).cast(dtype) for name, dtype in DRAFT.items()
    )


def _in_parts(scene: Scene, frame: pl.DataFrame) -> pl.DataFrame:
    """Write long data sessions as partial records."""
    rng = scene.rng("partials")
    is_long = (frame["usage_type"] == "data").to_numpy() & (rng.random(frame.height) < LONG_SESSION)
    whole = frame.filter(pl.Series(is_long))
    count = whole.height
    parts = rng.integers(2, MOST_PARTS + 1, count)
    gap = rng.integers(1, 13, count) * HOUR * MICRO + rng.integers(0, HOUR, count) * MICRO
    lost, late = rng.random(count) < LOST_CLOSING, rng.random(count) < LATE_PARTIAL
    wait = rng.integers(2, 9, count)
    row = np.repeat(np.arange(count), parts)
    place = np.arange(len(row)) - np.repeat(np.cumsum(parts) - parts, parts)
    last = place == parts[row] - 1
    start = whole["started_at"].to_numpy()[row] + place * gap[row]
    day = delivery_ordinals(scene.when, start)
    closes_on = day[np.cumsum(parts) - 1] if count else day
    # the closing record must be there to make an earlier one late
    too_late = (late & ~lost)[row] & (place == parts[row] - 2)
    pieces = (
        whole[row]
        .with_columns(
            usage_id=pl.col("usage_id") + pl.lit("-P") + pl.Series(place + 1).cast(pl.String),
            started_at=pl.Series(start),
            quantity=pl.Series(whole["quantity"].to_numpy()[row] // parts[row] + 1),
            session_id=pl.lit("S") + pl.col("usage_id"),
            record_sequence=pl.Series(place + 1),
            is_closing=pl.Series(["false", "true"]).gather(last.astype(np.int64)),
            release_cause=pl.when(pl.Series(last))
            .then("release_cause")
            .otherwise(pl.lit("partial")),
            deliver_on=pl.Series(np.where(too_late, closes_on[row] + wait[row], day)),
            order=pl.Series(start),
            group=pl.lit("S") + pl.col("usage_id"),
            closing=pl.Series(last),
            reason=pl.when(pl.Series(too_late)).then(pl.lit("LATE_PARTIAL")),
            kind=pl.when(pl.Series(too_late))
            .then(pl.lit("late_partial"))
            .when(pl.Series(lost[row]))
            .then(pl.lit("lost_closing")),
        )
        .with_columns(
            pl.when(pl.Series(too_late))
            .then(pl.lit("suspended"))
            .otherwise(pl.lit("member"))
            .alias("class"),
            group=pl.when(~pl.Series(too_late)).then("group"),
            record_id="usage_id",
        )
    )
    kept = pieces.filter(~pl.Series(lost[row] & last))
    return pl.concat([frame.filter(~pl.Series(is_long)), kept])


def written(drafted: pl.DataFrame) -> pl.DataFrame:
    """Return the drafts as records: columns joined to lines of CSV."""
    stamp = pl.col("started_at").cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    fields = {
        "started_at": stamp,
        "quantity": pl.col("quantity").cast(pl.String),
        "record_sequence": pl.col("record_sequence").cast(pl.String),
    }
    line = pl.concat_str(
        [fields.get(name, pl.col(name)).fill_null("") for name in COLUMNS], separator=","
    )
    return records(drafted.with_columns(text=line))
