"""How a subscription comes to a tariff version and to a rate at an instant.

Decisions that the design leaves open:
- Plan, tariff, version, band and rate are taken on the local day of the segment's own start, as
  known on `rated_on`; a plan change at midnight splits a running call like a new version.
- The own tariff of a subscription goes before that of its base plan.
- A price for the zone goes before a price for the band: (zone, band), (zone, any), (any zone,
  band), (any, any).
- A segment whose units, with one more first block and increment, would come to 10^11 or more at the
  dearest price of its rate waits: that is a slip of a price or of a counter. Prices per period are
  not asked; their usage carries no amount.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.oracle.clock import band_at, local
from tests.oracle.reference import Reference, Row
from tests.oracle.refusals import ABSURD_AMOUNT, rates_of, refusal
from tests.oracle.zones import WaitsError, zone_of

PriceKey = tuple[str, str, str, str | None, str | None]


@dataclass(frozen=True)
class Terms:
    """What a segment is priced by; `tiers` are the rows of its rate in order."""

    version: Row
    zone_id: str
    time_band: str | None
    tiers: tuple[Row, ...]

    @property
    def model(self) -> str:
        """Price model, the same in all tiers."""
        return str(self.tiers[0]["price_model"])

    @property
    def is_priced_by_period(self) -> bool:
        """Whether its usages carry no amount of their own."""
        return self.model in ("volume", "package")

    @property
    def price_key(self) -> PriceKey:
        """What makes one price, for which units of a month add up."""
        first = self.tiers[0]
        return (
            *(first["tariff_version_id"], first["usage_type"], first["direction"]),
            *(first.get("zone_id"), first.get("time_band_id")),
        )

    def is_too_large(self, quantity: int) -> bool:
        """Whether a segment of so many units could come to an absurd amount."""
        blocks = max(tier["first_block_units"] + tier["increment_units"] for tier in self.tiers)
        dearest = max(Fraction(tier["price"]) / int(tier["unit_size"]) for tier in self.tiers)
        return not self.is_priced_by_period and (quantity + blocks) * dearest >= ABSURD_AMOUNT

    def limit(self, name: str) -> Decimal | None:
        """Return the minimum or maximum of the rate, else that of the version."""
        found = self.tiers[0].get(name)
        return self.version.get(name) if found is None else found


class Catalog:
    """Terms of usages; everything is asked as known on a day."""

    def __init__(self, reference: Reference, zone: ZoneInfo) -> None:
        self.reference = reference
        self.zone = zone
        self._refusals: dict[tuple[str, date, date], str | None] = {}
        self._versions: dict[tuple[str, date, date], Row | WaitsError] = {}

    def day(self, instant: datetime) -> date:
        """Return the local day of an instant."""
        return local(instant, self.zone).date()

    def subscription(self, subscription_id: str, day: date, known: date) -> Row:
        """Return the row of a subscription that holds on a local day."""
        feed = "order_management/subscriptions"
        row = self.reference.at(feed, (subscription_id,), day, known)
        if row is None:
            raise WaitsError("UNKNOWN_SUBSCRIPTION")
        return row

    def version(self, subscription_id: str, day: date, known: date) -> Row:
        """Return the tariff version of a subscription on a local day; a bad one is refused."""
        asked = (subscription_id, day, self.reference.last_learned(known))
        if asked not in self._versions:
            try:
                self._versions[asked] = self._version(subscription_id, day, known)
            except WaitsError as reason:
                self._versions[asked] = reason
        found = self._versions[asked]
        if isinstance(found, WaitsError):
            raise WaitsError(*found.args)
        return found

    def _version(self, subscription_id: str, day: date, known: date) -> Row:
        row = self.subscription(subscription_id, day, known)
        tariff = row.get("tariff_id")
        if not tariff:
            offering = (row["product_offering_id"],)
            plan = self.reference.at("catalog/product_offerings", offering, day, known)
            tariff = plan.get("tariff_id") if plan else None
        if not tariff:
            raise WaitsError("NO_TARIFF")
        version = self.reference.at("catalog/tariff_versions", (tariff,), day, known)
        if version is None:
            raise WaitsError("NO_TARIFF_VERSION")
        if self.refusal(version, day, known):
            raise WaitsError("REFUSED_TARIFF_VERSION")
        return version

    def refusal(self, version: Row, day: date, known: date) -> str | None:
        """Return why a version is refused on a local day; none when it is good."""
        learned = self.reference.last_learned(known)
        key = (version["tariff_version_id"] + "/" + version["tariff_id"], day, learned)
        if key not in self._refusals:
            self._refusals[key] = refusal(self.reference, version, day, known)
        return self._refusals[key]

    def band(self, usage: Row, instant: datetime, known: date) -> tuple[str, str | None]:
        """Return version and band at an instant: where they change a call is split."""
        clock = local(instant, self.zone)
        version = self.version(usage["subscription_id"], clock.date(), known)
        band = band_at(self.reference, version, clock, known)
        return version["tariff_version_id"], band

    def terms(self, usage: Row, instant: datetime, known: date) -> Terms:
        """Return what a segment that begins at an instant is priced by."""
        clock = local(instant, self.zone)
        version = self.version(usage["subscription_id"], clock.date(), known)
        band = band_at(self.reference, version, clock, known)
        started_on = self.day(usage["started_at"])
        zone = zone_of(self.reference, version["zone_plan_id"], usage, started_on, known)
        rates = [
            rate
            for rate in rates_of(self.reference, version, clock.date(), known)
            if rate["usage_type"] == usage["usage_type"] and rate["direction"] == usage["direction"]
        ]
        for z, b in ((zone, band), (zone, None), (None, band), (None, None)):
            tiers = [r for r in rates if (r.get("zone_id"), r.get("time_band_id")) == (z, b)]
            if tiers:
                in_order = sorted(tiers, key=lambda tier: tier["tier_number"])
                return Terms(version, zone, band, tuple(in_order))
        raise WaitsError("NO_RATE")


class Customers:
    """Accounts, their cycles, and company trees.

    Decisions: months and periods of an account are those of the cycle of its payer, if it has a
    sound one (known, paying for itself, in the same tree), else of its own cycle; without any they
    are calendar months and nothing is late. Who has no place in a company tree shares with nobody.
    """

    def __init__(
        self, reference: Reference, cut_offs: Mapping[tuple[str, date], date] | None = None
    ) -> None:
        self.reference = reference
        self._cut_offs = cut_offs or {}

    def _account(self, account_id: str, day: date, known: date) -> Row | None:
        return self.reference.at("crm/billing_accounts", (account_id,), day, known)

    def _customer(self, customer_id: str, day: date, known: date) -> Row | None:
        return self.reference.at("crm/customers", (customer_id,), day, known)

    def root(self, customer_id: str, day: date, known: date) -> str:
        """Return the root of the company tree of a customer; the customer if the tree is broken."""
        customer, seen = self._customer(customer_id, day, known), [customer_id]
        while customer is not None and customer.get("parent_customer_id"):
            parent = customer["parent_customer_id"]
            above = self._customer(parent, day, known)
            kinds = {customer["customer_kind"], above["customer_kind"] if above else None}
            if parent in seen or kinds != {"company"}:
                return customer_id
            seen.append(parent)
            customer = above
        return seen[-1]

    def cycle(self, account_id: str, day: date, known: date) -> Row | None:
        """Return the bill cycle that counts the months of an account on a day."""
        account = self._account(account_id, day, known)
        if account is None:
            return None
        payer = self._account(account.get("payer_account_id") or "", day, known)
        if payer and not payer.get("payer_account_id"):
            roots = {self.root(row["customer_id"], day, known) for row in (account, payer)}
            account = payer if len(roots) == 1 and payer.get("bill_cycle_id") else account
        if not account.get("bill_cycle_id"):
            return None
        return self.reference.at("catalog/bill_cycles", (account["bill_cycle_id"],), day, known)

    def cut_off(self, cycle: Row, end: date) -> date:
        """Return the day up to which usage of a period that ends counts as in time."""
        usual = end + timedelta(days=cycle["grace_days"])
        return self._cut_offs.get((cycle["bill_cycle_id"], end), usual)
