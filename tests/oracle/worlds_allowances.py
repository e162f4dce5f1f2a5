"""Included and bought units of a random case, and how they change."""

from __future__ import annotations

from tests.oracle.worlds_book import Book
from tests.oracle.worlds_draw import Row

_STEPS = (1, 1, 60, 7)
_CAPACITIES = (300, 60, 100, 120, 600)
_DATA_CAPACITIES = (5_000_000, 1_000_000, 20_000_000)
_SETS = (None, "NATIONAL", "EUROPE", "MOBILE-AND-AT", "ABROAD")


def put_allowances(book: Book, name: str, offerings: list[str], sharings: tuple[str, ...]) -> None:
    for number, offering in enumerate(offerings, 1):
        own = {"allowance_id": f"L-{name}-{number}", "product_offering_id": offering}
        _allowance(book, own, sharings)


def _allowance(book: Book, own: Row, sharings: tuple[str, ...]) -> None:
    draw = book.draw
    usage_type = draw.choice(("voice", "voice", "voice", "voice", "data", "sms"))
    capacity: int | None = draw.choice(_CAPACITIES)
    step = draw.choice(_STEPS)
    if usage_type == "data":
        capacity, step = draw.choice(_DATA_CAPACITIES), draw.choice((1, 1024))
    if usage_type == "sms":
        capacity, step = draw.choice((5, 20)), draw.choice((1, 2))
    if draw.boolean(5):
        capacity = None
        book.note("unlimited")
    validity = draw.choice(("bill_month", "bill_month", "bill_month", "days", "recurring_days"))
    row = own | {
        "usage_type": usage_type,
        "zone_set_id": draw.choice(_SETS) if usage_type == "voice" else None,
        "time_band_id": "EVENING" if draw.boolean(8) else None,
        "direction": "originating" if draw.boolean(20) else None,
        "sharing": draw.choice(sharings),
        "validity_kind": validity,
        "validity_length": None if validity == "bill_month" else draw.choice((30, 7, 10)),
        "is_prorated": draw.boolean(30),
        "is_connect_fee_covered": draw.boolean(40),
        "priority": draw.choice((10, 5, 20)),
        "capacity_units": capacity,
        "step_units": step,
        "rollover_periods": draw.choice((0, 0, 1, 2)),
    }
    if row["rollover_periods"] and draw.boolean(40):
        row["rollover_cap_units"] = draw.choice((50, 25)) if usage_type != "data" else 500_000
    for word in (validity, f"shared {row['sharing']}", f"step {step}"):
        book.note(word)
    book.note(f"rollover {row['rollover_periods']}")
    wrong = {"capacity_units": 37}
    book.put("catalog/allowances", row, wrong)
    if draw.boolean(30):
        _change_allowance(book, row)


def _change_allowance(book: Book, row: Row) -> None:
    draw = book.draw
    day = book.day()
    kinds = ("more", "more", "less", "priority", "priority", "zones", "step", "gone", "unlimited")
    kind = draw.choice(kinds)
    book.note(f"allowance {kind}")
    units = row["capacity_units"] or 100
    changes: dict[str, Row] = {
        "more": {"capacity_units": units * 2},
        "less": {"capacity_units": max(1, units // 2)},
        "priority": {"priority": draw.choice((1, 30))},
        "zones": {"zone_set_id": draw.choice(_SETS)},
        "step": {"step_units": draw.choice(_STEPS)},
        "gone": {"op": "delete"},
        "unlimited": {"capacity_units": None},
    }
    after = row | changes[kind] | {"valid_from_on": day}
    book.put("catalog/allowances", after, {"capacity_units": 41}, book.when(day))
