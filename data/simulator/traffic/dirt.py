"""What goes wrong with usage records on their way, at known rates, and its true class.

One uniform number per record decides, so no record has two faults. Only single records of the
mediation are hit: what becomes of them follows from the rule in question alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from data.simulator.knobs import Knobs
from data.simulator.randomness import stream
from data.simulator.traffic.events import Scene
from data.simulator.traffic.rhythm import MICRO

DAY = 86_400 * MICRO
# kind -> share of the single records of a day
RATES: dict[str, float] = {
    "late": 0.003,
    "duplicate_same_file": 0.0010,
    "duplicate_later_day": 0.0010,
    "conflict_later_day": 0.0003,
    "conflict_same_day": 0.0003,
    "bad_date": 0.0003,
    "letters_in_quantity": 0.0003,
    "missing_columns": 0.0003,
    "cut_line": 0.0003,
    "open_quote": 0.0002,
    "unknown_number": 0.0008,
    "negative_quantity": 0.0002,
    "future_start": 0.0002,
    "start_1970": 0.0002,
    "lasts_100_days": 0.0002,
    "too_old": 0.0001,
    "out_of_order": 0.01,
}
BROKEN = ("bad_date", "letters_in_quantity", "missing_columns", "cut_line", "open_quote")
SUSPENDED = {
    "unknown_number": "UNKNOWN_NUMBER",
    "negative_quantity": "NEGATIVE_QUANTITY",
    "future_start": "FUTURE_START",
    "start_1970": "TOO_OLD",
    "lasts_100_days": "TOO_LONG",
    "too_old": "TOO_OLD",
}
# what happens to whole files: once in so many days, on a drawn one
WRONG_TOTAL_DAYS = 28
RESENT_DAYS = 20
UNFINISHED_DAYS = 28
# chances per file
BLANK_LINE = 1 / 10
PACKED = 1 / 12
LATEST_DAYS = 12
# records are compared within 100 days: what is older by this much is suspended
TOO_OLD_DAYS = (110, 140)
# test cards of a satellite network: numbers that no subscription ever holds
UNKNOWN_PREFIX = "+88216"
# weeks of the switches' own habits, as days since the first day of the world
CUSTOM_LAYOUT = (20, 41)
GROWING_MASTER = (40, 54)
SYSTEM_NAME_FROM = 60
SHORT_WORLD = {"custom": (5, 12), "growing": (12, 26), "system": 27}


@dataclass(frozen=True)
class Habits:
    """When the switches do what they do only for a while (first day, day after the last)."""

    custom_layout: tuple[date, date]
    growing_master: tuple[date, date]
    system_name_from: date

    @classmethod
    def of(cls, start: date, months: int) -> Habits:
        """Return the habits of a world; a world of one or two months has all of them earlier."""
        long = months > 2
        custom = CUSTOM_LAYOUT if long else SHORT_WORLD["custom"]
        growing = GROWING_MASTER if long else SHORT_WORLD["growing"]
        system = SYSTEM_NAME_FROM if long else SHORT_WORLD["system"]
        return cls(
            (start + timedelta(custom[0]), start + timedelta(custom[1])),  # type: ignore[index]
            (start + timedelta(growing[0]), start + timedelta(growing[1])),  # type: ignore[index]
            start + timedelta(system),  # type: ignore[arg-type]
        )


def soil(scene: Scene, drafts: pl.DataFrame) -> pl.DataFrame:
    """Return the drafts with what goes wrong; the text of broken lines comes later, in `spoil`."""
    rng = scene.rng("dirt")
    single = drafts["group"].is_null().to_numpy() & (drafts["class"] == "pending").to_numpy()
    drawn = rng.random(drafts.height)
    limits = np.cumsum(list(RATES.values()))
    which = np.searchsorted(limits, drawn, side="right")
    hit = np.flatnonzero(single & (which < len(RATES)))
    kinds = [list(RATES)[index] for index in which[hit].tolist()]
    clean = np.ones(drafts.height, dtype=bool)
    clean[hit] = False
    parts = [drafts.filter(pl.Series(clean))]
    for kind in RATES:
        rows = hit[[index for index, name in enumerate(kinds) if name == kind]]
        if len(rows):
            affected = drafts[rows].with_columns(
                kind=pl.lit(kind, dtype=pl.String), record_id="usage_id"
            )
            parts += _soiled(scene, rng, kind, affected)
    return pl.concat(parts)


def _soiled(
    scene: Scene, rng: np.random.Generator, kind: str, rows: pl.DataFrame
) -> list[pl.DataFrame]:
    later = pl.Series(rng.integers(2, LATEST_DAYS + 1, rows.height))
    if kind == "late":
        return [rows.with_columns(deliver_on=pl.col("deliver_on") + later - 1)]
    if kind == "out_of_order":
        shift = pl.Series(rng.integers(-6, 7, rows.height) * 3_600 * MICRO)
        return [rows.with_columns(order=pl.col("order") + shift)]
    if kind in ("duplicate_same_file", "duplicate_later_day"):
        copy = _as(rows, "duplicate", order=pl.col("order") + MICRO)
        if kind == "duplicate_later_day":
            copy = copy.with_columns(deliver_on=pl.col("deliver_on") + later)
        return [_plain(rows), copy]
    if kind.startswith("conflict"):
        return _conflict(kind, rows, later)
    if kind in BROKEN:
        return [_as(rows, "quarantined")]
    return _suspended(scene, rng, kind, rows)


def _plain(rows: pl.DataFrame) -> pl.DataFrame:
    # a record that is as it should be, although something happens to its copy
    return rows.with_columns(
        kind=pl.lit(None, dtype=pl.String), record_id=pl.lit(None, dtype=pl.String)
    )


def _as(rows: pl.DataFrame, found: str, **changes: pl.Expr) -> pl.DataFrame:
    return rows.with_columns(pl.lit(found).alias("class"), **changes)


def _conflict(kind: str, rows: pl.DataFrame, later: pl.Series) -> list[pl.DataFrame]:
    other = _as(rows, "conflict", quantity=pl.col("quantity") + 1, order=pl.col("order") + MICRO)
    if kind == "conflict_later_day":
        return [_plain(rows), other.with_columns(deliver_on=pl.col("deliver_on") + later)]
    # nobody can tell which of the two is right, nor whether a third one, later, is
    third = other[: (rows.height + 1) // 2].with_columns(
        deliver_on=pl.col("deliver_on") + later[: (rows.height + 1) // 2]
    )
    return [_as(rows, "conflict"), other, third]


def _suspended(
    scene: Scene, rng: np.random.Generator, kind: str, rows: pl.DataFrame
) -> list[pl.DataFrame]:
    count = rows.height
    begin = pl.col("started_at")
    days = pl.Series(rng.integers(*TOO_OLD_DAYS, count)) * DAY
    number = pl.lit(UNKNOWN_PREFIX) + pl.Series(rng.integers(10**7, 10**8, count)).cast(pl.String)
    is_voice = pl.col("usage_type") == "voice"
    changes: dict[str, dict[str, pl.Expr]] = {
        "unknown_number": {"served_number": number},
        "negative_quantity": {"quantity": -pl.col("quantity") - 1},
        "future_start": {"started_at": begin + pl.Series(rng.integers(3, 30, count)) * DAY},
        "start_1970": {"started_at": begin % DAY},
        "lasts_100_days": {"quantity": pl.lit(100 * 86_400, dtype=pl.Int64)},
        "too_old": {"started_at": begin - days},
    }
    if kind == "lasts_100_days":
        # bytes and messages do not last
        return [rows.filter(~is_voice).pipe(_plain), *_told(kind, rows.filter(is_voice), changes)]
    if kind == "too_old" and (scene.when.day - scene.knobs.start_on).days < TOO_OLD_DAYS[1]:
        return [_plain(rows)]
    return _told(kind, rows, changes)


def _told(
    kind: str, rows: pl.DataFrame, changes: dict[str, dict[str, pl.Expr]]
) -> list[pl.DataFrame]:
    return [_as(rows, "suspended", reason=pl.lit(SUSPENDED[kind]), **changes[kind])]


def spoil(records: pl.DataFrame) -> pl.DataFrame:
    """Break the text of the lines that are to be broken."""
    is_broken = records["kind"].is_in(BROKEN).fill_null(False)
    text, kind = pl.col("text"), pl.col("kind")
    broken = records.filter(is_broken).with_columns(
        text=pl.when(kind == "bad_date")
        .then(text.str.replace(r",\d{4}-\d\d-\d\dT", ",2026-02-30T"))
        .when(kind == "letters_in_quantity")
        .then(text.str.replace(r"(Z,[^,]*,[^,]*,\d*),", "${1}x,"))
        .when(kind == "missing_columns")
        .then(text.str.replace(r",[^,]*,[^,]*$", ""))
        .when(kind == "cut_line")
        .then(text.str.slice(0, 40))
        .otherwise(pl.lit('"') + text)
    )
    return pl.concat([records.filter(~is_broken), broken])


def happens(seed: int, what: str, day: date, chance: float) -> bool:
    """Tell whether something befalls a file of a day."""
    return bool(stream(seed, "files", what, day).random() < chance)


def is_turn(knobs: Knobs, what: str, day: date, days: int) -> bool:
    """Tell whether it is the one day of `days` on which something befalls the files."""
    # nothing of the network is delivered on the first day
    period, place = divmod((day - knobs.start_on).days - 1, days)
    return place == int(stream(knobs.seed, "files", what, period).integers(days))
