"""Newcomers: prospects, contacts, applications, checks, decisions, and the first order.

Each prospect walks through agenda entries (`apply`, `decide`), so a step of any size sees the same
people. Those who were found before the world began are told only if they order within it.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from data.simulator.life.fulfilment import order_subscription
from data.simulator.life.orders import open_channel
from data.simulator.people import customers
from data.simulator.people.clock import instant, open_day
from data.simulator.people.subscriptions import FIXED, MOBILE, POSTPAID, PREPAID, choose_plans
from data.simulator.people.world import Row, World, stamp

# new prospects per subscription of the initial base and average day
PROSPECTS = 0.0021
WEEKDAY = (1.12, 1.05, 1.0, 1.02, 1.15, 1.05, 0.61)
MONTH = (0.95, 0.9, 1.0, 1.0, 0.98, 0.95, 0.9, 0.98, 1.08, 1.03, 1.12, 1.15)
CAMPAIGN_LIFT = 1.15
APPLIES = 0.35
COMPANY = 0.06
# existing customers who order another subscription, per active subscription and day
SECOND = 0.00022


def new_prospects(world: World, rng: np.random.Generator) -> None:
    """Find the prospects of today."""
    today = date.fromordinal(world.today)
    running = [
        name
        for name, kind, first, last in world.catalog.campaigns
        if kind == "acquisition" and first <= today and (last is None or today <= last)
    ]
    expected = world.knobs.subscribers * PROSPECTS
    expected *= WEEKDAY[today.weekday()] * MONTH[today.month - 1]
    for _ in range(int(rng.poisson(expected * (CAMPAIGN_LIFT if running else 1.0)))):
        campaign = running[int(rng.integers(len(running)))] if running else None
        _prospect(world, rng, campaign if rng.random() < 0.45 else None)


def _prospect(world: World, rng: np.random.Generator, campaign: str | None) -> None:
    is_company = rng.random() < COMPANY
    person = _plain(customers.individuals(rng, world, np.array([world.today])))
    tree: list[list[Any]] = []
    size = 1
    if is_company:
        size = int(rng.integers(1, 4)) if rng.random() < 0.6 else int(rng.integers(4, 10))
        if rng.random() < 0.03:
            size = int(rng.integers(25, 40))
        nodes = customers.draw_tree(rng, size)
        tree = [[node.parent, node.level, node.name] for node in nodes]
    area = world.catalog.areas[person["area"]]
    prospect = world.next_id("P")
    at = instant(world.today, int(rng.integers(8 * 3600, 19 * 3600)))
    channel = open_channel(world, "field" if is_company and size > 3 else person["channel"])
    agent = None if channel in ("online", "app") else f"E{int(rng.integers(1, 60)):03d}"
    name = tree[0][2] if tree else f"{person['first']} {person['last']}"
    world.add(
        "crm/prospects",
        {
            "prospect_id": prospect,
            "campaign_id": campaign,
            "area_id": area.area_id,
            "agent_id": agent,
            "customer_kind": "company" if is_company else "individual",
            "channel": channel,
            "segment": "business" if is_company else person["segment"],
            "region": area.region,
            "name": name,
            "email": person["email"],
            "postal_code": person["postal"],
            "expected_monthly_amount": f"{5 * int(rng.integers(2, 9)) * min(size, 10)}.00",
            "currency": "EUR",
            "expected_probability_percent": f"{5 * int(rng.integers(2, 19))}",
            "identified_at": stamp(at),
        },
    )
    case: Row = {
        "prospect": prospect,
        "campaign": campaign,
        "channel": channel,
        "agent": agent,
        "person": person,
        "tree": tree,
        "size": size,
    }
    if agent and rng.random() < 0.7:
        reached = "interested" if rng.random() < 0.6 else "not_reached"
        engagement(world, case, "contact", reached, at + 1_800_000_000)
    if rng.random() < APPLIES:
        applies = world.today + 1 + int(rng.geometric(0.35))
        if agent:
            applies = open_day(applies, world.catalog.holidays)
        world.plan(applies, "apply", case=case)
    elif agent and rng.random() < 0.6:
        gives_up = open_day(world.today + int(rng.integers(2, 12)), world.catalog.holidays)
        world.plan(gives_up, "give_up", case=case)


def _plain(columns: dict[str, Any]) -> Row:
    """First row of drawn columns as values that JSON can hold."""
    row: Row = {}
    for name, values in columns.items():
        value = values[0] if isinstance(values, np.ndarray) else values
        row[name] = value.item() if isinstance(value, np.generic) else value
    return row


def engagement(world: World, case: Row, step: str, outcome: str, at: int, **more: object) -> None:
    """Deliver a step taken with a prospect."""
    world.add(
        "crm/engagements",
        {
            "engagement_id": world.next_id("EN"),
            "prospect_id": case["prospect"],
            "campaign_id": case["campaign"],
            "agent_id": case["agent"],
            "step": step,
            "channel": case["channel"],
            "outcome": outcome,
            **more,
            "occurred_at": stamp(at),
        },
    )


def give_up(world: World, rng: np.random.Generator, case: Row) -> None:
    """Sales closes a prospect who does not want."""
    reasons = ("price", "coverage", "contract_elsewhere", "no_need", "service", "other")
    at = instant(world.today, int(rng.integers(9 * 3600, 18 * 3600)))
    reason = reasons[int(rng.choice(6, p=(0.3, 0.15, 0.25, 0.2, 0.04, 0.06)))]
    engagement(world, case, "closed", "declined", at, reason=reason)


def second_subscriptions(world: World, rng: np.random.Generator) -> None:
    """Customers in good standing order another line on an account they have."""
    table, books = world.subscriptions, world.accounts
    active = (table["state"] == 1) & (table["notice_on"] == 0)
    chosen = active & (rng.random(len(table)) < SECOND)
    for sub in np.flatnonzero(chosen).tolist():
        customer, account = int(table["customer"][sub]), int(table["account"][sub])
        firm = bool(world.customers["is_company"][customer])
        if books["is_prepaid"][account]:
            network, rating = MOBILE, PREPAID
        else:
            network, rating = (FIXED if rng.random() < 0.3 else MOBILE), POSTPAID
        wish = {
            "network": np.array([network]),
            "rating": np.array([rating]),
            "company": np.array([firm]),
            "trunk": np.array([False]),
            "area": world.customers["area"][customer : customer + 1],
            "start": np.array([world.today]),
        }
        channel = open_channel(world, ("app", "online", "shop", "phone")[int(rng.integers(4))])
        order_subscription(
            world,
            rng,
            {
                "customer": customer,
                "account": account,
                "offer": int(choose_plans(rng, world, wish)[0]),
                "address": int(world.customers["home"][customer]),
                "channel": channel,
            },
            instant(world.today, int(rng.integers(9 * 3600, 16 * 3600))),
        )
