"""From an order to service: installation, activation, failures on the way, porting in."""

from __future__ import annotations

import numpy as np

from data.simulator.life.orders import (
    MINUTE,
    ask_network,
    do_at_once,
    key,
    network_answers,
    order_event,
    place_order,
    requested,
    set_state,
)
from data.simulator.people.clock import NEVER, instant, open_day
from data.simulator.people.lines import NUMBERS, give_lines, line_frames
from data.simulator.people.numbers import foreign_number
from data.simulator.people.rows import as_text
from data.simulator.people.schema import ACTIVE, CANCELLED, PENDING
from data.simulator.people.subscriptions import FIXED, POSTPAID, subscribe, term_ends
from data.simulator.people.world import Row, World, stamp

FAILS, CALLED_OFF, PORTED_IN, WITHDRAWS = 0.04, 0.012, 0.18, 0.08
# share of new numbers of which the assignment is delivered late, by 2 to 5 days
LATE_ASSIGNMENT = 0.02
WITHDRAWAL_DAYS = 14
OTHER_OPERATORS = ("D009", "D010", "D052", "D146")


def order_subscription(
    world: World, rng: np.random.Generator, wanted: Row, at: int, **order: object
) -> int:
    """Take the order of a new subscription; return its row.

    `wanted` holds customer, account, offer, address and channel.
    """
    plan = world.plans[wanted["offer"]]
    is_fixed = plan.network_type == "fixed"
    ported = not is_fixed and rng.random() < PORTED_IN
    start = _first_day(world, rng, is_fixed=is_fixed, is_ported=ported)
    one = {name: np.array([wanted[name]]) for name in ("customer", "account", "offer", "address")}
    sub = int(
        subscribe(
            rng,
            world,
            {
                **one,
                "ordered_on": np.array([world.today]),
                "start": np.array([start]),
                "channel": wanted["channel"],
            },
        )[0]
    )
    world.states.append(
        {
            "subscription": sub,
            "from_on": world.today,
            "to_on": NEVER,
            "state": PENDING,
            "reason": None,
        },
        1,
    )
    world.touch("subscriptions", sub)
    number = foreign_number(world) if ported else 0
    more: Row = {"is_number_ported": True, "service_number": f"+{number}"} if ported else {}
    keys = place_order(
        world,
        sub,
        "add",
        at,
        account_id=key("A", wanted["account"]),
        channel=wanted["channel"],
        product_offering_id=plan.product_offering_id,
        requested_on=requested(start),
        **more,
        **order,
    )
    order_event(world, keys, "in_progress", at + 20 * MINUTE)
    if is_fixed:
        _prepare_line(world, rng, sub, keys, at, start)
    else:
        do_at_once(world, sub, "reserve", at + 30 * MINUTE, keys)
    payload: Row = {"sub": sub, "keys": keys, "number": number, "tries": 0}
    if start > world.today:
        world.plan(start, "activate", **payload)
    else:
        activate(world, rng, **payload)
    return sub


def _first_day(world: World, rng: np.random.Generator, *, is_fixed: bool, is_ported: bool) -> int:
    """Return when service is to begin: technicians and the porting of numbers know no Sundays."""
    holidays = world.catalog.holidays
    if is_fixed:
        return open_day(world.today + int(rng.integers(6, 20)), holidays)
    if is_ported:
        return open_day(world.today + int(rng.integers(3, 10)), holidays, saturdays=False)
    return world.today + int(rng.random() < 0.35)


def _prepare_line(
    world: World, rng: np.random.Generator, sub: int, keys: Row, at: int, start: int
) -> None:
    do_at_once(world, sub, "check_feasibility", at + 30 * MINUTE, keys)
    request = ask_network(world, sub, "install", at + 40 * MINUTE, keys)
    visit = instant(start, 8 * 3600 + int(rng.integers(0, 3 * 3600)))
    world.plan(start, "installed", request=request, at=visit)


def installed(world: World, request: Row, at: int) -> None:
    """The technician was there."""
    if world.subscriptions["state"][request["sub"]] == PENDING:
        network_answers(world, request, "completed", at)


def activate(
    world: World,
    rng: np.random.Generator,
    *,
    sub: int,
    keys: Row,
    number: int,
    tries: int,
) -> None:
    """Put a subscription into service, or fail and try again, or have it called off."""
    table = world.subscriptions
    if table["state"][sub] != PENDING:
        return
    when = instant(world.today, int(rng.integers(17 * 3600, 20 * 3600)))
    if rng.random() < CALLED_OFF and tries == 0:
        order_event(world, keys, "cancelled", when, "customer")
        set_state(world, sub, CANCELLED, "called_off")
        return
    request = ask_network(world, sub, "activate", when - 20 * MINUTE, keys)
    if rng.random() < FAILS and tries < 3:
        code = ("HLR_TIMEOUT", "PORT_BUSY", "NO_DIAL_TONE", "SIM_NOT_FOUND")[int(rng.integers(4))]
        network_answers(world, request, "failed", when, failure_code=code)
        order_event(world, keys, "pending", when + MINUTE, "network")
        again = world.today + 1
        if table["network"][sub] == FIXED:
            again = open_day(world.today + int(rng.integers(2, 6)), world.catalog.holidays)
        world.plan(again, "activate", sub=sub, keys=keys, number=number, tries=tries + 1)
        return
    network_answers(world, request, "completed", when)
    order_event(world, keys, "completed", when + MINUTE)
    if table["contract_start"][sub] != world.today:
        table["contract_start"][sub] = world.today
        table["valid_from"][sub] = world.today
        ends = term_ends(world, table["offer"][sub : sub + 1], np.array([world.today]))
        table["min_end"][sub] = ends[0]
        world.touch("subscriptions", sub)
    table["activated_on"][sub] = world.today
    set_state(world, sub, ACTIVE)
    connect(world, rng, sub, when, number)
    if may_withdraw(world, sub) and rng.random() < WITHDRAWS:
        world.plan(world.today + int(rng.integers(2, WITHDRAWAL_DAYS)), "withdraw", sub=sub)


def may_withdraw(world: World, sub: int) -> bool:
    """Return whether the law lets a holder withdraw: consumers who did not sign in a shop."""
    table = world.subscriptions
    is_company = world.customers["is_company"][table["customer"][sub]]
    in_shop = table["channel"][sub] in ("shop", "partner")
    return table["rating"][sub] == POSTPAID and not is_company and not in_shop


def connect(world: World, rng: np.random.Generator, sub: int, at: int, ported: int = 0) -> None:
    """Give lines from an instant on and deliver their assignment, a few of them late."""
    rows = give_lines(world, np.array([sub]), at, ported)
    is_late = rng.random() < LATE_ASSIGNMENT
    for row in rows.tolist():
        if is_late and world.lines["number"][row]:
            _deliver_late(world, rng, row)
        else:
            world.queue("new lines", row)
    if ported:
        world.add(
            "catalog/portings",
            {
                "service_number": f"+{ported}",
                "operator_code": "TOLLHOUSE",
                "is_own_network": True,
                "valid_from_at": stamp(at),
                "op": "upsert",
                "recorded_at": stamp(at),
            },
        )


def _deliver_late(world: World, rng: np.random.Generator, row: int) -> None:
    """Forget to tell who holds a number for some days: its usage has to wait."""
    start = world.lines["from_at"][row : row + 1]
    index = np.array([row])
    for feed_id, frame in line_frames(world, index, start, start).items():
        day = world.today + (int(rng.integers(2, 6)) if feed_id == NUMBERS else 0)
        for plain in as_text(frame).iter_rows(named=True):
            if feed_id != NUMBERS:
                world.add(feed_id, plain)
                continue
            world.deliver_later(day, feed_id, plain)
            detail = f"{day - world.today} d"
            world.dirt("late_assignment", feed_id, plain["service_number"], detail)
