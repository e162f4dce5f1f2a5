"""Customer records that change: company trees are reorganised, slips of the pen are put right."""

from __future__ import annotations

import numpy as np

from data.simulator.life.orders import key
from data.simulator.people.clock import NEVER, instant
from data.simulator.people.rows import customer_rows
from data.simulator.people.world import World

# per day: a constant so that small worlds see some, and a share of the trees
REORGANISED, PER_TREE = 0.02, 0.0003
CORRECTED = 0.00006


def reorganise(world: World, rng: np.random.Generator) -> None:
    """Hang a branch of some company tree, with all below it, under another company of the tree."""
    people = world.customers
    branches = np.flatnonzero(people["is_company"] & (people["parent"] >= 0))
    wanted = rng.poisson(REORGANISED + PER_TREE * len(np.unique(people["root"][branches])))
    for _ in range(int(wanted)):
        if not len(branches):
            return
        branch = int(branches[int(rng.integers(len(branches)))])
        below = descendants(world, branch)
        others = [
            node
            for node in np.flatnonzero(people["root"] == people["root"][branch]).tolist()
            if node not in below and node != people["parent"][branch]
        ]
        depth = max(people["level"][node] for node in below) - people["level"][branch]
        fits = [node for node in others if people["level"][node] + 1 + depth <= 4]
        if fits and people["valid_from"][below].max() < world.today:
            _hang(world, branch, below, fits[int(rng.integers(len(fits)))])


def descendants(world: World, node: int) -> list[int]:
    """Return a company and all below it, from the top down."""
    people = world.customers
    family = np.flatnonzero(people["root"] == people["root"][node]).tolist()
    found = [node]
    for row in found:
        found += [child for child in family if people["parent"][child] == row]
    return found


def _hang(world: World, branch: int, below: list[int], parent: int) -> None:
    people, tree = world.customers, world.tree
    people["parent"][branch] = parent
    people["valid_from"][branch] = world.today
    world.touch("customers", branch)
    for node in below:
        people["level"][node] = people["level"][people["parent"][node]] + 1
        last = np.flatnonzero((tree["customer"] == node) & (tree["to_on"] == NEVER))
        tree["to_on"][last] = world.today
        tree.append(
            {
                "customer": node,
                "from_on": world.today,
                "to_on": NEVER,
                "parent": people["parent"][node],
                "root": people["root"][node],
                "level": people["level"][node],
            },
            1,
        )


def correct(world: World, rng: np.random.Generator) -> None:
    """Deliver some customers again with the same validity and another content."""
    people = world.customers
    draw = rng.random(len(people))
    at = instant(world.today, 20 * 3600)
    fresh = people["valid_from"] >= world.today - 1
    for row in np.flatnonzero((draw < CORRECTED) & ~fresh).tolist():
        if row in world.touched["customers"]:
            continue
        if people["is_company"][row]:
            people["register"][row] = f"HRB {int(rng.integers(1000, 99999))}"
            what = "register_number"
        else:
            people["birth"][row] += int(rng.integers(1, 20))
            what = "birth_on"
        index = np.array([row])
        world.bulk["crm/customers"].append(customer_rows(world, index, np.array([at])))
        world.dirt("corrected_reference", "crm/customers", key("C", row), what)
