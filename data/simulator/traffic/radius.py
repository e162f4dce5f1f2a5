"""RADIUS accounting of fixed lines: stanzas of sessions that last hours or days.

Octets count from the begin of the session, in words of 4 GiB and a rest. A Stop gets lost now and
then, and some access servers have no clock when they start.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from data.simulator.traffic.chance import hashed
from data.simulator.traffic.events import Scene
from data.simulator.traffic.records import records
from data.simulator.traffic.rhythm import HOUR, MICRO, delivery_ordinals
from data.simulator.traffic.sources import Source, local_time

LOST_STOP = 0.01
NO_CLOCK = 0.01
INTERIM_HOURS = 8
LONGEST_SESSION_DAYS = 5
_MEDIAN_HOURS, _SPREAD_OF_HOURS = 3.0, 1.4
UPLOAD = 0.09
_WORD = 1 << 32
_NAMES = ("Start", "Interim-Update", "Stop")
_ENDS = ("User-Request", "Lost-Carrier", "Session-Timeout", "Idle-Timeout")


def stanzas_of_day(scene: Scene, events: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Return the stanzas of the sessions that begin on the day, until their end."""
    rng = scene.rng(f"sessions {source.source_id}")
    sessions = _sessions(rng, scene, events)
    lasts = sessions["lasts"].to_numpy()
    interims = (lasts - 1) // (INTERIM_HOURS * HOUR)
    repeats = interims + 2
    row = np.repeat(np.arange(len(lasts)), repeats)
    place = np.arange(len(row)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    is_stop = place == repeats[row] - 1
    elapsed = np.where(is_stop, lasts[row], place * INTERIM_HOURS * HOUR)
    lost = rng.random(len(lasts)) < LOST_STOP
    # only ends of a session may lack a clock: two of its interims would look like one
    blind = (rng.random(len(row)) < NO_CLOCK) & (is_stop | (place == 0))
    at = sessions["start"].to_numpy()[row] + elapsed * MICRO
    total = sessions["bytes"].to_numpy()[row] * (elapsed / np.maximum(lasts[row], 1))
    up = (total * UPLOAD).astype(np.int64)
    down = total.astype(np.int64) - up
    stanzas = sessions[row].with_columns(
        status=pl.Series(_NAMES).gather(np.where(is_stop, 2, np.where(place == 0, 0, 1))),
        at=pl.Series(at),
        elapsed=pl.Series(elapsed),
        up=pl.Series(up),
        down=pl.Series(down),
        event=pl.Series(np.where(blind, 0, at)),
        is_stop=pl.Series(is_stop),
        is_lost=pl.Series(lost[row]),
        deliver_on=pl.Series(delivery_ordinals(scene.when, at)),
        delay=pl.Series(np.where(rng.random(len(row)) < 0.02, rng.integers(1, 20, len(row)), 0)),
    )
    kept = stanzas.filter(~(pl.col("is_stop") & pl.col("is_lost")))
    return _written(kept, source)


def _sessions(rng: np.random.Generator, scene: Scene, events: pl.DataFrame) -> pl.DataFrame:
    count = events.height
    line = events["line"]
    hours = _MEDIAN_HOURS * np.exp(rng.normal(0, _SPREAD_OF_HOURS, count))
    lasts = np.clip(hours * HOUR, 60, LONGEST_SESSION_DAYS * 24 * HOUR).astype(np.int64)
    subs = scene.lines["subscription_index"].gather(line)
    nas = pl.Series(hashed(subs.to_numpy(), 11) % np.uint64(6) + np.uint64(1)).cast(pl.String)
    order = pl.int_range(1, count + 1, eager=True).cast(pl.String)
    return pl.DataFrame(
        {
            "user": scene.lines["served_key"].gather(line),
            "area": scene.lines["area_id"].gather(line),
            "subs": subs,
            "start": events["start"],
            "bytes": events["quantity"],
            "lasts": lasts,
            "nas": pl.Series(["10.20.0."] * count, dtype=pl.String) + nas,
            "session": pl.Series([f"{scene.when.day:%y%m%d}-"] * count, dtype=pl.String)
            + order.str.zfill(7),
            "ip": _addresses(rng, count),
            "end": pl.Series(_ENDS).gather(rng.integers(0, len(_ENDS), count)),
        }
    )


def _addresses(rng: np.random.Generator, count: int) -> pl.Series:
    parts = [pl.Series(rng.integers(1, 255, count)).cast(pl.String) for _ in range(2)]
    return pl.Series(["100.64."] * count, dtype=pl.String) + parts[0] + "." + parts[1]


def _written(stanzas: pl.DataFrame, source: Source) -> pl.DataFrame:
    def text(name: str, value: pl.Expr) -> pl.Expr:
        return pl.lit(f"\n\t{name} = ") + value.cast(pl.String)

    def quoted(name: str, value: pl.Expr) -> pl.Expr:
        return pl.lit(f'\n\t{name} = "') + value + '"'

    ended, begun = pl.col("status") == "Stop", pl.col("status") != "Start"
    words = (("Output", pl.col("down")), ("Input", pl.col("up")))
    octets = [
        text(f"Acct-{name}-Octets", value % _WORD)
        + pl.when(value >= _WORD)
        .then(text(f"Acct-{name}-Gigawords", value // _WORD))
        .otherwise(pl.lit(""))
        for name, value in words
    ]
    used = text("Acct-Session-Time", pl.col("elapsed")) + octets[0] + octets[1]
    received = pl.col("at") // MICRO + pl.col("delay")
    event_at = local_time(pl.col("event"), source).dt.strftime("%b %e %Y %H:%M:%S %Z")
    stanza = (
        local_time(pl.col("at"), source).dt.strftime("%a %b %e %H:%M:%S %Y")
        + text("Acct-Status-Type", pl.col("status"))
        + text("NAS-IP-Address", pl.col("nas"))
        + quoted("NAS-Identifier", pl.lit("bng-") + pl.col("nas").str.slice(-1))
        + quoted("Acct-Session-Id", pl.col("session"))
        + quoted("User-Name", pl.col("user"))
        + quoted("Calling-Station-Id", pl.lit("line-") + pl.col("subs").cast(pl.String))
        + text("NAS-Port-Type", pl.lit("xDSL"))
        + text("Service-Type", pl.lit("Framed-User"))
        + text("Framed-Protocol", pl.lit("PPP"))
        + text("Framed-IP-Address", pl.col("ip"))
        + pl.when(begun).then(used).otherwise(pl.lit(""))
        + pl.when(ended).then(text("Acct-Terminate-Cause", pl.col("end"))).otherwise(pl.lit(""))
        + text("Acct-Delay-Time", pl.col("delay"))
        + quoted("Event-Timestamp", event_at)
        + text("Timestamp", received)
        + "\n"
    )
    return records(
        stanzas.with_columns(
            pl.lit("member").alias("class"),
            text=stanza,
            source=pl.lit(f"radius:{source.source_id}"),
            order=pl.col("at"),
            group=pl.lit(f"{source.source_id} ")
            + pl.col("nas")
            + " "
            + pl.col("session")
            + " "
            + pl.col("user"),
            closing=ended,
            kind=pl.when("is_lost")
            .then(pl.lit("lost_stop"))
            .when(pl.col("event") == 0)
            .then(pl.lit("event_1970")),
            record_id=pl.col("session"),
        )
    ).sort("order", maintain_order=True)
