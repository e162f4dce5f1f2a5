"""When people use the network: by hour, weekday, holiday and season, and the local clock in UTC.

Rates of lines hold for an average weekday; a factor turns them into those of one day. The hours of
a day are the hours that it really has: 23 and 25 when the clocks change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from data.simulator.knobs import TIME_ZONE, Knobs

HOUR = 3_600
MICRO = 1_000_000

# weights of the 24 local hours, midnight first
_CURVES: dict[str, tuple[float, ...]] = {
    "voice": (
        *(0.4, 0.2, 0.1, 0.1, 0.2, 0.6, 1.8, 3.6, 5.2, 6.4, 7.0, 6.8),
        *(6.4, 6.0, 6.2, 6.6, 7.4, 8.6, 8.8, 8.0, 6.0, 3.6, 1.8, 0.8),
    ),
    "voice_rest": (
        *(1.0, 0.6, 0.4, 0.2, 0.2, 0.4, 0.8, 1.6, 3.2, 5.4, 7.4, 8.0),
        *(7.2, 6.4, 6.8, 7.4, 8.0, 8.2, 8.0, 7.4, 5.6, 3.6, 2.0, 1.2),
    ),
    "business": (
        *(0.1, 0.1, 0.1, 0.1, 0.2, 0.5, 2.0, 6.0, 10.5, 12.5, 13.0, 11.5),
        *(7.5, 9.5, 11.5, 11.0, 8.5, 4.5, 1.8, 0.9, 0.5, 0.3, 0.2, 0.1),
    ),
    "sms": (
        *(1.4, 0.7, 0.3, 0.2, 0.2, 0.5, 1.8, 3.4, 4.0, 4.2, 4.6, 5.0),
        *(5.4, 5.0, 4.8, 5.2, 6.0, 7.4, 8.6, 9.2, 9.0, 7.4, 5.0, 2.8),
    ),
    "data": (
        *(2.2, 1.2, 0.7, 0.5, 0.6, 1.2, 3.2, 4.8, 4.6, 4.2, 4.2, 4.6),
        *(5.2, 4.8, 4.6, 4.8, 5.4, 6.2, 7.0, 7.8, 8.4, 8.0, 6.4, 4.2),
    ),
}
# factors of Monday to Sunday
_WEEK: dict[str, tuple[float, ...]] = {
    "voice": (1.03, 0.99, 0.98, 0.99, 1.04, 0.92, 0.80),
    "business": (1.08, 1.04, 1.0, 1.0, 0.88, 0.16, 0.07),
    "sms": (0.97, 0.97, 0.98, 1.0, 1.08, 1.10, 1.02),
    "data": (0.97, 0.98, 1.0, 1.0, 1.05, 1.12, 1.10),
}
# growth a month
_TREND = {"voice": -0.004, "business": -0.004, "sms": -0.012, "data": 0.015}
# chance of a journey by month of the year: summer, Easter, autumn
_JOURNEYS = (0.6, 0.7, 0.9, 1.2, 1.1, 1.5, 2.4, 2.5, 1.4, 1.2, 0.6, 0.9)
_SUNDAY = 6


@dataclass(frozen=True)
class Today:
    """One local day of use: where it lies in UTC and how busy each kind of use is."""

    day: date
    start: int
    hours: tuple[int, ...]
    is_rest: bool
    factors: Mapping[str, float]
    month_growth: float

    @property
    def end(self) -> int:
        """First microsecond of the next local day."""
        return self.start + len(self.hours) * HOUR * MICRO


def midnight(day: date) -> int:
    """Return the begin of a local day in microseconds since 1970, UTC."""
    local = datetime(day.year, day.month, day.day, tzinfo=TIME_ZONE)
    return int(local.astimezone(UTC).timestamp()) * MICRO


def today(knobs: Knobs, holidays: Mapping[date, str], day: date) -> Today:
    """Describe a local day; a holiday goes like a Sunday."""
    start, end = midnight(day), midnight(day + timedelta(days=1))
    hours = [
        datetime.fromtimestamp(begin, TIME_ZONE).hour
        for begin in range(start // MICRO, end // MICRO, HOUR)
    ]
    weekday = _SUNDAY if day in holidays else day.weekday()
    months = (day - knobs.start_on).days / 30.44
    factors = {kind: week[weekday] * (1 + _TREND[kind] * months) for kind, week in _WEEK.items()}
    return Today(day, start, tuple(hours), weekday >= 5, factors, 1 + 0.015 * months)


def journey_factor(day: date) -> float:
    """Return how much likelier than on average a journey begins on this day."""
    return _JOURNEYS[day.month - 1]


def moments(rng: np.random.Generator, when: Today, curve: str, count: int) -> np.ndarray:
    """Draw `count` begins (whole seconds, microseconds UTC) by the curve of a kind of use."""
    name = f"{curve}_rest" if when.is_rest and f"{curve}_rest" in _CURVES else curve
    weights = np.array([_CURVES[name][hour] for hour in when.hours])
    steps = np.cumsum(weights) / weights.sum()
    drawn = rng.random(count)
    hour = np.minimum(np.searchsorted(steps, drawn, side="right"), len(weights) - 1)
    before = np.concatenate([[0.0], steps])[hour]
    inside = (drawn - before) / (steps[hour] - before)
    return when.start + np.floor((hour + inside) * HOUR).astype(np.int64) * MICRO


def delivery_ordinals(when: Today, moment: np.ndarray, days: int = 12) -> np.ndarray:
    """Return on which day (ordinal) use of a moment on or after this local day is delivered."""
    starts = [midnight(when.day + timedelta(days=offset)) for offset in range(days + 1)]
    return when.day.toordinal() + np.searchsorted(np.array(starts), moment, side="right")
