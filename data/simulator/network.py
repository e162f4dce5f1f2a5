"""Where the life of subscriptions meets the network and the care desk: outages, traffic, contacts.

Life knows nothing of files and formats; care and traffic know nothing of hazards. This hands lines
to the one, drivers to the other, and what care saw back to life.

Usage of yesterday does not depend on what happens today, so it is delivered by a thread beside
the day's life and care. Nobody else touches its ledger, and the day waits for it in the evening:
what is written depends on nothing but the knobs.
"""

from __future__ import annotations

import sys
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

import numpy as np
import polars as pl

from data.simulator.care import care_of_day, outage_rows, outages_of_month
from data.simulator.knobs import TIME_ZONE, Knobs
from data.simulator.landing import Landing
from data.simulator.life.moods import contact_rates, dissatisfaction
from data.simulator.model import Catalog, Outage
from data.simulator.people.lines import lines_of_day, named
from data.simulator.people.schema import ACTIVE
from data.simulator.people.world import World, ids
from data.simulator.traffic import Ledger, top_ups_of_day, traffic_of_day
from data.simulator.truth import State

Row = dict[str, Any]
# outages last some days at most: those that began so many days ago may still go on
LONGEST_OUTAGE_DAYS = 8
# beginning of the names of the frames that traffic keeps
_TRAFFIC = "traffic_"
# how soon life, which is plain Python, lets traffic hand its next column to polars and numpy
_SWITCH_SECONDS = 0.0002


class Network:
    """The world outside of the records: one per step, with what it must remember in frames."""

    def __init__(
        self, knobs: Knobs, catalog: Catalog, landing: Landing, state: State | None
    ) -> None:
        self.knobs = knobs
        self.catalog = catalog
        self.landing = landing
        self.told: dict[str, list[Row]] = {}
        frames = state.frames if state else {}
        self.lines: tuple[date, pl.DataFrame] | None = None
        self.carry = frames.get("care_carry")
        self.ledger = Ledger.restore(
            {name: frame for name, frame in frames.items() if name.startswith(_TRAFFIC)}
        )
        self._outages = lru_cache(maxsize=4)(self._outages_of_month)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="traffic")
        self._switch_seconds = sys.getswitchinterval()

    def __enter__(self) -> Self:
        """Make room for the thread of traffic."""
        sys.setswitchinterval(_SWITCH_SECONDS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for the thread: a step that failed must not go on writing."""
        self._thread.shutdown()
        sys.setswitchinterval(self._switch_seconds)

    def _outages_of_month(self, month_on: date) -> tuple[Outage, ...]:
        return tuple(outages_of_month(self.knobs, self.catalog, month_on))

    def outages(self, day: date) -> list[Outage]:
        """Return the outages that touch a local day."""
        start = _midnight(day)
        end = _midnight(day + timedelta(days=1))
        months = sorted(
            {moment.replace(day=1) for moment in (day - timedelta(days=LONGEST_OUTAGE_DAYS), day)}
        )
        return [
            outage
            for month_on in months
            for outage in self._outages(month_on)
            if outage.started_at < end and outage.ended_at >= start
        ]

    def care(self, world: World, day: date) -> None:
        """Let customers talk to the care desk; what they met there is felt from tomorrow on."""
        outages = self.outages(day)
        for told_on, row in outage_rows(outages):
            if told_on == day:
                world.add("network/outages", dict(row))
        lines = lines_of_day(world, day.toordinal())
        self.lines = (day, lines)
        drivers = care_drivers(world)
        desk = care_of_day(self.knobs, self.catalog, day, lines, outages, drivers, self.carry)
        self.carry = desk.carry
        for feed_id, rows in (
            ("care/interactions", desk.interactions),
            ("care/tickets", desk.tickets),
            ("care/ticket_events", desk.ticket_events),
        ):
            world.bulk[feed_id].append(pl.DataFrame(rows, infer_schema_length=None))
        _feel(world, desk.facts)

    def lines_of_yesterday(self, world: World, day: date) -> pl.DataFrame:
        """Return the lines of the day before, which care looked at last when it was this step's."""
        yesterday = day - timedelta(days=1)
        if self.lines is not None and self.lines[0] == yesterday:
            return self.lines[1]
        return lines_of_day(world, yesterday.toordinal())

    def begin_traffic(self, day: date, lines: pl.DataFrame) -> Future[dict[str, int]]:
        """Have `traffic` done beside the caller."""
        return self._thread.submit(self.traffic, day, lines)

    def traffic(self, day: date, lines: pl.DataFrame) -> dict[str, int]:
        """Deliver the usage of yesterday and the top-ups; return records by feed."""
        outages = self.outages(day - timedelta(days=1))
        counts = dict(
            traffic_of_day(self.knobs, self.catalog, day, lines, outages, self.landing, self.ledger)
        )
        counts.update(top_ups_of_day(self.knobs, self.catalog, day, lines, self.landing))
        return counts

    def frames(self) -> dict[str, pl.DataFrame]:
        """Return what the next step needs."""
        frames = {f"{_TRAFFIC}{name}": frame for name, frame in self.ledger.frames().items()}
        if self.carry is not None:
            frames["care_carry"] = self.carry
        return frames

    def truth(self, until: date) -> dict[str, pl.DataFrame]:
        """Return the tables of truth about usage that this step adds."""
        return dict(self.ledger.truth(until))


def _feel(world: World, facts: pl.DataFrame) -> None:
    """Remember complaints and tickets that were solved late: drivers of the hazard."""
    table = world.subscriptions
    rows = facts["subscription_id"].str.slice(1).cast(pl.Int64).to_numpy() - 1
    for column, fact in (("complaints", "complaints"), ("late_tickets", "tickets_late")):
        np.add.at(table[column], rows, facts[fact].fill_null(0).to_numpy().astype(float))


def _midnight(day: date) -> datetime:
    local = datetime(day.year, day.month, day.day, tzinfo=TIME_ZONE)
    return local.astimezone(UTC).replace(tzinfo=None)


def care_drivers(world: World) -> pl.DataFrame:
    """Return what care needs to know of each active subscription."""
    table, people = world.subscriptions, world.customers
    rows = np.flatnonzero(table["state"] == ACTIVE)
    customers, offers = table["customer"][rows], table["offer"][rows]
    is_mobile = table["network"][rows] == 0
    technology = named([plan.access_technology for plan in world.plans], offers)
    is_told = table["price_on"][rows] > 0
    count = len(rows)
    return pl.DataFrame(
        {
            "subscription_id": ids("S", rows),
            "subscription_index": rows,
            "customer_id": ids("C", customers),
            "account_id": ids("A", table["account"][rows]),
            "area_id": named([area.area_id for area in world.catalog.areas], table["area"][rows]),
            "network_type": named(["fixed", "mobile"], is_mobile),
            "access_technology": named(["GSM"], np.zeros(count)).zip_with(
                pl.Series(is_mobile), technology
            ),
            "customer_kind": named(["individual", "company"], people["is_company"][customers]),
            "language": pl.Series(people["language"][customers].tolist(), dtype=pl.String),
            "contact_rate": contact_rates(world)[rows],
            "dissatisfaction": dissatisfaction(world)[rows],
            "is_leaning": table["leaning_until"][rows] > world.today,
            "price_change_days": pl.select(
                pl.when(pl.Series(is_told)).then(pl.Series(world.today - table["price_on"][rows]))
            ).to_series(),
        }
    )
