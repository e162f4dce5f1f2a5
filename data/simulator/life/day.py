"""One day in the life of the operator, in the order in which it happens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np

from data.simulator.life import (
    add_ons,
    changes,
    fulfilment,
    hazard,
    leaving,
    moods,
    records,
    retention,
    terms,
)
from data.simulator.life.add_ons import load_add_ons
from data.simulator.life.reasons import reason_of
from data.simulator.model import Outage
from data.simulator.people import acquisition, applications
from data.simulator.people.base import load_base
from data.simulator.people.clock import add_months
from data.simulator.people.schema import ACTIVE
from data.simulator.people.subscriptions import POSTPAID, PREPAID
from data.simulator.people.world import Row, World

# prospects found so many days before the world begins may order within it
WARM_UP_DAYS = 14
# share of departing prepaid holders who tell nobody
FALLS_SILENT = 0.75
# cancellations received before the world began: over so many days, so many per day
EARLIER_NOTICE_DAYS, EARLIER_NOTICES = 60, 0.0006


def live(world: World, day: date, outages: list[Outage]) -> None:
    """Let a day pass: what was planned, what happens by chance, who cancels, who comes."""
    world.today = day.toordinal()
    if day == world.knobs.start_on:
        load_base(world)
        load_add_ons(world, world.stream("add-ons of the base"))
        _notices_before(world)
        _warm_up(world)
    rng = world.stream("agenda")
    for what, payload in world.agenda.pop(world.today, []):
        _do(world, rng, what, payload)
    moods.feel_prices(world)
    moods.feel_outages(world, outages)
    moods.change_moods(world, world.stream("moods"))
    _departures(world, world.stream("departures"))
    leaving.fate(world, world.stream("fate"))
    retention.retention_offers(world, world.stream("retention"))
    changes.changes(world, world.stream("changes"))
    terms.terms(world, world.stream("terms"))
    acquisition.new_prospects(world, world.stream("prospects"))
    acquisition.second_subscriptions(world, world.stream("second subscriptions"))
    records.reorganise(world, world.stream("reorganisation"))
    records.correct(world, world.stream("corrections"))
    _count(world, day)


def _notices_before(world: World) -> None:
    """Some of the base gave notice before the world began and have not left yet."""
    start, table = world.today, world.subscriptions
    for ago in range(EARLIER_NOTICE_DAYS, 0, -1):
        world.today = start - ago
        rng = world.stream("earlier notices")
        may = (table["rating"] == POSTPAID) & (table["notice_on"] == 0)
        may &= table["activated_on"] < world.today - 30
        gone = np.maximum(table["min_end"] + 1, add_months(world.today, 1)) <= start
        for sub in np.flatnonzero(may & ~gone & (rng.random(len(table)) < EARLIER_NOTICES)):
            leaving.cancel(world, rng, int(sub), "other")
    world.today = start


def _warm_up(world: World) -> None:
    """Sales worked before the world began; only who applies from today on is told of."""
    start = world.today
    for ago in range(WARM_UP_DAYS, 0, -1):
        world.today = start - ago
        before = {feed_id: len(rows) for feed_id, rows in world.rows.items()}
        acquisition.new_prospects(world, world.stream("prospects"))
        late = {
            payload["case"]["prospect"]
            for day in world.agenda
            if day >= start
            for what, payload in world.agenda[day]
            if what == "apply"
        }
        for feed_id in ("crm/prospects", "crm/engagements"):
            rows = world.rows[feed_id]
            kept = [row for row in rows[before.get(feed_id, 0) :] if row["prospect_id"] in late]
            rows[before.get(feed_id, 0) :] = kept
    world.today = start
    for day in [day for day in world.agenda if day < start]:
        del world.agenda[day]
    for day in list(world.agenda):
        world.agenda[day] = [entry for entry in world.agenda[day] if entry[0] != "give_up"]


def _do(world: World, rng: np.random.Generator, what: str, payload: Row) -> None:
    if what == "deliver":
        world.add(payload["feed_id"], payload["row"])
        return
    if what == "installed":
        fulfilment.installed(world, **payload)
        return
    if what == "withdraw":
        leaving.end_by_operator(world, rng, payload["sub"], "withdrawal", "customer_request")
        return
    acts: dict[str, Callable[..., object]] = {
        "activate": fulfilment.activate,
        "deactivate": leaving.deactivate,
        "revoke": leaving.revoke,
        "reactivate": leaving.reactivate,
        "new_plan": changes.new_plan,
        "moved_on": terms.moved_on,
        "end_add_on": add_ons.drop_add_on,
        "resume": changes.resume,
        "apply": applications.apply,
        "decide": applications.decide,
        "give_up": acquisition.give_up,
    }
    acts[what](world, rng, **payload)


def _departures(world: World, rng: np.random.Generator) -> None:
    """Who leaves by choice today gives notice or, with most prepaid lines, just falls silent."""
    table = world.subscriptions
    felt = hazard.drivers(world)
    logit = hazard.observable_logit(world, felt) + hazard.offer_effect(world)
    at_risk = (
        (table["state"] == ACTIVE)
        & (table["notice_on"] == 0)
        & (table["silent_from"] == 0)
        & (table["activated_on"] < world.today - 14)
    )
    chance = hazard.daily_hazard(logit, table["frailty"])
    leaves = at_risk & (rng.random(len(table)) < chance)
    hazard.remember_survival(world, logit, at_risk & ~leaves)
    for sub in np.flatnonzero(leaves).tolist():
        if table["rating"][sub] == PREPAID and rng.random() < FALLS_SILENT:
            moods.fall_silent(world, sub)
        else:
            leaving.cancel(world, rng, sub, reason_of(rng, felt, sub))


def _count(world: World, day: date) -> None:
    table = world.subscriptions
    in_base = (table["state"] == ACTIVE) | (table["state"] == 2)
    for network, name in ((0, "mobile"), (1, "fixed")):
        for rating, kind in ((0, "prepaid"), (1, "postpaid")):
            mine = in_base & (table["network"] == network) & (table["rating"] == rating)
            _base_day(world, day, f"{name}_{kind}", mine)
    _base_day(world, day, "all", in_base)


def _base_day(world: World, day: date, name: str, mine: np.ndarray) -> None:
    customers = len(np.unique(world.subscriptions["customer"][mine]))
    world.truth["base_days"].append(
        {
            "day": day,
            "customer_type": name,
            "subscriptions": int(mine.sum()),
            "customers": customers,
        }
    )
