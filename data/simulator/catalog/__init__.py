"""The catalog of the simulated operator: all that is sold, how it is rated, billed and collected.

`build_catalog` is pure: equal knobs, equal catalog. Tables stand in the modules beside this one;
here they become deliveries, with the few that come later: risen prices, new tariff versions (one
of them late) and corrections.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from data.simulator.catalog import (
    calendar,
    offers,
    places,
    policy,
    prefixes,
    prices,
    rates,
    tariffs,
    wholesale,
    zones,
)
from data.simulator.catalog.corrections import corrections
from data.simulator.catalog.rows import BEGIN, Row, dated
from data.simulator.knobs import Knobs
from data.simulator.model import Catalog, Delivery

__all__ = ["build_catalog"]


def _initial(knobs: Knobs) -> dict[str, list[Row]]:
    """Return the tables that the old system hands over on the first day."""
    known = [item for item in tariffs.versions(knobs) if item.delivered_on == knobs.start_on]
    return {
        "catalog/serviceability": places.serviceability_rows(),
        "catalog/own_number_ranges": places.range_rows(),
        "catalog/holidays": calendar.holiday_rows(),
        "catalog/time_bands": calendar.time_band_rows(),
        "catalog/zones": zones.zone_rows(),
        "catalog/zone_sets": zones.zone_set_rows(),
        "catalog/short_codes": zones.short_code_rows(),
        "catalog/zone_prefixes": prefixes.prefix_rows(),
        "catalog/tariffs": tariffs.tariff_rows(),
        "catalog/tariff_versions": [tariffs.version_row(version) for version in known],
        "catalog/usage_rates": [row for version in known for row in rates.rate_rows(version)],
        "catalog/product_offerings": _known(offers.offering_rows(), knobs),
        "catalog/offering_prices": prices.price_rows(),
        "catalog/allowances": prices.allowance_rows(),
        "catalog/discounts": prices.discount_rows(),
        "catalog/commitments": prices.commitment_rows(),
        "catalog/partner_rates": wholesale.partner_rows(),
        "catalog/interconnect_rates": wholesale.interconnect_rows(knobs),
        "catalog/credit_classes": policy.credit_class_rows(),
        "catalog/credit_policy": policy.credit_rule_rows(),
        "catalog/dunning_ladders": policy.ladder_rows(),
        "catalog/interest_rates": _known(policy.interest_rows(knobs), knobs),
        "catalog/tax_rules": policy.tax_rows(),
        "catalog/legal_entities": policy.legal_entity_rows(),
        "catalog/bill_cycles": policy.cycle_rows(knobs),
        "catalog/rounding_policy": policy.rounding_rows(),
        "catalog/policies": policy.policy_rows(),
        "catalog/kpi_policy": policy.kpi_rows(),
        "catalog/usage_sources": policy.source_rows(),
        "crm/campaigns": policy.campaign_rows(knobs),
    }


def _known(rows: list[Row], knobs: Knobs) -> list[Row]:
    """Return the versions in force; later ones are told on the eve of their day."""
    return [row for row in rows if row["valid_from_on"] <= max(knobs.start_on, BEGIN)]


def _later(knobs: Knobs) -> dict[tuple[str, date], list[Row]]:
    """Return what is delivered after the first day, as planned."""
    found: dict[tuple[str, date], list[Row]] = defaultdict(list)
    for version in tariffs.versions(knobs):
        if version.delivered_on > knobs.start_on:
            day = version.delivered_on
            found["catalog/tariff_versions", day].append(tariffs.version_row(version))
            found["catalog/usage_rates", day] += rates.rate_rows(version)
    for feed, rows in (
        ("catalog/interest_rates", policy.interest_rows(knobs)),
        ("catalog/product_offerings", offers.offering_rows()),
    ):
        known = _known(rows, knobs)
        for row in rows:
            if row not in known and row["valid_from_on"] <= knobs.last_on:
                found[feed, row["valid_from_on"] - timedelta(days=1)].append(row)
    for day, row in prices.risen_rows(knobs):
        found["catalog/offering_prices", day].append(row)
    return found


def _late(knobs: Knobs) -> list[Mapping[str, Any]]:
    return [
        {
            "delivered_on": version.delivered_on,
            "kind": "late_tariff",
            "feed": "catalog/tariff_versions",
            "key": version.key,
            "detail": f"valid from {version.valid_from}",
        }
        for version in tariffs.versions(knobs)
        if version.is_late
    ]


def _on(feeds: Iterable[tuple[str, date, tuple[Row, ...]]]) -> tuple[Delivery, ...]:
    ordered = sorted(feeds, key=lambda item: (item[1], item[0]))
    return tuple(Delivery(feed, day, rows) for feed, day, rows in ordered)


def build_catalog(knobs: Knobs) -> Catalog:
    """Return the catalog of a world."""
    start = knobs.start_on
    initial = _initial(knobs)
    # written two days before: what refers to the catalog was written the evening after
    handed_over = start - timedelta(days=1)
    feeds = [(feed, start, dated(rows, handed_over)) for feed, rows in initial.items()]
    feeds.append(("catalog/portings", start, places.porting_rows(handed_over)))
    feeds += [(feed, day, dated(rows, day)) for (feed, day), rows in _later(knobs).items()]
    repaired, found = corrections(knobs, initial)
    feeds += [(feed, day, dated([row], day, hour=20)) for feed, day, row in repaired]
    credit = policy.credit_class_rows()
    return Catalog(
        deliveries=_on(feeds),
        offers=offers.offers(),
        areas=places.areas(),
        destinations=prefixes.destinations(),
        visited_networks=prefixes.visited_networks(),
        price_changes=prices.price_changes(knobs),
        own_blocks=places.own_blocks(),
        cycles=dict(policy.CYCLES),
        legal_entity_id=places.LEGAL_ENTITY,
        holidays=calendar.holidays(),
        retention_discounts=prices.RETENTION,
        campaigns=tuple(
            (row["campaign_id"], row["campaign_kind"], row["starts_on"], row["ends_on"])
            for row in policy.campaign_rows(knobs)
        ),
        credit_classes=tuple(
            (
                row["customer_kind"],
                row["credit_class"],
                row["credit_rank"],
                row["is_postpaid_allowed"],
            )
            for row in credit
        ),
        usage_sources={row["usage_source_id"]: row["feed_name"] for row in policy.source_rows()},
        credit_rules=tuple(policy.credit_rule_rows()),
        dirt=(*_late(knobs), *found),
    )
