"""Subscription states against a reference that replays events one by one, and what stands on them.

Random histories are delivered in random order, built once at an early and once at the last day, and
compared on every pair of (day, day of knowing). The reference is a loop over events with three
variables; it knows nothing of intervals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orchestration.warehouse import run_dbt
from tests.dbt.conftest import House

ZONE = ZoneInfo("Europe/Berlin")
# the clock changes on 2026-03-29: local days are not UTC days plus an hour throughout
START = date(2026, 3, 25)
DAYS = [START + timedelta(days=offset) for offset in range(11)]
EARLY, LAST = DAYS[5], DAYS[8]
HISTORIES = 250
STEPS = ["activate", "deactivate", "bar_outgoing", "bar_all", "unbar", "suspend", "resume"]
CALLED_OFF = ("cancelled", "rejected", "failed")
GOING_ON = {"order", "in_progress", "completed"}
IN_SERVICE = {"active", "barred_outgoing", "barred_all", "suspended"}
SELECTION = ["+dim_subscriptions", "+dim_customers", "+fct_orders", "+fct_provisioning_steps"]


@dataclass(frozen=True)
class Event:
    """One fact about a subscription, as the reference reads it."""

    kind: str
    occurred: datetime
    delivered: date
    number: int = 0
    cause: str | None = None
    outcome: str = "completed"
    is_add_on: bool = False

    @property
    def day(self) -> date:
        return self.occurred.replace(tzinfo=UTC).astimezone(ZONE).date()


@dataclass(frozen=True)
class History:
    """A subscription: first told on a day with a begin of contract, then its events."""

    told: date
    contract: date
    events: tuple[Event, ...]


def histories() -> list[History]:
    """Seeded, not Hypothesis: all cases go into one build, so there is nothing to shrink, and its
    favourite small values would leave rare states out."""
    return [_history(Random(case)) for case in range(HISTORIES)]  # noqa: S311  no secret


def _history(random: Random) -> History:
    def event(kind: str, **more: Any) -> Event:
        day = random.choice(DAYS)
        hour = random.choice([0, 9, 9, 15, 21, 22, 23])
        occurred = datetime(day.year, day.month, day.day, hour, 30)
        return Event(kind, **{"occurred": occurred, "delivered": random.choice(DAYS[:9]), **more})

    def step() -> Event:
        return event(
            random.choice([*STEPS, "activate"]),
            cause=random.choice([None, "debt", "fraud"]),
            outcome=random.choice(["completed"] * 8 + ["requested", "failed", "cancelled"]),
            is_add_on=random.random() < 0.1,
        )

    events = [event("order")] if random.random() < 0.7 else []
    turns = [*CALLED_OFF, *CALLED_OFF, "in_progress", "completed"]
    events += [event(random.choice(turns)) for _ in range(random.choice([0, 1, 1, 2]))]
    if random.random() < 0.5:
        # without it half of the histories would never be in service
        events.append(event("activate", occurred=datetime(2026, 3, 25, 7, 30)))
    events += [step() for _ in range(random.choice([0, 0, 2, 4, 6, 8]))]
    return History(
        told=random.choice(DAYS[:9]),
        contract=random.choice(DAYS),
        events=tuple(replace(event, number=number) for number, event in enumerate(events)),
    )


def facts(history: History, known_on: date) -> list[Event]:
    """What can move the state, as known on a day, in order."""
    order = next((event for event in history.events if event.kind == "order"), None)
    known: list[Event] = []
    for event in history.events:
        if event.kind in STEPS:
            is_known = event.delivered <= known_on
            if is_known and event.outcome == "completed" and not event.is_add_on:
                known.append(event)
        # nothing is heard of an order before the order, and nothing happened to it before
        elif order is not None and max(event.delivered, order.delivered) <= known_on:
            known.append(replace(event, occurred=max(event.occurred, order.occurred)))
    return sorted(known, key=lambda e: (e.occurred, e.kind not in GOING_ON, key_of(e)))


def key_of(event: Event) -> str:
    return f"{event.number:02}"


def state_of(history: History, day: date, known_on: date) -> tuple[str, str | None] | None:
    """Return (state, cause) at the end of a day as known on another; None when nothing is known."""
    is_told = history.told <= known_on and min(history.told, history.contract) <= day
    events = [event for event in facts(history, known_on) if event.day <= day]
    if not is_told and not events:
        return None
    service, bar, pause, out = "none", None, None, None
    is_called_off = False
    for event in events:
        if event.kind in CALLED_OFF or event.kind in GOING_ON:
            is_called_off = event.kind in CALLED_OFF
        elif event.kind == "activate":
            service, bar, pause = "on", None, None
        elif event.kind == "deactivate":
            service, out = "off", event
        elif event.kind in {"bar_all", "bar_outgoing"}:
            bar = event
        elif event.kind == "unbar":
            bar = None
        else:
            pause = event if event.kind == "suspend" else None
    if service == "none":
        return ("cancelled" if is_called_off else "pending"), None
    if service == "off":
        return "terminated", out.cause if out else None
    if pause:
        return "suspended", pause.cause
    if bar:
        return {"bar_all": "barred_all", "bar_outgoing": "barred_outgoing"}[bar.kind], bar.cause
    return "active", None


def deliver(house: House, cases: list[History]) -> None:
    rows: dict[tuple[str, date], list[dict[str, Any]]] = {}

    def add(feed: str, day: date, **row: Any) -> None:
        rows.setdefault((f"order_management/{feed}", day), []).append(row)

    for case, history in enumerate(cases):
        sub, item = f"s{case:03}", f"i{case:03}"
        add(
            "subscriptions",
            history.told,
            subscription_id=sub,
            customer_id=f"c{case:03}",
            contract_started_on=history.contract,
            valid_from_on=max(history.told, history.contract),
        )
        for event in history.events:
            key = f"{sub}-{key_of(event)}"
            if event.kind == "order":
                add("orders", event.delivered, order_id=key, ordered_at=event.occurred)
                add(
                    "order_items",
                    event.delivered,
                    order_item_id=item,
                    order_id=key,
                    subscription_id=sub,
                    action="add",
                )
            elif event.kind in STEPS:
                add(
                    "provisioning_events",
                    event.delivered,
                    provisioning_event_id=key,
                    provisioning_request_id=key,
                    subscription_id=sub,
                    add_on_id="extra" if event.is_add_on else None,
                    step=event.kind,
                    outcome=event.outcome,
                    cause=event.cause,
                    occurred_at=event.occurred,
                )
            else:
                add(
                    "order_events",
                    event.delivered,
                    order_event_id=key,
                    order_id=f"{sub}-00",
                    # every other one speaks of the whole order
                    order_item_id=item if event.number % 2 else None,
                    state=event.kind,
                    occurred_at=event.occurred,
                )
    for (feed, day), delivered in sorted(rows.items()):
        house.deliver(feed, day, delivered)
    house.register()


def build(house: House, as_of: date) -> None:
    args = ["build", "--indirect-selection", "buildable", "--select", *SELECTION]
    run_dbt(house.settings, args, as_of)


States = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def cases(house: House) -> list[History]:
    found = histories()
    deliver(house, found)
    return found


@pytest.fixture(scope="module")
def built(house: House, cases: list[History]) -> dict[date, States]:
    """The states as built on the early and then on the last day."""
    found: dict[date, States] = {}
    for as_of in (EARLY, LAST):
        build(house, as_of)
        states: States = {}
        for sub, *rest in house.rows(
            "select subscription_id, valid_from_on, valid_to_on, known_from_on, known_to_on, "
            "state, cause, is_in_service from intermediate.int_customer_base__subscription_states"
        ):
            states.setdefault(sub, []).append(tuple(rest))
        found[as_of] = states
    return found


def test_the_histories_reach_every_state_and_change_the_past(cases: list[History]) -> None:
    reached: dict[str, int] = {}
    rewritten = 0
    for history in cases:
        states = [state_of(history, day, LAST) for day in DAYS[:9]]
        for state in {state[0] for state in states if state}:
            reached[state] = reached.get(state, 0) + 1
        rewritten += states[3] != state_of(history, DAYS[3], EARLY)
    assert len(reached) == 7 and min(reached.values()) >= 10, reached
    assert rewritten >= 50


@pytest.mark.parametrize("as_of", [EARLY, LAST])
def test_every_subscription_has_the_state_of_the_reference_at_every_moment(
    cases: list[History], built: dict[date, States], as_of: date
) -> None:
    for case, history in enumerate(cases):
        rows = built[as_of].get(f"s{case:03}", [])
        for known_on in [day for day in DAYS if day <= as_of]:
            for day in DAYS:
                found = [
                    row[4:]
                    for row in rows
                    if row[0] <= day < row[1] and row[2] <= known_on < row[3]
                ]
                state = state_of(history, day, known_on)
                expected = [(*state, state[0] in IN_SERVICE)] if state else []
                assert found == expected, (history, day, known_on)


def test_neighbouring_intervals_differ_in_state_or_cause(built: dict[date, States]) -> None:
    for rows in built[LAST].values():
        for one in rows:
            for other in rows:
                if one[1] == other[0] and one[2] < other[3] and other[2] < one[3]:
                    assert one[4:] != other[4:], (one, other)


def test_dim_subscriptions_says_what_the_reference_says_of_the_last_day(
    house: House, cases: list[History], built: dict[date, States]
) -> None:
    assert built
    found = {
        row[0]: row[1:]
        for row in house.rows(
            "select subscription_id, state, activated_on, terminated_on, is_in_service "
            "from marts.dim_subscriptions"
        )
    }
    # the reference begins before the first event can have happened in any zone
    days = [START - timedelta(days=2) + timedelta(days=offset) for offset in range(11)]
    for case, history in enumerate(cases):
        states = [(day, state_of(history, day, LAST)) for day in days if day <= LAST]
        served = [day for day, state in states if state and state[0] in IN_SERVICE]
        last = states[-1][1]
        assert last is not None
        terminated_on = None
        if last[0] == "terminated":
            out = [day for day, state in states if state == last]
            terminated_on = served[-1] + timedelta(days=1) if served else _since(states, out[-1])
        expected = (
            last[0],
            served[0] if served else None,
            terminated_on,
            last[0] in IN_SERVICE,
        )
        assert found[f"s{case:03}"] == expected, history


def _since(states: list[tuple[date, tuple[str, str | None] | None]], last: date) -> date:
    """First day of the stretch of equal states that ends on `last`."""
    since = last
    wanted = dict(states)[last]
    for day, state in reversed(states):
        if state != wanted:
            break
        since = day
    return since
