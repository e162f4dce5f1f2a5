"""Usage of a random case: around days on which something changes, over borders, early and late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from tests.oracle.worlds_book import Book
from tests.oracle.worlds_draw import CLOCK, DAY, Row, at

_TYPES = (*("voice",) * 6, "data", "data", "sms", "sms")
_NUMBERS = (
    *("+4930555", "+4930555", "+491511", "+4917661234567", "+43155", "+4930555", "+491511"),
    *("+12025550100", "+4366123", "+4933001", "+491711234567"),
)
_ODD_NUMBERS = (
    *("+4934001", "+4935001", "+4936001", "+4937001", "+4938001", "+4939001", "+72020", "+8180"),
    *("+491766000001", "+491766000002", "+4917800", "+4917900", "+43676001", "+1999001", "+4917"),
    *("112", "11880", "11811", "1155", "1188", "118899", "1177", "4711", "ACME", None),
)
_CLOCKS = ("12:00:00", "17:59:30", "18:00:00", "23:59:30", "00:00:00", "05:59:00", "21:59:59.500")
_NIGHT_CLOCKS = ("01:59:30", "00:30:00", "02:29:45", "02:30:00", "02:00:00", "03:00:00")
_SECONDS = (60, 30, 61, 59, 120, 1, 121, 300, 600, 95, 3600)
_LONG = (7200, 86400, 30000, 90000, 259200)
_BYTES = (1_000_000, 1, 5_000_000, 1025, 2_000_001, 60)
# days after its begin on which usage is complete; a month end and some days of grace among them
_LATE = (2, 3, 4, 7, 15, 31, 60)


def usages(book: Book, name: str, begins: Mapping[str, date]) -> list[Row]:
    """Draw the usage of all subscriptions of a case; some begins before its subscription does."""
    draw, subscriptions = book.draw, [*begins]
    found: list[Row] = []
    for _ in range(draw.integer(2, 9) + 2 * len(subscriptions)):
        subscription = draw.choice(subscriptions)
        first = _usage(book, subscription, begins[subscription])
        found.append(first)
        if draw.boolean(25):
            found += _burst(book, first, subscriptions)
    for number, usage in enumerate(found, 1):
        usage["usage_id"] = f"U-{name}-{number}"
    return found


def _burst(book: Book, first: Row, subscriptions: Sequence[str]) -> list[Row]:
    """Draw more of the same in a short time, enough to use units up, some at the same instant."""
    draw = book.draw
    gap = draw.choice((0, 900, 7200))
    book.note("burst" if gap else "same start")
    found = []
    for number in range(1, 1 + draw.integer(1, 5)):
        again = dict(first)
        again["started_at"] = first["started_at"] + number * timedelta(seconds=gap)
        if _local_day(again["started_at"]) > book.period.last:
            break
        again["subscription_id"] = draw.choice((first["subscription_id"], *subscriptions))
        again["guided_on"] = None
        again["usage_on"] = _complete_on(book, again, may_be_late=False)
        found.append(again)
    return found


def _local_day(instant: datetime) -> date:
    return instant.replace(tzinfo=UTC).astimezone(CLOCK).date()


def _begin(book: Book, begin: date) -> datetime:
    draw, period = book.draw, book.period
    if draw.boolean(60):
        day = draw.choice(book.days) + draw.choice((0, 0, -1, 1, 2)) * DAY
    else:
        day = period.first + draw.integer(-20, period.days) * DAY
    if draw.boolean(8):
        book.note("eve of a change")
        day = draw.choice(book.days) - DAY
        return at(max(day, begin), "23:59:30")
    if day < begin and draw.boolean(95):
        day = begin + draw.choice((0, 1, 20)) * DAY
    day = min(day, period.last)
    if period.switch_on >= begin and draw.boolean(6):
        book.note("night of the switch")
        day = period.switch_on - draw.choice((0, 0, 1)) * DAY
        return at(day, draw.choice(_NIGHT_CLOCKS), fold=draw.choice((0, 1)))
    if draw.boolean(50):
        return at(day, draw.choice(_CLOCKS))
    return at(day, "00:00") + timedelta(seconds=draw.integer(0, 86399))


def _usage(book: Book, subscription: str, begin: date) -> Row:
    draw = book.draw
    usage_type = draw.choice(_TYPES)
    usage: Row = {
        "usage_id": "",
        "subscription_id": subscription,
        "usage_type": usage_type,
        "direction": "originating",
        "other_number": draw.choice(_NUMBERS),
        "visited_network": None,
        "quantity": 1,
        "started_at": _begin(book, begin),
        "guided_on": None,
    }
    if draw.boolean(12):
        usage["other_number"] = draw.choice(_ODD_NUMBERS)
    if usage_type == "voice":
        usage["quantity"] = draw.choice(_SECONDS)
        if draw.boolean(5):
            usage["quantity"] = draw.choice(_LONG)
            book.note("long call")
        if draw.boolean(15):
            usage["direction"] = "terminating"
    elif usage_type == "data":
        usage |= {"other_number": None, "quantity": draw.choice(_BYTES)}
    elif draw.boolean(10):
        usage["quantity"] = draw.choice((21, 3))
    if draw.boolean(4):
        usage["quantity"] = 0
    if draw.boolean(8):
        usage["visited_network"] = draw.choice(("23203", "23201", "20801"))
    if usage["direction"] == "originating" and draw.boolean(1):
        usage["direction"] = "forwarded"
    usage["usage_on"] = _complete_on(book, usage, may_be_late=True)
    if draw.boolean(4):
        guided_on = usage["usage_on"] + draw.choice((1, 5, 20)) * DAY
        if guided_on <= book.period.last:
            book.note("guided late")
            usage["guided_on"] = guided_on
    return usage


def _complete_on(book: Book, usage: Row, *, may_be_late: bool) -> date:
    """Draw the delivery day: that of its end or the next one, or later, or a day too early."""
    draw = book.draw
    started_on = _local_day(usage["started_at"])
    seconds = usage["quantity"] if usage["usage_type"] == "voice" else 0
    found = _local_day(usage["started_at"] + timedelta(seconds=seconds)) + DAY
    if may_be_late and draw.boolean(18):
        found = started_on + draw.choice(_LATE) * DAY
        book.note("usage late")
    elif draw.boolean(6):
        found = started_on
    # mediation takes usage of the first minutes of the next day, for clocks that run ahead
    minutes = (usage["started_at"] - at(started_on, "00:00")) / timedelta(minutes=1)
    if minutes < 59 and draw.boolean(15):
        book.note("clock ahead")
        found = started_on - DAY
    return min(max(found, book.period.first), book.period.last)
