"""What all random cases share: zones, prefixes, zone sets, bands, cycles, own numbers, tax rules.

Much like common.yaml of the worked cases, with rows that come late, are corrected, withdrawn or
contradicted while the period runs. The same in every world of a period: what is random is the
cases.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from tests.oracle.worlds_book import Book
from tests.oracle.worlds_draw import DAY, Period, Rows, Seeded, at

WORKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
DAY_KINDS = (*WORKDAYS, "saturday", "sunday", "holiday")

# set -> (bands at clocks of workdays, of the weekend, of holidays)
Clocks = dict[str, str]
BAND_SETS: dict[str, tuple[Clocks, Clocks, Clocks]] = {
    "EVENING": (
        {"00:00": "DAY", "18:00": "EVENING"},
        {"00:00": "EVENING"},
        {"00:00": "EVENING"},
    ),
    "LATE": (
        {"00:00": "DAY", "18:00": "EVENING"},
        {"00:00": "DAY", "18:00": "EVENING"},
        {"00:00": "DAY", "18:00": "EVENING"},
    ),
    # borders inside the hour in which the clock is moved, at the jump itself, and at midnight
    "HALF": (
        {"00:00": "NIGHT", "02:30": "DAY", "03:00": "EVENING"},
        {"00:00": "NIGHT", "02:00": "EVENING", "02:30": "DAY", "23:59": "EVENING"},
        {"00:00": "DAY"},
    ),
}

_ZONES: dict[str, dict[str, str | None]] = {
    "G": {
        "DE": "OWN",
        "MOB": "OWN",
        "OWN": None,
        "AT": None,
        "WORLD": None,
        "DATA": None,
        "R-AT": None,
        "R-HOME": None,
        "SOS": None,
        "INFO": None,
    },
    "H": {"H-NEAR": "H-OWN", "H-OWN": None, "H-FAR": "OWN"},
}
_PREFIXES = {
    "G": {
        "home": {
            "+49": "DE",
            "+4915": "MOB",
            "+4917": "MOB",
            "+43": "AT",
            "+4366": "MOB",
            "+1": "WORLD",
            "none": "DATA",
        },
        "232": {"+": "R-AT", "+49": "R-HOME", "none": "R-AT"},
        "23201": {"+": "R-HOME"},
    },
    "H": {"home": {"+": "H-FAR", "+49": "H-NEAR", "none": "H-NEAR"}, "2": {"+": "H-FAR"}},
}
_SETS = {
    "NATIONAL": ("DE", "MOB", "OWN", "H-NEAR", "H-OWN"),
    "EUROPE": ("DE", "MOB", "OWN", "AT", "R-AT", "R-HOME", "H-NEAR", "H-OWN", "H-FAR"),
    "MOBILE-AND-AT": ("MOB", "AT", "H-FAR"),
    "ABROAD": ("R-AT", "R-HOME", "WORLD"),
}
# cycles whose months differ, one of two months, one that is told late, one whose day is moved
CYCLES = ("M01", "M31", "M15", "B01", "B15", "M-LATE", "M-MOVED")


def put_bands(book: Book, name: str, kinds: tuple[Clocks, Clocks, Clocks], told_on: date) -> None:
    """Tell a set of time bands."""
    for kind in DAY_KINDS:
        place = 2 if kind == "holiday" else int(kind not in WORKDAYS)
        for clock, band in kinds[place].items():
            row = {"time_band_set_id": name, "day_kind": kind, "from_clock": clock}
            book.tell("catalog/time_bands", told_on, row, time_band_id=band)


def _zones(book: Book, told_on: date, middle: date, end: date) -> None:
    for plan, zones in _ZONES.items():
        for zone, on_net in zones.items():
            row = {"zone_plan_id": plan, "zone_id": zone, "on_net_zone_id": on_net}
            book.tell("catalog/zones", told_on, row)
    # calls to the world are told apart for some weeks, by a zone that is known only later
    far = {"zone_plan_id": "G", "zone_id": "WORLD", "on_net_zone_id": "G-LATE"}
    book.tell("catalog/zones", middle, far, valid_from_on=middle)
    book.tell("catalog/zones", end, zone_plan_id="G", zone_id="G-LATE")
    for plan, networks in _PREFIXES.items():
        for visited, prefixes in networks.items():
            for prefix, zone in prefixes.items():
                row = {"zone_plan_id": plan, "visited_prefix": visited, "number_prefix": prefix}
                book.tell("catalog/zone_prefixes", told_on, row, zone_id=zone)
    for name, zones_of_set in _SETS.items():
        for zone in zones_of_set:
            book.tell("catalog/zone_sets", told_on, zone_set_id=name, zone_id=zone)


def _prefix_changes(book: Book, told_on: date, middle: date, end: date) -> None:
    feed = "catalog/zone_prefixes"

    def prefix(number: str, zone: str, **more: Any) -> dict[str, Any]:
        return {"zone_plan_id": "G", "number_prefix": number, "zone_id": zone, **more}

    # new from a day on; corrected for all days; withdrawn; an old file that comes late
    book.tell(feed, middle - 9 * DAY, prefix("+4933", "WORLD", valid_from_on=middle))
    book.tell(feed, told_on, prefix("+4934", "AT"))
    book.tell(feed, middle, prefix("+4934", "WORLD"))
    book.tell(feed, told_on, prefix("+4935", "AT"))
    book.tell(feed, told_on, prefix("+4935", "AT", valid_from_on=middle, op="delete"))
    book.tell(feed, end, prefix("+4935", "WORLD", recorded_at=datetime(2025, 1, 1)))
    # of a zone that is known later, of a zone of the other plan
    book.tell(feed, told_on, prefix("+4936", "G-LATE"))
    book.tell(feed, told_on, prefix("+4937", "H-FAR"))
    # in two ways at once, settled later; and for days to come, never settled
    for zone in ("AT", "WORLD"):
        book.tell(feed, told_on, prefix("+4938", zone))
        book.tell(feed, middle, prefix("+4939", zone, valid_from_on=middle + 9 * DAY))
    book.tell(feed, told_on, prefix("+4939", "AT"))
    book.tell(feed, middle + 3 * DAY, prefix("+4938", "AT"))
    # numbers that nobody could dial until then
    book.tell(feed, end, prefix("+7", "WORLD"))


def _codes(book: Book, told_on: date, middle: date, end: date) -> None:
    feed = "catalog/short_codes"

    def code(digits: str, zone: str, **more: Any) -> dict[str, Any]:
        return {"zone_plan_id": "G", "short_code": digits, "zone_id": zone, **more}

    book.tell(feed, told_on, code("112", "SOS"))
    book.tell(feed, told_on, code("118", "INFO", is_prefix=True))
    book.tell(feed, told_on, code("11811", "WORLD"))
    book.tell(feed, end, code("1155", "INFO"))
    book.tell(feed, told_on, code("1188", "INFO"))
    book.tell(feed, middle, code("1188", "INFO", valid_from_on=middle))
    book.tell(feed, middle, code("1188", "SOS", valid_from_on=middle))
    book.tell(feed, end, code("1188", "SOS", valid_from_on=middle))
    book.tell(feed, told_on, code("1177", "G-LATE"))


def _own_numbers(book: Book, told_on: date, middle: date, end: date) -> None:
    ranges, portings = "catalog/own_number_ranges", "catalog/portings"
    book.tell(ranges, told_on, number_prefix="+491766")
    book.tell(ranges, middle, number_prefix="+49178", valid_from_on=middle)
    book.tell(ranges, told_on, number_prefix="+49179")
    # own numbers of zones whose on-net zone is not in the plan
    book.tell(ranges, told_on, number_prefix="+43676")
    book.tell(ranges, told_on, number_prefix="+1999")
    book.tell(ranges, end, number_prefix="+49179", valid_from_on=end, op="delete")
    number = {"service_number": "+491711234567", "is_own_network": True}
    book.tell(portings, middle, number, valid_from_at=at(middle, "12:00:00"))
    book.tell(portings, end, number | {"is_own_network": False}, valid_from_at=at(end, "12:00"))
    book.tell(portings, told_on, service_number="+491766000001", is_own_network=False)
    book.tell(portings, end, service_number="+491766000002", is_own_network=False)


def _cycles(book: Book, told_on: date, middle: date) -> None:
    feed = "catalog/bill_cycles"
    book.tell(feed, told_on, bill_cycle_id="M01", cycle_day=1)
    book.tell(feed, told_on, bill_cycle_id="M15", cycle_day=15)
    book.tell(feed, told_on, bill_cycle_id="M31", cycle_day=31)
    book.tell(feed, told_on, bill_cycle_id="B01", cycle_day=1, interval_months=2)
    odd: dict[str, Any] = {"anchor_on": date(2025, 2, 15), "interval_months": 2}
    book.tell(feed, told_on, odd, bill_cycle_id="B15", cycle_day=15)
    book.tell(feed, middle, bill_cycle_id="M-LATE", cycle_day=8)
    book.tell(feed, told_on, bill_cycle_id="M-MOVED", cycle_day=20)
    book.tell(feed, middle, bill_cycle_id="M-MOVED", cycle_day=5, valid_from_on=middle)


@cache
def common_rows(period: Period) -> Rows:
    """Return the rows that all cases of a period share."""
    book = Book(Seeded("common"), period)
    told_on, middle = period.first, period.first + 45 * DAY
    end = period.first + 75 * DAY
    _zones(book, told_on, middle, end)
    _prefix_changes(book, told_on, middle, end)
    _codes(book, told_on, middle, end)
    _own_numbers(book, told_on, middle, end)
    _cycles(book, told_on, middle)
    for name, kinds in BAND_SETS.items():
        put_bands(book, name, kinds, told_on)
    night = {"time_band_set_id": "LATE", "day_kind": "friday", "from_clock": "22:00"}
    book.tell("catalog/time_bands", middle, night, time_band_id="DAY", valid_from_on=middle)
    for day, known_on in ((middle - 15 * DAY, told_on), (middle, told_on), (end, end + 5 * DAY)):
        book.tell("catalog/holidays", known_on, holiday_calendar_id="G", holiday_on=day)
    book.tell("catalog/tax_rules", told_on, tax_category="standard")
    book.tell("catalog/tax_rules", middle, tax_category="reduced")
    # all zones of the world count in Europe from a day on; a zone leaves its set
    sets = "catalog/zone_sets"
    book.tell(sets, end, zone_set_id="EUROPE", zone_id="WORLD", valid_from_on=middle)
    gone = {"zone_set_id": "NATIONAL", "zone_id": "OWN", "op": "delete"}
    book.tell(sets, middle, gone, valid_from_on=middle + timedelta(days=5))
    return dict(book.rows)
