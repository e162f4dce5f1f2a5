"""RADIUS accounting of fixed lines: stanzas of sessions that last hours or days.

Octets count from the begin of the session, in words of 4 GiB and a rest. A Stop gets lost now and
then, and some access servers have no clock when they start. An access server that is restarted at
night says so; that tells of no usage.
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
ACCESS_SERVERS = 6
# chance of a restart per access server and day, and the hours after midnight in which it is done
RESTART, RESTART_HOURS = 1 / 40, (2, 5)
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
    return pl.concat([_written(kept, source), _restarts(scene, source)])


def _restarts(scene: Scene, source: Source) -> pl.DataFrame:
    """Return what restarted access servers say when they go down and come up."""
    rng = scene.rng(f"restarts {source.source_id}")
    nas = np.flatnonzero(rng.random(ACCESS_SERVERS) < RESTART) + 1
    count = len(nas)
    down = scene.when.start // MICRO + rng.integers(*np.array(RESTART_HOURS) * HOUR, count)
    up = down + rng.integers(60, 400, count)
    restarts = pl.DataFrame(
        {
            "status": ["Accounting-Off"] * count + ["Accounting-On"] * count,
            "nas": _access_servers(np.concatenate([nas, nas])),
            "at": np.concatenate([down, up]) * MICRO,
        },
        schema={"status": pl.String(), "nas": pl.String(), "at": pl.Int64()},
    )
    stanza = (
        _clock(pl.col("at"), source)
        + _text("Acct-Status-Type", pl.col("status"))
        + _text("NAS-IP-Address", pl.col("nas"))
        + _quoted("Acct-Session-Id", pl.lit("00000000"))
        + _text("Acct-Delay-Time", pl.lit(0))
        + _quoted("Event-Timestamp", _event(pl.col("at"), source))
        + _text("Timestamp", pl.col("at") // MICRO)
        + "\n"
    )
    return records(
        restarts.with_columns(
            pl.lit("folded").alias("class"),
            text=stanza,
            source=pl.lit(f"radius:{source.source_id}"),
            deliver_on=pl.lit(scene.when.day.toordinal() + 1),
            order=pl.col("at"),
            kind=pl.lit("restart"),
            record_id=pl.col("nas"),
        )
    )


def _sessions(rng: np.random.Generator, scene: Scene, events: pl.DataFrame) -> pl.DataFrame:
    count = events.height
    line = events["line"]
    hours = _MEDIAN_HOURS * np.exp(rng.normal(0, _SPREAD_OF_HOURS, count))
    lasts = np.clip(hours * HOUR, 60, LONGEST_SESSION_DAYS * 24 * HOUR).astype(np.int64)
    subs = scene.lines["subscription_index"].gather(line)
    nas = hashed(subs.to_numpy(), 11) % np.uint64(ACCESS_SERVERS) + np.uint64(1)
    order = pl.int_range(1, count + 1, eager=True).cast(pl.String)
    return pl.DataFrame(
        {
            "user": scene.lines["served_key"].gather(line),
            "area": scene.lines["area_id"].gather(line),
            "subs": subs,
            "start": events["start"],
            "bytes": events["quantity"],
            "lasts": lasts,
            "nas": _access_servers(nas),
            "session": pl.Series([f"{scene.when.day:%y%m%d}-"] * count, dtype=pl.String)
            + order.str.zfill(7),
            "ip": _addresses(rng, count),
            "end": pl.Series(_ENDS).gather(rng.integers(0, len(_ENDS), count)),
        }
    )


def _addresses(rng: np.random.Generator, count: int) -> pl.Series:
    parts = [pl.Series(rng.integers(1, 255, count)).cast(pl.String) for _ in range(2)]
    return pl.Series(["100.64."] * count, dtype=pl.String) + parts[0] + "." + parts[1]


def _access_servers(numbers: np.ndarray) -> pl.Series:
    parts = pl.Series("nas", numbers).cast(pl.String).to_frame()
    return parts.select(pl.lit("10.20.0.") + pl.col("nas")).to_series()


def _text(name: str, value: pl.Expr) -> pl.Expr:
    return pl.lit(f"\n\t{name} = ") + value.cast(pl.String)


def _quoted(name: str, value: pl.Expr) -> pl.Expr:
    return pl.lit(f'\n\t{name} = "') + value + '"'


def _clock(at: pl.Expr, source: Source) -> pl.Expr:
    return local_time(at, source).dt.strftime("%a %b %e %H:%M:%S %Y")


def _event(at: pl.Expr, source: Source) -> pl.Expr:
    return local_time(at, source).dt.strftime("%b %e %Y %H:%M:%S %Z")


def _written(stanzas: pl.DataFrame, source: Source) -> pl.DataFrame:
    ended, begun = pl.col("status") == "Stop", pl.col("status") != "Start"
    words = (("Output", pl.col("down")), ("Input", pl.col("up")))
    octets = [
        _text(f"Acct-{name}-Octets", value % _WORD)
        + pl.when(value >= _WORD)
        .then(_text(f"Acct-{name}-Gigawords", value // _WORD))
        .otherwise(pl.lit(""))
        for name, value in words
    ]
    used = _text("Acct-Session-Time", pl.col("elapsed")) + octets[0] + octets[1]
    received = pl.col("at") // MICRO + pl.col("delay")
    stanza = (
        _clock(pl.col("at"), source)
        + _text("Acct-Status-Type", pl.col("status"))
        + _text("NAS-IP-Address", pl.col("nas"))
        + _quoted("NAS-Identifier", pl.lit("bng-") + pl.col("nas").str.slice(-1))
        + _quoted("Acct-Session-Id", pl.col("session"))
        + _quoted("User-Name", pl.col("user"))
        + _quoted("Calling-Station-Id", pl.lit("line-") + pl.col("subs").cast(pl.String))
        + _text("NAS-Port-Type", pl.lit("xDSL"))
        + _text("Service-Type", pl.lit("Framed-User"))
        + _text("Framed-Protocol", pl.lit("PPP"))
        + _text("Framed-IP-Address", pl.col("ip"))
        + pl.when(begun).then(used).otherwise(pl.lit(""))
        + pl.when(ended).then(_text("Acct-Terminate-Cause", pl.col("end"))).otherwise(pl.lit(""))
        + _text("Acct-Delay-Time", pl.col("delay"))
        + _quoted("Event-Timestamp", _event(pl.col("event"), source))
        + _text("Timestamp", received)
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
