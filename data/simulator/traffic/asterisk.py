"""Asterisk's call records, with the habits that make them hard to read.

Two telephone exchanges: the first writes 21 columns, for two weeks a growing Master file, and from
some day on, in mid-file, a system name before its ids; the second writes 18 columns, for three
weeks in the layout of `cdr_custom`.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from data.simulator.traffic.dirt import Habits
from data.simulator.traffic.events import Scene
from data.simulator.traffic.records import BROKEN_BYTE, records
from data.simulator.traffic.rhythm import MICRO
from data.simulator.traffic.sources import Source, as_dialled, contexts, local_time

FORKED = 0.10
MOST_LEGS = 5
# outcomes of calls
_OUTCOMES = ("ANSWERED", "NO ANSWER", "BUSY", "FAILED")
_SHARES = (0.78, 0.89, 0.96, 1.0)
# rows that contradict themselves
UNANSWERED_WITH_SECONDS = 0.03
ANSWERED_WITHOUT_SECONDS = 0.01
BROKEN_CLID = 0.02
_NAMES = ("Zentrale", "Lager", "Vertrieb", "Werkstatt", "Empfang", "Einkauf", "Praxis", "Halle 2")
_MIDDLE = (
    *("channel", "dstchannel", "lastapp", "lastdata", "start", "answer", "end"),
    *("duration", "billsec", "disposition", "amaflags"),
)
_MASTER = ("accountcode", "src", "dst", "dcontext", "clid", *_MIDDLE, "uniqueid", "userfield")
LAYOUTS = {
    "master_21": (*_MASTER, "peeraccount", "linkedid", "sequence"),
    "master_18": _MASTER,
    "custom": (
        *("clid", "src", "dst", "dcontext", *_MIDDLE),
        *("accountcode", "uniqueid", "userfield"),
    ),
}
_NUMBERS = ("duration", "billsec", "sequence")


def legs_of_day(scene: Scene, events: pl.DataFrame, source: Source, place: int) -> pl.DataFrame:
    """Return the records of the exchange at this place among its like."""
    rng = scene.rng(f"legs {source.source_id}")
    calls = _calls(rng, scene, events, source)
    legs = _legs(rng, calls)
    habits = Habits.of(scene.knobs.start_on, scene.knobs.months)
    day = scene.when.day
    layout = "master_21"
    if place:
        first, end = habits.custom_layout
        layout = "custom" if first <= day < end else "master_18"
    elif day >= habits.system_name_from:
        half = scene.when.start + (scene.when.end - scene.when.start) // 2
        named = (pl.col("at") >= half) | (day > habits.system_name_from)
        prefix = pl.lit(f"{source.source_id.lower()}-")
        legs = legs.with_columns(
            pl.when(named).then(prefix + pl.col(name)).otherwise(name).alias(name)
            for name in ("uniqueid", "linkedid")
        )
    return _written(legs, layout, source, day.toordinal() + 1)


def _calls(
    rng: np.random.Generator, scene: Scene, events: pl.DataFrame, source: Source
) -> pl.DataFrame:
    count = events.height
    line = events["line"]
    outcome = np.searchsorted(_SHARES, rng.random(count), side="right")
    talk = np.where(outcome == 0, np.maximum(events["quantity"].to_numpy(), 1), 0)
    ring = rng.integers(3, 45, count)
    names = pl.Series(_NAMES).gather(scene.lines["subscription_index"].gather(line) % len(_NAMES))
    odd = pl.Series(rng.random(count) < BROKEN_CLID)
    names = names.zip_with(~odd, pl.repeat(f"B{BROKEN_BYTE}ro", count, eager=True))
    incoming = (events["direction"] == "terminating").to_numpy()
    shown = scene.lines["service_number"].gather(line).fill_null("")
    order = pl.int_range(1, count + 1, eager=True)
    # an extension of the exchange now and then, or nothing at all
    near = pl.select(
        pl.when(pl.Series(rng.random(count) < 0.15))
        .then(pl.Series(rng.integers(10, 60, count)).cast(pl.String))
        .when(pl.Series(rng.random(count) < 0.02))
        # what is dialled of a call that comes in without an extension
        .then(pl.Series(["", "s"]).gather(incoming.astype(np.int64)))
        .otherwise(as_dialled(shown, source, rng.random(count)))
    ).to_series()
    far = as_dialled(events["other"], source, rng.random(count))
    comes = pl.Series(incoming)
    return pl.DataFrame(
        {
            "accountcode": scene.lines["served_key"].gather(line),
            "src": far.zip_with(comes, near),
            "dst": near.zip_with(comes, far),
            "dcontext": contexts(source, incoming),
            "name": far.zip_with(comes, names),
            "incoming": comes,
            "at": events["start"],
            "call": order,
            "outcome": outcome,
            "talk": talk,
            "ring": ring,
            "legs": np.where(rng.random(count) < FORKED, rng.integers(2, MOST_LEGS + 1, count), 1),
        }
    )


def _legs(rng: np.random.Generator, calls: pl.DataFrame) -> pl.DataFrame:
    """Return one row per leg: of a forked call the last one is answered, if any."""
    repeats = calls["legs"].to_numpy()
    row = np.repeat(np.arange(calls.height), repeats)
    place = np.arange(len(row)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    legs = calls[row].with_columns(leg=pl.Series(place, dtype=pl.Int64))
    outcome, talk = legs["outcome"].to_numpy(), legs["talk"].to_numpy()
    ring = legs["ring"].to_numpy()
    takes = (place == repeats[row] - 1) & (outcome == 0)
    shown = np.where(takes, 0, np.where(outcome == 0, 1, outcome))
    empty = takes & (rng.random(len(row)) < ANSWERED_WITHOUT_SECONDS)
    ghost = (shown == 1) & (rng.random(len(row)) < UNANSWERED_WITH_SECONDS)
    billed = np.where(takes & ~empty, talk, np.where(ghost, 60, 0))
    lasted = ring + np.where(takes, talk, 0)
    # fractions of seconds are cut: the duration is not always end less start
    duration = np.maximum(lasted - (rng.random(len(row)) < 0.2), 0)
    answered = pl.Series(takes)
    number = pl.int_range(1, len(row) + 1, eager=True)
    begin = (legs["at"] // MICRO).cast(pl.String)
    unique = begin + "." + legs["call"].cast(pl.String)
    # a phone of the customer calls the carrier, or the carrier calls some of them
    phone = pl.lit("PJSIP/") + pl.col("accountcode")
    carrier = pl.lit("PJSIP/way") + pl.col("leg").cast(pl.String)
    comes = pl.col("incoming")
    return legs.with_columns(
        clid=pl.lit('"') + pl.col("name") + '" <' + pl.col("src") + ">",
        channel=pl.when(comes).then(pl.lit("PJSIP/carrier")).otherwise(phone)
        + "-"
        + pl.col("call").cast(pl.String).str.zfill(8),
        dstchannel=pl.when(comes)
        .then(phone + "." + pl.col("leg").cast(pl.String))
        .otherwise(carrier)
        + "-"
        + number.cast(pl.String).str.zfill(8),
        lastapp=pl.lit("Dial"),
        lastdata=pl.when(comes)
        .then(phone + ",30")
        .otherwise(pl.lit("PJSIP/") + pl.col("dst") + "@carrier,60"),
        answer_at=pl.when(answered).then(pl.col("at") + pl.Series(ring) * MICRO),
        end_at=pl.col("at") + pl.Series(lasted) * MICRO,
        duration=pl.Series(duration),
        billsec=pl.Series(billed),
        disposition=pl.Series(_OUTCOMES).gather(shown),
        amaflags=pl.lit("DOCUMENTATION"),
        uniqueid=unique,
        linkedid=unique,
        userfield=pl.lit(""),
        peeraccount=pl.lit(""),
        sequence=number,
        group_size=pl.Series(repeats[row]),
        is_answered=pl.Series(outcome == 0),
        takes=answered,
    )


def _written(legs: pl.DataFrame, layout: str, source: Source, deliver_on: int) -> pl.DataFrame:
    clock = "%Y-%m-%d %H:%M:%S"
    legs = legs.with_columns(
        start=local_time(pl.col("at"), source).dt.strftime(clock),
        answer=local_time(pl.col("answer_at"), source).dt.strftime(clock),
        end=local_time(pl.col("end_at"), source).dt.strftime(clock),
        # sequences go on over the days
        sequence=pl.col("sequence") + (deliver_on % 100_000) * 1_000_000,
    )
    fields = [
        pl.col(name).cast(pl.String)
        if name in _NUMBERS
        else pl.when(pl.col(name).is_not_null())
        .then(pl.lit('"') + pl.col(name).str.replace_all('"', '""', literal=True) + '"')
        .otherwise(pl.lit(""))
        for name in LAYOUTS[layout]
    ]
    single, answered = pl.col("group_size") == 1, pl.col("is_answered")
    return records(
        legs.with_columns(
            pl.when(single | (answered & pl.col("takes")))
            .then(pl.lit("pending"))
            .when(answered)
            .then(pl.lit("folded"))
            .otherwise(pl.lit("member"))
            .alias("class"),
            text=pl.concat_str(fields, separator=","),
            source=pl.lit(f"asterisk:{source.source_id}"),
            deliver_on=pl.lit(deliver_on),
            order=pl.col("end_at"),
            group=pl.when(~single & ~answered).then(
                pl.lit(f"{source.source_id} ") + pl.col("uniqueid") + " " + pl.col("accountcode")
            ),
            closing=pl.lit(False),
        )
    ).sort("order", maintain_order=True)
