"""What offerings cost and include: prices, announced rises, allowances, discounts, commitments."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from data.simulator.catalog.offers import FLAT, GIGABYTE, Item, items
from data.simulator.catalog.rows import BEGIN, CURRENCY, Row
from data.simulator.knobs import Knobs
from data.simulator.model import PriceChange

ANNOUNCED_DAYS = 35
PREPAID_DAYS = 30
# month of the world, percent, and whose prices rise; from then on again every year
_RISES = (
    (3, 6.0, ("MOB-S-19", "MOB-M-19", "MOB-L-19", "MOB-S-22", "MOB-M-22", "MOB-L-22")),
    (5, 4.5, ("DSL-50-19", "DSL-100-19", "DSL-50-22", "DSL-100-22", "DSL-16", "PSTN-KLASSIK-16")),
)
_CENT = Decimal("0.01")


def price_changes(knobs: Knobs) -> tuple[PriceChange, ...]:
    """Return the rises that are announced within the world."""
    found = []
    for year in range(knobs.months // 12 + 1):
        for month, percent, offerings in _RISES:
            effective = knobs.month_on(month + 12 * year)
            announced = effective - timedelta(days=ANNOUNCED_DAYS)
            if announced <= knobs.last_on:
                key = f"PC-{effective:%Y%m}"
                found.append(PriceChange(key, offerings, announced, effective, percent))
    return tuple(found)


def _timing(item: Item) -> str:
    return "arrears" if item.kind == "add_on" and item.rating == "postpaid" else "in_advance"


def _recurring(item: Item, price: Decimal) -> Row:
    return {
        "offering_price_id": f"{item.key}-R",
        "product_offering_id": item.key,
        "price_kind": "recurring",
        "charge_timing": _timing(item),
        "charged_at_step": None,
        "bill_label": f"Grundpreis {item.name}" if item.kind == "base_plan" else item.name,
        "is_prorated": item.rating != "prepaid",
        "is_tax_included": item.rating == "prepaid",
        "price": price,
        "currency": CURRENCY,
        "valid_from_on": BEGIN,
    }


def _one_off(item: Item, price: Decimal, step: str, label: str) -> Row:
    return {
        **_recurring(item, price),
        "offering_price_id": f"{item.key}-O",
        "price_kind": "one_off",
        "charge_timing": None,
        "charged_at_step": step,
        "bill_label": label,
        "is_prorated": False,
    }


def price_rows() -> list[Row]:
    """Return all prices as they are when the world begins."""
    rows: list[Row] = []
    steps = {"FEE-NUMBER": "change", "FEE-MOVE": "relocation"}
    for item in items():
        if item.kind in ("device", "fee"):
            rows.append(_one_off(item, item.price, steps.get(item.key, "order"), item.name))
            continue
        rows.append(_recurring(item, item.price))
        if item.setup:
            rows.append(_one_off(item, item.setup, "activation", "Anschlusspreis"))
    return rows


def risen_rows(knobs: Knobs) -> list[tuple[date, Row]]:
    """Return the risen prices with the days on which they are delivered."""
    by_key = {item.key: item for item in items()}
    now = {key: item.price for key, item in by_key.items()}
    rows = []
    for change in price_changes(knobs):
        for key in change.product_offering_ids:
            factor = 1 + Decimal(str(change.percent)) / 100
            now[key] = (now[key] * factor).quantize(_CENT, ROUND_HALF_UP)
            row = {**_recurring(by_key[key], now[key]), "valid_from_on": change.effective_on}
            rows.append((max(change.announced_on, knobs.start_on), row))
    return rows


_STEPS = {"voice": 60, "sms": 1, "data": 100_000}
_DATA_SETS = {"EU": "DATA-EU-CH", "HOME-EU": "DATA-EU", "NATIONAL": "DATA-DE", "FIXNET": "DATA-DE"}


def _label(usage: str, amount: float) -> str:
    if amount == FLAT:
        return {"voice": "Telefon-Flat", "sms": "SMS-Flat", "data": "Internet-Flat"}[usage]
    units = {"voice": "Minuten", "sms": "SMS", "data": "GB"}[usage]
    return f"{amount:g} {units}"


def _allowance(item: Item, usage: str, amount: float) -> Row:
    unit = {"voice": 60, "sms": 1, "data": GIGABYTE}[usage]
    capacity = None if amount == FLAT else int(amount * unit)
    is_prepaid = item.rating == "prepaid"
    is_base = item.kind == "base_plan"
    zones: str | None = item.zones
    if usage == "data":
        zones = _DATA_SETS.get(item.zones, item.zones)
        zones = None if item.network == "fixed" and amount == FLAT else zones
    elif usage == "sms" and is_base:
        zones = "HOME-EU"
    validity = "bill_month"
    if is_prepaid:
        validity = "recurring_days" if is_base else "days"
    # what is shared must not be used up before what is one's own; packs fill up what is left
    priority = 10 if is_base else 20
    rolls = item.rolls_over and usage == "data" and capacity is not None
    return {
        "allowance_id": f"{item.key}-{usage.upper()}",
        "product_offering_id": item.key,
        "zone_set_id": zones,
        "time_band_id": None,
        "name": _label(usage, amount),
        "usage_type": usage,
        "direction": "originating",
        "sharing": item.sharing,
        "validity_kind": validity,
        "is_prorated": is_base and not is_prepaid and amount != FLAT,
        "is_connect_fee_covered": True,
        "priority": priority + (5 if item.sharing != "own" else 0),
        "capacity_units": capacity,
        "step_units": 1 if amount == FLAT else _STEPS[usage],
        "validity_length": PREPAID_DAYS if is_prepaid else None,
        "rollover_periods": 1 if rolls else 0,
        "rollover_cap_units": capacity if rolls else None,
    }


def allowance_rows() -> list[Row]:
    """Return what base plans and add-ons include."""
    rows = [
        _allowance(item, usage, amount)
        for item in items()
        for usage, amount in (
            ("voice", item.minutes),
            ("sms", item.messages),
            ("data", item.gigabytes),
        )
        if amount is not None
    ]
    pool = next(row for row in rows if row["allowance_id"] == "BIZ-POOL-22-VOICE")
    # a second level: own minutes to the own network go first, then those that all share
    first = {
        "allowance_id": "BIZ-POOL-22-ONNET",
        "zone_set_id": "ON-NET",
        "name": "Netzintern-Flat",
        "sharing": "own",
        "priority": 5,
        "capacity_units": None,
        "step_units": 1,
        "is_prorated": False,
    }
    return [*rows, {**pool, **first}]


RETENTION = ("RET-10", "RET-15", "RET-20")


def discount_rows() -> list[Row]:
    """Return all discounts: loyalty, welcome, retention, and some that come with an offering."""
    common: Row = {
        "product_offering_id": None,
        "target_offering_id": None,
        "zone_set_id": None,
        "usage_type": None,
        "discount_kind": "percent",
        "applies_to": "recurring",
        "scope": "subscription",
        "is_prorated": True,
        "is_one_time": False,
        "priority": 20,
        "duration_months": None,
        "discount_percent": None,
        "discount_amount": None,
        "currency": None,
    }
    amount = {"discount_kind": "amount", "currency": CURRENCY}
    special: list[Row] = [
        {"discount_id": "LOYAL-5", "name": "Treuerabatt 5 %", "discount_percent": 5},
        {"discount_id": "LOYAL-10", "name": "Treuerabatt 10 %", "discount_percent": 10},
        {"discount_id": "HELLO-5", "name": "Willkommensrabatt", "duration_months": 6,
         "discount_amount": "5.00", **amount},
        {"discount_id": "HELLO-FIX", "name": "Willkommensrabatt Festnetz", "duration_months": 12,
         "discount_amount": "8.40", **amount},
        {"discount_id": "GOODWILL-10", "name": "Kulanzgutschrift", "is_one_time": True,
         "applies_to": "all", "discount_amount": "10.00", **amount},
        {"discount_id": "KOMBI", "name": "Kombirabatt Mobil und Festnetz", "scope": "account",
         "discount_amount": "4.20", "priority": 30, **amount},
        {"discount_id": "TEAM-15", "name": "Mitarbeiterrabatt 15 %", "discount_percent": 15,
         "applies_to": "all", "priority": 10},
        {"discount_id": "BIZ-VOL-5", "name": "Mengenrabatt Verbindungen", "applies_to": "usage",
         "scope": "account", "usage_type": "voice", "zone_set_id": "NATIONAL",
         "discount_percent": 5, "product_offering_id": "TRUNK-STAFFEL-19", "priority": 15},
        {"discount_id": "EAST-10", "name": "Auslandsrabatt", "applies_to": "usage",
         "usage_type": "voice", "zone_set_id": "EAST", "discount_percent": 10,
         "product_offering_id": "BIZ-M-19", "priority": 15},
        {"discount_id": "SETUP-FREE", "name": "Anschlusspreis erlassen", "applies_to": "one_off",
         "discount_percent": 100, "is_one_time": True, "priority": 5},
    ]  # fmt: skip
    special += [
        {
            "discount_id": key,
            "name": f"Bleib-dabei-Rabatt {key[4:]} %",
            "discount_percent": int(key[4:]),
            "duration_months": 12,
        }
        for key in RETENTION
    ]
    return [{**common, **row} for row in special]


def commitment_rows() -> list[Row]:
    """Return commitments that come with offerings."""
    rows = (
        ("MIN-TRUNK-VOL", "TRUNK-VOLUMEN-22", "minimum", "subscription", "usage", None, "voice",
         "Mindestumsatz Verbindungen", "20.00"),
        ("MIN-TRUNK-VOL-25", "TRUNK-VOLUMEN-25", "minimum", "subscription", "usage", None,
         "voice", "Mindestumsatz Verbindungen", "25.00"),
        ("MIN-POOL", "BIZ-POOL-22", "minimum", "account", "all", None, None,
         "Mindestumsatz Pool", "30.00"),
        ("MAX-ROAM", "MOB-M-25", "maximum", "subscription", "usage", "ROAM-WORLD", "data",
         "Kostenschutz Roaming", "50.00"),
        ("MAX-ROAM-L", "MOB-L-25", "maximum", "subscription", "usage", "ROAM-WORLD", "data",
         "Kostenschutz Roaming", "50.00"),
    )  # fmt: skip
    names = (
        "commitment_id", "product_offering_id", "commitment_kind", "scope", "applies_to",
        "zone_set_id", "usage_type", "bill_label", "commitment_amount",
    )  # fmt: skip
    return [
        {
            **dict(zip(names, row, strict=True)),
            "account_id": None,
            "subscription_id": None,
            "is_prorated": True,
            "currency": CURRENCY,
            "ends_on": None,
        }
        for row in rows
    ]
