"""Tariffs and their versions over the years.

A tariff is a few numbers: what a national minute, a message and a megabyte cost, how calls are
counted, and which price model its national calls follow. `rates` makes the rates of all zones
from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from data.simulator.catalog.calendar import CALENDAR
from data.simulator.catalog.rows import BEGIN, CURRENCY, Row
from data.simulator.catalog.zones import PLAN, TRUNK
from data.simulator.knobs import Knobs

LATE_DAYS = 4
NOTICE_DAYS = 14


@dataclass(frozen=True)
class Tariff:
    """Parameters of a tariff; `versions` are first days with a factor on national prices."""

    key: str
    name: str
    network: str
    rating: str
    voice: str
    message: str = "0.0756"
    megabyte: str = "0.0015"
    first: int = 60
    increment: int = 60
    bands: str | None = None
    model: str = "flat"
    connect: str = "0"
    abroad: str = "1"
    plan: str = PLAN
    minimum: str | None = None
    on_net: str | None = "0"
    mobile: str | None = None
    with_tax: bool = False
    digits: int = 4
    versions: tuple[tuple[date, str], ...] = ((BEGIN, "1"),)


def _v(*versions: tuple[int, int, str]) -> tuple[tuple[date, str], ...]:
    return ((BEGIN, "1"), *((date(year, month, 1), factor) for year, month, factor in versions))


_TARIFFS = (
    Tariff("T-MOB-16", "Mobil 2016", "mobile", "postpaid", "0.1600", first=60, increment=60,
           versions=_v((2019, 1, "0.9"), (2022, 7, "0.8"))),
    Tariff("T-MIN-16", "Mobil Minuten", "mobile", "postpaid", "0.0756", bands="DE-2",
           first=60, increment=1, versions=_v((2020, 5, "1.05"))),
    Tariff("T-MOB", "Mobil", "mobile", "postpaid", "0.0900", first=60, increment=1,
           versions=_v((2022, 1, "1"), (2024, 6, "1.1"))),
    Tariff("T-FLEX", "Mobil Flex", "mobile", "postpaid", "0.0900", first=30, increment=6,
           versions=_v((2023, 3, "1.1"))),
    Tariff("T-BIZ", "Business Mobil", "mobile", "postpaid", "0.0600", first=1, increment=1,
           bands="BIZ-2", versions=_v((2021, 1, "0.95"))),
    Tariff("T-BIZ-GRAD", "Business Pool", "mobile", "postpaid", "0.0700", model="graduated",
           first=30, increment=6, versions=_v((2022, 1, "0.9"))),
    Tariff("T-BIZ-BAND", "Business Minuten", "mobile", "postpaid", "0.0800", model="banded",
           first=60, increment=1, connect="0.05"),
    Tariff("T-PRE-9", "Prepaid 9 Cent", "mobile", "prepaid", "0.0900", message="0.0900",
           megabyte="0.0030", with_tax=True, on_net=None, versions=_v((2020, 7, "1"))),
    Tariff("T-PRE", "Prepaid", "mobile", "prepaid", "0.0900", message="0.0900",
           megabyte="0.0025", with_tax=True, bands="DE-3", on_net="0.0500",
           versions=_v((2021, 1, "1"), (2024, 1, "1.1"))),
    Tariff("T-PRE-FUNK", "Festnetz Prepaid", "fixed", "prepaid", "0.0490", megabyte="0.0010",
           with_tax=True, minimum="0.0200"),
    Tariff("T-PSTN", "Telefon", "fixed", "postpaid", "0.0244", bands="DE-2", connect="0.0250",
           first=60, increment=60, mobile="0.1597", versions=_v((2018, 7, "1.05"))),
    Tariff("T-FIX-16", "Festnetz 2016", "fixed", "postpaid", "0.0244", first=60, increment=60,
           mobile="0.1597", versions=_v((2020, 1, "1.05"))),
    Tariff("T-FIX", "Festnetz", "fixed", "postpaid", "0.0252", first=60, increment=1,
           bands="DE-3", mobile="0.1597", versions=_v((2023, 1, "1.1"))),
    Tariff("T-BIZ-FIX", "Business Festnetz", "fixed", "postpaid", "0.0190", first=1,
           increment=1, mobile="0.0990", bands="BIZ-2", versions=_v((2022, 1, "0.95"))),
    Tariff("T-TRUNK-SEC", "Trunk sekundengenau", "fixed", "postpaid", "0.0090", first=1,
           increment=1, plan=TRUNK, mobile="0.0690", digits=6, versions=_v((2023, 7, "0.9"))),
    Tariff("T-TRUNK-GRAD", "Trunk Staffel", "fixed", "postpaid", "0.0120", first=1, increment=1,
           plan=TRUNK, mobile="0.0790", model="graduated", digits=6),
    Tariff("T-TRUNK-VOL", "Trunk Volumen", "fixed", "postpaid", "0.0130", first=1, increment=1,
           plan=TRUNK, mobile="0.0790", model="volume", digits=6),
    Tariff("T-TRUNK-PACK", "Trunk Paket", "fixed", "postpaid", "0.0100", first=60, increment=60,
           plan=TRUNK, mobile="0.0790", model="package", digits=6),
    Tariff("T-MOB-TEST", "Mobil Mitarbeiter", "mobile", "postpaid", "0.0400", first=1,
           increment=1),
    Tariff("T-MOB-14", "Mobil 2014", "mobile", "postpaid", "0.2400", versions=_v((2018, 1, "1"))),
    Tariff("T-PRE-14", "Prepaid 2014", "mobile", "prepaid", "0.1500", message="0.1500",
           megabyte="0.0100", with_tax=True),
    Tariff("T-FIX-14", "Festnetz 2014", "fixed", "postpaid", "0.0290", connect="0.05",
           mobile="0.1900", bands="DE-2"),
    Tariff("T-BIZ-14", "Business 2014", "mobile", "postpaid", "0.1200", minimum="0.0500"),
    Tariff("T-TRUNK-14", "Trunk 2014", "fixed", "postpaid", "0.0150", plan=TRUNK,
           mobile="0.0990", bands="BIZ-2", digits=6),
    Tariff("T-M2M", "Maschinen", "mobile", "postpaid", "0.0500", megabyte="0.0500", first=10,
           increment=10, minimum="0.0100"),
)  # fmt: skip
# inside of the simulated window: tariff, month, day of that month, factor, delivered late
_CHANGES = (
    ("T-BIZ", 0, 15, "0.93", False),
    ("T-FLEX", 1, 1, "1.15", False),
    ("T-FIX", 1, 10, "1.15", True),
    ("T-PRE", 2, 1, "1.15", False),
    ("T-MOB", 3, 1, "1.15", False),
    ("T-TRUNK-SEC", 4, 1, "0.88", False),
)


@dataclass(frozen=True)
class Version:
    """A version of a tariff and the day on which it is delivered."""

    tariff: Tariff
    key: str
    valid_from: date
    factor: Decimal
    delivered_on: date
    is_late: bool = False


def _key(tariff: Tariff, day: date) -> str:
    return f"{tariff.key.removeprefix('T-')}-{day:%Y%m%d}"


def changes(knobs: Knobs) -> dict[str, tuple[date, str, date, bool]]:
    """Return tariff -> (first day, factor, delivery, late) of what changes in this world."""
    found = {}
    for key, month, day, factor, is_late in _CHANGES:
        first = knobs.month_on(month).replace(day=day)
        planned = first + timedelta(days=LATE_DAYS if is_late else -NOTICE_DAYS)
        delivered = max(planned, knobs.start_on)
        if delivered <= knobs.last_on:
            found[key] = (first, factor, delivered, is_late)
    return found


def versions(knobs: Knobs) -> tuple[Version, ...]:
    """Return all versions that this world gets to know."""
    coming = changes(knobs)
    found = []
    for tariff in _TARIFFS:
        known = [
            Version(tariff, _key(tariff, day), day, Decimal(factor), knobs.start_on)
            for day, factor in tariff.versions
            if day <= knobs.start_on
        ]
        if tariff.key in coming:
            first, factor, delivered, is_late = coming[tariff.key]
            known.append(
                Version(tariff, _key(tariff, first), first, Decimal(factor), delivered, is_late)
            )
        found += known
    return tuple(found)


def tariff_rows() -> list[Row]:
    """Return the rows of tariffs."""
    return [
        {
            "tariff_id": tariff.key,
            "name": tariff.name,
            "network_type": tariff.network,
            "rating_type": tariff.rating,
            "description": "Prices include tax." if tariff.with_tax else None,
        }
        for tariff in _TARIFFS
    ]


def version_row(version: Version) -> Row:
    """Return the row of tariff_versions."""
    tariff = version.tariff
    return {
        "tariff_id": tariff.key,
        "tariff_version_id": version.key,
        "zone_plan_id": tariff.plan,
        "time_band_set_id": tariff.bands,
        "holiday_calendar_id": CALENDAR if tariff.bands else None,
        "tax_category": "standard",
        "rounding_mode": "half_up",
        "is_tax_included": tariff.with_tax,
        "rounding_digits": tariff.digits,
        "minimum_charge_amount": tariff.minimum,
        "maximum_charge_amount": None,
        "currency": CURRENCY,
        "valid_from_on": version.valid_from,
    }
