"""How subscriptions end: cancelled, ported out, lapsed, withdrawn, ended by fate or fraud."""

from __future__ import annotations

from datetime import date

import numpy as np

from data.simulator.life.add_ons import end_add_ons
from data.simulator.life.fulfilment import OTHER_OPERATORS
from data.simulator.life.moods import depart
from data.simulator.life.orders import (
    MINUTE,
    ask_network,
    network_answers,
    open_channel,
    order_event,
    place_order,
    requested,
    set_state,
)
from data.simulator.people.clock import OPEN_AT, add_months, instant, is_open, open_day
from data.simulator.people.lines import held_lines, withdraw_lines
from data.simulator.people.schema import ACTIVE, SUSPENDED, TERMINATED
from data.simulator.people.subscriptions import FIXED, MOBILE, POSTPAID, PREPAID
from data.simulator.people.world import Row, World, stamp

LAPSE_DAYS = 90
REVOKED, REACTIVATED = 0.04, 0.02
FRAUD_PER_DAY = 0.000012
# of a small company with all below it: 0.9 % a year; larger ones fall a fifth as often
INSOLVENT_PER_DAY, LARGER_FALL = 0.000025, 0.2
# days per open day
OPEN_DAYS = 365 / 304
# share of those who give notice and take their number along, by network and rating
PORTED_OUT = {
    (MOBILE, PREPAID): 0.60,
    (MOBILE, POSTPAID): 0.45,
    (FIXED, PREPAID): 0.0,
    (FIXED, POSTPAID): 0.40,
}
# days that the other operator needs at least to take a number over
PORTING_DAYS = 3
_MONDAY = 0


def cancel(world: World, rng: np.random.Generator, sub: int, reason: str) -> None:
    """Receive a voluntary cancellation today; the end follows from term and notice."""
    table = world.subscriptions
    at = instant(world.today, int(rng.integers(8 * 3600, 19 * 3600)))
    plan = world.plans[table["offer"][sub]]
    end = _end_of_notice(world, sub, plan.notice_period_length, plan.notice_period_unit)
    kind = (int(table["network"][sub]), int(table["rating"][sub]))
    ported = rng.random() < PORTED_OUT[kind] and table["source"][sub] == "usage_records"
    if ported:
        end = open_day(max(end, world.today + PORTING_DAYS), world.catalog.holidays)
    channels = ("letter", "email", "online", "phone", "chat")
    keys = place_order(
        world,
        sub,
        "terminate",
        at,
        channel=open_channel(world, channels[rng.choice(5, p=(0.2, 0.3, 0.28, 0.17, 0.05))]),
        initiated_by="donor_operator" if ported else "customer",
        previous_offering_id=plan.product_offering_id,
        termination_reason="ported_out" if ported else reason,
        is_number_ported=True if ported else None,
        requested_on=requested(end),
    )
    depart(world, sub, "notice")
    table["notice_on"][sub] = world.today
    table["end_on"][sub] = end
    table["end_reason"][sub] = "ported_out" if ported else reason
    table["is_voluntary"][sub] = True
    if not table["fading_from"][sub]:
        table["fading_from"][sub] = world.today
    table["fading_until"][sub] = end
    world.plan(end, "deactivate", sub=sub, keys=keys, cause="ported_out" if ported else None)
    left = end - world.today
    if not ported and left > 5 and rng.random() < REVOKED:
        day = world.today + int(rng.integers(2, min(left, 15)))
        world.plan(day, "revoke", sub=sub, keys=keys)


def _end_of_notice(world: World, sub: int, length: int, unit: str) -> int:
    """First day without service: after the notice, and not before the minimum term is over."""
    months = unit == "months"
    after_notice = add_months(world.today, length) if months else world.today + length
    return max(int(world.subscriptions["min_end"][sub]) + 1, after_notice, world.today + 1)


def revoke(world: World, rng: np.random.Generator, sub: int, keys: Row) -> None:
    """Take a cancellation back."""
    table = world.subscriptions
    if table["state"][sub] not in (ACTIVE, SUSPENDED) or table["end_on"][sub] <= world.today:
        return
    at = instant(world.today, int(rng.integers(9 * 3600, 18 * 3600)))
    own = place_order(world, sub, "revoke_termination", at, channel="phone")
    order_event(world, own, "completed", at + 5 * MINUTE)
    order_event(world, keys, "cancelled", at + 5 * MINUTE, "revoked")
    for name in ("notice_on", "end_on", "fading_from", "fading_until", "leaning_until"):
        table[name][sub] = 0
    table["end_reason"][sub] = None
    table["is_voluntary"][sub] = False


def deactivate(
    world: World, rng: np.random.Generator, sub: int, keys: Row, cause: str | None
) -> None:
    """Take a subscription out of service just after midnight, unless it was kept meanwhile."""
    table = world.subscriptions
    if table["state"][sub] not in (ACTIVE, SUSPENDED) or table["end_on"][sub] != world.today:
        return
    at = instant(world.today, 60 * int(rng.integers(4, 50)))
    request = ask_network(world, sub, "deactivate", at - 3 * MINUTE, keys)
    network_answers(world, request, "completed", at, cause=cause)
    order_event(world, keys, "completed", at + MINUTE)
    taken_along = cause == "ported_out"
    rows = held_lines(world, sub)
    numbers = [int(n) for n in world.lines["number"][rows] if n]
    withdraw_lines(world, sub, at, keeps_numbers=taken_along)
    if taken_along:
        _port_out(world, rng, numbers, at)
    end_add_ons(world, sub, at)
    table["terminated_on"][sub] = world.today
    set_state(world, sub, TERMINATED, table["end_reason"][sub])
    may_return = table["is_voluntary"][sub] and not taken_along
    if may_return and rng.random() < REACTIVATED:
        world.plan(world.today + int(rng.integers(3, 30)), "reactivate", sub=sub)


def _port_out(world: World, rng: np.random.Generator, numbers: list[int], at: int) -> None:
    for number in numbers:
        world.add(
            "catalog/portings",
            {
                "service_number": f"+{number}",
                "operator_code": OTHER_OPERATORS[int(rng.integers(4))],
                "is_own_network": False,
                "valid_from_at": stamp(at),
                "op": "upsert",
                "recorded_at": stamp(at),
            },
        )


def reactivate(world: World, rng: np.random.Generator, sub: int) -> None:
    """Bring a subscription back under its own key and with its numbers, still in quarantine."""
    table = world.subscriptions
    rows = held_lines(world, sub)
    freed = world.freed
    back = np.isin(freed["number"], world.lines["number"][rows]) & ~freed["is_taken"]
    if table["state"][sub] != TERMINATED or (freed["free_on"][back] <= world.today).any():
        return
    freed["is_taken"][back] = True
    at = instant(world.today, int(rng.integers(9 * 3600, 18 * 3600)))
    plan = world.plans[table["offer"][sub]]
    keys = place_order(
        world, sub, "add", at, product_offering_id=plan.product_offering_id, channel="phone"
    )
    done = at + 30 * MINUTE
    request = ask_network(world, sub, "activate", done - 3 * MINUTE, keys)
    network_answers(world, request, "completed", done)
    order_event(world, keys, "completed", done + MINUTE)
    names = "notice_on end_on terminated_on fading_from fading_until leaning_until min_end"
    for name in names.split():
        table[name][sub] = 0
    table["end_reason"][sub] = None
    table["is_voluntary"][sub] = False
    table["valid_from"][sub] = world.today
    world.touch("subscriptions", sub)
    set_state(world, sub, ACTIVE, "reactivated")
    columns = {name: world.lines[name][rows] for name in world.lines.columns}
    new = world.lines.append(
        {**columns, "from_at": done, "to_at": OPEN_AT, "is_continued": False}, len(rows)
    )
    for row in new.tolist():
        world.queue("new lines", row)


def end_by_operator(
    world: World, rng: np.random.Generator, sub: int, reason: str, cause: str | None
) -> None:
    """Order an end that nobody chose: from tomorrow on there is no service."""
    table = world.subscriptions
    if table["state"][sub] not in (ACTIVE, SUSPENDED):
        return
    at = instant(world.today, int(rng.integers(9 * 3600, 17 * 3600)))
    by = {"inactive": "system", "withdrawal": "customer", "death": "customer"}
    keys = place_order(
        world,
        sub,
        "terminate",
        at,
        channel="letter" if reason in ("death", "insolvency") else "online",
        initiated_by=by.get(reason, "operator"),
        previous_offering_id=world.plans[table["offer"][sub]].product_offering_id,
        termination_reason=reason,
        requested_on=requested(world.today + 1),
    )
    table["notice_on"][sub] = world.today
    table["end_on"][sub] = world.today + 1
    table["end_reason"][sub] = reason
    table["is_voluntary"][sub] = False
    world.plan(world.today + 1, "deactivate", sub=sub, keys=keys, cause=cause)


def _of_insolvent(world: World, rng: np.random.Generator, works: float) -> np.ndarray:
    """Return the subscriptions of companies that become insolvent today."""
    people = world.customers
    roots = np.flatnonzero(people["is_company"] & (people["parent"] < 0))
    chance = (
        works * INSOLVENT_PER_DAY * np.where(people["segment"][roots] == "soho", 1.0, LARGER_FALL)
    )
    fallen = roots[rng.random(len(roots)) < chance]
    return np.flatnonzero(np.isin(people["root"][world.subscriptions["customer"]], fallen))


def fate(world: World, rng: np.random.Generator) -> None:
    """Deaths by age, fraud and insolvency now and then, and prepaid lines that nobody uses.

    Back offices that work through letters and cases of fraud are closed on Sundays and holidays.
    """
    table = world.subscriptions
    works = OPEN_DAYS * is_open(world.today, world.catalog.holidays)
    active = (table["state"] == ACTIVE) & (table["notice_on"] == 0)
    firm = world.customers["is_company"][table["customer"]]
    deaths = works * np.where(firm, 0.0, np.exp((table["age"] - 100) / 11.0) * 0.0008)
    draw = rng.random((2, len(table)))
    for sub in np.flatnonzero(active & (draw[0] < deaths)).tolist():
        end_by_operator(world, rng, sub, "death", None)
    young = world.today - table["contract_start"] < 200
    fraud = works * FRAUD_PER_DAY * np.where(young, 6.0, 1.0) * (table["rating"] == POSTPAID)
    for sub in np.flatnonzero(active & (draw[1] < fraud)).tolist():
        if table["notice_on"][sub] == 0:
            end_by_operator(world, rng, sub, "fraud", "fraud")
    for sub in _of_insolvent(world, rng, works).tolist():
        if active[sub] and table["notice_on"][sub] == 0:
            end_by_operator(world, rng, sub, "insolvency", None)
    if date.fromordinal(world.today).weekday() == _MONDAY:
        quiet = (table["silent_from"] > 0) & (world.today - table["silent_from"] > LAPSE_DAYS)
        for sub in np.flatnonzero(active & quiet).tolist():
            if table["notice_on"][sub] == 0:
                end_by_operator(world, rng, sub, "inactive", "lapsed")
