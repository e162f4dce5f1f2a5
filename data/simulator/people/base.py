"""The initial base: what the old system held on the day before the world begins."""

from __future__ import annotations

import numpy as np
import polars as pl

from data.simulator.people import accounts, customers
from data.simulator.people.clock import NEVER, add_months, dates, instant, instants, times
from data.simulator.people.lines import give_lines, line_frames
from data.simulator.people.rows import BUILDERS, DELIVERED_AS
from data.simulator.people.schema import ACTIVE, TERMINATED
from data.simulator.people.subscriptions import (
    FIXED,
    MOBILE,
    POSTPAID,
    PREPAID,
    choose_plans,
    subscribe,
)
from data.simulator.people.world import World, ids

MAXIMUM_TENURE_DAYS = 9 * 365
# of all subscriptions: mobile prepaid, mobile postpaid, fixed prepaid, fixed postpaid
TYPE_SHARES = ((MOBILE, PREPAID, 0.35), (MOBILE, POSTPAID, 0.40), (FIXED, PREPAID, 0.05))
COMPANY_SHARE = 0.15
COMPANY_MOBILE = 0.68
TREE_PAYS = 0.6
RENEWED = 0.5


def load_base(world: World) -> None:
    """Fill an empty world with its customers, and today's basket with their rows."""
    rng = world.stream("base")
    firms = _company_subscriptions(rng, world)
    private = _private_subscriptions(rng, world, world.knobs.subscribers - len(firms["customer"]))
    asked = {name: np.concatenate([firms[name], private[name]]) for name in firms}
    index = _subscribe(rng, world, asked)
    give_lines(world, index)
    _deliver(rng, world, index)


def _tree_sizes(rng: np.random.Generator, wanted: int) -> list[int]:
    sizes: list[int] = []
    while sum(sizes) < wanted:
        left = wanted - sum(sizes)
        kind = rng.random()
        if kind < 0.60:
            size = int(rng.integers(1, 4))
        elif kind < 0.92:
            size = int(rng.integers(4, 25))
        else:
            size = int(rng.integers(25, 81))
        sizes.append(min(size, left))
    return sizes


def _company_subscriptions(rng: np.random.Generator, world: World) -> dict[str, np.ndarray]:
    holders, accounts_of, networks, trunks = [], [], [], []
    for size in _tree_sizes(rng, int(world.knobs.subscribers * COMPANY_SHARE)):
        since = world.today - int(rng.integers(30, MAXIMUM_TENURE_DAYS))
        nodes = found_tree(rng, world, size, since)
        opened = open_tree_accounts(rng, world, nodes)
        takers = nodes if len(nodes) < 3 else nodes[1:]
        owner = rng.integers(len(takers), size=size)
        holders.append(takers[owner])
        accounts_of.append(opened[owner + len(nodes) - len(takers)])
        network = (rng.random(size) > COMPANY_MOBILE).astype(np.int64)
        networks.append(network)
        trunks.append((network == FIXED) & (rng.random(size) < (0.3 if size > 3 else 0.08)))
    count = sum(map(len, holders))
    return {
        "customer": np.concatenate(holders),
        "account": np.concatenate(accounts_of),
        "network": np.concatenate(networks),
        "rating": np.full(count, POSTPAID),
        "company": np.full(count, True),
        "trunk": np.concatenate(trunks),
    }


def found_tree(rng: np.random.Generator, world: World, size: int, since: int) -> np.ndarray:
    """Add the companies of a tree; return their rows, the root first."""
    tree = customers.draw_tree(rng, size)
    columns = customers.companies(rng, world, tree, size, since)
    return customers.settle(world, columns, len(tree))


def open_tree_accounts(
    rng: np.random.Generator,
    world: World,
    nodes: np.ndarray,
    *,
    root_pays: bool | None = None,
    is_prepaid: bool = False,
) -> np.ndarray:
    """Open an account per company; in most trees the root pays for all."""
    pays = rng.random() < TREE_PAYS if root_pays is None else root_pays
    kinds = np.full(len(nodes), is_prepaid)
    root = accounts.open_accounts(rng, world, nodes[:1], kinds[:1], np.array([-1]))
    if len(nodes) == 1:
        return root
    payers = np.full(len(nodes) - 1, root[0] if pays else -1)
    rest = accounts.open_accounts(rng, world, nodes[1:], kinds[1:], payers)
    return np.concatenate([root, rest])


def _private_subscriptions(
    rng: np.random.Generator, world: World, count: int
) -> dict[str, np.ndarray]:
    """Return what individuals hold; families hold several, prepaid on an account of its own."""
    total = world.knobs.subscribers
    firms = total - count
    quotas = [int(total * share) for _, _, share in TYPE_SHARES]
    quotas[1] -= int(firms * COMPANY_MOBILE)
    kinds = np.repeat(np.arange(4), [*quotas, count - sum(quotas)])
    rng.shuffle(kinds)
    network = np.array([MOBILE, MOBILE, FIXED, FIXED])[kinds]
    rating = np.array([PREPAID, POSTPAID, PREPAID, POSTPAID])[kinds]
    sizes = rng.choice([1, 2, 3, 4], p=(0.66, 0.21, 0.09, 0.04), size=count)
    owner = np.repeat(np.arange(count), sizes)[:count]
    people = owner[-1] + 1 if count else 0
    tenure = np.minimum(rng.exponential(1000, people), MAXIMUM_TENURE_DAYS - 30).astype(np.int64)
    rows = customers.settle(
        world, customers.individuals(rng, world, world.today - 5 - tenure), people
    )
    prepaid = rating == PREPAID
    needs = np.zeros((2, people), dtype=bool)
    needs[prepaid.astype(int), owner] = True
    accounts_of = np.full((2, people), -1)
    for kind in (0, 1):
        who = np.flatnonzero(needs[kind])
        accounts_of[kind, who] = accounts.open_accounts(
            rng, world, rows[who], np.full(len(who), bool(kind)), np.full(len(who), -1)
        )
    return {
        "customer": rows[owner],
        "account": accounts_of[prepaid.astype(int), owner],
        "network": network,
        "rating": rating,
        "company": np.full(count, False),
        "trunk": np.full(count, False),
    }


def _subscribe(rng: np.random.Generator, world: World, asked: dict[str, np.ndarray]) -> np.ndarray:
    """Add the subscriptions as they stand: some signed with their customer, some later."""
    count = len(asked["customer"])
    since = world.customers["since"][asked["customer"]]
    later = (rng.random(count) * (world.today - 2 - since)).astype(np.int64)
    start = since + np.where(rng.random(count) < 0.55, 0, later)
    area = world.customers["area"][asked["customer"]]
    offers = choose_plans(rng, world, {**asked, "area": area, "start": start})
    people = world.customers
    worst = np.array([plan.worst_credit_rank or 9 for plan in world.plans])[offers]
    unfit = (people["credit"][asked["customer"]] == "C") & (worst < 3)
    people["credit"][asked["customer"][unfit]] = "B"
    index = subscribe(
        rng,
        world,
        {
            "customer": asked["customer"],
            "account": asked["account"],
            "offer": offers,
            "address": people["home"][asked["customer"]],
            "ordered_on": start,
            "start": start,
            "channel": people["channel"][asked["customer"]],
        },
    )
    table = world.subscriptions
    table["activated_on"][index] = start
    table["state"][index] = ACTIVE
    table["state_from"][index] = start
    _renew(rng, world, index)
    _fall_silent(rng, world, index)
    _be_in_motion(rng, world, index)
    return index


def _renew(rng: np.random.Generator, world: World, index: np.ndarray) -> None:
    """Give half of those whose term is over a new one, as often as time allows."""
    table = world.subscriptions
    months = np.array([plan.minimum_term_months for plan in world.plans])
    moves = np.array([bool(plan.successions) for plan in world.plans])[table["offer"][index]]
    # whose plan ends with the term would have moved on: they are in a term
    stays = (rng.random(len(index)) < RENEWED) | moves
    again = rng.random(len(index))
    for row, stay, share in zip(index.tolist(), stays, again, strict=True):
        end, term = int(table["min_end"][row]), int(months[table["offer"][row]])
        while stay and end and end < world.today:
            gap = int(share * 60)
            end = add_months(min(end + gap, world.today - 1), term) - 1
        table["min_end"][row] = end


def _fall_silent(rng: np.random.Generator, world: World, index: np.ndarray) -> None:
    """Some prepaid lines are on their way out already."""
    table = world.subscriptions
    prepaid = table["rating"][index] == PREPAID
    silent = prepaid & (rng.random(len(index)) < 0.045)
    ago = rng.integers(1, 80, len(index))
    quiet = np.maximum(world.today - ago, table["activated_on"][index] + 1)
    table["silent_from"][index] = np.where(silent, quiet, 0)


def _be_in_motion(rng: np.random.Generator, world: World, index: np.ndarray) -> None:
    """Some lean away or use less already, as many as on any other day."""
    table = world.subscriptions
    draw, left = rng.random((2, len(index))), rng.random((2, len(index)))
    leaning = np.where(draw[0] < 0.045, world.today + 1 + (left[0] * 60).astype(np.int64), 0)
    table["leaning_until"][index] = leaning
    prepaid = table["rating"][index] == PREPAID
    fades = draw[1] < np.where(prepaid, 0.10, 0.055)
    for name, day in (
        ("fading_from", world.today - 1 - ((1 - left[1]) * 60).astype(np.int64)),
        ("fading_until", world.today + 1 + (left[1] * 80).astype(np.int64)),
    ):
        table[name][index] = np.where(fades, day, 0)


def _deliver(rng: np.random.Generator, world: World, index: np.ndarray) -> None:
    eve = instant(world.today - 1, 18 * 3600)
    for name, feed_id in DELIVERED_AS.items():
        rows = np.arange(len(getattr(world, name)))
        frame = BUILDERS[name](world, rows, np.full(len(rows), eve))
        world.bulk[feed_id].append(frame)
    people = np.arange(len(world.customers))
    at = np.full(len(people), eve)
    world.bulk["crm/consents"].append(accounts.consent_rows(rng, world, people, at))
    books = np.arange(len(world.accounts))
    world.bulk["crm/tax_ids"].append(accounts.tax_id_rows(world, books, np.full(len(books), eve)))
    _deliver_orders(rng, world, index)
    lines = np.arange(len(world.lines))
    starts, recorded = world.lines["from_at"], np.full(len(lines), eve)
    for feed_id, frame in line_frames(world, lines, starts, recorded).items():
        world.bulk[feed_id].append(frame)
    state = world.subscriptions["state"][index]
    world.states.append(
        {
            "subscription": index,
            "from_on": world.subscriptions["activated_on"][index],
            "to_on": NEVER,
            "state": np.where(state == TERMINATED, TERMINATED, ACTIVE),
            "reason": None,
        },
        len(index),
    )


def _deliver_orders(rng: np.random.Generator, world: World, index: np.ndarray) -> None:
    """One completed order and activation per subscription, on the day its service began."""
    table = {name: world.subscriptions[name][index] for name in world.subscriptions.columns}
    count = len(index)
    second = rng.integers(9 * 3600, 17 * 3600, count)
    ordered = instants(table["activated_on"], second)
    done = ordered + rng.integers(600, 3600, count) * 1_000_000
    number = np.arange(count)
    world.counters.update({"O": count, "OI": count, "OE": count, "PR": count, "PE": count})
    orders = [f"O{n + 1:08d}" for n in number]
    items = [f"OI{n + 1:08d}" for n in number]
    subscriptions = ids("S", index)
    plans = [world.plans[offer].product_offering_id for offer in table["offer"]]
    world.bulk["order_management/orders"].append(
        pl.DataFrame(
            {
                "order_id": orders,
                "customer_id": ids("C", table["customer"]),
                "account_id": ids("A", table["account"]),
                "channel": table["channel"].tolist(),
                "initiated_by": ["customer"] * count,
                "ordered_at": times(ordered),
            }
        )
    )
    world.bulk["order_management/order_items"].append(
        pl.DataFrame(
            {
                "order_item_id": items,
                "order_id": orders,
                "subscription_id": subscriptions,
                "product_offering_id": plans,
                "action": ["add"] * count,
                "quantity": [1] * count,
                "requested_on": dates(table["activated_on"]),
            }
        )
    )
    world.bulk["order_management/order_events"].append(
        pl.DataFrame(
            {
                "order_event_id": [f"OE{n + 1:08d}" for n in number],
                "order_id": orders,
                "state": ["completed"] * count,
                "occurred_at": times(done),
            }
        )
    )
    world.bulk["order_management/provisioning_events"].append(
        pl.DataFrame(
            {
                "provisioning_event_id": [f"PE{n + 1:08d}" for n in number],
                "provisioning_request_id": [f"PR{n + 1:08d}" for n in number],
                "subscription_id": subscriptions,
                "order_item_id": items,
                "step": ["activate"] * count,
                "outcome": ["completed"] * count,
                "occurred_at": times(done),
            }
        )
    )
