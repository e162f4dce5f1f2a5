"""Where the life of subscriptions meets the network and the care desk: outages, traffic, contacts.

Life knows nothing of files and formats; care and traffic know nothing of hazards. This hands lines
to the one, drivers to the other, and what care saw back to life.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from data.simulator.care import care_of_day, outage_rows, outages_of_month
from data.simulator.knobs import TIME_ZONE, Knobs
from data.simulator.landing import Landing
from data.simulator.life.moods import contact_rates, dissatisfaction
from data.simulator.model import Catalog, Outage
from data.simulator.people.lines import lines_of_day
from data.simulator.people.schema import ACTIVE
from data.simulator.people.world import World, ids
from data.simulator.traffic import Ledger, top_ups_of_day, traffic_of_day
from data.simulator.truth import State

Row = dict[str, Any]
# outages last some days at most: those that began so many days ago may still go on
LONGEST_OUTAGE_DAYS = 8
# beginning of the names of the frames that traffic keeps
_TRAFFIC = "traffic_"


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
    customers = table["customer"][rows]
    areas = np.array([area.area_id for area in world.catalog.areas], dtype=object)
    is_mobile = table["network"][rows] == 0
    technology = np.array([plan.access_technology for plan in world.plans], dtype=object)
    since_price = world.today - table["price_on"][rows]
    return pl.DataFrame(
        {
            "subscription_id": ids("S", rows),
            "subscription_index": rows,
            "customer_id": ids("C", customers),
            "account_id": ids("A", table["account"][rows]),
            "area_id": areas[table["area"][rows]].tolist(),
            "network_type": np.where(is_mobile, "mobile", "fixed").tolist(),
            "access_technology": np.where(
                is_mobile, "GSM", technology[table["offer"][rows]]
            ).tolist(),
            "customer_kind": np.where(
                people["is_company"][customers], "company", "individual"
            ).tolist(),
            "language": people["language"][customers].tolist(),
            "contact_rate": contact_rates(world)[rows],
            "dissatisfaction": dissatisfaction(world)[rows],
            "is_leaning": table["leaning_until"][rows] > world.today,
            "price_change_days": pl.Series(
                np.where(table["price_on"][rows] > 0, since_price, -1).tolist(), dtype=pl.Int64
            ).replace(-1, None),
            "open_ticket_id": pl.Series([None] * len(rows), dtype=pl.String),
        }
    )
