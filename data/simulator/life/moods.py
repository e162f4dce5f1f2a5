"""What moves the drivers of the hazard from day to day: notices, outages, moods, use."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np

from data.simulator.life.hazard import DECAY, drivers, mood_chances
from data.simulator.life.orders import key
from data.simulator.model import Outage
from data.simulator.people.clock import midnight, times
from data.simulator.people.schema import ACTIVE
from data.simulator.people.subscriptions import POSTPAID
from data.simulator.people.world import World

LEANING_DAYS = (40, 85)
FADING_DAYS = (50, 110)
# chance per day to be used again: a line that fell silent was put away, few come back
AWAKES = 0.0015


def feel_prices(world: World) -> None:
    """Announced price changes reach those whose plan they are about."""
    table = world.subscriptions
    today = date.fromordinal(world.today)
    for change in world.catalog.price_changes:
        if change.announced_on != today:
            continue
        concerned = np.array(
            [plan.product_offering_id in change.product_offering_ids for plan in world.plans]
        )[table["offer"]]
        concerned &= table["state"] == ACTIVE
        table["price_on"][concerned] = world.today
        table["price_percent"][concerned] = max(change.percent, 0.0)


def feel_outages(world: World, outages: Iterable[Outage]) -> None:
    """Outages that end today are felt by those in their area who use the technology."""
    table = world.subscriptions
    start, end = (times(np.array([midnight(world.today + n)]))[0] for n in (0, 1))
    areas = {area.area_id: index for index, area in enumerate(world.catalog.areas)}
    technology = np.array([plan.access_technology or "GSM" for plan in world.plans], dtype=object)[
        table["offer"]
    ]
    mobile = table["network"] == 0
    for outage in outages:
        if not start <= outage.ended_at < end or outage.area_id not in areas:
            continue
        wireless = outage.access_technology in ("GSM", "GPRS_LTE")
        hit = (table["area"] == areas[outage.area_id]) & (
            mobile if wireless else ~mobile & (technology == outage.access_technology)
        )
        hours = (outage.ended_at - outage.started_at).total_seconds() / 3600
        table["outages"][hit] += min(hours, 72) / 12.0


def change_moods(world: World, rng: np.random.Generator) -> None:
    """Old annoyance fades; some begin to lean away, some use less, few silent lines awake."""
    table = world.subscriptions
    for name in ("complaints", "late_tickets", "outages"):
        table[name][:] *= DECAY
    count = len(table)
    draw, length = rng.random((3, count)), rng.random((2, count))
    open_minded = (table["state"] == ACTIVE) & (table["notice_on"] == 0)
    felt = drivers(world)
    leans, fades = mood_chances(world, felt, table["frailty"])
    lean = open_minded & (table["leaning_until"] < world.today)
    lean &= draw[0] < leans
    low, high = LEANING_DAYS
    table["leaning_until"][lean] = world.today + low + (length[0] * (high - low))[lean]
    fade = open_minded & (table["fading_from"] == 0) & (draw[1] < fades)
    low, high = FADING_DAYS
    table["fading_from"][fade] = world.today
    table["fading_until"][fade] = world.today + low + (length[1] * (high - low))[fade]
    over = open_minded & (table["fading_from"] > 0) & (table["fading_until"] <= world.today)
    table["fading_from"][over] = 0
    quiet = open_minded & (table["silent_from"] > 0) & (table["silent_from"] < world.today)
    for sub in np.flatnonzero(quiet & (draw[2] < AWAKES)).tolist():
        table["silent_from"][sub] = 0
        tell_departure(world, sub, "used_again")


def fall_silent(world: World, sub: int) -> None:
    """A prepaid line is used for the last time today; nobody is told."""
    table = world.subscriptions
    table["silent_from"][sub] = world.today + 1
    depart(world, sub, "silent")


def depart(world: World, sub: int, how: str) -> None:
    """Remember who leaves by choice: friends notice, and truth is told."""
    community = int(world.subscriptions["community"][sub])
    world.departures.append({"day": world.today, "subscription": sub, "community": community}, 1)
    tell_departure(world, sub, how)


def tell_departure(world: World, sub: int, how: str) -> None:
    """Tell truth that somebody gave notice, fell silent, or uses a silent line again."""
    day = date.fromordinal(world.today)
    row = {"day": day, "subscription_id": key("S", sub), "how": how}
    world.truth["departures"].append(row)


def dissatisfaction(world: World) -> np.ndarray:
    """Return how annoyed each holder is, 0 to 1: care hears of it."""
    felt = drivers(world)
    load = (
        0.7 * felt["complaints"]
        + 0.6 * felt["late_tickets"]
        + 0.25 * np.maximum(felt["dropped_calls"], 0)
        + 0.6 * felt["outages"]
        + 0.4 * felt["price_rise"]
        + 0.5 * felt["leaning"]
    )
    return 1.0 - np.exp(-load / 2.0)


def contact_rates(world: World) -> np.ndarray:
    """Return how many contacts with care each holder may have today."""
    table = world.subscriptions
    annoyed = dissatisfaction(world)
    new = np.exp(-(world.today - table["contract_start"]) / 60.0)
    recent = (table["price_on"] > 0) & (world.today - table["price_on"] < 14)
    base = np.where(table["rating"] == POSTPAID, 0.0045, 0.0018)
    return base * (1.0 + 2.5 * annoyed + 1.5 * new + 1.5 * recent)
