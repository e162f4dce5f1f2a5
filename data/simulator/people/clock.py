"""Local days and the instants in them; days are ordinals (date.toordinal), 0 means none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl

from data.simulator.knobs import TIME_ZONE

_SATURDAY, _SUNDAY = 5, 6
NEVER = date(9999, 12, 31).toordinal()
_EPOCH = date(1970, 1, 1).toordinal()
# last instant that a microsecond column holds comfortably; stands for "still lasts"
OPEN_AT = (NEVER - _EPOCH) * 86_400_000_000


@cache
def midnight(ordinal: int) -> int:
    """Return the start of a local day in microseconds since 1970, UTC."""
    day = date.fromordinal(ordinal)
    start = datetime(day.year, day.month, day.day, tzinfo=TIME_ZONE)
    return int(start.astimezone(UTC).timestamp()) * 1_000_000


def instant(ordinal: int, second: float) -> int:
    """Return the microsecond of a wall-clock second of a local day (whole seconds)."""
    day = date.fromordinal(ordinal)
    wall = datetime(day.year, day.month, day.day, tzinfo=TIME_ZONE) + timedelta(seconds=int(second))
    return int(wall.astimezone(UTC).timestamp()) * 1_000_000


def instants(ordinals: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Return `instant` of many days; seconds must be past the hour in which clocks change."""
    days, where = np.unique(ordinals, return_inverse=True)
    noon = np.array([instant(int(day), 43_200) for day in days], dtype=np.int64)
    return noon[where] + (seconds.astype(np.int64) - 43_200) * 1_000_000


def moment(micros: int) -> datetime:
    """Return the naive UTC time of an instant."""
    return datetime(1970, 1, 1) + timedelta(microseconds=int(micros))


def local_ordinal(micros: int) -> int:
    """Return the local day in which an instant lies."""
    utc = moment(micros).replace(tzinfo=UTC)
    return utc.astimezone(TIME_ZONE).date().toordinal()


def dates(ordinals: np.ndarray) -> pl.Series:
    """Return days as dates; 0 and NEVER become null."""
    days = pl.Series(ordinals.astype(np.int64) - _EPOCH).cast(pl.Int32).cast(pl.Date)
    given = pl.Series((ordinals > 0) & (ordinals < NEVER))
    return pl.select(pl.when(given).then(days).otherwise(None)).to_series()


def times(micros: np.ndarray) -> pl.Series:
    """Return instants as naive UTC times; OPEN_AT becomes null."""
    stamps = pl.Series(micros.astype(np.int64)).cast(pl.Datetime("us"))
    return pl.select(pl.when(pl.Series(micros < OPEN_AT)).then(stamps).otherwise(None)).to_series()


def add_months(ordinal: int, months: int) -> int:
    """Return the day months later; a missing day is the month's last."""
    day = date.fromordinal(ordinal)
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(day.day, last)).toordinal()


def is_open(ordinal: int, holidays: Mapping[date, str]) -> bool:
    """Return whether shops are open and technicians drive: Monday to Saturday but for holidays."""
    day = date.fromordinal(int(ordinal))
    return day.weekday() != _SUNDAY and day not in holidays


def open_day(ordinal: int, holidays: Mapping[date, str], *, saturdays: bool = True) -> int:
    """Return the first day from `ordinal` on that is open; without Saturdays: a working day."""
    day = int(ordinal)
    while not is_open(day, holidays) or (
        not saturdays and date.fromordinal(day).weekday() == _SATURDAY
    ):
        day += 1
    return day
