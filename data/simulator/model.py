"""What the parts of the simulator hand to one another: plain frozen records and one frame.

catalog -> (Catalog) -> people and life -> (lines frame, Contact drivers) -> traffic and care
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Offer:
    """A base plan or add-on that can be sold; `weight` is its share among like offers."""

    product_offering_id: str
    name: str
    offering_kind: str
    network_type: str
    rating_type: str
    customer_kind: str | None
    access_technology: str | None
    tariff_id: str | None
    monthly_amount: Decimal
    minimum_term_months: int
    notice_period_length: int
    notice_period_unit: str
    worst_credit_rank: int | None
    weight: float
    sold_from_on: date | None = None
    sold_until_on: date | None = None
    # base plans: units included per month, so that use grows with the plan
    included_seconds: int | None = 0
    included_bytes: int | None = 0
    # when the minimum term ends, holders move to the last of these that counts by then
    successions: tuple[tuple[date, str], ...] = ()


@dataclass(frozen=True)
class Area:
    """A place: its weight is its share of people, technologies are what can be sold there."""

    area_id: str
    name: str
    region: str
    area_code: str
    technologies: tuple[str, ...]
    weight: float


@dataclass(frozen=True)
class Destination:
    """Numbers that can be called: E.164 prefix, digits to fill up, kind and weight.

    `kind` is one of on_net, mobile, geographic, international, service, short_code; the weight is
    the share within its kind. `country` is the ISO code, empty for short codes.
    """

    prefix: str
    fill_digits: int
    kind: str
    country: str
    weight: float


@dataclass(frozen=True)
class VisitedNetwork:
    """A network that roamers visit: PLMN code, country and weight."""

    plmn: str
    country: str
    country_prefix: str
    weight: float


@dataclass(frozen=True)
class PriceChange:
    """A rise or cut of the recurring price of offerings, announced before it takes effect."""

    price_change_id: str
    product_offering_ids: tuple[str, ...]
    announced_on: date
    effective_on: date
    percent: float


@dataclass(frozen=True)
class Delivery:
    """Rows of a feed that arrive on one day; `name` tells apart two files of that day."""

    feed_id: str
    day: date
    rows: tuple[Mapping[str, Any], ...]
    name: str | None = None


@dataclass(frozen=True)
class Catalog:
    """All that is sold and how it is rated: the files, and what the other parts need of them."""

    deliveries: tuple[Delivery, ...]
    offers: tuple[Offer, ...]
    areas: tuple[Area, ...]
    destinations: tuple[Destination, ...]
    visited_networks: tuple[VisitedNetwork, ...]
    price_changes: tuple[PriceChange, ...]
    # number blocks of the operator: (E.164 prefix, digits to fill up, number_kind, area_id or "")
    own_blocks: tuple[tuple[str, int, str, str], ...]
    # bill_cycle_id -> (cycle_day, interval_months)
    cycles: Mapping[str, tuple[int, int]]
    legal_entity_id: str
    holidays: Mapping[date, str]
    # discount_id of retention offers, by increasing value
    retention_discounts: tuple[str, ...]
    # (campaign_id, campaign_kind, first day, last day or None)
    campaigns: tuple[tuple[str, str, date, date | None], ...]
    # (customer_kind, class, rank, postpaid allowed), best first
    credit_classes: tuple[tuple[str, str, int, bool], ...]
    # usage_source_id -> feed_name
    usage_sources: Mapping[str, str]
    # rows of credit_policy as delivered, in order of priority
    credit_rules: tuple[Mapping[str, Any], ...] = ()
    # what is dirty on purpose in these deliveries, for truth
    dirt: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Outage:
    """A complete outage of a technology in an area; times are UTC."""

    outage_id: str
    area_id: str
    access_technology: str
    severity: str
    cause: str
    started_at: datetime
    ended_at: datetime


# One row per number or line of a subscription and interval in which it holds it: who can use what.
# Times are naive UTC; `to_at` is null while it lasts. `friends_of` is a community number: members
# call each other. Rates are expected events per day of an average weekday.
LINES_SCHEMA: dict[str, pl.DataType] = {
    "subscription_id": pl.String(),
    "subscription_index": pl.Int64(),
    "customer_kind": pl.String(),
    "network_type": pl.String(),
    "rating_type": pl.String(),
    "access_technology": pl.String(),
    "area_id": pl.String(),
    # how its usage is recorded: usage_records | asterisk | freeswitch | radius
    "source": pl.String(),
    # number in E.164, or the line (account code, user name) for asterisk and radius
    "served_key": pl.String(),
    # number shown to others; equal to served_key where that is a number; null for data lines
    "service_number": pl.String(),
    "from_at": pl.Datetime("us"),
    "to_at": pl.Datetime("us"),
    "friends_of": pl.Int64(),
    "voice_per_day": pl.Float64(),
    "sms_per_day": pl.Float64(),
    "data_per_day": pl.Float64(),
    # mean bytes of a data session
    "bytes_per_session": pl.Float64(),
    # shares of calls
    "international_share": pl.Float64(),
    "on_net_share": pl.Float64(),
    # chance per day to begin a journey abroad
    "roaming_per_day": pl.Float64(),
    # chance that a call is cut off by the network (a churn driver)
    "drop_share": pl.Float64(),
    # multiplier that fades before a voluntary leave, dated: see life
    "fade_from_on": pl.Date(),
}


@dataclass
class StepResult:
    """What one step wrote: for the progress line and for tests."""

    until: date
    days: int
    files: int
    rows: dict[str, int] = field(default_factory=dict)
