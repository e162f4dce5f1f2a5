"""Retention offers, drawn by chance: half of those chosen get one, the others show what it does."""

from __future__ import annotations

from datetime import date

import numpy as np

from data.simulator.life.hazard import PERSUADED, offer_effect
from data.simulator.life.orders import key, requested
from data.simulator.people.clock import add_months, instant, open_day
from data.simulator.people.schema import ACTIVE
from data.simulator.people.subscriptions import POSTPAID
from data.simulator.people.world import World, stamp

DAY_OF_MONTH = 5
CHOSEN = 0.05
QUIET_DAYS = 120
CONTROL, TREATMENT = 1, 2
# acceptance by those whom the offer turns round, and by the others
ACCEPTED, ACCEPTED_ANYWAY = 0.75, 0.22


def retention_offers(world: World, rng: np.random.Generator) -> None:
    """Once a month, on a working day, draw who enters the retention campaign, and the arms."""
    today = date.fromordinal(world.today)
    campaigns = [
        name
        for name, kind, first, last in world.catalog.campaigns
        if kind == "retention" and first <= today and (last is None or today <= last)
    ]
    first = open_day(
        today.replace(day=DAY_OF_MONTH).toordinal(), world.catalog.holidays, saturdays=False
    )
    if world.today != first or not campaigns:
        return
    table = world.subscriptions
    draw = rng.random((3, len(table)))
    rested = (table["offer_arm"] == 0) | (world.today - table["offer_on"] > QUIET_DAYS)
    chosen = (
        (table["state"] == ACTIVE)
        & (table["notice_on"] == 0)
        & (table["rating"] == POSTPAID)
        & (world.today - table["activated_on"] > 60)
        & rested
        & (draw[0] < CHOSEN)
    )
    treated = draw[1] < 0.5
    table["offer_arm"][chosen] = np.where(treated, TREATMENT, CONTROL)[chosen]
    table["offer_on"][chosen] = world.today
    turned = offer_effect(world) == PERSUADED
    accepts = draw[2] < np.where(turned, ACCEPTED, ACCEPTED_ANYWAY)
    for sub in np.flatnonzero(chosen).tolist():
        _offer(world, rng, sub, campaigns[0], bool(treated[sub]), bool(accepts[sub]))


def _offer(
    world: World,
    rng: np.random.Generator,
    sub: int,
    campaign: str,
    is_treated: bool,
    is_accepted: bool,
) -> None:
    at = instant(world.today, int(rng.integers(8 * 3600, 12 * 3600)))
    offered = at + 3_600_000_000
    offer = world.next_id("RO")
    customer = key("C", int(world.subscriptions["customer"][sub]))
    discounts = world.catalog.retention_discounts
    discount = discounts[int(rng.integers(len(discounts)))] if discounts else None
    channel = ("phone", "email", "letter")[int(rng.integers(3))]
    agent = f"E{int(rng.integers(20, 40)):03d}" if channel == "phone" else None
    common = {
        "retention_offer_id": offer,
        "campaign_id": campaign,
        "customer_id": customer,
    }
    told = {
        "discount_id": discount,
        "agent_id": agent,
        "channel": channel,
        "offer_cost_amount": "60.00",
        "offered_at": stamp(offered),
    }
    world.add(
        "crm/retention_offers",
        {
            **common,
            "subscription_id": key("S", sub),
            "arm": "treatment" if is_treated else "control",
            "is_randomised": True,
            "currency": "EUR",
            "assigned_at": stamp(at),
            **(told if is_treated else {}),
        },
    )
    if not is_treated:
        return
    for step, outcome, when in (
        ("offer", "reached", offered),
        ("offer_response", "accepted" if is_accepted else "declined", offered + 1_800_000_000),
    ):
        world.add(
            "crm/engagements",
            {
                "engagement_id": world.next_id("EN"),
                **common,
                "agent_id": agent,
                "step": step,
                "channel": channel,
                "outcome": outcome,
                "occurred_at": stamp(when),
            },
        )
    if is_accepted and discount:
        world.add(
            "order_management/discount_grants",
            {
                "discount_grant_id": world.next_id("DG"),
                "discount_id": discount,
                "subscription_id": key("S", sub),
                "campaign_id": campaign,
                "retention_offer_id": offer,
                "approved_by": agent,
                "ends_on": requested(add_months(world.today, 12)),
                "valid_from_on": requested(world.today + 1),
                "op": "upsert",
                "recorded_at": stamp(offered + 3_600_000_000),
            },
        )
