"""What random cases are drawn with: chances, and periods with their days and instants.

One code draws cases in two ways: from a seed, fast and by the thousand, and from the strategies of
Hypothesis, which can shrink a failing case. For the latter the first of several things is the
plainest, and chances shrink to no.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

T = TypeVar("T")
Row = dict[str, Any]
Rows = dict[str, list[Row]]

CLOCK = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)
LONG_AGO = date(2020, 1, 1)


class Draw(Protocol):
    """Where chance comes from."""

    def integer(self, low: int, high: int) -> int:
        """Draw a whole number between two, both included."""

    def choice(self, items: Sequence[T]) -> T:
        """Draw one of several."""

    def boolean(self, percent: int) -> bool:
        """Draw yes with a chance in percent."""


class Seeded:
    """Chances of a seed."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)  # noqa: S311  repeatable, not secret

    def integer(self, low: int, high: int) -> int:
        """Draw a whole number between two, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def choice(self, items: Sequence[T]) -> T:
        """Draw one of several."""
        return items[int(self._random.random() * len(items))]

    def boolean(self, percent: int) -> bool:
        """Draw yes with a chance in percent."""
        return self._random.random() * 100 < percent


@dataclass(frozen=True)
class Period:
    """Some hundred days with a night in which the clock is moved."""

    first: date
    last: date
    switch_on: date

    @property
    def days(self) -> int:
        """How many days it has after its first."""
        return (self.last - self.first).days


SPRING = Period(date(2026, 2, 20), date(2026, 6, 1), date(2026, 3, 29))
AUTUMN = Period(date(2025, 9, 15), date(2025, 12, 25), date(2025, 10, 26))


def at(day: date, clock: str, fold: int = 0) -> datetime:
    """Return the instant in UTC at which the local clock of a day shows a time."""
    shown = datetime.combine(day, datetime.min.time().fromisoformat(clock))
    return shown.replace(tzinfo=CLOCK, fold=fold).astimezone(UTC).replace(tzinfo=None)
