"""FreeSWITCH's call records by the template "example": a blank before the last quoted field."""

from __future__ import annotations

import numpy as np
import polars as pl

from data.simulator.traffic.events import Scene
from data.simulator.traffic.records import records
from data.simulator.traffic.rhythm import MICRO
from data.simulator.traffic.sources import Source, as_dialled, contexts, local_time

# share of records that the switch writes twice
WRITTEN_TWICE = 0.01
_CAUSES = ("NORMAL_CLEARING", "NO_ANSWER", "USER_BUSY", "NO_ROUTE_DESTINATION")
_SHARES = (0.80, 0.90, 0.97, 1.0)


def calls_of_day(scene: Scene, events: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Return the records of one switch."""
    rng = scene.rng(f"calls {source.source_id}")
    count = events.height
    outcome = np.searchsorted(_SHARES, rng.random(count), side="right")
    talk = np.where(outcome == 0, np.maximum(events["quantity"].to_numpy(), 1), 0)
    ring = rng.integers(2, 40, count)
    line, start = events["line"], events["start"]
    shown = scene.lines["service_number"].gather(line).fill_null("")
    clock = "%Y-%m-%d %H:%M:%S"
    answered = pl.Series(outcome == 0)
    incoming = (events["direction"] == "terminating").to_numpy()
    comes = pl.Series(incoming)
    near = as_dialled(shown, source, rng.random(count))
    far = as_dialled(events["other"], source, rng.random(count))
    end = start + pl.Series(ring + talk) * MICRO
    frame = pl.DataFrame(
        {
            "caller_id_name": far.zip_with(comes, shown),
            "caller_id_number": far.zip_with(comes, near),
            "destination_number": near.zip_with(comes, far),
            "context": contexts(source, incoming),
            "start": start,
            "answer": pl.select(
                pl.when(answered).then(start + pl.Series(ring) * MICRO)
            ).to_series(),
            "end": end,
            "duration": pl.Series(ring + talk).cast(pl.String),
            "billsec": pl.Series(talk).cast(pl.String),
            "hangup_cause": pl.Series(_CAUSES).gather(outcome),
            "uuid": _uuids(rng, count),
            "bleg_uuid": _uuids(rng, count),
            "accountcode": scene.lines["served_key"].gather(line).str.strip_prefix("+"),
        }
    ).with_columns(
        local_time(pl.col(name), source).dt.strftime(clock).fill_null("")
        for name in ("start", "answer", "end")
    )
    names = list(frame.columns)
    quoted = [pl.lit('"') + pl.col(name) + '"' for name in names]
    # the template has a blank there
    quoted[-1] = pl.lit(" ") + quoted[-1]
    written = frame.select(
        text=pl.concat_str(quoted, separator=","), record_id=pl.col("uuid")
    ).with_columns(
        pl.lit("pending").alias("class"),
        source=pl.lit(f"freeswitch:{source.source_id}"),
        deliver_on=pl.lit(scene.when.day.toordinal() + 1),
        order=end,
        kind=pl.lit(None, dtype=pl.String),
    )
    twice = written.filter(pl.Series(rng.random(count) < WRITTEN_TWICE)).with_columns(
        pl.lit("duplicate").alias("class"), kind=pl.lit("uuid_twice")
    )
    return records(pl.concat([written, twice])).sort("order", maintain_order=True)


def _uuids(rng: np.random.Generator, count: int) -> pl.Series:
    high, low = rng.integers(0, 1 << 62, count), rng.integers(0, 1 << 62, count)
    digits = [f"{a:016x}{b:016x}" for a, b in zip(high.tolist(), low.tolist(), strict=True)]
    return pl.Series(
        [f"{d[:8]}-{d[8:12]}-4{d[13:16]}-{d[16:20]}-{d[20:]}" for d in digits], dtype=pl.String
    )
