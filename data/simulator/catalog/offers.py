"""What is sold: base plans of ten years, add-ons, devices and fees, with what they include.

The table is offerings.csv, one line per offering; here it becomes offers and rows.

Prices of prepaid offers include tax, all others are net. A plan whose holders move on when their
term ends names its successors, in the order in which they were sold. `minutes` and `gigabytes` are
per month; None includes nothing, FLAT has no limit.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from data.simulator.catalog.rows import BEGIN, Row
from data.simulator.model import Offer

FLAT = -1
GIGABYTE = 1_000_000_000
_TABLE = Path(__file__).parent / "offerings.csv"


@dataclass(frozen=True)
class Item:
    """An offering with all that prices and allowances are made of."""

    key: str
    name: str
    kind: str
    network: str | None
    rating: str | None
    customer: str | None
    technology: str | None
    tariff: str | None
    price: Decimal
    term: int = 0
    minutes: float | None = None
    messages: float | None = None
    gigabytes: float | None = None
    weight: float = 1.0
    sold_from: date | None = None
    sold_until: date | None = None
    successors: tuple[str, ...] = ()
    zones: str = "HOME-EU"
    sharing: str = "own"
    rolls_over: bool = False
    setup: Decimal | None = None
    revenue: str = "service"

    @property
    def notice(self) -> tuple[int, str]:
        """Notice period: a month, a quarter for companies of old, none for prepaid."""
        if self.rating == "prepaid" or self.kind in ("device", "fee"):
            return 0, "days"
        old_company = self.customer == "company" and self.term >= 24
        return (3 if old_company else 1), "months"

    @property
    def worst_rank(self) -> int | None:
        """Worst credit rank that may order it."""
        if self.rating != "postpaid" or self.kind != "base_plan":
            return None
        return 1 if self.price >= 60 and self.customer == "individual" else 2


def _amount(text: str) -> float | None:
    """Return an included amount; empty is none."""
    return None if not text else FLAT if text == "flat" else float(text)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _item(row: dict[str, str]) -> Item:
    """Return a line of the table; empty cells are None."""
    plain: dict[str, Any] = {
        name: value or None for name, value in row.items() if name != "successor"
    }
    amounts = {name: _amount(row[name]) for name in ("minutes", "messages", "gigabytes")}
    return Item(
        **{
            **plain,
            **amounts,
            "price": Decimal(row["price"]),
            "setup": Decimal(row["setup"]) if row["setup"] else None,
            "term": int(row["term"]),
            "weight": float(row["weight"]),
            "sold_from": _day(row["sold_from"]),
            "sold_until": _day(row["sold_until"]),
            "rolls_over": row["rolls_over"] == "yes",
            "successors": tuple(row["successor"].split()),
        }
    )


@lru_cache(maxsize=1)
def items() -> tuple[Item, ...]:
    """Return all offerings: base plans, add-ons, devices and fees."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(_item(row) for row in csv.DictReader(file))


def successions(item: Item) -> tuple[tuple[date, str], ...]:
    """Return the first days on which each successor of an offering takes over its holders."""
    by_key = {other.key: other for other in items()}
    return tuple((by_key[key].sold_from or BEGIN, key) for key in item.successors)


def _units(amount: float | None, unit: int) -> int | None:
    """Return what a plan includes; None is without limit."""
    if amount is None:
        return 0
    return None if amount == FLAT else int(amount * unit)


def offers() -> tuple[Offer, ...]:
    """Return base plans and add-ons as the other parts see them."""
    return tuple(
        Offer(
            product_offering_id=item.key,
            name=item.name,
            offering_kind=item.kind,
            network_type=item.network or "",
            rating_type=item.rating or "",
            customer_kind=item.customer,
            access_technology=item.technology,
            tariff_id=item.tariff,
            monthly_amount=item.price,
            minimum_term_months=item.term,
            notice_period_length=item.notice[0],
            notice_period_unit=item.notice[1],
            worst_credit_rank=item.worst_rank,
            weight=item.weight,
            sold_from_on=item.sold_from,
            sold_until_on=item.sold_until,
            included_seconds=_units(item.minutes, 60),
            included_bytes=_units(item.gigabytes, GIGABYTE),
            successions=successions(item),
        )
        for item in items()
        if item.kind in ("base_plan", "add_on")
    )


def offering_rows() -> list[Row]:
    """Return the rows of product_offerings: one more version whenever a successor is replaced."""
    return [
        {
            "valid_from_on": since,
            "product_offering_id": item.key,
            "tariff_id": item.tariff,
            "name": item.name,
            "offering_kind": item.kind,
            "revenue_kind": item.revenue,
            "network_type": item.network,
            "rating_type": item.rating,
            "customer_kind": item.customer,
            "access_technology": item.technology,
            "tax_category": "standard",
            "successor_offering_id": successor,
            "is_contract_summary_required": item.kind == "base_plan",
            "worst_credit_rank": item.worst_rank,
            "minimum_term_months": item.term,
            "notice_period_length": item.notice[0],
            "notice_period_unit": item.notice[1],
            "early_termination_percent": (100 if item.customer == "company" else 50)
            if item.term
            else 0,
            "sold_from_on": item.sold_from,
            "sold_until_on": item.sold_until,
        }
        for item in items()
        for since, successor in ((BEGIN, None), *successions(item))
    ]
