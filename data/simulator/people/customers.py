"""Who the customers are: draws of individuals and of company trees, and their addresses.

Drawn for the initial base by the ten thousand and for newcomers one by one, by the same code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from data.simulator.people import names
from data.simulator.people.clock import NEVER
from data.simulator.people.world import World

CHANNELS = ("shop", "online", "phone", "partner", "field", "app")
CHANNEL_WEIGHTS = (0.34, 0.30, 0.12, 0.14, 0.06, 0.04)
USAGE_CONSENT = 0.70
ENGLISH = 0.06
Columns = dict[str, Any]


@dataclass(frozen=True)
class TreeNode:
    """A company to be: its parent as a position in the same list, its level and name."""

    parent: int
    level: int
    name: str


def pick(rng: np.random.Generator, words: tuple[str, ...], count: int) -> np.ndarray:
    """Return words drawn alike often."""
    return np.array(words, dtype=object)[rng.integers(len(words), size=count)]


def draw_channels(rng: np.random.Generator, count: int) -> np.ndarray:
    """Return the channels that won somebody."""
    return np.array(CHANNELS, dtype=object)[
        rng.choice(len(CHANNELS), p=CHANNEL_WEIGHTS, size=count)
    ]


def draw_areas(rng: np.random.Generator, world: World, count: int) -> np.ndarray:
    """Return areas by their share of people."""
    weights = np.array([area.weight for area in world.catalog.areas])
    return rng.choice(len(weights), p=weights / weights.sum(), size=count)


def draw_streets(rng: np.random.Generator, count: int) -> np.ndarray:
    """Return streets with house numbers."""
    streets = pick(rng, names.STREETS, count)
    house = rng.integers(1, 140, size=count)
    return np.array(
        [
            f"{street.replace('_', ' ')} {number}"
            for street, number in zip(streets, house, strict=True)
        ],
        dtype=object,
    )


def postal_codes(rng: np.random.Generator, areas: np.ndarray) -> np.ndarray:
    """Return postal codes; people of one area share the first three digits."""
    first = 101 + (areas * 37) % 880
    last = rng.integers(0, 100, size=len(areas))
    return np.array([f"{a:03d}{b:02d}" for a, b in zip(first, last, strict=True)], dtype=object)


def _mail_names(first: np.ndarray, last: np.ndarray) -> list[str]:
    plain = str.maketrans("äöüßşıÖÜÄśćńłÇçñ", "aousslOUAscnlCcn")
    return [
        f"{a}.{b}@mail.example".lower().replace(" ", "").translate(plain)
        for a, b in zip(first, last, strict=True)
    ]


def individuals(rng: np.random.Generator, world: World, since: np.ndarray) -> Columns:
    """Return columns of new individuals; `since` is the day on which each became a customer."""
    count = len(since)
    is_female = rng.random(count) < 0.5
    first = np.where(is_female, pick(rng, names.FEMALE, count), pick(rng, names.MALE, count))
    last = pick(rng, names.LAST, count)
    ages = np.clip(rng.normal(46, 17, count), 18, 92)
    young = rng.random(count) < 0.12
    ages = np.where(young, rng.uniform(18, 28, count), ages)
    birth = since - (ages * 365.25).astype(np.int64) - rng.integers(0, 365, count)
    now_age = (world.today - birth) / 365.25
    segment = np.where(now_age < 28, "youth", np.where(now_age >= 65, "senior", "residential"))
    areas = draw_areas(rng, world, count)
    mails = np.array(_mail_names(first, last), dtype=object)
    return {
        "parent": -1,
        "root": -1,
        "level": 1,
        "since": since,
        "birth": birth,
        "area": areas,
        "home": -1,
        "valid_from": since,
        "is_company": False,
        "has_consent": rng.random(count) < USAGE_CONSENT,
        "credit": np.array(["A", "B", "C"], dtype=object)[
            rng.choice(3, p=(0.62, 0.28, 0.10), size=count)
        ],
        "segment": segment.astype(object),
        "channel": draw_channels(rng, count),
        "language": np.where(rng.random(count) < ENGLISH, "en", "de").astype(object),
        "salutation": np.where(is_female, "Frau", "Herr").astype(object),
        "first": first,
        "last": last,
        "company": None,
        "register": None,
        "email": np.where(rng.random(count) < 0.8, mails, None),
        "phone": None,
        "application": None,
        "manager": None,
        "street": draw_streets(rng, count),
        "postal": postal_codes(rng, areas),
    }


def draw_tree(rng: np.random.Generator, size: int) -> list[TreeNode]:
    """Return the companies of a tree that will hold `size` subscriptions, the root first."""
    stem = f"{pick(rng, names.FIRM_STEMS, 1)[0]} {pick(rng, names.FIRM_TRADES, 1)[0]}"
    form = names.FIRM_FORMS[rng.choice(6, p=(0.5, 0.12, 0.08, 0.14, 0.06, 0.10))]
    if size <= 3:
        return [TreeNode(-1, 1, f"{stem} {form}")]
    if size <= 24:
        nodes = [TreeNode(-1, 1, f"{stem} {form}")]
        branches = range(1, 1 + int(rng.integers(0, 4)))
        return nodes + [TreeNode(0, 2, f"{stem} Niederlassung {place}") for place in branches]
    nodes = [TreeNode(-1, 1, f"{stem} Holding AG")]
    for subsidiary in pick(rng, names.FIRM_TRADES, int(rng.integers(2, 4))):
        at = len(nodes)
        nodes.append(TreeNode(0, 2, f"{stem.split(maxsplit=1)[0]} {subsidiary} GmbH"))
        for number in range(int(rng.integers(1, 3))):
            branch = len(nodes)
            nodes.append(TreeNode(at, 3, f"{nodes[at].name} Werk {number + 1}"))
            for department in pick(rng, names.DEPARTMENTS, int(rng.integers(0, 3))):
                nodes.append(TreeNode(branch, 4, f"{nodes[branch].name} {department}"))
    return nodes


def companies(
    rng: np.random.Generator, world: World, tree: list[TreeNode], size: int, since: int
) -> Columns:
    """Return columns of the companies of one tree; parents are rows still to be added."""
    count, offset = len(tree), len(world.customers)
    areas = np.repeat(draw_areas(rng, world, 1), count)
    away = rng.random(count) < 0.3
    areas = np.where(away, draw_areas(rng, world, count), areas)
    segment = "soho" if size <= 3 else "business" if size <= 24 else "corporate"
    joined = since + np.where(np.arange(count) == 0, 0, rng.integers(0, 90, count))
    joined = np.minimum(joined, max(world.today, since))
    has_register = size > 3
    numbers = rng.integers(1000, 99999, count)
    domain = tree[0].name.split()[0].lower().translate(str.maketrans("äöüß", "aous"))
    return {
        "parent": [node.parent + offset if node.parent >= 0 else -1 for node in tree],
        "root": offset,
        "level": [node.level for node in tree],
        "since": joined,
        "birth": 0,
        "area": areas,
        "home": -1,
        "valid_from": joined,
        "is_company": True,
        "has_consent": bool(rng.random() < USAGE_CONSENT),
        "credit": "A" if rng.random() < 0.8 else "B",
        "segment": segment,
        "channel": "field" if size > 3 else draw_channels(rng, 1)[0],
        "language": "de",
        "salutation": None,
        "first": None,
        "last": None,
        "company": [node.name for node in tree],
        "register": [f"HRB {number}" if has_register else None for number in numbers],
        "email": f"buchhaltung@{domain}.example",
        "phone": None,
        "application": None,
        "manager": f"E{int(rng.integers(1, 9)):03d}" if size > 24 else None,
        "street": draw_streets(rng, count),
        "postal": postal_codes(rng, areas),
    }


def settle(world: World, columns: Columns, count: int) -> np.ndarray:
    """Add customers with their legal address and their place in the tree; return their rows."""
    index = world.customers.append(columns, count)
    if columns["root"] == -1:
        world.customers["root"][index] = index
    table = world.customers
    recipients = [
        table["company"][i] or f"{table['first'][i]} {table['last'][i]}" for i in index.tolist()
    ]
    table["home"][index] = world.addresses.append(
        {
            "customer": index,
            "area": table["area"][index],
            "valid_from": table["valid_from"][index],
            "kind": "legal",
            "recipient": recipients,
            "street": table["street"][index],
            "postal": table["postal"][index],
        },
        count,
    )
    world.tree.append(
        {
            "customer": index,
            "from_on": table["valid_from"][index],
            "to_on": NEVER,
            "parent": table["parent"][index],
            "root": table["root"][index],
            "level": table["level"][index],
        },
        count,
    )
    return index
