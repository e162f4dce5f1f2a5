"""Rating told again, one delivery day after the other, in plain Python.

Shares no code and no SQL with the models: reference rows as delivered and guided usages go in,
rated segments, allowance instances and suspense come out. Slow and literal on purpose; a rule that
is hard to read here is a bad rule. The parts: reference (what is believed on a day), clock, zones,
refusals, catalog (terms of a segment), holdings, instances, allowances, chains (who takes what),
pricing (blocks and money).

Input
- reference: feed ("catalog/usage_rates") -> rows, dicts of the feed's columns as typed by its
  contract (instants naive in UTC, empty is None or absent) plus `delivered_on`;
- usages: dicts with `usage_id`, `subscription_id`, `usage_type`, `direction`, `other_number`,
  `visited_network`, `quantity`, `started_at` (naive UTC), `usage_on` (day on which it was complete)
  and, where it was guided later, `guided_on`; each id once, as mediation leaves them;
- last_day: all days from the first delivery to this one are walked, also those without files;
- cut_offs: (bill cycle, end of a month or period) -> day, where a run waited longer than its grace.

Each day first learns its rows, then rates its usages and all that wait, by start and id. A later
day is never known to an earlier one. Decisions that the design leaves open stand in the docstring
of the part that they concern; here:
- A usage is never rated before the local day of its start, as nobody knows what will hold on it.
  One that comes earlier (the clock of its switch runs ahead) is due on that day; before, it is no
  suspense.
- A usage is rated whole or not at all: if one segment finds no terms, all of it waits.
- Reasons: UNKNOWN_SUBSCRIPTION, NO_TARIFF, NO_TARIFF_VERSION, REFUSED_TARIFF_VERSION, whichever
  applies to the earliest part of a call to which one applies; else NO_ZONE, PREFIX_TWICE,
  UNKNOWN_ZONE, NO_RATE, AMOUNT_TOO_LARGE, likewise.
- Adjacent parts of a call with the same version and band are one segment.
- A usage of 0 units is guided, zoned and looked up like any other, and then free: no connect fee,
  no minimum, no allowance.
- Cumulated units of graduated prices count per subscription, price (version, usage type, direction,
  zone and band of the rate row) and month from the cycle day, by the start of the usage.
- The account of a usage is the one that holds the subscription on the local day of its start.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.oracle.allowances import Allowances
from tests.oracle.catalog import Catalog, Customers, PriceKey, Terms
from tests.oracle.chains import needs, take
from tests.oracle.clock import Window, local, month_of, period_of, seconds_to_look_at
from tests.oracle.holdings import Holdings
from tests.oracle.instances import Instance
from tests.oracle.pricing import Block, graduated, money, paid_blocks, price_of, shares
from tests.oracle.reference import Reference, Row
from tests.oracle.zones import WaitsError

OPERATOR = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True)
class Segment:
    """A row of fct_rated_usage; `taken` names the instances that gave its allowance units."""

    usage_id: str
    segment_number: int
    subscription_id: str
    account_id: str
    usage_type: str
    direction: str
    zone_id: str
    time_band: str | None
    started_at: datetime
    rated_on: date
    tariff_version_id: str
    quantity: int
    billable_quantity: int
    allowance_quantity: int
    charged_quantity: int
    connect_fee_amount: Decimal
    amount: Decimal
    priced_by: str
    is_late: bool
    taken: tuple[tuple[str, int], ...]


@dataclass
class Wait:
    """A reason for which a usage waits, from a day until another; None while it still does."""

    usage_id: str
    reason_code: str
    suspended_on: date
    resolved_on: date | None = None


@dataclass
class _Part:
    """A segment in the making: the seconds [first, end) of a call, or all of another usage."""

    terms: Terms
    first: int
    end: int
    started_at: datetime
    taken: list[tuple[str, int]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    fee: Fraction = Fraction(0)

    @property
    def allowed(self) -> int:
        return sum(units for _, units in self.taken)

    @property
    def charged(self) -> int:
        return sum(units for _, units in self.blocks)


class Rater:
    """State of rating at the end of a day; give it the days in order."""

    def __init__(
        self,
        reference: Mapping[str, Sequence[Row]],
        cut_offs: Mapping[tuple[str, date], date] | None = None,
        zone: ZoneInfo = OPERATOR,
        shared: Reference | None = None,
    ) -> None:
        self.reference = Reference(reference, shared)
        self.catalog = Catalog(self.reference, zone)
        self.customers = Customers(self.reference, cut_offs)
        self.allowances = Allowances(Holdings(self.reference, self.catalog, self.customers))
        self.segments: list[Segment] = []
        self.waits: list[Wait] = []
        self._waiting: list[Row] = []
        self._open: dict[str, Wait] = {}
        self._cumulated: dict[tuple[str, PriceKey, Window], int] = defaultdict(int)

    @property
    def instances(self) -> list[Instance]:
        """All instances that were looked at, rolled over ones included."""
        found = [item for items in self.allowances.issued.values() for item in items]
        return found + [item for item in self.allowances.rolled.values() if item is not None]

    def refused(self, day: date) -> dict[str, str]:
        """Return the versions that hold on a day and are refused on it, with their reasons."""
        versions = self.reference.all_at("catalog/tariff_versions", day, day)
        reasons = {
            row["tariff_version_id"]: self.catalog.refusal(row, day, day) for row in versions
        }
        return {version: reason for version, reason in reasons.items() if reason}

    def take(self, day: date, usages: Iterable[Row]) -> None:
        """Rate what is complete on a day, and what waited if anything was learned."""
        is_learning = self.reference.is_learning_day(day)
        again, self._waiting = (self._waiting, []) if is_learning else ([], self._waiting)
        due = sorted([*again, *usages], key=lambda usage: (usage["started_at"], usage["usage_id"]))
        for usage in due:
            try:
                parts = self._parts(usage, day)
            except WaitsError as reason:
                self._wait(usage, str(reason), day)
            else:
                self._settle(usage["usage_id"], day)
                self._rate(usage, parts, day)

    def _wait(self, usage: Row, reason: str, day: date) -> None:
        self._waiting.append(usage)
        usage_id = usage["usage_id"]
        if usage_id in self._open and self._open[usage_id].reason_code == reason:
            return
        self._settle(usage_id, day)
        self._open[usage_id] = Wait(usage_id, reason, day)
        self.waits.append(self._open[usage_id])

    def _settle(self, usage_id: str, day: date) -> None:
        if usage_id in self._open:
            self._open.pop(usage_id).resolved_on = day

    def _parts(self, usage: Row, day: date) -> list[_Part]:
        """Split a call where version or band change; nothing else is ever split."""
        started, quantity = usage["started_at"], usage["quantity"]
        seconds = [0]
        if usage["usage_type"] == "voice":
            seconds = [*seconds_to_look_at(started, quantity)]
        begins, current = [], None
        for second in seconds:
            found = self.catalog.band(usage, started + timedelta(seconds=second), day)
            if found != current:
                begins.append(second)
                current = found
        parts = []
        for first, end in zip(begins, [*begins[1:], quantity], strict=True):
            at = started + timedelta(seconds=first)
            terms = self.catalog.terms(usage, at, day)
            if terms.is_too_large(end - first):
                raise WaitsError("AMOUNT_TOO_LARGE")
            parts.append(_Part(terms, first, end, at))
        return parts

    def _consume(self, usage: Row, parts: Sequence[_Part], day: date) -> bool:
        """Take allowances, then charge the rest; tell whether the connect fee is covered."""
        chains = [self.allowances.chain(usage, part.terms, day) for part in parts]
        asked = needs([(part.terms, part.first, part.end) for part in parts], chains)
        is_fee_covered = False
        for part, chain, need in zip(parts, chains, asked, strict=True):
            for rule, units, instance in take(chain, need):
                if part is parts[0] and not part.taken:
                    is_fee_covered = bool(rule["is_connect_fee_covered"])
                part.taken.append((instance.instance_id, units))
        position = 0
        for part in parts:
            position = max(position, part.first) + part.allowed
            part.blocks = paid_blocks(part.terms, position, part.end)
            position += part.charged
        return is_fee_covered

    def _price(self, usage: Row, part: _Part, month: Window) -> Fraction:
        """Return what a segment costs before limits and rounding."""
        if part.terms.model == "graduated":
            key = (usage["subscription_id"], part.terms.price_key, month)
            before = self._cumulated[key]
            self._cumulated[key] += part.charged
            return part.fee + graduated(part.terms.tiers, before, part.charged)
        return part.fee + sum((price_of(tier, units) for tier, units in part.blocks), Fraction(0))

    def _rate(self, usage: Row, parts: Sequence[_Part], day: date) -> None:
        started_on = self.catalog.day(usage["started_at"])
        holder = self.catalog.subscription(usage["subscription_id"], started_on, day)
        cycle = self.customers.cycle(holder["account_id"], started_on, day)
        month = month_of(started_on, cycle["cycle_day"] if cycle else 1)
        is_late = bool(
            cycle and day > self.customers.cut_off(cycle, period_of(started_on, cycle)[1])
        )
        is_fee_covered = self._consume(usage, parts, day)
        first = parts[0]
        if usage["quantity"] > 0 and not is_fee_covered and not first.terms.is_priced_by_period:
            first.fee = Fraction(first.terms.tiers[0]["connect_fee_amount"])
        priced = [part for part in parts if not part.terms.is_priced_by_period]
        costs = [self._price(usage, part, month) for part in priced]
        amounts = iter(shares(costs, priced[0].terms)) if priced else iter(())
        for number, part in enumerate(parts, 1):
            by_period = part.terms.is_priced_by_period
            self.segments.append(
                Segment(
                    usage_id=usage["usage_id"],
                    segment_number=number,
                    subscription_id=usage["subscription_id"],
                    account_id=holder["account_id"],
                    usage_type=usage["usage_type"],
                    direction=usage["direction"],
                    zone_id=part.terms.zone_id,
                    time_band=part.terms.time_band,
                    started_at=part.started_at,
                    rated_on=day,
                    tariff_version_id=part.terms.version["tariff_version_id"],
                    quantity=part.end - part.first,
                    billable_quantity=part.allowed + part.charged,
                    allowance_quantity=part.allowed,
                    charged_quantity=part.charged,
                    connect_fee_amount=money(part.fee),
                    amount=money(Fraction(0) if by_period else next(amounts)),
                    priced_by="period" if by_period else "usage",
                    is_late=is_late,
                    taken=tuple(part.taken),
                )
            )


def _each_day(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


def rate(
    reference: Mapping[str, Sequence[Row]],
    usages: Iterable[Row],
    last_day: date,
    cut_offs: Mapping[tuple[str, date], date] | None = None,
    shared: Reference | None = None,
) -> Rater:
    """Walk all days from the first delivery to the last day and rate what each one brings.

    `shared` are further reference rows, told before the first of the others.
    """
    by_day: dict[date, list[Row]] = defaultdict(list)
    for usage in usages:
        complete_on = usage.get("guided_on") or usage["usage_on"]
        started_on = local(usage["started_at"], OPERATOR).date()
        by_day[max(complete_on, started_on)].append(usage)
    first = min([*by_day, *(row["delivered_on"] for rows in reference.values() for row in rows)])
    rater = Rater(reference, cut_offs, shared=shared)
    for day in _each_day(first, last_day):
        rater.take(day, by_day[day])
    return rater
