"""Allowance instances: issued day by day, used up in consumption order, rolled over once.

Decisions that the design leaves open:
- Which allowances count, and how, is decided on the local day of the usage's start, also for the
  segments of a call that lie behind the end of a month. Only zone and band are the segment's own.
- An instance belongs to an owner (subscription, account or company), an allowance and a window (a
  month counted from the cycle day, or `validity_length` days from the begin of the holding). All
  that an owner holds of one allowance in one window is one capacity: quantity times units, summed.
- Capacity is fixed on the first day of the window, or on the day on which it is first known when
  that is later; a usage that is rated before its window begins fixes it on that day. More that
  becomes valid or known later is a second instance of the difference, for usage rated from then
  on, not prorated. Less takes nothing back, and later more counts above the most there was.
- A broken first month gives units by its days, rounded up to a whole unit. The last month is whole.
- Order: priority, then what ends first, then the older window (so rolled over before fresh), then
  the key of the allowance, then the day of issue.
- Rollover: fixed after the cut-off of the window (month end + grace days of the cycle; without a
  cycle, and for `recurring_days`, the end itself), usable by usage that is rated from the next day
  on and starts in one of the next `rollover_periods` windows, for who holds the offering without a
  break. What was rolled over does not roll again. A window that could roll is closed to late usage
  after its cut-off. A window that became known after its end leaves nothing: nobody knows what was
  used of it, as when an operator moves in. `days` never roll: there is no further window. In a
  two-monthly cycle the first month rolls after its own end plus grace days.
- A step that is begun is taken whole, down to what is left; it covers as much of the usage.
- Free usage uses up an allowance too: who does not want that leaves the zone out of the set.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from tests.oracle.catalog import Terms
from tests.oracle.clock import Window, month_of
from tests.oracle.holdings import Holding, Holdings
from tests.oracle.reference import Row

_DAY = timedelta(days=1)
_FEED = "catalog/allowances"


class Slot(NamedTuple):
    """Whose units of what and when: all of it together has one capacity."""

    owner: str
    allowance_id: str
    window: Window


@dataclass
class Instance:
    """Units issued at once; a capacity of None is without limit."""

    instance_id: str
    owner: str
    allowance_id: str
    usage_type: str
    capacity: int | None
    valid_from_on: date
    valid_to_on: date
    usable_from_on: date
    origin: Window
    rolled_over_from: str | None = None
    used: int = 0

    @property
    def left(self) -> int | None:
        """Units that are left; None without limit."""
        return None if self.capacity is None else self.capacity - self.used


class Allowances:
    """State of all instances; days must be asked in order."""

    def __init__(self, holdings: Holdings) -> None:
        self.holdings = holdings
        self.reference = holdings.reference
        self.issued: dict[Slot, list[Instance]] = defaultdict(list)
        self.rolled: dict[Slot, Instance | None] = {}
        self._looked_at: dict[Slot, date] = {}
        self._units_on: dict[tuple[Slot, date, date], list[int | None]] = {}

    def eligible(self, usage: Row, terms: Terms, known: date) -> list[tuple[Row, Instance]]:
        """Return the instances with units left for a segment, in order of use, with their rules."""
        day = self.holdings.catalog.day(usage["started_at"])
        found = {
            instance.instance_id: (rule, instance)
            for rule in self.reference.all_at(_FEED, day, known)
            if self._counts(rule, usage, terms, day, known)
            for instance in self._instances(rule, usage["subscription_id"], day, known)
            if instance.left is None or instance.left > 0
        }
        return sorted(
            found.values(),
            key=lambda pair: (
                *(pair[0]["priority"], pair[1].valid_to_on, pair[1].origin),
                *(pair[0]["allowance_id"], pair[1].usable_from_on),
            ),
        )

    def _counts(self, rule: Row, usage: Row, terms: Terms, day: date, known: date) -> bool:
        zones = rule.get("zone_set_id")
        return (
            rule["usage_type"] == usage["usage_type"]
            and rule.get("direction") in (None, usage["direction"])
            and rule.get("time_band_id") in (None, terms.time_band)
            and (
                zones is None
                or self.reference.at("catalog/zone_sets", (zones, terms.zone_id), day, known)
                is not None
            )
        )

    def _instances(self, rule: Row, subscription: str, day: date, known: date) -> list[Instance]:
        sharing = rule["sharing"]
        owner = self.holdings.owner(subscription, sharing, day, known)
        if owner is None:
            return []
        found = []
        for holding in self.holdings.shared(owner, sharing, day, known):
            window = self._window(rule, holding, day, known)
            if window is None:
                continue
            slot = Slot(owner, rule["allowance_id"], window)
            if not self._is_closed(slot, rule, holding, known):
                self._issue(slot, known)
                found += self.issued[slot]
            found += self._rolled_into(slot, rule, holding, known)
        return found

    def _window(self, rule: Row, holding: Holding, day: date, known: date) -> Window | None:
        if rule["product_offering_id"] != holding.offering or not holding.is_held(day):
            return None
        if rule["validity_kind"] == "bill_month":
            cycle = self._cycle(holding, day, known)
            return month_of(day, cycle["cycle_day"] if cycle else 1)
        length = timedelta(days=rule["validity_length"])
        passed = (day - holding.begins_on) // length
        if passed and rule["validity_kind"] == "days":
            return None
        first = holding.begins_on + passed * length
        return first, first + length

    def _cycle(self, holding: Holding, day: date, known: date) -> Row | None:
        feed = "order_management/subscriptions"
        row = self.reference.at(feed, (holding.subscription_id,), day, known)
        return self.holdings.customers.cycle(row["account_id"], day, known) if row else None

    # capacity

    def _units(self, rule: Row, holding: Holding, day: date, window: Window) -> int | None:
        if rule.get("capacity_units") is None:
            return None
        units = int(rule["capacity_units"]) * holding.quantity(day)
        first, end = window
        if rule["is_prorated"] and rule["validity_kind"] == "bill_month":
            served = (end - max(first, holding.begins_on)).days
            units = -(-units * served // (end - first).days)
        return units

    def _held_units(self, slot: Slot, day: date, known: date) -> list[int | None]:
        """Return the units of each holding of the owner on a day of the window."""
        asked = (slot, day, self.reference.last_learned(known))
        if asked not in self._units_on:
            rule = self.reference.at(_FEED, (slot.allowance_id,), day, known)
            sharing = rule["sharing"] if rule else "own"
            self._units_on[asked] = [
                self._units(rule, holding, day, slot.window)
                for holding in self.holdings.shared(slot.owner, sharing, day, known)
                if rule and self._window(rule, holding, day, known) == slot.window
            ]
        return self._units_on[asked]

    def _capacity(self, slot: Slot, known: date) -> tuple[int | None, bool]:
        """Return the most that the owner holds on a day of the window so far, and if anything."""
        first, end = slot.window
        last = max(first, min(known, end - _DAY))
        most, is_held, day = 0, False, first
        while day <= last:
            held = self._held_units(slot, day, known)
            is_held = is_held or bool(held)
            if None in held:
                return None, True
            most = max(most, sum(units or 0 for units in held))
            day += _DAY
        return most, is_held

    def _issue(self, slot: Slot, until: date) -> None:
        """Look at the capacity of each day that has passed and issue what is new."""
        first, _ = slot.window
        day = self._looked_at.get(slot, min(first, until) - _DAY) + _DAY
        while day <= until:
            self._looked_at[slot] = day
            capacity, is_held = self._capacity(slot, day)
            before = self.issued[slot]
            so_far = [instance.capacity for instance in before]
            if is_held and None not in so_far:
                more = None if capacity is None else capacity - sum(c or 0 for c in so_far)
                if not before or more is None or more > 0:
                    before.append(self._instance(slot, more, day))
            day += _DAY

    def _instance(self, slot: Slot, capacity: int | None, day: date) -> Instance:
        rule = self.reference.at(_FEED, (slot.allowance_id,), slot.window[1] - _DAY, day)
        number = len(self.issued[slot]) + 1
        return Instance(
            instance_id=f"{slot.owner}/{slot.allowance_id}/{slot.window[0]}/{number}",
            owner=slot.owner,
            allowance_id=slot.allowance_id,
            usage_type=rule["usage_type"] if rule else "",
            capacity=capacity,
            valid_from_on=slot.window[0],
            valid_to_on=slot.window[1],
            usable_from_on=day,
            origin=slot.window,
        )

    # rollover

    def _cut_off(self, rule: Row, holding: Holding, window: Window, known: date) -> date:
        end = window[1]
        if rule["validity_kind"] != "bill_month":
            return end
        cycle = self._cycle(holding, end - _DAY, known)
        return self.holdings.customers.cut_off(cycle, end) if cycle else end

    def _is_closed(self, slot: Slot, rule: Row, holding: Holding, known: date) -> bool:
        rolls = rule["rollover_periods"] > 0 and rule["validity_kind"] != "days"
        return rolls and known > self._cut_off(rule, holding, slot.window, known)

    def _next_window(self, rule: Row, holding: Holding, window: Window, known: date) -> Window:
        first, end = window
        if rule["validity_kind"] == "bill_month":
            cycle = self._cycle(holding, end, known)
            return month_of(end, cycle["cycle_day"] if cycle else 1)
        return end, end + (end - first)

    def _rolled_into(self, slot: Slot, rule: Row, holding: Holding, known: date) -> list[Instance]:
        """Return what earlier windows left over that may still be used in a window."""
        found, window = [], slot.window
        for _ in range(rule["rollover_periods"] if rule["validity_kind"] != "days" else 0):
            before = self._window(rule, holding, window[0] - _DAY, known)
            if before is None:
                break
            source = Slot(slot.owner, slot.allowance_id, before)
            instance = self._roll(source, rule, holding, known)
            if instance is not None and instance.valid_to_on >= slot.window[1]:
                found.append(instance)
            window = before
        return found

    def _roll(self, source: Slot, rule: Row, holding: Holding, known: date) -> Instance | None:
        cut_off = self._cut_off(rule, holding, source.window, known)
        if known <= cut_off:
            return None
        if source not in self.rolled:
            self._issue(source, cut_off)
            self.rolled[source] = self._left_over(source, holding, cut_off)
        return self.rolled[source]

    def _left_over(self, source: Slot, holding: Holding, cut_off: date) -> Instance | None:
        first, end = source.window
        rule = self.reference.at(_FEED, (source.allowance_id,), end - _DAY, cut_off)
        issued = self.issued[source]
        lefts = [instance.left for instance in issued]
        if rule is None or None in lefts:
            return None
        if not issued or issued[0].usable_from_on >= end:
            return None
        units = sum(left or 0 for left in lefts)
        if rule.get("rollover_cap_units") is not None:
            units = min(units, rule["rollover_cap_units"])
        last = source.window
        for _ in range(rule["rollover_periods"]):
            last = self._next_window(rule, holding, last, cut_off)
        if units <= 0 or last == source.window:
            return None
        rolled_from = self.issued[source][0].instance_id
        return Instance(
            instance_id=f"{source.owner}/{source.allowance_id}/{first}/rolled",
            owner=source.owner,
            allowance_id=source.allowance_id,
            usage_type=rule["usage_type"],
            capacity=units,
            valid_from_on=end,
            valid_to_on=last[1],
            usable_from_on=cut_off + _DAY,
            origin=source.window,
            rolled_over_from=rolled_from,
        )
