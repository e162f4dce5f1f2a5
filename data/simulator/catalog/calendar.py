"""The clock of tariffs: holidays of all of Germany and sets of time bands."""

from __future__ import annotations

from datetime import date, timedelta

from data.simulator.catalog.rows import Row

CALENDAR = "DE"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
DAY_KINDS = (*WEEKDAYS, "saturday", "sunday", "holiday")
# holidays must be known before usage of their year comes
FIRST_YEAR, LAST_YEAR = 2016, 2036

_NAMES = {"PEAK": "Hauptzeit", "OFFPEAK": "Nebenzeit", "WEEKEND": "Wochenende"}
_WORKING = {"DE-2": (8, 18), "DE-3": (7, 19), "BIZ-2": (9, 17)}
BANDS = {
    "DE-2": ("PEAK", "OFFPEAK"),
    "DE-3": ("PEAK", "OFFPEAK", "WEEKEND"),
    "BIZ-2": ("PEAK", "OFFPEAK"),
}


def easter(year: int) -> date:
    """Return Easter Sunday by the Gregorian computus."""
    golden, century, rest = year % 19, year // 100, year % 100
    leap, skipped = divmod(century, 4)
    epact = (19 * golden + century - leap - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * skipped + 2 * (rest // 4) - epact - rest % 4) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def holidays() -> dict[date, str]:
    """Return the holidays of all federal states."""
    found: dict[date, str] = {}
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        sunday = easter(year)
        fixed = {
            date(year, 1, 1): "Neujahr",
            sunday - timedelta(days=2): "Karfreitag",
            sunday + timedelta(days=1): "Ostermontag",
            date(year, 5, 1): "Tag der Arbeit",
            sunday + timedelta(days=39): "Christi Himmelfahrt",
            sunday + timedelta(days=50): "Pfingstmontag",
            date(year, 10, 3): "Tag der Deutschen Einheit",
            date(year, 12, 25): "1. Weihnachtstag",
            date(year, 12, 26): "2. Weihnachtstag",
        }
        if year == 2017:
            fixed[date(2017, 10, 31)] = "Reformationstag"
        for day, name in sorted(fixed.items()):
            # 1 May and Ascension fall on one day once in a lifetime: the names share it
            found[day] = f"{found[day]}, {name}" if day in found else name
    return found


def holiday_rows() -> list[Row]:
    """Return the calendar as rows."""
    return [
        {"holiday_calendar_id": CALENDAR, "holiday_on": day, "name": name}
        for day, name in holidays().items()
    ]


def time_band_rows() -> list[Row]:
    """Return the begins of bands on each kind of day."""
    rows: list[Row] = []
    for band_set, (begin, end) in _WORKING.items():
        idle = "WEEKEND" if "WEEKEND" in BANDS[band_set] else "OFFPEAK"
        for kind in DAY_KINDS:
            if kind in WEEKDAYS:
                begins = [(0, "OFFPEAK"), (begin, "PEAK"), (end, "OFFPEAK")]
            else:
                begins = [(0, idle)]
            rows += [
                {
                    "time_band_set_id": band_set,
                    "day_kind": kind,
                    "from_clock": f"{hour:02d}:00",
                    "time_band_id": band,
                    "name": _NAMES[band],
                }
                for hour, band in begins
            ]
    return rows
