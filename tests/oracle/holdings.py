"""Which offerings a subscription holds, from when, how many, and who shares what.

Decisions that the design leaves open:
- Rows that follow each other with the same offering are one holding; another offering, or a delete,
  ends it. Coming back later is a new holding, with a broken first month of its own.
- Units are included on service days only: from the local day of a completed activation of the
  subscription until the local day of the next completed deactivation, the last event of a day
  deciding. Who is not active has no instance, so its capacity cannot be fixed too early. An add-on
  for which the network tells events of its own begins and ends with these as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tests.oracle.catalog import Catalog, Customers
from tests.oracle.reference import Reference, Row

Service = tuple[date, date]

FOREVER = date.max
SUBSCRIPTIONS = "order_management/subscriptions"


@dataclass(frozen=True)
class Holding:
    """An offering held by a subscription in service, from a local day until another."""

    subscription_id: str
    offering: str
    begins_on: date
    ends_on: date
    quantities: tuple[tuple[date, int], ...]

    def is_held(self, day: date) -> bool:
        """Tell whether it is held on a local day."""
        return self.begins_on <= day < self.ends_on

    def quantity(self, day: date) -> int:
        """Return how many pieces are held on a local day."""
        return [pieces for first, pieces in self.quantities if first <= day][-1]


def _runs(timeline: Sequence[Row]) -> list[tuple[list[Row], date]]:
    """Return rows in a row with one offering, and the day on which the run ends."""
    runs: list[tuple[list[Row], date]] = []
    for row, after in zip(timeline, [*timeline[1:], None], strict=True):
        end = after["valid_from_on"] if after else FOREVER
        if row["op"] == "delete":
            continue
        last = runs[-1] if runs else None
        follows = last is not None and last[1] == row["valid_from_on"]
        if last and follows and last[0][-1]["product_offering_id"] == row["product_offering_id"]:
            runs[-1] = ([*last[0], row], end)
        else:
            runs.append(([row], end))
    return runs


class Holdings:
    """Holdings of subscriptions and of those who share, as known on a day."""

    def __init__(self, reference: Reference, catalog: Catalog, customers: Customers) -> None:
        self.reference = reference
        self.catalog = catalog
        self.customers = customers
        self._found: dict[tuple[str, date], list[Holding]] = {}
        self._found_sharers: dict[tuple[str, date, date], dict[str | None, list[str]]] = {}

    def _service(self, subscription_id: str, add_on: str | None, known: date) -> list[Service]:
        """Return the intervals of service days of a subscription or of an add-on, as told."""
        last_of_day: dict[date, str] = {}
        events = self.reference.events("order_management/provisioning_events", known)
        for event in sorted(events, key=lambda row: row["occurred_at"]):
            if (
                event["step"] in ("activate", "deactivate")
                and event["outcome"] == "completed"
                and event["subscription_id"] == subscription_id
                and event.get("add_on_id") == add_on
            ):
                last_of_day[self.catalog.day(event["occurred_at"])] = event["step"]
        found: list[Service] = []
        begun: date | None = None
        for day, step in last_of_day.items():
            if step == "activate":
                begun = begun or day
            elif begun:
                found.append((begun, day))
                begun = None
        return [*found, (begun, FOREVER)] if begun else found

    def _holdings(
        self, subscription_id: str, add_on: str | None, timeline: Sequence[Row], known: date
    ) -> list[Holding]:
        services = self._service(subscription_id, None, known)
        own = self._service(subscription_id, add_on, known) if add_on else []
        found = []
        for rows, end in _runs(timeline):
            pieces = tuple((row["valid_from_on"], row.get("quantity") or 1) for row in rows)
            offering = rows[0]["product_offering_id"]
            for service in services:
                for switched in own or [service]:
                    first = max(rows[0]["valid_from_on"], service[0], switched[0])
                    last = min(end, service[1], switched[1])
                    if first < last:
                        found.append(Holding(subscription_id, offering, first, last, pieces))
        return found

    def of(self, subscription_id: str, known: date) -> list[Holding]:
        """Return all holdings of a subscription: its base plans and its add-ons."""
        learned = self.reference.last_learned(known)
        if (subscription_id, learned) not in self._found:
            plans = self.reference.timelines(SUBSCRIPTIONS, known).get((subscription_id,), [])
            found = self._holdings(subscription_id, None, plans, known)
            add_ons = self.reference.timelines("order_management/add_ons", known)
            for (add_on,), timeline in add_ons.items():
                if timeline[0]["subscription_id"] == subscription_id:
                    found += self._holdings(subscription_id, add_on, timeline, known)
            self._found[subscription_id, learned] = found
        return self._found[subscription_id, learned]

    def owner(self, subscription_id: str, sharing: str, day: date, known: date) -> str | None:
        """Return who owns an allowance of a sharing that a subscription may use on a day."""
        row = self.reference.at(SUBSCRIPTIONS, (subscription_id,), day, known)
        if row is None:
            return None
        if sharing == "account":
            return f"account {row['account_id']}"
        if sharing == "company":
            return f"company {self.customers.root(row['customer_id'], day, known)}"
        return f"subscription {subscription_id}"

    def _sharers(self, sharing: str, day: date, known: date) -> dict[str | None, list[str]]:
        asked = (sharing, day, self.reference.last_learned(known))
        if asked not in self._found_sharers:
            sharers: dict[str | None, list[str]] = defaultdict(list)
            for (subscription_id,) in self.reference.timelines(SUBSCRIPTIONS, known):
                owner = self.owner(subscription_id, sharing, day, known)
                sharers[owner].append(subscription_id)
            self._found_sharers[asked] = sharers
        return self._found_sharers[asked]

    def shared(self, owner: str, sharing: str, day: date, known: date) -> list[Holding]:
        """Return what the subscriptions that belong to an owner hold on a day."""
        return [
            holding
            for subscription_id in self._sharers(sharing, day, known).get(owner, ())
            for holding in self.of(subscription_id, known)
            if holding.is_held(day)
        ]
