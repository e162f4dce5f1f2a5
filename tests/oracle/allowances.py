"""Allowance instances: issued day by day, used up in consumption order, rolled over once.

Decisions that the design leaves open:
- Which allowances count, and how, is decided on the local day of the usage's start, also for the
  segments of a call that lie behind the end of a month. Only zone and band are the segment's own.
- An instance belongs to an owner (subscription, account or company), an allowance and a window (a
  month counted from the cycle day, or `validity_length` days from the begin of the holding). All
  that an owner holds of one allowance in one window is one capacity: quantity times units, summed.
- Capacity is fixed on the first day of the window, or on the day on which it is first known when
  that is later. More that becomes valid or known later is a second instance of the difference, for
  usage rated from then on, not prorated. Less takes nothing back, and later more counts above the
  most there was.
- A broken first month gives units by its days, rounded up to a whole unit. The last month is whole.
- Order: priority, then what ends first, then the older window (so rolled over before fresh), then
  the key of the allowance, then the day of issue. It is one order for all usage, so the priority is
  fixed with the instance: that of the allowance on the first day of the window on which anything
  was held, as known on the day of issue; of what was rolled over that of the last day of the window
  that it comes from, as known on its cut-off. All else (step, zones, direction, band, connect fee)
  is what holds on the day of the usage.
- Rollover: fixed after the cut-off of the window (month end + grace days of the cycle; without a
  cycle, and for `recurring_days`, the end itself), which is told with the first instance of the
  window, as is whether it rolls at all. What nobody holds any more ends. Usable by usage that is
  rated from the next day on and starts in one of the next `rollover_periods` windows, for who holds
  the offering without a break. What was rolled over does not roll again. A window that could roll
  is closed to late usage after its cut-off. A window that became known after its end leaves
  nothing: nobody knows what was used of it, as when an operator moves in. `days` never roll: there
  is no further window. In a two-monthly cycle the first month rolls after its own end plus grace
  days. Where several cycles meet in a pool, the latest cut-off and the latest end of the further
  windows count.
- Free usage uses up an allowance too: who does not want that leaves the zone out of the set.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from tests.oracle.catalog import Terms
from tests.oracle.clock import Window, month_of
from tests.oracle.holdings import Holding, Holdings
from tests.oracle.instances import Instance, Slot
from tests.oracle.reference import Row

_DAY = timedelta(days=1)
_FEED = "catalog/allowances"


class Allowances:
    """State of all instances; days must be asked in order."""

    def __init__(self, holdings: Holdings) -> None:
        self.holdings = holdings
        self.reference = holdings.reference
        self.issued: dict[Slot, list[Instance]] = defaultdict(list)
        self.rolled: dict[Slot, Instance | None] = {}
        self._looked_at: dict[Slot, date] = {}
        self._units_on: dict[tuple[Slot, date, date], list[int | None]] = {}

    def chain(self, usage: Row, terms: Terms, known: date) -> list[tuple[Row, Instance]]:
        """Return the instances that count for a segment, used up or not, in order, with rules."""
        day = self.holdings.catalog.day(usage["started_at"])
        found = {
            instance.instance_id: (rule, instance)
            for rule in self.reference.all_at(_FEED, day, known)
            if self._counts(rule, usage, terms, day, known)
            for instance in self._instances(rule, usage["subscription_id"], day, known)
        }
        return sorted(found.values(), key=lambda pair: pair[1].place)

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
            self._issue(slot, known)
            if not self._is_closed(slot, known):
                found += self.issued[slot]
            found += self._rolled_into(slot, rule, holding, day, known)
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

    def _days(self, slot: Slot, known: date) -> list[date]:
        """Return the days of the window that have begun."""
        first, end = slot.window
        return [first + count * _DAY for count in range((min(known + _DAY, end) - first).days)]

    def _capacity(self, slot: Slot, known: date) -> tuple[int | None, date | None]:
        """Return the most that was held on a day of the window so far, and the first such day."""
        most, first_held = 0, None
        for day in self._days(slot, known):
            held = self._held_units(slot, day, known)
            first_held = day if held and first_held is None else first_held
            if None in held:
                return None, first_held
            most = max(most, sum(units or 0 for units in held))
        return most, first_held

    def _issue(self, slot: Slot, until: date) -> None:
        """Look at the capacity of each day that has passed and issue what is new."""
        day = self._looked_at.get(slot, slot.window[0] - _DAY) + _DAY
        while day <= until:
            self._looked_at[slot] = day
            capacity, held_on = self._capacity(slot, day)
            before = self.issued[slot]
            so_far = [instance.capacity for instance in before]
            if held_on is not None and None not in so_far:
                more = None if capacity is None else capacity - sum(c or 0 for c in so_far)
                if not before or more is None or more > 0:
                    before.append(self._instance(slot, more, held_on, day))
            day += _DAY

    def _instance(self, slot: Slot, capacity: int | None, held_on: date, day: date) -> Instance:
        rule = self.reference.at(_FEED, (slot.allowance_id,), held_on, day)
        if rule is None:
            raise ValueError(f"{slot} is held on {held_on} by nothing known on {day}")
        number = len(self.issued[slot]) + 1
        return Instance(
            instance_id=f"{slot.owner}/{slot.allowance_id}/{slot.window[0]}/{number}",
            owner=slot.owner,
            allowance_id=slot.allowance_id,
            usage_type=rule["usage_type"],
            capacity=capacity,
            priority=rule["priority"],
            valid_from_on=slot.window[0],
            valid_to_on=slot.window[1],
            usable_from_on=day,
            origin=slot.window,
            closes_on=self._cut_off(slot, rule, held_on, day),
        )

    # rollover

    def _holders(self, slot: Slot, rule: Row, day: date, known: date) -> list[Holding]:
        """Return what the owner holds on a day of what the units of a slot come with."""
        held = self.holdings.shared(slot.owner, rule["sharing"], day, known)
        return [item for item in held if item.offering == rule["product_offering_id"]]

    def _cut_off(self, slot: Slot, rule: Row, held_on: date, known: date) -> date | None:
        """Return the last day of a window whose rest rolls over; of several cycles the latest."""
        end = slot.window[1]
        at_end = self.reference.at(_FEED, (slot.allowance_id,), end - _DAY, known)
        if at_end is None or not at_end["rollover_periods"] or at_end["validity_kind"] == "days":
            return None
        if at_end["validity_kind"] != "bill_month":
            return end
        holders: list[Holding] = []
        for told, day in ((at_end, end - _DAY), (rule, held_on)):
            holders = holders or [
                item
                for item in self._holders(slot, told, day, known)
                if self._window(told, item, day, known) == slot.window
            ]
        cycles = [self._cycle(item, end - _DAY, known) for item in holders]
        cut_off = self.holdings.customers.cut_off
        return max([end, *(cut_off(cycle, end) for cycle in cycles if cycle)])

    def _is_closed(self, slot: Slot, known: date) -> bool:
        issued = self.issued[slot]
        return bool(issued and issued[0].closes_on and known > issued[0].closes_on)

    def _end_of_windows(self, rule: Row, holding: Holding, end: date, known: date) -> date:
        """Return the end of the further windows behind a day, by the cycle that holds on it."""
        periods: int = rule["rollover_periods"]
        if rule["validity_kind"] != "bill_month":
            return end + periods * timedelta(days=rule["validity_length"])
        cycle = self._cycle(holding, end, known)
        for _ in range(periods):
            end = month_of(end, cycle["cycle_day"] if cycle else 1)[1]
        return end

    def _rolled_into(
        self, slot: Slot, rule: Row, holding: Holding, day: date, known: date
    ) -> list[Instance]:
        """Return what earlier windows left over that may be used on a day of a window."""
        found, window = [], slot.window
        for _ in range(rule["rollover_periods"] if rule["validity_kind"] != "days" else 0):
            before = self._window(rule, holding, window[0] - _DAY, known)
            if before is None:
                break
            instance = self._roll(Slot(slot.owner, slot.allowance_id, before), known)
            if instance is not None and instance.valid_from_on <= day < instance.valid_to_on:
                found.append(instance)
            window = before
        return found

    def _roll(self, source: Slot, known: date) -> Instance | None:
        self._issue(source, known)
        issued = self.issued[source]
        cut_off = issued[0].closes_on if issued else None
        if cut_off is None or known <= cut_off:
            return None
        if source not in self.rolled:
            self.rolled[source] = self._left_over(source, cut_off)
        return self.rolled[source]

    def _left_over(self, source: Slot, cut_off: date) -> Instance | None:
        first, end = source.window
        rule = self.reference.at(_FEED, (source.allowance_id,), end - _DAY, cut_off)
        issued = [item for item in self.issued[source] if item.usable_from_on <= cut_off]
        lefts = [instance.left for instance in issued]
        if rule is None or None in lefts:
            return None
        if not issued or issued[0].usable_from_on >= end:
            return None
        units = sum(left or 0 for left in lefts)
        if rule.get("rollover_cap_units") is not None:
            units = min(units, rule["rollover_cap_units"])
        ends = [
            self._end_of_windows(rule, holder, end, cut_off)
            for holder in self._holders(source, rule, end, cut_off)
        ]
        if units <= 0 or rule["rollover_periods"] == 0 or not ends:
            return None
        rolled_from = self.issued[source][0].instance_id
        return Instance(
            instance_id=f"{source.owner}/{source.allowance_id}/{first}/rolled",
            owner=source.owner,
            allowance_id=source.allowance_id,
            usage_type=rule["usage_type"],
            capacity=units,
            priority=rule["priority"],
            valid_from_on=end,
            valid_to_on=max(ends),
            usable_from_on=cut_off + _DAY,
            origin=source.window,
            rolled_over_from=rolled_from,
        )
