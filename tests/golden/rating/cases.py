"""Reads the worked cases of rating: what a clerk writes becomes rows of feeds and usages.

A case is one subscription S-<case> (customer C-<case>, account A-<case>) on an offering P-<case>
with a tariff T-<case> of its own, so that all cases can stand in one world beside each other. What
a case does not say is taken from `defaults` in common.yaml; README.md lists what it may say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from orchestration.contracts import load_feeds
from orchestration.contracts.model import Feed

FOLDER = Path(__file__).parent
CONTRACTS = FOLDER.parents[2] / "data" / "contracts"
CLOCK = ZoneInfo("Europe/Berlin")
Rows = dict[str, list[dict[str, Any]]]
Said = Mapping[str, Any]

_DAY_KINDS = {
    "workdays": ("monday", "tuesday", "wednesday", "thursday", "friday"),
    "weekend": ("saturday", "sunday"),
    "all": (
        *("monday", "tuesday", "wednesday", "thursday"),
        *("friday", "saturday", "sunday", "holiday"),
    ),
}


@dataclass
class Case:
    """A worked case: its usages and what must come out for them."""

    name: str
    family: str
    why: str
    usages: list[dict[str, Any]]
    expected: list[dict[str, str]]
    waits: list[dict[str, str]] = field(default_factory=list)
    instances: list[dict[str, str]] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)


@dataclass
class World:
    """All cases with the reference rows of all of them."""

    reference: Rows
    cases: list[Case]

    @property
    def usages(self) -> list[dict[str, Any]]:
        """Usages of all cases."""
        return [usage for case in self.cases for usage in case.usages]


def instant(text: str) -> datetime:
    """Return an instant that is written with its offset, in UTC without a zone."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} says no offset")
    return found.astimezone(UTC).replace(tzinfo=None)


_READ: dict[str, Callable[[str], Any]] = {
    "string": str,
    "integer": int,
    "decimal": Decimal,
    "boolean": {"true": True, "false": False}.__getitem__,
    "date": date.fromisoformat,
    "timestamp": instant,
}


def _typed(feed: Feed, row: Said) -> dict[str, Any]:
    found: dict[str, Any] = {"delivered_on": date.fromisoformat(row["delivered_on"])}
    said = {name: value for name, value in row.items() if name != "delivered_on"}
    unknown = set(said) - set(feed.column_names)
    missing = {column.name for column in feed.columns if column.required and not said[column.name]}
    if unknown or missing:
        raise ValueError(f"{feed.id}: unknown {sorted(unknown)}, missing {sorted(missing)}: {row}")
    for column in feed.columns:
        text = said.get(column.name) or None
        found[column.name] = None if text is None else _READ[column.type](text)
    return found


class _Loader:
    def __init__(self) -> None:
        self.feeds = load_feeds(CONTRACTS)
        self.common = _read("common.yaml")
        self.reference: Rows = defaultdict(list)
        self.activated: set[str] = set()

    def put(self, feed: str, row: Said) -> None:
        """Fill up a row with the defaults of its feed and take it into the reference."""
        common = self.common["defaults"]
        columns = dict.fromkeys(self.feeds[feed].column_names, "")
        full = {**columns, **common["every row"], **common.get(feed, {}), **row}
        full["recorded_at"] = full["recorded_at"] or f"{full['delivered_on']}T05:00:00+00:00"
        if "valid_from_at" in columns:
            full.pop("valid_from_on")
        elif "op" not in columns:
            full = {name: value for name, value in full.items() if name in {*columns, *row}}
            full.setdefault("delivered_on", common["every row"]["delivered_on"])
        self.reference[feed].append(_typed(self.feeds[feed], full))
        if feed == "order_management/subscriptions":
            self._activate(full)

    def _activate(self, subscription: Said) -> None:
        """Let the network activate a subscription at the begin of its first row."""
        name = subscription["subscription_id"]
        if name in self.activated:
            return
        self.activated.add(name)
        begin = datetime.fromisoformat(subscription["valid_from_on"]).replace(tzinfo=CLOCK)
        own = {"provisioning_event_id": f"PE-{name}", "provisioning_request_id": f"PR-{name}"}
        told = {"occurred_at": begin.isoformat(), "delivered_on": subscription["delivered_on"]}
        self.put("order_management/provisioning_events", {**own, **told, "subscription_id": name})

    def put_all(self, rows: Mapping[str, Iterable[Said]]) -> None:
        """Take rows of several feeds."""
        for feed, several in rows.items():
            for row in several:
                self.put(feed, row)

    def put_bands(self, sets: Mapping[str, Mapping[str, Mapping[str, str]]]) -> None:
        """Take sets of bands: set -> kinds of days -> clock -> band."""
        for name, days in sets.items():
            for kinds, begins in days.items():
                for kind in _DAY_KINDS.get(kinds, (kinds,)):
                    for clock, band in begins.items():
                        row = {"time_band_set_id": name, "day_kind": kind, "from_clock": clock}
                        self.put("catalog/time_bands", {**row, "time_band_id": band, "name": band})

    def put_catalog(self, name: str, case: Said) -> None:
        """Take tariff, versions, rates, allowances and offering of a case."""
        tariff = {"tariff_id": f"T-{name}"}
        self.put("catalog/tariffs", {**tariff, "name": name})
        for number, version in enumerate(case.get("versions", [case.get("version", {})]), 1):
            own = {**tariff, "tariff_version_id": f"TV-{name}-{number}"}
            self.put("catalog/tariff_versions", {**own, **version})
        for number, rate in enumerate(case.get("rates", [{}]), 1):
            said = dict(rate)
            version_id = f"TV-{name}-{said.pop('version', '1')}"
            own = {"usage_rate_id": f"R-{name}-{number}", "tariff_version_id": version_id}
            same = {"increment_units": said["first_block_units"]} if _is_even(said) else {}
            self.put("catalog/usage_rates", {**own, **same, **said})
        for number, allowance in enumerate(case.get("allowances", ()), 1):
            own = {"allowance_id": f"AL-{name}-{number}", "product_offering_id": f"P-{name}"}
            self.put("catalog/allowances", {**own, "name": name, **allowance})
        offering = {"product_offering_id": f"P-{name}", "name": name, **tariff}
        self.put("catalog/product_offerings", {**offering, **case.get("offering", {})})

    def put_customer(self, name: str, case: Said) -> None:
        """Take the customer, account and subscription of a case."""
        customer, account = {"customer_id": f"C-{name}"}, {"account_id": f"A-{name}"}
        self.put("crm/customers", {**customer, **case.get("customer", {})})
        self.put("crm/billing_accounts", {**account, **customer, **case.get("account", {})})
        own = {"subscription_id": f"S-{name}", "product_offering_id": f"P-{name}"}
        if "activated" in case:
            self.activated.add(f"S-{name}")
        said = case.get("subscription", {})
        self.put("order_management/subscriptions", {**own, **account, **customer, **said})

    def case(self, family: str, said: Said) -> Case:
        """Take a case with all its rows."""
        name = said["case"]
        self.put_bands(said.get("bands", {}))
        self.put_catalog(name, said)
        self.put_customer(name, said)
        self.put_all(said.get("rows", {}))
        usages = [
            self._usage(name, number, usage) for number, usage in enumerate(said["usages"], 1)
        ]
        return Case(
            name=name,
            family=family,
            why=said["why"],
            usages=usages,
            expected=said.get("expected") or [],
            waits=said.get("waits", []),
            instances=said.get("instances", []),
            refused=said.get("refused", []),
        )

    def _usage(self, name: str, number: int, said: Said) -> dict[str, Any]:
        full = {**self.common["defaults"]["usage"], **said}
        started = instant(full["at"])
        next_day = started.replace(tzinfo=UTC).astimezone(CLOCK).date() + timedelta(days=1)
        guided = full.get("guided_on")
        return {
            "usage_id": f"{name}-{number}",
            "subscription_id": full.get("subscription") or f"S-{name}",
            "usage_type": full["type"],
            "direction": full["direction"],
            "other_number": full["to"] or None,
            "visited_network": full.get("visited") or None,
            "quantity": int(full["quantity"]),
            "started_at": started,
            "usage_on": date.fromisoformat(full["on"]) if full.get("on") else next_day,
            "guided_on": date.fromisoformat(guided) if guided else None,
        }


def _is_even(rate: Said) -> bool:
    return "first_block_units" in rate and "increment_units" not in rate


def _read(name: str) -> Any:
    # every scalar stays text: a price must not pass through a float
    return yaml.load((FOLDER / name).read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506


def load_world() -> World:
    """Read all families of cases."""
    loader = _Loader()
    loader.put_all(loader.common["rows"])
    loader.put_bands(loader.common["bands"])
    cases = [
        loader.case(path.stem, said)
        for path in sorted(FOLDER.glob("*.yaml"))
        if path.stem != "common"
        for said in _read(path.name)
    ]
    names = [case.name for case in cases]
    if len(set(names)) < len(names):
        raise ValueError(f"a case is told twice: {sorted(names)}")
    return World(dict(loader.reference), cases)
