"""Tariffs, prices and offerings of a random case, with the faults that clerks make.

Few distinct values, so that they meet: the same zones, bands, blocks and steps in every case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tests.oracle.worlds_allowances import put_allowances
from tests.oracle.worlds_book import Book
from tests.oracle.worlds_common import BAND_SETS, put_bands
from tests.oracle.worlds_draw import DAY, LONG_AGO, Row

_ROUNDING = ("half_up", "half_up", "half_even", "up", "down")
_DIGITS = (6, 2, 4, 3, 0, 1, 5)
# price and unit size
_PRICES = (("1", 1), ("0.09", 60), ("0.29", 60), ("0.1", 60), ("0.005", 1), ("0", 1), ("0.02", 7))
_DATA_PRICES = (("0.01", 1048576), ("0.000001", 1), ("1", 1073741824), ("0", 1))
_TINY = ("0.0000000001", 1)
_BLOCKS = ((1, 1), (60, 60), (60, 1), (30, 6), (10, 10))
_MODELS = (*("flat",) * 11, *("banded",) * 3, *("graduated",) * 3, "volume", "volume", "package")
_WAYS = ("originating", "terminating")
_FAULTS = (
    *("NEGATIVE_PRICE", "RATE_OVERLAP", "TIER_GAP", "UNKNOWN_BAND", "UNKNOWN_ZONE"),
    *("UNKNOWN_TAX_CATEGORY", "OTHER_CURRENCY", "ABSURD_AMOUNT", "VERSION_ID_REUSED", "BAND_GAP"),
    *("TOO_DEAR", "TOO_DEAR", "UNKNOWN_ZONE", "VERSION_ID_REUSED", "NEGATIVE_PRICE"),
    *("UNKNOWN_BAND", "UNKNOWN_BAND", "RATE_OVERLAP", "ABSURD_AMOUNT", "OTHER_CURRENCY"),
    *("OTHER_CURRENCY", "UNKNOWN_TAX_CATEGORY", "TOO_DEAR"),
)


@dataclass(frozen=True)
class Catalog:
    """What the subscriptions of a case may hold."""

    plans: tuple[str, ...]
    add_ons: tuple[str, ...]
    tariffs: tuple[str, ...]


def catalog(book: Book, name: str, sharings: tuple[str, ...]) -> Catalog:
    """Tell tariffs, plans and add-ons of a case; the last plan includes nothing, mostly."""
    draw = book.draw
    tariffs = tuple(f"T-{name}-{n}" for n in range(1, 2 + draw.boolean(30)))
    for tariff in tariffs:
        _tariff(book, tariff)
    plans = tuple(f"P-{name}-{n}" for n in (1, 2))
    for number, plan in enumerate(plans):
        row: Row = {"product_offering_id": plan, "tariff_id": tariffs[number % len(tariffs)]}
        if draw.boolean(2):
            row["tariff_id"] = None
            book.note("plan without tariff")
        book.put("catalog/product_offerings", row, {"tariff_id": "T-NONE"})
    add_ons = tuple(f"A-{name}-{n}" for n in range(1, 1 + draw.choice((0, 1, 1, 2))))
    for add_on in add_ons:
        row = {"product_offering_id": add_on, "offering_kind": "add_on"}
        book.tell("catalog/product_offerings", book.period.first, row)
    put_allowances(book, name, [plans[0]] * draw.choice((1, 0, 2, 2, 3)), sharings)
    put_allowances(book, f"{name}b", [plans[1]] * draw.choice((0, 0, 1)), sharings)
    put_allowances(book, f"{name}c", [*add_ons], sharings)
    return Catalog(plans, add_ons, tariffs)


# tariffs


def _tariff(book: Book, tariff: str) -> None:
    draw = book.draw
    book.tell("catalog/tariffs", book.period.first, tariff_id=tariff)
    begins = [LONG_AGO]
    if draw.boolean(40):
        begins += [book.day() for _ in range(draw.choice((1, 1, 2)))]
    plan, bands = draw.choice(("G", "G", "G", "H")), _bands(book, tariff)
    for number, begin in enumerate(sorted(set(begins)), 1):
        if number > 1:
            book.note("new version")
            bands = _bands(book, f"{tariff}-{number}") if draw.boolean(30) else bands
        told_on = book.period.first if begin == LONG_AGO else book.when(begin)
        _version(book, {"tariff_id": tariff, "zone_plan_id": plan}, number, (begin, told_on), bands)
    if draw.boolean(2):
        book.note("tariff withdrawn")
        day = book.day(after=30)
        row = {"tariff_id": tariff, "tariff_version_id": f"V-{tariff}-1", "op": "delete"}
        book.tell("catalog/tariff_versions", book.when(day), row, valid_from_on=day)


def _bands(book: Book, name: str) -> tuple[str | None, tuple[str, ...]]:
    """Draw a set of bands, shared by all or of the case alone, and its bands."""
    draw = book.draw
    chosen = draw.choice((None, "EVENING", "LATE", "HALF", "own"))
    if chosen is None:
        return None, ()
    if chosen != "own":
        kinds = BAND_SETS[chosen]
        return chosen, tuple(sorted({band for clocks in kinds for band in clocks.values()}))
    book.note("own bands")
    begins = [draw.choice(("18:00", "06:00", "02:00", "12:30")) for _ in range(2)]
    clocks = {"00:00": "DAY"} | dict(zip(begins, ("NIGHT", "EVENING"), strict=True))
    set_id = f"B-{name}"
    put_bands(book, set_id, (clocks, {"00:00": "EVENING"}, clocks), book.period.first)
    row: Row = {"time_band_set_id": set_id, "day_kind": "monday", "from_clock": begins[0]}
    if draw.boolean(6):
        book.note("bands contradicted")
        told_on = book.day()
        bands = ({"time_band_id": "DAY"}, {"time_band_id": "NIGHT"})
        row["valid_from_on"] = told_on
        book.contradict("catalog/time_bands", row | bands[0], bands[1], told_on, book.period.last)
    elif draw.boolean(8):
        book.note("bands changed")
        day = book.day()
        changed = row | {"time_band_id": "DAY", "valid_from_on": day}
        book.tell("catalog/time_bands", book.when(day), changed)
    return set_id, tuple(sorted({*clocks.values(), "EVENING"}))


def _version(
    book: Book,
    own: Row,
    number: int,
    held: tuple[date, date],
    bands: tuple[str | None, tuple[str, ...]],
) -> None:
    draw = book.draw
    begin, told_on = held
    version = f"V-{own['tariff_id']}-{number}"
    row = own | {
        "tariff_version_id": version,
        "time_band_set_id": bands[0],
        "holiday_calendar_id": draw.choice(("G", None)) if bands[0] else None,
        "rounding_mode": draw.choice(_ROUNDING),
        "rounding_digits": draw.choice(_DIGITS),
        "valid_from_on": begin,
    }
    book.note(f"rounding {row['rounding_mode']}")
    if draw.boolean(10):
        book.note("minimum")
        row |= {"minimum_charge_amount": Decimal(draw.choice(("0.10", "1")))}
    if draw.boolean(10):
        book.note("maximum")
        row |= {"maximum_charge_amount": Decimal(draw.choice(("2", "0.05", "30")))}
    book.put("catalog/tariff_versions", row, {"rounding_mode": "up"}, told_on, percent=7)
    rates = _rates(book, version, row["zone_plan_id"], bands[1])
    if draw.boolean(18):
        _fault(book, row, rates, told_on)
        return
    for place, rate in enumerate(rates):
        if place < len(rates) - 1 or not draw.boolean(10):
            wrong = {"price": Decimal("0.5")}
            book.put("catalog/usage_rates", rate, wrong, told_on, percent=3)
            continue
        # a new price within the version
        book.note("new price")
        book.tell("catalog/usage_rates", told_on, rate)
        day = book.day()
        changed = rate | {"price": Decimal("0.7"), "valid_from_on": day}
        book.put("catalog/usage_rates", changed, {"price": Decimal(3)}, book.when(day))


# prices


def _places(book: Book, plan: str, bands: tuple[str, ...]) -> list[tuple[str | None, str | None]]:
    """Draw for which zones and bands there are prices."""
    draw = book.draw
    near = "DE" if plan == "G" else "H-NEAR"
    way = draw.integer(0, 5)
    if way == 0 or (way in (2, 3, 4) and not bands):
        return [(None, None)]
    if way == 1:
        return [(near, None), (None, None)]
    if way == 2:
        return [(None, band) for band in bands]
    if way == 3:
        return [(near, bands[0]), (near, None), (None, bands[-1]), (None, None)]
    if way == 4:
        return [(near, band) for band in bands] + [(None, None)]
    if draw.boolean(25):
        book.note("prices for one zone only")
        return [(near, None)]
    return [(None, None), ("MOB" if plan == "G" else "H-OWN", None)]


def _rates(book: Book, version: str, plan: str, bands: tuple[str, ...]) -> list[Row]:
    draw = book.draw
    kinds = [("voice", "originating")]
    kinds += [("voice", "terminating")] if draw.boolean(80) else []
    kinds += [("sms", "originating")] if draw.boolean(90) else []
    kinds += [("data", "originating")] if draw.boolean(90) else []
    found: list[Row] = []
    for usage_type, direction in kinds:
        main = (usage_type, direction) == ("voice", "originating")
        places = _places(book, plan, bands) if main or draw.boolean(20) else [(None, None)]
        for zone, band in places:
            own = {"tariff_version_id": version, "usage_type": usage_type, "direction": direction}
            found += _tiers(book, own | {"zone_id": zone, "time_band_id": band})
    for number, rate in enumerate(found, 1):
        rate["usage_rate_id"] = f"R-{version}-{number}"
    return found


def _tiers(book: Book, own: Row) -> list[Row]:
    draw = book.draw
    is_data = own["usage_type"] == "data"
    model = draw.choice(_MODELS)
    first, increment = draw.choice(_BLOCKS)
    if draw.boolean(5):
        price, unit_size = _TINY
    else:
        price, unit_size = draw.choice(_DATA_PRICES if is_data else _PRICES)
    row = own | {
        "price_model": model,
        "unit_size": unit_size,
        "first_block_units": 1024 if is_data and first == 60 else first,
        "increment_units": increment,
        "price": Decimal(price),
        "connect_fee_amount": Decimal(draw.choice(("0", "0", "0.05", "1"))),
    }
    if draw.boolean(6):
        row |= {"minimum_charge_amount": Decimal("0.25")}
    if draw.boolean(6):
        row |= {"maximum_charge_amount": Decimal("1.99")}
    tiers = [row]
    if model in ("banded", "graduated", "volume"):
        borders = (60, 100, 10) if not is_data else (1_000_000, 3_000_000, 10_000)
        border = draw.choice(borders)
        for number in range(2, 3 + draw.boolean(40)):
            cheaper = (row["price"] / 2 ** (number - 1)).quantize(Decimal("1e-10"))
            tier = {"tier_number": number, "from_units": border, "price": cheaper}
            blocks = draw.choice(_BLOCKS)
            tiers.append(row | tier | {"increment_units": blocks[1]})
            border *= 3
    book.note(f"model {model}")
    book.note(f"blocks {first}/{increment}")
    return tiers


# faults


def _fault(book: Book, version: Row, rates: list[Row], told_on: date) -> None:
    """Tell the prices of a version with a fault, which is healed later, mostly."""
    draw = book.draw
    fault = draw.choice(_FAULTS)
    book.note(f"fault {fault}")
    healed_on = min(book.period.last, told_on + draw.choice((30, 10, 60)) * DAY)
    is_healed = draw.boolean(65)
    faults: dict[str, Row] = {
        "NEGATIVE_PRICE": {"price": Decimal(-1)},
        "UNKNOWN_BAND": {"time_band_id": "NEVER"},
        "UNKNOWN_ZONE": {"zone_id": "H-FAR" if version["zone_plan_id"] == "G" else "AT"},
        "UNKNOWN_TAX_CATEGORY": {"tax_category": draw.choice(("reduced", "nowhere"))},
        "OTHER_CURRENCY": {"currency": "CHF"},
        "ABSURD_AMOUNT": {"connect_fee_amount": Decimal(10**11)},
        "TIER_GAP": {"tier_number": 4},
        "TOO_DEAR": {"price": Decimal(99_999_999), "unit_size": 1},
    }
    bad = faults.get(fault, {})
    last = next((rate for rate in rates if rate["price_model"] == "flat"), rates[0])
    faulty = rates if fault == "TOO_DEAR" else [last] if bad else []
    for rate in rates:
        book.tell("catalog/usage_rates", told_on, rate | bad if rate in faulty else rate)
    for rate in faulty if is_healed else []:
        book.tell("catalog/usage_rates", healed_on, rate)
    if fault == "RATE_OVERLAP":
        again = last | {"usage_rate_id": last["usage_rate_id"] + "x"}
        book.tell("catalog/usage_rates", told_on, again)
        if is_healed:
            book.tell("catalog/usage_rates", healed_on, again, op="delete")
    if fault == "VERSION_ID_REUSED":
        other = version | {"tariff_id": version["tariff_id"] + "x"}
        book.tell("catalog/tariff_versions", told_on, other)
        if is_healed:
            own = {"tariff_version_id": version["tariff_version_id"] + "x"}
            book.tell("catalog/tariff_versions", healed_on, other | own)
    if fault == "BAND_GAP":
        # a price for one band, none for the others and none for any
        row = last | {"usage_rate_id": last["usage_rate_id"] + "x", "time_band_id": "EVENING"}
        row |= {"usage_type": "mms"}
        book.tell("catalog/usage_rates", told_on, row)
        if is_healed:
            any_time = row | {"usage_rate_id": row["usage_rate_id"] + "x", "time_band_id": None}
            book.tell("catalog/usage_rates", healed_on, any_time)
