"""What holders change while they stay: plans, add-ons, numbers, places, pauses."""

from __future__ import annotations

from datetime import date

import numpy as np

from data.simulator.life.add_ons import book_add_on
from data.simulator.life.fulfilment import connect
from data.simulator.life.orders import (
    MINUTE,
    do_at_once,
    key,
    office_hours,
    open_channel,
    order_event,
    place_order,
    requested,
    set_state,
)
from data.simulator.people.accounts import open_accounts
from data.simulator.people.clock import add_months, instant
from data.simulator.people.customers import draw_areas, draw_streets, postal_codes
from data.simulator.people.lines import continue_lines, pause_lines, withdraw_lines
from data.simulator.people.schema import ACTIVE, SUSPENDED
from data.simulator.people.subscriptions import MOBILE, POSTPAID, PREPAID, is_trunk
from data.simulator.people.world import Row, World

# chances per day
PLAN_CHANGE, TO_POSTPAID, ADD_ON, MOVE, NUMBER_CHANGE, PAUSE = (
    0.0004,
    0.00035,
    0.0013,
    0.00016,
    0.00005,
    0.00012,
)


def changes(world: World, rng: np.random.Generator) -> None:
    """Draw all changes of a day; who has given notice changes nothing any more."""
    table = world.subscriptions
    draw = rng.random((6, len(table)))
    settled = world.today - table["activated_on"] > 20
    free = (table["state"] == ACTIVE) & (table["notice_on"] == 0) & settled
    upset = 1.0 + 1.5 * (world.today - table["price_on"] < 60) * (table["price_on"] > 0)
    misfit = 1.0 + (table["misfit"] > 1.0)
    firm = world.customers["is_company"][table["customer"]]
    trunk = is_trunk(world, table["offer"])
    mobile = table["network"] == MOBILE
    prepaid_mobile = mobile & (table["rating"] == PREPAID)
    by_kind = (
        (change_plan, free & ~trunk & (draw[0] < PLAN_CHANGE * upset * misfit)),
        (to_postpaid, free & prepaid_mobile & (draw[1] < TO_POSTPAID)),
        (book_add_on, free & ~trunk & (draw[2] < ADD_ON)),
        (move, free & ~firm & (draw[3] < MOVE)),
        (change_number, free & mobile & (draw[4] < NUMBER_CHANGE)),
        (pause, free & mobile & ~firm & (draw[5] < PAUSE)),
    )
    busy: set[int] = set()
    for change, who in by_kind:
        for sub in np.flatnonzero(who & (table["silent_from"] == 0)).tolist():
            if sub not in busy:
                busy.add(sub)
                change(world, rng, sub)


def _sold(world: World, sub: int, rating: str) -> list[int]:
    """Base plans that the holder could have today instead of his own."""
    own = world.plans[world.subscriptions["offer"][sub]]
    is_company = world.customers["is_company"][world.subscriptions["customer"][sub]]
    kind = "company" if is_company else "individual"
    today = date.fromordinal(world.today)
    return [
        index
        for index, plan in enumerate(world.plans)
        if plan.network_type == own.network_type
        and plan.rating_type == rating
        and plan.access_technology == own.access_technology
        and plan.customer_kind in (None, kind)
        and (plan.sold_from_on is None or plan.sold_from_on <= today)
        and (plan.sold_until_on is None or plan.sold_until_on >= today)
        and plan is not own
        and not is_trunk(world, np.array([index]))[0]
    ]


def change_plan(world: World, rng: np.random.Generator, sub: int) -> None:
    """Order another base plan: from tomorrow or from the first of the next month."""
    table = world.subscriptions
    plans = _sold(world, sub, ("prepaid", "postpaid")[table["rating"][sub]])
    if not plans:
        return
    at = office_hours(world, rng)
    chosen = plans[int(rng.integers(len(plans)))]
    month = add_months(date.fromordinal(world.today).replace(day=1).toordinal(), 1)
    start = month if rng.random() < 0.5 else world.today + 1
    keys = place_order(
        world,
        sub,
        "change_plan",
        at,
        channel="app" if rng.random() < 0.5 else "phone",
        product_offering_id=world.plans[chosen].product_offering_id,
        previous_offering_id=world.plans[table["offer"][sub]].product_offering_id,
        requested_on=requested(start),
    )
    world.plan(start, "new_plan", sub=sub, keys=keys, offer=chosen, account=-1)


def new_plan(
    world: World, rng: np.random.Generator, *, sub: int, keys: Row, offer: int, account: int
) -> None:
    """A plan change takes effect: the new plan fits better, and may bind."""
    table = world.subscriptions
    at = instant(world.today, 5 * 60 + int(rng.integers(0, 600)))
    if table["state"][sub] not in (ACTIVE, SUSPENDED) or table["end_on"][sub] == world.today:
        order_event(world, keys, "cancelled", at, "terminated")
        return
    do_at_once(world, sub, "change", at, keys)
    order_event(world, keys, "completed", at + MINUTE)
    plan = world.plans[offer]
    table["offer"][sub] = offer
    table["valid_from"][sub] = world.today
    table["misfit"][sub] *= 0.4
    if account >= 0:
        table["account"][sub] = account
        table["rating"][sub] = POSTPAID
        table["contract_start"][sub] = world.today
    if plan.minimum_term_months and table["min_end"][sub] < world.today:
        table["min_end"][sub] = add_months(world.today, plan.minimum_term_months) - 1
    if plan.included_bytes and table["data"][sub] > 0:
        fits = plan.included_bytes * 0.55 / (table["data"][sub] * 30)
        table["session_bytes"][sub] = (table["session_bytes"][sub] + fits) / 2
    world.touch("subscriptions", sub)


def to_postpaid(world: World, rng: np.random.Generator, sub: int) -> None:
    """A prepaid holder signs a contract and keeps number and key."""
    table, books = world.subscriptions, world.accounts
    customer = int(table["customer"][sub])
    plans = _sold(world, sub, "postpaid")
    if not plans or world.customers["credit"][customer] == "C":
        return
    own = np.flatnonzero((books["customer"] == customer) & ~books["is_prepaid"])
    if len(own):
        account = int(own[0])
    else:
        account = int(
            open_accounts(rng, world, np.array([customer]), np.array([False]), np.array([-1]))[0]
        )
        books["valid_from"][account] = world.today
        books["signed"][account] = world.today
        world.touch("accounts", account)
    chosen = plans[int(rng.integers(len(plans)))]
    at = office_hours(world, rng)
    start = world.today + 1
    keys = place_order(
        world,
        sub,
        "change_rating",
        at,
        account_id=key("A", account),
        channel=open_channel(world, "shop"),
        product_offering_id=world.plans[chosen].product_offering_id,
        previous_offering_id=world.plans[table["offer"][sub]].product_offering_id,
        requested_on=requested(start),
    )
    world.plan(start, "new_plan", sub=sub, keys=keys, offer=chosen, account=account)


def move(world: World, rng: np.random.Generator, sub: int) -> None:
    """Move house: a fixed line goes along within its area, others just tell their new address."""
    table = world.subscriptions
    customer = int(table["customer"][sub])
    if table["address"][sub] >= 0:
        _move_line(world, rng, sub, customer)
        return
    people, places = world.customers, world.addresses
    home = int(people["home"][customer])
    area = int(draw_areas(rng, world, 1)[0])
    people["area"][customer] = places["area"][home] = area
    people["valid_from"][customer] = places["valid_from"][home] = world.today
    places["street"][home] = draw_streets(rng, 1)[0]
    places["postal"][home] = postal_codes(rng, np.array([area]))[0]
    world.touch("customers", customer)
    world.touch("addresses", home)


def _move_line(world: World, rng: np.random.Generator, sub: int, customer: int) -> None:
    table, people = world.subscriptions, world.customers
    area = int(table["area"][sub])
    address = int(
        world.addresses.append(
            {
                "customer": customer,
                "area": area,
                "valid_from": world.today,
                "kind": "installation",
                "recipient": f"{people['first'][customer]} {people['last'][customer]}",
                "street": draw_streets(rng, 1)[0],
                "postal": postal_codes(rng, np.array([area]))[0],
            },
            1,
        )[0]
    )
    world.touch("addresses", address)
    at = office_hours(world, rng)
    keys = place_order(
        world, sub, "move", at, channel="online", requested_on=requested(world.today)
    )
    do_at_once(world, sub, "change", at + 60 * MINUTE, keys)
    order_event(world, keys, "completed", at + 61 * MINUTE)
    table["address"][sub] = address
    table["valid_from"][sub] = world.today
    world.touch("subscriptions", sub)


def change_number(world: World, rng: np.random.Generator, sub: int) -> None:
    """Give another number; the old one goes to quarantine."""
    at = office_hours(world, rng)
    keys = place_order(
        world, sub, "change_number", at, channel="app", requested_on=requested(world.today)
    )
    done = at + 10 * MINUTE
    do_at_once(world, sub, "change", done, keys)
    order_event(world, keys, "completed", done + MINUTE)
    withdraw_lines(world, sub, done)
    connect(world, rng, sub, done)


def pause(world: World, rng: np.random.Generator, sub: int) -> None:
    """Pause on the wish of the holder for two weeks to two months."""
    at = office_hours(world, rng)
    end = world.today + int(rng.integers(14, 60))
    keys = place_order(
        world, sub, "suspend", at, channel="phone", requested_on=requested(world.today)
    )
    do_at_once(world, sub, "suspend", at + 10 * MINUTE, keys, "customer_request")
    order_event(world, keys, "completed", at + 11 * MINUTE)
    pause_lines(world, sub, at + 10 * MINUTE)
    set_state(world, sub, SUSPENDED, "customer_request")
    world.plan(end, "resume", sub=sub)


def resume(world: World, rng: np.random.Generator, sub: int) -> None:
    """A pause ends."""
    if world.subscriptions["state"][sub] != SUSPENDED:
        return
    at = office_hours(world, rng)
    keys = place_order(world, sub, "resume", at, channel="app", requested_on=requested(world.today))
    do_at_once(world, sub, "resume", at + 10 * MINUTE, keys)
    order_event(world, keys, "completed", at + 11 * MINUTE)
    continue_lines(world, sub, at + 10 * MINUTE)
    set_state(world, sub, ACTIVE)
