"""Tariff versions that nothing may be priced with, and why.

A version is looked at on a local day with all that it leads to then: its rates and bands, and the
zones of its plan that they name. It is refused whole as long as anything in it is wrong, and good
again on the day on which the fault is corrected. Decisions that the design leaves open:
- What is wrong in a zone plan stops only the usage that meets it (zones): one bad prefix of 20,000
  must not stop all billing.
- Contradicting rows that nobody has settled refuse the version from their first day of validity on:
  rows of its tariff, rates that name it (under whatever key), rows of its set of bands.
- An amount of 10^11 or more is a slip of a clerk or a machine: no usage or month costs that much.
- The first fault in the order of `_CHECKS` is the reason that is shown.
- A rate falls back from (zone, band) to (zone, any), (any zone, band), (any, any). A gap is a band
  of the set for which a zone with prices by band finds nothing at all on this way. A kind of usage
  without any rate is no fault: its usage waits for NO_RATE.
- A zone of another plan, and a band of another set, is an unknown one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from tests.oracle.reference import Reference, Row

ABSURD_AMOUNT = 10**11
_DAY_KINDS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_AMOUNTS = (
    "connect_fee_amount",
    "flat_fee_amount",
    "minimum_charge_amount",
    "maximum_charge_amount",
)


class _Version:
    """A version on a local day, as known on a day, with the rows that it leads to."""

    def __init__(self, reference: Reference, row: Row, day: date, known: date) -> None:
        self.row = row
        self.namesakes = [
            other
            for rows in reference.timelines("catalog/tariff_versions", known).values()
            for other in rows
            if other["op"] != "delete" and other["tariff_version_id"] == row["tariff_version_id"]
        ]
        self.rates = rates_of(reference, row, day, known)
        self.bands = [
            band
            for band in reference.all_at("catalog/time_bands", day, known)
            if band["time_band_set_id"] == row.get("time_band_set_id")
        ]
        plan = row["zone_plan_id"]
        self.zones = {
            zone["zone_id"]
            for zone in reference.all_at("catalog/zones", day, known)
            if zone["zone_plan_id"] == plan
        }
        self.contradictions = [
            item
            for feed, name in (
                ("catalog/tariff_versions", "tariff_id"),
                ("catalog/usage_rates", "tariff_version_id"),
                ("catalog/time_bands", "time_band_set_id"),
            )
            for item in reference.contradictions(feed, day, known)
            if item[name] == row.get(name)
        ]
        rules = reference.all_at("catalog/tax_rules", day, known)
        self.tax_categories = {rule["tax_category"] for rule in rules}


def rates_of(reference: Reference, version: Row, day: date, known: date) -> list[Row]:
    """Return the rates of a version that hold on a local day."""
    return [
        rate
        for rate in reference.all_at("catalog/usage_rates", day, known)
        if rate["tariff_version_id"] == version["tariff_version_id"]
    ]


def _prices(version: _Version) -> dict[tuple[str, str, str | None, str | None], list[Row]]:
    prices = defaultdict(list)
    for rate in version.rates:
        key = (rate["usage_type"], rate["direction"], rate.get("zone_id"), rate.get("time_band_id"))
        prices[key].append(rate)
    return prices


def _is_reused(version: _Version) -> bool:
    return len(version.namesakes) > 1


def _is_contradicted(version: _Version) -> bool:
    return bool(version.contradictions)


def _overlaps(tiers: Sequence[Row]) -> bool:
    return (
        len({tier["tier_number"] for tier in tiers}) < len(tiers)
        or len({tier["from_units"] for tier in tiers}) < len(tiers)
        or len({tier["price_model"] for tier in tiers}) > 1
        or (tiers[0]["price_model"] in ("flat", "package") and len(tiers) > 1)
    )


def _has_overlap(version: _Version) -> bool:
    return any(_overlaps(tiers) for tiers in _prices(version).values())


def _has_tier_gap(version: _Version) -> bool:
    for tiers in _prices(version).values():
        in_order = sorted(tiers, key=lambda tier: tier["tier_number"])
        begins = [tier["from_units"] for tier in in_order]
        numbers = [tier["tier_number"] for tier in in_order]
        if begins[0] != 0 or begins != sorted(begins) or numbers != [*range(1, len(tiers) + 1)]:
            return True
    return False


def _has_band_gap(version: _Version) -> bool:
    if not version.row.get("time_band_set_id"):
        return False
    kinds = [*_DAY_KINDS, *(["holiday"] if version.row.get("holiday_calendar_id") else [])]
    midnights = {band["day_kind"] for band in version.bands if band["from_clock"] == "00:00"}
    if not midnights.issuperset(kinds):
        return True
    prices, names = _prices(version), {band["time_band_id"] for band in version.bands}
    return any(
        not ({(usage, way, z, b) for z in (zone, None) for b in (name, None)} & set(prices))
        for usage, way, zone, band in prices
        if band is not None
        for name in names
    )


def _has_unknown_band(version: _Version) -> bool:
    names = {band["time_band_id"] for band in version.bands} | {None}
    return any(rate.get("time_band_id") not in names for rate in version.rates)


def _has_negative_price(version: _Version) -> bool:
    return any(
        row.get(name) is not None and row[name] < 0
        for row in (version.row, *version.rates)
        for name in ("price", *_AMOUNTS)
    )


def _has_absurd_amount(version: _Version) -> bool:
    return any(
        row.get(name) is not None and row[name] >= ABSURD_AMOUNT
        for row in (version.row, *version.rates)
        for name in _AMOUNTS
    )


def _has_unknown_zone(version: _Version) -> bool:
    named = {rate["zone_id"] for rate in version.rates if rate.get("zone_id")}
    return not named <= version.zones


def _has_unknown_tax_category(version: _Version) -> bool:
    named = {version.row["tax_category"]}
    named |= {rate["tax_category"] for rate in version.rates if rate.get("tax_category")}
    return not named <= version.tax_categories


def _has_other_currency(version: _Version) -> bool:
    return any(rate["currency"] != version.row["currency"] for rate in version.rates)


_CHECKS = (
    ("VERSION_ID_REUSED", _is_reused),
    ("CONTRADICTED", _is_contradicted),
    ("RATE_OVERLAP", _has_overlap),
    ("TIER_GAP", _has_tier_gap),
    ("BAND_GAP", _has_band_gap),
    ("UNKNOWN_BAND", _has_unknown_band),
    ("NEGATIVE_PRICE", _has_negative_price),
    ("ABSURD_AMOUNT", _has_absurd_amount),
    ("UNKNOWN_ZONE", _has_unknown_zone),
    ("UNKNOWN_TAX_CATEGORY", _has_unknown_tax_category),
    ("OTHER_CURRENCY", _has_other_currency),
)


def refusal(reference: Reference, version: Row, day: date, known: date) -> str | None:
    """Return why a version is refused on a local day, as known on a day; none when it is good."""
    looked_at = _Version(reference, version, day, known)
    return next((reason for reason, is_bad in _CHECKS if is_bad(looked_at)), None)
