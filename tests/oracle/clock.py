"""Local clock, kinds of day, time bands and months, asked one moment after the other.

A band is a function of what the local clock shows, nothing else. So in the night in which the clock
jumps forward a band that would begin in the missing hour begins with the jump, and in the night in
which an hour comes twice the bands of that hour come twice as well.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.oracle.reference import Reference, Row

Window = tuple[date, date]
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def local(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clock of the operator shows at an instant in UTC."""
    return instant.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


def day_kind(reference: Reference, calendar: str | None, day: date, known: date) -> str:
    """Return the kind of a local day; a holiday is no weekday."""
    if calendar and reference.at("catalog/holidays", (calendar, day), day, known):
        return "holiday"
    return _WEEKDAYS[day.weekday()]


def band_at(reference: Reference, version: Row, clock: datetime, known: date) -> str | None:
    """Return the time band of a tariff version at a local time; none when it has no bands."""
    if not version.get("time_band_set_id"):
        return None
    day, shown = clock.date(), clock.strftime("%H:%M")
    kind = day_kind(reference, version.get("holiday_calendar_id"), day, known)
    begun = [
        row
        for row in reference.all_at("catalog/time_bands", day, known)
        if row["day_kind"] == kind
        and row["time_band_set_id"] == version["time_band_set_id"]
        and row["from_clock"] <= shown
    ]
    return str(max(begun, key=lambda row: row["from_clock"])["time_band_id"]) if begun else None


def seconds_to_look_at(started_at: datetime, quantity: int) -> Iterator[int]:
    """Yield 0 and every second of a call that is the first to begin in a new minute.

    Bands, days and switches of the clock begin with a minute, so nothing can change in between.
    """
    yield 0
    minute = started_at.replace(second=0, microsecond=0)
    while True:
        minute += timedelta(minutes=1)
        # a begun second belongs to the minute in which it begins
        second = -((started_at - minute) // timedelta(seconds=1))
        if second >= quantity:
            return
        yield second


def _begin(year: int, month: int, cycle_day: int) -> date:
    return date(year, month, min(cycle_day, monthrange(year, month)[1]))


def month_of(day: date, cycle_day: int) -> Window:
    """Return first day and end of the month, counted from the cycle day, that holds a day."""
    begins = [
        _begin(day.year + (day.month + step - 1) // 12, (day.month + step - 1) % 12 + 1, cycle_day)
        for step in (-1, 0, 1, 2)
    ]
    first = max(begin for begin in begins if begin <= day)
    return first, begins[begins.index(first) + 1]


def period_of(day: date, cycle: Row) -> Window:
    """Return the bill period of a cycle that holds a day: one month, or two from the anchor on."""
    first, end = month_of(day, cycle["cycle_day"])
    if cycle["interval_months"] == 1:
        return first, end
    anchor = month_of(cycle["anchor_on"], cycle["cycle_day"])[0]
    months = (first.year - anchor.year) * 12 + first.month - anchor.month
    if months % 2:
        return month_of(first - timedelta(days=1), cycle["cycle_day"])[0], end
    return first, month_of(end, cycle["cycle_day"])[1]
