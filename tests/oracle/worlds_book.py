"""Rows of feeds as a random case delivers them: in full, and in all the ways in which rows come.

Belongs here: nothing that knows a rule of rating, only of delivering.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from orchestration.contracts import load_feeds
from tests.oracle.worlds_draw import DAY, LONG_AGO, Draw, Period, Row, Rows

CONTRACTS = Path(__file__).parents[2] / "data" / "contracts"

# ways to tell a row that is not told plainly
_WAYS = ("corrected", "corrected", "corrected", "late", "repeated", "old", "old", "contradicted")

_DEFAULTS: dict[str, Row] = {
    "catalog/tariff_versions": {
        "zone_plan_id": "G",
        "tax_category": "standard",
        "rounding_mode": "half_up",
        "rounding_digits": 6,
        "is_tax_included": False,
        "currency": "EUR",
    },
    "catalog/usage_rates": {
        "usage_type": "voice",
        "direction": "originating",
        "price_model": "flat",
        "tier_number": 1,
        "from_units": 0,
        "unit_size": 1,
        "first_block_units": 1,
        "increment_units": 1,
        "price": Decimal(1),
        "connect_fee_amount": Decimal(0),
        "flat_fee_amount": Decimal(0),
        "currency": "EUR",
    },
    "catalog/allowances": {
        "name": "Units",
        "usage_type": "voice",
        "sharing": "own",
        "validity_kind": "bill_month",
        "is_prorated": False,
        "is_connect_fee_covered": False,
        "priority": 10,
        "step_units": 1,
        "rollover_periods": 0,
    },
    "catalog/product_offerings": {
        "name": "Plan",
        "offering_kind": "base_plan",
        "revenue_kind": "service",
        "tax_category": "standard",
        "minimum_term_months": 0,
        "notice_period_length": 0,
        "notice_period_unit": "days",
    },
    "catalog/tariffs": {"name": "Tariff"},
    "catalog/time_bands": {"name": "Band"},
    "catalog/zones": {"name": "Zone", "bill_label": "Zone", "zone_kind": "national"},
    "catalog/zone_prefixes": {"visited_prefix": "home"},
    "catalog/zone_sets": {"name": "Set"},
    "catalog/holidays": {"name": "Holiday"},
    "catalog/own_number_ranges": {"network_type": "mobile"},
    "catalog/portings": {"operator_code": "D000"},
    "catalog/bill_cycles": {
        "name": "Cycle",
        "interval_months": 1,
        "anchor_on": date(2025, 1, 1),
        "grace_days": 2,
        "payment_term_days": 14,
    },
    "catalog/short_codes": {
        "name": "Code",
        "is_emergency": False,
        "is_hidden_on_bill": False,
        "is_prefix": False,
    },
    "catalog/tax_rules": {
        "legal_entity_id": "G",
        "tax_status": "domestic",
        "tax_code": "S",
        "tax_percent": Decimal(19),
    },
    "crm/customers": {
        "customer_kind": "individual",
        "segment": "residential",
        "region": "Kiel",
        "language": "de",
        "customer_since_on": LONG_AGO,
    },
    "crm/billing_accounts": {
        "legal_entity_id": "G",
        "bill_cycle_id": "M01",
        "tax_status": "domestic",
        "delivery_channel": "email",
        "itemisation": "none",
        "payment_method": "transfer",
        "has_due_notice": True,
        "currency": "EUR",
    },
    "order_management/subscriptions": {
        "network_type": "mobile",
        "rating_type": "postpaid",
        "notice_period_unit": "months",
        "notice_period_length": 1,
        "contract_started_on": LONG_AGO,
    },
    "order_management/add_ons": {"quantity": 1},
    "order_management/provisioning_events": {"step": "activate", "outcome": "completed"},
}


@cache
def _blank(feed: str) -> Row:
    """Return a row of a feed with what goes without saying."""
    contract = load_feeds(CONTRACTS)[feed]
    row: Row = dict.fromkeys(contract.column_names)
    row |= {"op": "upsert"} if contract.is_change_feed else {}
    row |= {"valid_from_on": LONG_AGO} if "valid_from_on" in row else {}
    row |= {"valid_from_at": datetime(2020, 1, 1)} if "valid_from_at" in row else {}
    return row | _DEFAULTS[feed]


class Book:
    """Rows of feeds as they were delivered, and what is remarkable about them."""

    def __init__(self, draw: Draw, period: Period) -> None:
        self.draw = draw
        self.period = period
        self.rows: Rows = defaultdict(list)
        self.features: set[str] = set()
        # days on which something changes: usage of and around them is worth having
        self.days: list[date] = [period.switch_on]

    def note(self, feature: str) -> None:
        """Remember that something is in the case."""
        self.features.add(feature)

    def day(self, after: int = 0, before: int = 0) -> date:
        """Draw a day of the period, often the first of a month, the 15th or that of the switch."""
        first, last = self.period.first + after * DAY, self.period.last - before * DAY
        if self.draw.boolean(50):
            marked = [first + n * DAY for n in range((last - first).days + 1)]
            marked = [day for day in marked if day.day in (1, 15) or day == self.period.switch_on]
            found = self.draw.choice(marked)
        else:
            found = first + self.draw.integer(0, (last - first).days) * DAY
        self.days.append(found)
        return found

    def tell(
        self,
        feed: str,
        delivered_on: date,
        columns: Mapping[str, Any] | None = None,
        *,
        hour: int = 5,
        **more: Any,
    ) -> None:
        """Deliver a row; `hour` is that of the delivery day at which the source wrote it."""
        row = {**_blank(feed), **(columns or {}), **more, "delivered_on": delivered_on}
        if row.get("recorded_at") is None and "op" in row:
            row["recorded_at"] = datetime.combine(delivered_on, datetime.min.time()) + timedelta(
                hours=hour
            )
        self.rows[feed].append(row)

    def when(self, valid_from_on: date) -> date:
        """Draw the day on which a change becomes known: before it holds, mostly, or later."""
        shift = self.draw.choice((0, 0, 0, -1, -5, -20, 1, 3, 25))
        told_on = max(self.period.first, valid_from_on + shift * DAY)
        if told_on > valid_from_on > self.period.first:
            self.note("change told late")
        return min(told_on, self.period.last)

    def put(
        self,
        feed: str,
        columns: Mapping[str, Any],
        other: Mapping[str, Any],
        told_on: date | None = None,
        percent: int = 12,
    ) -> None:
        """Deliver a row plainly, or with a chance in percent late, repeated, corrected and so on.

        `other` are the columns that a wrong row says instead.
        """
        told_on = told_on or self.period.first
        way = self.draw.choice(_WAYS) if self.draw.boolean(percent) else "plain"
        later = min(self.period.last, told_on + self.draw.choice((7, 1, 25, 50)) * DAY)
        if way == "plain" or later == told_on:
            self.tell(feed, told_on, columns)
            return
        self.note(f"row {way}")
        if way == "late":
            self.tell(feed, later, columns)
        elif way == "repeated":
            self.tell(feed, told_on, columns)
            self.tell(feed, later, columns)
        elif way == "corrected":
            self.tell(feed, told_on, {**columns, **other})
            self.tell(feed, later, columns)
        elif way == "old":
            # a file that was written before and comes after says nothing any more
            self.tell(feed, told_on, columns, hour=9)
            written = datetime.combine(told_on, datetime.min.time())
            self.tell(feed, later, {**columns, **other}, recorded_at=written)
        else:
            self.contradict(feed, columns, other, told_on, later)

    def contradict(
        self,
        feed: str,
        columns: Mapping[str, Any],
        other: Mapping[str, Any],
        told_on: date,
        settled_on: date,
    ) -> None:
        """Deliver a row in two ways at once; the truth, mostly, comes later."""
        self.tell(feed, told_on, columns)
        self.tell(feed, told_on, {**columns, **other})
        if self.draw.boolean(75):
            self.tell(feed, settled_on, columns)
