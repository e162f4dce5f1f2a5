"""Orders and what the network is told: the rows that every change of a subscription leaves."""

from __future__ import annotations

import numpy as np

from data.simulator.people.clock import NEVER, instant, is_open
from data.simulator.people.schema import STATES
from data.simulator.people.world import Row, World, day_text, stamp

MINUTE = 60_000_000
CLOSED_CHANNELS = ("shop", "partner", "field", "letter")


def key(prefix: str, index: int) -> str:
    """Return the business key of one row."""
    return f"{prefix}{index + 1:07d}"


def place_order(world: World, sub: int, action: str, at: int, **more: object) -> Row:
    """Deliver an order with one item; return its keys.

    `more` are columns of the order (channel, initiated_by, application_id, campaign_id, agent_id)
    or of its item, as the contracts call them.
    """
    table = world.subscriptions
    order, item = world.next_id("O"), world.next_id("OI")
    own = ("channel", "initiated_by", "application_id", "campaign_id", "agent_id", "account_id")
    channel = more.get("channel") or table["channel"][sub]
    world.add(
        "order_management/orders",
        {
            "order_id": order,
            "customer_id": key("C", int(table["customer"][sub])),
            "initiated_by": "customer",
            **{name: more[name] for name in own if name in more},
            "channel": channel,
            "ordered_at": stamp(at),
        },
    )
    world.add(
        "order_management/order_items",
        {
            "order_item_id": item,
            "order_id": order,
            "subscription_id": key("S", sub),
            "action": action,
            "quantity": 1,
            **{name: value for name, value in more.items() if name not in own},
        },
    )
    keys = {"order": order, "item": item}
    order_event(world, keys, "acknowledged", at + MINUTE // 2)
    return keys


def order_event(world: World, keys: Row, state: str, at: int, reason: str | None = None) -> None:
    """Deliver a change of an order's state."""
    world.add(
        "order_management/order_events",
        {
            "order_event_id": world.next_id("OE"),
            "order_id": keys["order"],
            "state": state,
            "reason": reason,
            "occurred_at": stamp(at),
        },
    )


def ask_network(world: World, sub: int, step: str, at: int, keys: Row | None = None) -> Row:
    """Deliver the request of a provisioning step; return what its answer needs."""
    request: Row = {
        "sub": int(sub),
        "step": step,
        "request": world.next_id("PR"),
        "item": keys["item"] if keys else None,
    }
    _provisioning(world, request, "requested", at)
    return request


def network_answers(world: World, request: Row, outcome: str, at: int, **more: object) -> None:
    """Deliver the answer to a provisioning request; `more`: cause, failure_code."""
    _provisioning(world, request, outcome, at, **more)


def _provisioning(world: World, request: Row, outcome: str, at: int, **more: object) -> None:
    world.add(
        "order_management/provisioning_events",
        {
            "provisioning_event_id": world.next_id("PE"),
            "provisioning_request_id": request["request"],
            "subscription_id": key("S", request["sub"]),
            "order_item_id": request["item"],
            "step": request["step"],
            "outcome": outcome,
            **more,
            "occurred_at": stamp(at),
        },
    )


def do_at_once(
    world: World, sub: int, step: str, at: int, keys: Row | None = None, cause: str | None = None
) -> None:
    """Ask the network and have it done a few minutes later, at `at`."""
    request = ask_network(world, sub, step, at - 3 * MINUTE, keys)
    network_answers(world, request, "completed", at, cause=cause)


def set_state(world: World, sub: int, state: int, reason: str | None = None) -> None:
    """Begin a state today; truth keeps the intervals."""
    table = world.subscriptions
    states = world.states
    rows = np.flatnonzero((states["subscription"] == sub) & (states["to_on"] == NEVER))
    states["to_on"][rows] = world.today
    states.append(
        {
            "subscription": sub,
            "from_on": world.today,
            "to_on": NEVER,
            "state": state,
            "reason": reason,
        },
        1,
    )
    table["state"][sub] = state
    table["state_from"][sub] = world.today
    table["state_reason"][sub] = reason


def state_name(code: int) -> str:
    """Return the name of a state."""
    return STATES[code]


def requested(ordinal: int) -> str | None:
    """Return a wanted day as feeds write it."""
    return day_text(ordinal)


def open_channel(world: World, channel: str) -> str:
    """Return a channel that is open today: on Sundays and holidays shops are closed and no mail."""
    if channel in CLOSED_CHANNELS and not is_open(world.today, world.catalog.holidays):
        return "online"
    return channel


def office_hours(world: World, rng: np.random.Generator) -> int:
    """Return an instant of today at which people order things."""
    return instant(world.today, int(rng.integers(9 * 3600, 18 * 3600)))
