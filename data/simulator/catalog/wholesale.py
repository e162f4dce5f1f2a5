"""What other operators charge and pay: roaming partners, rented access, decks of carriers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from data.simulator.catalog.places import own_blocks
from data.simulator.catalog.prefixes import countries
from data.simulator.catalog.rows import CURRENCY, Row
from data.simulator.knobs import Knobs
from data.simulator.randomness import stream

MEGABYTE = 1_000_000
# countries by visits with which the operator has agreements of its own
PARTNERS = 60
# cost of a minute in cents by zone: fixed, mobile
_CENTS = {
    "EU": (0.4, 1.8), "EUR": (4.5, 16.0), "TR": (2.8, 11.0), "NA": (0.5, 0.5),
    "W1": (2.5, 6.5), "W2": (9.0, 17.0), "W3": (24.0, 31.0),
}  # fmt: skip
_ROAMING = {"EU": (1.9, 0.3, 0.11), "CH": (5.0, 2.0, 0.3), "W1": (25, 9, 1.1), "W2": (70, 15, 4.0)}


def interconnect_rows(knobs: Knobs) -> list[Row]:
    """Return the decks of two carriers, and what ending calls here earns."""
    rng = stream(knobs.seed, "catalog", "decks")
    rows: list[Row] = []
    for carrier, level, first, step in (("VOXLINE", 1.0, 1, 1), ("NORDTRANSIT", 0.94, 60, 1)):
        for country in countries():
            if carrier == "NORDTRANSIT" and country.calls < 4:
                continue
            fixed, mobile = _CENTS[country.zone]
            prefixes = [(f"+{code}", fixed, country.name) for code in country.codes]
            prefixes += [
                (f"+{country.codes[0]}{prefix}", mobile, f"{country.name} mobile")
                for prefix in country.mobile[:12]
            ]
            for prefix, cents, name in prefixes:
                price = level * cents / 100 * (0.85 + 0.3 * float(rng.random()))
                rows.append(_deck(carrier, "cost", (prefix, name), price, (first, step)))
        for prefix, cents, name in (("+49", 0.09, "Germany"), ("+491", 0.36, "Germany mobile")):
            rows.append(_deck(carrier, "cost", (prefix, name), level * cents / 100, (1, 1)))
    for prefix, _, kind, _ in own_blocks():
        cents = 0.36 if kind == "mobile" else 0.09
        rows.append(_deck("INCOMING", "revenue", (prefix, "Own network"), cents / 100, (1, 1)))
    return rows


def _deck(
    carrier: str, flow: str, place: tuple[str, str], price: float, steps: tuple[int, int]
) -> Row:
    return {
        "carrier_id": carrier,
        "flow": flow,
        "usage_type": "voice",
        "number_prefix": place[0],
        "time_profile": "all",
        "destination_name": place[1],
        "unit_size": 60,
        "first_interval_units": steps[0],
        "increment_units": steps[1],
        "price": Decimal(f"{price:.8f}"),
        "connect_fee_amount": "0",
        "currency": CURRENCY,
        "ends_on": None,
    }


def partner_rows() -> list[Row]:
    """Return rates of roaming partners and of rented access."""
    rows: list[Row] = []
    visited = sorted(countries(), key=lambda country: (-country.visits, country.iso))[:PARTNERS]
    for country in visited:
        minute, message, megabyte = _ROAMING[country.roaming]
        rows += [
            {
                **_agreement(f"ROAM-{country.iso}", f"{country.name} Mobile", usage),
                "service_kind": "roaming",
                "usage_type": usage,
                "visited_prefix": country.mcc,
                "unit_size": unit,
                "increment_units": step,
                "price": Decimal(str(cents)) / 100,
                "ends_on": date(2035, 12, 31),
            }
            for usage, cents, unit, step in (
                ("voice", minute, 60, 1),
                ("sms", message, 1, 1),
                ("data", megabyte, MEGABYTE, 1_000),
            )
        ]
    access = (("FIBRE", "14.20"), ("DSL", "11.19"), ("PSTN", "7.90"), ("WIMAX", "9.50"))
    rows += [
        {
            **_agreement("LINECO", "Lineco Access AG", technology),
            "service_kind": "wholesale_access",
            "access_technology": technology,
            "unit_size": 1,
            "increment_units": 1,
            "price": price,
        }
        for technology, price in access
    ]
    return rows


def _agreement(partner: str, name: str, what: str) -> Row:
    return {
        "partner_rate_id": f"{partner}-{what.upper()}",
        "partner_id": partner,
        "partner_name": name,
        "flow": "cost",
        "usage_type": None,
        "direction": None,
        "visited_prefix": None,
        "access_technology": None,
        "currency": CURRENCY,
        "ends_on": None,
    }
