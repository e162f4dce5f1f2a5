"""Subscriptions to be: which plan fits, how its holder uses it, and how loyal he is by nature."""

from __future__ import annotations

from typing import Any

import numpy as np

from data.simulator.people.clock import NEVER, add_months
from data.simulator.people.schema import NODES, PENDING
from data.simulator.people.table import Table
from data.simulator.people.world import World

MOBILE, FIXED = 0, 1
PREPAID, POSTPAID = 0, 1
# (network, rating) -> expected voice, sms and data events of an average day
RATES = {
    (MOBILE, PREPAID): (0.76, 0.35, 1.30),
    (MOBILE, POSTPAID): (1.32, 0.42, 2.45),
    (FIXED, PREPAID): (0.63, 0.0, 0.49),
    (FIXED, POSTPAID): (1.05, 0.0, 0.70),
}
TRUNK_VOICE = 7.0
# share of telephone systems that are SIP customers of the other switch
FREESWITCH = 0.35
# bytes a month of a plan that does not limit them
FLAT_BYTES = {MOBILE: 14e9, FIXED: 160e9}
# of an allowance: a third of the calls of a line are calls that it receives
SECONDS_PER_CALL = 93.0
FRAILTY_SPREAD = 0.55
COMMUNITY_SIZE = 9
# what has not happened to a new subscription
UNTOUCHED = (
    "terminated_on",
    "notice_on",
    "end_on",
    "leaning_until",
    "fading_from",
    "fading_until",
    "price_on",
    "silent_from",
    "offer_arm",
    "offer_on",
    "complaints",
    "late_tickets",
    "outages",
    "price_percent",
)
# communities of firms are numbered above all others
_FIRMS = 1_000_000_000
_AREA = 1_000_000


def is_trunk(world: World, offers: np.ndarray) -> np.ndarray:
    """Return whether each base plan is the trunk of a telephone system."""
    flags = np.array(
        [
            plan.network_type == "fixed"
            and plan.customer_kind == "company"
            and (
                plan.access_technology is None
                or any(word in plan.name.lower() for word in ("trunk", "voip", "pbx", "sip"))
            )
            for plan in world.plans
        ]
    )
    return flags[offers]


def usual_use(table: Table) -> np.ndarray:
    """Return the events per day that lines of the same network and rating have on average."""
    means = np.array([[sum(RATES[n, r]) for r in (PREPAID, POSTPAID)] for n in (MOBILE, FIXED)])
    return means[table["network"], table["rating"]]


def choose_plans(
    rng: np.random.Generator, world: World, wanted: dict[str, np.ndarray]
) -> np.ndarray:
    """Return a base plan for each of `wanted` (network, rating, company, trunk, area, start).

    Only plans that were sold on the day and can be had in the area; where none is left, the day
    counts for nothing, then the area.
    """
    count = len(wanted["network"])
    chosen = np.zeros(count, dtype=np.int64)
    trunks = is_trunk(world, np.arange(len(world.plans)))
    uniform = rng.random(count)
    for network in (MOBILE, FIXED):
        for rating in (PREPAID, POSTPAID):
            for company in (False, True):
                for trunk in (False, True):
                    rows = np.flatnonzero(
                        (wanted["network"] == network)
                        & (wanted["rating"] == rating)
                        & (wanted["company"] == company)
                        & (wanted["trunk"] == trunk)
                    )
                    if not len(rows):
                        continue
                    fits = [
                        index
                        for index, plan in enumerate(world.plans)
                        if plan.network_type == ("mobile", "fixed")[network]
                        and plan.rating_type == ("prepaid", "postpaid")[rating]
                        and plan.customer_kind in (None, "company" if company else "individual")
                        and trunks[index] == trunk
                    ]
                    chosen[rows] = _choose(world, fits, wanted, rows, uniform[rows])
    return chosen


def _choose(
    world: World,
    fits: list[int],
    wanted: dict[str, np.ndarray],
    rows: np.ndarray,
    uniform: np.ndarray,
) -> np.ndarray:
    weights = np.zeros((len(rows), len(fits)))
    any_day = np.zeros_like(weights)
    start, area = wanted["start"][rows], wanted["area"][rows]
    for column, index in enumerate(fits):
        plan = world.plans[index]
        first = plan.sold_from_on.toordinal() if plan.sold_from_on else 0
        last = plan.sold_until_on.toordinal() if plan.sold_until_on else NEVER
        technology = plan.access_technology
        served = np.array(
            [
                plan.network_type == "mobile"
                or technology is None
                or technology in place.technologies
                for place in world.catalog.areas
            ]
        )[area]
        any_day[:, column] = plan.weight * served
        weights[:, column] = plan.weight * served * ((start >= first) & (start <= last))
    weights = np.where(weights.sum(axis=1, keepdims=True) > 0, weights, any_day)
    weights = np.where(weights.sum(axis=1, keepdims=True) > 0, weights, 1.0)
    edges = weights.cumsum(axis=1)
    where = (edges < (uniform * edges[:, -1])[:, None]).sum(axis=1)
    return np.array(fits)[where]


def term_ends(world: World, offers: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return the last day of the first minimum term, 0 for plans without one."""
    months = np.array([plan.minimum_term_months for plan in world.plans])[offers]
    return np.array(
        [
            add_months(int(start), int(term)) - 1 if term else 0
            for start, term in zip(starts, months, strict=True)
        ],
        dtype=np.int64,
    )


def draw_uses(
    rng: np.random.Generator, world: World, offers: np.ndarray, age: np.ndarray
) -> dict[str, np.ndarray]:
    """Return how the holders use their plans: rates, bytes, shares, and how ill the plan fits."""
    count = len(offers)
    network = np.array([int(plan.network_type == "fixed") for plan in world.plans])[offers]
    rating = np.array([int(plan.rating_type == "postpaid") for plan in world.plans])[offers]
    trunk = is_trunk(world, offers)
    base = np.array([RATES[(n, r)] for n, r in zip(network, rating, strict=True)]).reshape(count, 3)
    spread = np.exp(rng.normal(-0.245, 0.7, size=(count, 3)))
    youth, old = age < 30, age > 62
    voice = base[:, 0] * spread[:, 0] * np.where(old & (network == FIXED), 1.5, 1.0)
    voice = np.where(trunk, TRUNK_VOICE * spread[:, 0], voice) * np.where(youth, 0.7, 1.0)
    sms = base[:, 1] * spread[:, 1] * np.where(old, 1.5, 1.0)
    data = base[:, 2] * spread[:, 2] * np.where(youth, 1.4, np.where(old, 0.5, 1.0))
    has_data = (network == MOBILE) | np.array(
        [plan.access_technology in ("DSL", "FIBRE", "WIMAX") for plan in world.plans]
    )[offers]
    data = np.where(has_data & ~trunk, data, 0.0)
    limits = np.array([float(plan.included_bytes or 0) for plan in world.plans])[offers]
    flat = np.array([FLAT_BYTES[n] for n in network]) if count else np.empty(0)
    level = np.where(limits > 0, limits, np.where(rating == POSTPAID, flat, flat / 8))
    month = level * np.exp(rng.normal(-0.55, 0.75, count))
    seconds = np.array([float(plan.included_seconds or 0) for plan in world.plans])[offers]
    called = voice * 30 * SECONDS_PER_CALL
    too_much = np.log(np.maximum(month, 1) / np.maximum(limits, 1))
    talk = np.log(np.maximum(called, 1) / np.maximum(seconds, 1))
    misfit = np.where(limits > 0, np.abs(too_much), np.where(seconds > 0, np.abs(talk) / 2, 0.6))
    return {
        "voice": voice,
        "sms": sms,
        "data": data,
        "session_bytes": np.where(data > 0, month / np.maximum(data * 30, 0.1), 0.0),
        "international": rng.beta(0.7, 16, count),
        "on_net": rng.beta(6, 12, count),
        "roaming": np.where(network == MOBILE, rng.gamma(1.2, 0.004, count), 0.0),
        "drop": np.clip(rng.gamma(1.6, 0.0075, count), 0.0005, 0.08),
        "misfit": np.clip(misfit, 0.0, 2.5),
    }


def communities(rng: np.random.Generator, world: World, customers: np.ndarray) -> np.ndarray:
    """Return communities: neighbours for individuals, the whole tree for firms."""
    table = world.customers
    areas = table["area"][customers]
    shares = np.array([area.weight for area in world.catalog.areas])
    groups = np.maximum(
        1, (shares / shares.sum() * world.knobs.subscribers / COMMUNITY_SIZE).astype(np.int64)
    )
    local = areas * _AREA + (rng.random(len(customers)) * groups[areas]).astype(np.int64)
    return np.where(table["is_company"][customers], _FIRMS + table["root"][customers], local)


def subscribe(rng: np.random.Generator, world: World, asked: dict[str, Any]) -> np.ndarray:
    """Add pending subscriptions; return their rows.

    `asked` holds customer, account, offer, address, ordered_on, start (arrays) and channel.
    """
    offers, customers = asked["offer"], asked["customer"]
    count = len(offers)
    birth = world.customers["birth"][customers]
    age = np.where(birth > 0, (world.today - birth) / 365.25, 45.0)
    network = np.array([int(plan.network_type == "fixed") for plan in world.plans])[offers]
    rating = np.array([int(plan.rating_type == "postpaid") for plan in world.plans])[offers]
    trunk = is_trunk(world, offers)
    switch = np.where(rng.random(count) < FREESWITCH, "freeswitch", "asterisk")
    return world.subscriptions.append(
        {
            **dict.fromkeys(UNTOUCHED, 0),
            "customer": customers,
            "account": asked["account"],
            "offer": offers,
            "area": world.customers["area"][customers],
            "address": np.where(network == FIXED, asked["address"], -1),
            "network": network,
            "rating": rating,
            "contract_start": asked["start"],
            "min_end": term_ends(world, offers, asked["start"]),
            "valid_from": asked["ordered_on"],
            "ordered_on": asked["ordered_on"],
            "activated_on": 0,
            "state": PENDING,
            "state_from": asked["ordered_on"],
            "community": communities(rng, world, customers),
            "install_days": rng.integers(6, 20, count),
            "channel": asked["channel"],
            "source": np.where(trunk, switch, "usage_records").astype(object),
            "state_reason": None,
            "end_reason": None,
            "is_voluntary": False,
            "age": age,
            "frailty": rng.normal(0.0, FRAILTY_SPREAD, count),
            "persuasion": rng.random(count),
            **draw_uses(rng, world, offers, age),
            **dict.fromkeys((f"survival_{node}" for node in range(NODES)), 0.0),
        },
        count,
    )
