"""What is believed of the reference rows on a day, told in the plainest way.

Rows are plain dicts with the columns of their feed, typed, plus `delivered_on`. Nothing here knows
what a feed means: only keys, validity and the rules of two statements about one thing.

Of the rows of one key and one first day of validity:
- rows of one delivery day and one `recorded_at` that say different things are all set aside;
- of the others the one written last stands, of two written at once the one delivered later, and a
  repeat counts on the day on which it was first said.
A row holds until the next first day of its key; `op` = delete begins nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
Moment = date | datetime

# feed -> its key; all are dated versions
KEYS: dict[str, tuple[str, ...]] = {
    "catalog/allowances": ("allowance_id",),
    "catalog/bill_cycles": ("bill_cycle_id",),
    "catalog/holidays": ("holiday_calendar_id", "holiday_on"),
    "catalog/own_number_ranges": ("number_prefix",),
    "catalog/portings": ("service_number",),
    "catalog/product_offerings": ("product_offering_id",),
    "catalog/short_codes": ("zone_plan_id", "short_code"),
    "catalog/tariff_versions": ("tariff_id",),
    "catalog/tariffs": ("tariff_id",),
    "catalog/tax_rules": ("legal_entity_id", "tax_category", "tax_status"),
    "catalog/time_bands": ("time_band_set_id", "day_kind", "from_clock"),
    "catalog/usage_rates": ("usage_rate_id",),
    "catalog/zone_prefixes": ("zone_plan_id", "visited_prefix", "number_prefix"),
    "catalog/zone_sets": ("zone_set_id", "zone_id"),
    "catalog/zones": ("zone_id",),
    "crm/billing_accounts": ("account_id",),
    "crm/customers": ("customer_id",),
    "order_management/add_ons": ("add_on_id",),
    "order_management/subscriptions": ("subscription_id",),
}
EVENTS = ("order_management/provisioning_events",)
FEEDS = (*KEYS, *EVENTS)
_NOT_SAID = ("delivered_on", "recorded_at")

Key = tuple[Any, ...]


def since(row: Row) -> Moment:
    """Return from when a row holds: a local day, or an instant in UTC."""
    found: Moment = row["valid_from_at"] if "valid_from_at" in row else row["valid_from_on"]
    return found


def _plain(value: Any) -> Any:
    # 0.50 says what 0.5 says
    return value.normalize() if isinstance(value, Decimal) else value


def _said(row: Row) -> str:
    return repr(sorted((name, _plain(row[name])) for name in row if name not in _NOT_SAID))


def _contradicted(row: Row, rows: Sequence[Row]) -> bool:
    return any(
        other["delivered_on"] == row["delivered_on"]
        and other["recorded_at"] == row["recorded_at"]
        and _said(other) != _said(row)
        for other in rows
    )


def _order(row: Row) -> tuple[datetime, date]:
    return row["recorded_at"], row["delivered_on"]


def _standing(rows: Sequence[Row]) -> Row | None:
    first_said: dict[tuple[str, datetime], Row] = {}
    for row in sorted(rows, key=lambda item: item["delivered_on"]):
        if not _contradicted(row, rows):
            first_said.setdefault((_said(row), row["recorded_at"]), row)
    return max(first_said.values(), key=_order, default=None)


def _last(days: Sequence[date], known: date) -> date:
    place = bisect_right(days, known)
    return days[place - 1] if place else date.min


class Reference:
    """Delivered rows of all feeds; every question names the day on which it is asked.

    `shared` are rows that many references have, beside their own; what they answer alone is found
    once for all.
    """

    def __init__(self, rows: Mapping[str, Sequence[Row]], shared: Reference | None = None) -> None:
        unknown = set(rows) - set(FEEDS)
        if unknown:
            raise ValueError(f"feeds that rating does not read: {sorted(unknown)}")
        self._asked = {feed: self if rows.get(feed) else shared or self for feed in FEEDS}
        self._rows: dict[str, list[Row]] = {
            feed: [*(shared._rows[feed] if shared else ()), *rows.get(feed, ())] for feed in FEEDS
        }
        self._days = {
            feed: sorted({row["delivered_on"] for row in told}) for feed, told in self._rows.items()
        }
        self._all_days = sorted({day for days in self._days.values() for day in days})
        self._timelines: dict[tuple[str, date], dict[Key, list[Row]]] = {}
        self._contradictions: dict[tuple[str, date], list[Row]] = {}
        self._all_at: dict[tuple[str, Moment, date], list[Row]] = {}

    def _heard(self, feed: str, known: date) -> list[Row]:
        return [row for row in self._rows[feed] if row["delivered_on"] <= known]

    def last_learned(self, known: date) -> date:
        """Return the last day up to `known` on which anything was delivered."""
        return _last(self._all_days, known)

    def is_learning_day(self, day: date) -> bool:
        """Tell whether anything was delivered on a day."""
        return self.last_learned(day) == day

    def events(self, feed: str, known: date) -> list[Row]:
        """Return the events delivered up to a day."""
        return self._heard(feed, known)

    def _groups(self, feed: str, known: date) -> dict[tuple[Key, Moment], list[Row]]:
        groups: dict[tuple[Key, Moment], list[Row]] = defaultdict(list)
        for row in self._heard(feed, known):
            groups[tuple(row.get(name) for name in KEYS[feed]), since(row)].append(row)
        return groups

    def timelines(self, feed: str, known: date) -> dict[Key, list[Row]]:
        """Return the rows believed on a day by key, in order of validity, deletes included."""
        asked = self._asked[feed]
        if asked is not self:
            return asked.timelines(feed, known)
        newest = _last(self._days[feed], known)
        if (feed, newest) not in self._timelines:
            found: dict[Key, list[Row]] = defaultdict(list)
            for (key, _), rows in self._groups(feed, newest).items():
                row = _standing(rows)
                if row is not None:
                    found[key].append(row)
            for timeline in found.values():
                timeline.sort(key=since)
            self._timelines[feed, newest] = found
        return self._timelines[feed, newest]

    def at(self, feed: str, key: Key, when: Moment, known: date) -> Row | None:
        """Return the row of a key that holds at a moment, as believed on a day."""
        begun = [row for row in self.timelines(feed, known).get(key, ()) if since(row) <= when]
        return begun[-1] if begun and begun[-1]["op"] != "delete" else None

    def all_at(self, feed: str, when: Moment, known: date) -> list[Row]:
        """Return the rows of all keys that hold at a moment, as believed on a day."""
        asked = self._asked[feed]
        if asked is not self:
            return asked.all_at(feed, when, known)
        place = (feed, when, _last(self._days[feed], known))
        if place not in self._all_at:
            found = (self.at(feed, key, when, known) for key in self.timelines(feed, known))
            self._all_at[place] = [row for row in found if row is not None]
        return self._all_at[place]

    def contradictions(self, feed: str, when: Moment, known: date) -> list[Row]:
        """Return the contradicting rows that began by a moment and are not settled yet."""
        asked = self._asked[feed]
        if asked is not self:
            return asked.contradictions(feed, when, known)
        newest = _last(self._days[feed], known)
        if (feed, newest) not in self._contradictions:
            found: list[Row] = []
            for rows in self._groups(feed, newest).values():
                standing = _standing(rows)
                found += [
                    row
                    for row in rows
                    if _contradicted(row, rows)
                    and (standing is None or _order(standing) < _order(row))
                ]
            self._contradictions[feed, newest] = found
        return [row for row in self._contradictions[feed, newest] if since(row) <= when]
