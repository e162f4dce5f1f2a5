"""What the end of a minimum term brings: renewals, and plans whose holders have to move on."""

from __future__ import annotations

from datetime import date

import numpy as np

from data.simulator.life.changes import new_plan
from data.simulator.life.orders import (
    MINUTE,
    office_hours,
    open_channel,
    order_event,
    place_order,
    requested,
)
from data.simulator.people.clock import add_months
from data.simulator.people.schema import ACTIVE
from data.simulator.people.subscriptions import POSTPAID
from data.simulator.people.world import Row, World

# holders are asked from 90 days before the end of the term on; about half sign within these days
ASKED_BEFORE, ASKED_AFTER = 90, 60
RENEWS = 0.0042
_CHANNELS = ("phone", "shop", "online", "app")
_CHANNEL_SHARES = (0.4, 0.25, 0.2, 0.15)


def terms(world: World, rng: np.random.Generator) -> None:
    """Draw who signs for another term, and move those whose plan ends with their term."""
    table = world.subscriptions
    left = table["min_end"] - world.today
    stays = (table["state"] == ACTIVE) & (table["notice_on"] == 0)
    stays &= (table["rating"] == POSTPAID) & (table["min_end"] > 0)
    moves = np.array([bool(plan.successions) for plan in world.plans])[table["offer"]]
    asked = stays & ~moves & (left <= ASKED_BEFORE) & (left > -ASKED_AFTER)
    for sub in np.flatnonzero(asked & (rng.random(len(table)) < RENEWS)).tolist():
        renew(world, rng, sub)
    over = np.flatnonzero(stays & moves & (left == 0)).tolist()
    if over:
        changing = {
            payload["sub"]
            for entries in world.agenda.values()
            for what, payload in entries
            if what == "new_plan"
        }
        for sub in over:
            if sub not in changing:
                _move_on(world, rng, sub)


def renew(world: World, rng: np.random.Generator, sub: int) -> None:
    """Sign for another minimum term of the same plan; it runs from today."""
    table = world.subscriptions
    months = world.plans[table["offer"][sub]].minimum_term_months
    if not months:
        return
    at = office_hours(world, rng)
    channel = _CHANNELS[int(rng.choice(4, p=_CHANNEL_SHARES))]
    keys = place_order(
        world,
        sub,
        "renew",
        at,
        channel=open_channel(world, channel),
        requested_on=requested(world.today),
    )
    order_event(world, keys, "completed", at + 2 * MINUTE)
    table["min_end"][sub] = add_months(world.today, months) - 1
    table["valid_from"][sub] = world.today
    world.touch("subscriptions", sub)


def _move_on(world: World, rng: np.random.Generator, sub: int) -> None:
    """Order the plan that follows; it begins tomorrow and binds nobody anew."""
    own = world.plans[world.subscriptions["offer"][sub]]
    tomorrow = date.fromordinal(world.today + 1)
    following = [key for since, key in own.successions if since <= tomorrow]
    if not following:
        return
    places = {plan.product_offering_id: place for place, plan in enumerate(world.plans)}
    at = office_hours(world, rng)
    keys = place_order(
        world,
        sub,
        "change_plan",
        at,
        channel=open_channel(world, "letter"),
        initiated_by="operator",
        product_offering_id=following[-1],
        previous_offering_id=own.product_offering_id,
        requested_on=requested(world.today + 1),
    )
    world.plan(world.today + 1, "moved_on", sub=sub, keys=keys, offer=places[following[-1]])


def moved_on(world: World, rng: np.random.Generator, *, sub: int, keys: Row, offer: int) -> None:
    """The following plan takes effect."""
    bound = int(world.subscriptions["min_end"][sub])
    new_plan(world, rng, sub=sub, keys=keys, offer=offer, account=-1)
    world.subscriptions["min_end"][sub] = bound
