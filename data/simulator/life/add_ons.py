"""Add-ons: booked, used up, cancelled, ended with their subscription."""

from __future__ import annotations

import numpy as np

from data.simulator.life.orders import (
    MINUTE,
    key,
    office_hours,
    order_event,
    place_order,
    requested,
)
from data.simulator.people.clock import NEVER, add_months, instant
from data.simulator.people.subscriptions import POSTPAID, PREPAID
from data.simulator.people.world import Row, World, stamp

# how long an add-on of a prepaid line lasts
PACK_DAYS = 30
HELD_IN_BASE = 0.16


def load_add_ons(world: World, rng: np.random.Generator) -> None:
    """Give part of the initial base an add-on each, held since some day of their contract."""
    table = world.subscriptions
    chosen = np.flatnonzero(rng.random(len(table)) < HELD_IN_BASE)
    share = rng.random(len(chosen))
    eve = instant(world.today - 1, 18 * 3600)
    for sub, part in zip(chosen.tolist(), share, strict=True):
        longest = min(world.today - int(table["activated_on"][sub]), 700)
        if table["rating"][sub] == PREPAID:
            longest = min(longest, PACK_DAYS - 1)
        start = world.today - int(part * longest)
        row = hold_add_on(world, rng, sub, start)
        if row < 0:
            continue
        world.add("order_management/add_ons", add_on_row(world, row, start, "upsert", eve))
        if table["rating"][sub] == PREPAID:
            world.plan(start + PACK_DAYS, "end_add_on", row=row)


def book_add_on(world: World, rng: np.random.Generator, sub: int) -> None:
    """Book an add-on from today on; packs end by themselves, others when not wanted any more."""
    table = world.subscriptions
    row = hold_add_on(world, rng, sub, world.today)
    if row < 0:
        return
    at = office_hours(world, rng)
    offer = world.extras[world.add_ons["offer"][row]]
    keys = place_order(
        world,
        sub,
        "add_add_on",
        at,
        channel="app",
        product_offering_id=offer.product_offering_id,
        add_on_id=key("AO", row),
        requested_on=requested(world.today),
    )
    order_event(world, keys, "completed", at + 2 * MINUTE)
    world.add_ons["item"][row] = int(keys["item"][2:])
    world.add("order_management/add_ons", add_on_row(world, row, world.today, "upsert", at))
    if table["rating"][sub] == PREPAID:
        world.plan(world.today + PACK_DAYS, "end_add_on", row=row)
    elif rng.random() < 0.4:
        bound = int(world.add_ons["minimum_on"][row])
        wish = world.today + int(rng.integers(31, 120))
        world.plan(max(bound + 1, wish), "end_add_on", row=row)


def hold_add_on(world: World, rng: np.random.Generator, sub: int, start: int) -> int:
    """Add a held add-on that suits the subscription; return its row, -1 when none suits."""
    table = world.subscriptions
    own = world.plans[table["offer"][sub]]
    firm = world.customers["is_company"][table["customer"][sub]]
    held = world.add_ons["offer"][
        (world.add_ons["subscription"] == sub) & (world.add_ons["to_on"] > start)
    ]
    fits = [
        index
        for index, offer in enumerate(world.extras)
        if offer.network_type in (None, "", own.network_type)
        and offer.rating_type in (None, "", own.rating_type)
        and offer.customer_kind in (None, "company" if firm else "individual")
        and offer.access_technology in (None, own.access_technology)
        and (offer.sold_until_on is None or offer.sold_until_on.toordinal() >= start)
        and (offer.sold_from_on is None or offer.sold_from_on.toordinal() <= start)
        and index not in held
    ]
    if not fits:
        return -1
    weights = np.array([world.extras[index].weight for index in fits]) + 1e-9
    chosen = fits[int(rng.choice(len(fits), p=weights / weights.sum()))]
    term = world.extras[chosen].minimum_term_months
    return int(
        world.add_ons.append(
            {
                "subscription": sub,
                "offer": chosen,
                "item": 0,
                "from_on": start,
                "to_on": NEVER,
                "minimum_on": add_months(start, term) - 1 if term else 0,
            },
            1,
        )[0]
    )


def drop_add_on(world: World, rng: np.random.Generator, row: int) -> None:
    """A held add-on ends: a pack is used up, or the holder cancels it."""
    table = world.add_ons
    if table["to_on"][row] <= world.today:
        return
    sub = int(table["subscription"][row])
    at = office_hours(world, rng)
    if world.subscriptions["rating"][sub] == POSTPAID:
        keys = place_order(
            world,
            sub,
            "remove_add_on",
            at,
            channel="app",
            previous_offering_id=world.extras[table["offer"][row]].product_offering_id,
            add_on_id=key("AO", row),
            requested_on=requested(world.today),
        )
        order_event(world, keys, "completed", at + 2 * MINUTE)
    end_add_on(world, row, at)


def end_add_ons(world: World, sub: int, at: int) -> None:
    """Withdraw all add-ons that a subscription still holds."""
    table = world.add_ons
    for row in np.flatnonzero((table["subscription"] == sub) & (table["to_on"] > world.today)):
        end_add_on(world, int(row), at)


def end_add_on(world: World, row: int, at: int) -> None:
    """Withdraw a held add-on from today on."""
    table = world.add_ons
    table["to_on"][row] = world.today
    world.add("order_management/add_ons", add_on_row(world, row, world.today, "delete", at))


def add_on_row(world: World, row: int, valid_from: int, op: str, at: int) -> Row:
    """Return a row of order_management/add_ons."""
    table = world.add_ons
    item = int(table["item"][row])
    return {
        "add_on_id": key("AO", row),
        "subscription_id": key("S", int(table["subscription"][row])),
        "product_offering_id": world.extras[table["offer"][row]].product_offering_id,
        "order_item_id": f"OI{item:08d}" if item else None,
        "quantity": 1,
        "minimum_term_ends_on": requested(int(table["minimum_on"][row])),
        "valid_from_on": requested(valid_from),
        "op": op,
        "recorded_at": stamp(at),
    }
