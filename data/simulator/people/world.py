"""The state of the world between two days, and the basket of rows that a day fills.

Rows of versioned feeds are not written by hand: whoever changes a customer, account, address or
subscription marks it as touched, and the day ends with one row for each.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from data.simulator.knobs import Knobs
from data.simulator.model import Catalog, Offer
from data.simulator.people.clock import instant, moment
from data.simulator.people.schema import TABLES
from data.simulator.people.table import Table
from data.simulator.randomness import stream
from data.simulator.truth import State

Row = dict[str, Any]
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


def stamp(micros: int) -> str:
    """Return an instant as feeds write it."""
    return moment(micros).strftime(_STAMP)


def day_text(ordinal: int) -> str | None:
    """Return a day as feeds write it; 0 is empty."""
    return date.fromordinal(int(ordinal)).isoformat() if ordinal else None


def ids(prefix: str, indexes: np.ndarray) -> pl.Series:
    """Return business keys of row indexes; -1 is null."""
    numbers = pl.Series("id", indexes, dtype=pl.Int64)
    text = (pl.col("id") + 1).cast(pl.String).str.zfill(7)
    key = pl.when(pl.col("id") >= 0).then(pl.lit(prefix) + text)
    return numbers.to_frame().select(key.alias("id")).to_series()


class World:
    """Tables by attribute, an agenda of what is to happen, and the rows of the current day."""

    customers: Table
    accounts: Table
    addresses: Table
    subscriptions: Table
    lines: Table
    add_ons: Table
    freed: Table
    states: Table
    tree: Table
    departures: Table

    def __init__(self, knobs: Knobs, catalog: Catalog) -> None:
        self.knobs = knobs
        self.catalog = catalog
        self.today = 0
        self.counters: dict[str, int] = {}
        self.agenda: dict[int, list[tuple[str, Row]]] = defaultdict(list)
        self.plans: tuple[Offer, ...] = tuple(
            offer for offer in catalog.offers if offer.offering_kind == "base_plan"
        )
        self.extras: tuple[Offer, ...] = tuple(
            offer for offer in catalog.offers if offer.offering_kind == "add_on"
        )
        for name, columns in TABLES.items():
            setattr(self, name, Table(columns))
        self.clear()

    def clear(self) -> None:
        """Empty the basket: the rows of a day were written."""
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.bulk: dict[str, list[pl.DataFrame]] = defaultdict(list)
        self.touched: dict[str, dict[int, None]] = defaultdict(dict)
        self.queues: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self.truth: dict[str, list[Row]] = defaultdict(list)

    def stream(self, *purpose: str | int) -> np.random.Generator:
        """Return the draws of one purpose today."""
        return stream(self.knobs.seed, *purpose, self.today)

    def next_id(self, prefix: str, width: int = 8) -> str:
        """Return the next key of a series."""
        self.counters[prefix] = self.counters.get(prefix, 0) + 1
        return f"{prefix}{self.counters[prefix]:0{width}d}"

    def add(self, feed_id: str, row: Row) -> None:
        """Put one row into today's delivery."""
        self.rows[feed_id].append(row)

    def touch(self, table: str, index: int) -> None:
        """Mark a versioned row: its newest version is delivered tonight."""
        self.touched[table][int(index)] = None

    def queue(self, what: str, index: int, at: int = 0) -> None:
        """Have rows about something built tonight, together with those of its like."""
        self.queues[what].append((int(index), int(at)))

    def queued(self, what: str) -> tuple[np.ndarray, np.ndarray]:
        """Return what was queued: rows and instants."""
        pairs = np.array(self.queues[what], dtype=np.int64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    def plan(self, ordinal: int, what: str, **payload: Any) -> None:
        """Enter something into the agenda of a later day (today's is being worked off)."""
        plain = {k: v.item() if isinstance(v, np.generic) else v for k, v in payload.items()}
        self.agenda[max(int(ordinal), self.today + 1)].append((what, plain))

    def deliver_later(self, ordinal: int, feed_id: str, row: Row) -> None:
        """Put one row into the delivery of a later day, as it is now."""
        self.plan(ordinal, "deliver", feed_id=feed_id, row=row)

    def dirt(self, kind: str, feed_id: str, key: str, detail: str) -> None:
        """Tell truth about something that is dirty on purpose."""
        day = date.fromordinal(self.today)
        self.truth["dirt"].append(
            {"delivered_on": day, "kind": kind, "feed": feed_id, "key": key, "detail": detail}
        )

    def state(self, until: date, scalars: Mapping[str, Any]) -> State:
        """Return all that the next step needs."""
        agenda = [
            {"day": day, "what": what, "payload": json.dumps(payload)}
            for day in sorted(self.agenda)
            for what, payload in self.agenda[day]
        ]
        frames = {f"world_{name}": getattr(self, name).frame() for name in TABLES}
        frames["world_agenda"] = pl.DataFrame(
            agenda, schema={"day": pl.Int64, "what": pl.String, "payload": pl.String}
        )
        return State(until, {**scalars, "counters": self.counters}, frames)

    def restore(self, state: State) -> None:
        """Go on from a saved state."""
        self.counters = dict(state.scalars["counters"])
        for name, columns in TABLES.items():
            setattr(self, name, Table.from_frame(columns, state.frames[f"world_{name}"]))
        for row in state.frames["world_agenda"].iter_rows(named=True):
            self.agenda[row["day"]].append((row["what"], json.loads(row["payload"])))

    def evening(self) -> int:
        """Return the instant at which CRM writes down the versions of the day."""
        return instant(self.today, 17 * 3600)

    def touched_rows(self, table: str) -> np.ndarray:
        """Return the touched rows of a table in their order."""
        return np.array(sorted(self.touched[table]), dtype=np.int64)
