"""An approved applicant becomes a customer: records, accounts, consents, and one known slip."""

from __future__ import annotations

import numpy as np

from data.simulator.life.orders import key
from data.simulator.people import accounts, customers
from data.simulator.people.base import open_tree_accounts
from data.simulator.people.clock import instant
from data.simulator.people.rows import BUILDERS, DELIVERED_AS, as_text
from data.simulator.people.world import Row, World

LATE_DAYS = 2


def admit(
    world: World, rng: np.random.Generator, case: Row, is_prepaid: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Add the customer, or the companies of a tree; return their rows and those of accounts."""
    person = case["person"]
    if case["tree"]:
        tree = [customers.TreeNode(*node) for node in case["tree"]]
        columns = customers.companies(rng, world, tree, case["size"], world.today)
        columns["since"] = columns["valid_from"] = world.today
        columns["area"] = np.where(
            columns["area"] == columns["area"][0], person["area"], columns["area"]
        )
        nodes = customers.settle(world, {**columns, "application": case["application"]}, len(tree))
        books = open_tree_accounts(rng, world, nodes, root_pays=False, is_prepaid=is_prepaid)
    else:
        columns = {**person, "since": world.today, "valid_from": world.today}
        columns["application"] = case["application"]
        nodes = customers.settle(world, columns, 1)
        books = accounts.open_accounts(rng, world, nodes, np.array([is_prepaid]), np.array([-1]))
    world.customers["credit"][nodes] = case["credit"]
    for node, book in zip(nodes.tolist(), books.tolist(), strict=True):
        world.touch("customers", node)
        world.touch("accounts", book)
        world.touch("addresses", int(world.customers["home"][node]))
        world.queue("welcomed", node)
        world.queue("opened", book)
    return nodes, books


def deliver_later_parent(world: World, nodes: np.ndarray) -> None:
    """The root of a new tree is delivered two days after its children."""
    root = int(nodes[0])
    del world.touched["customers"][root]
    at = np.array([instant(world.today, 17 * 3600)])
    frame = as_text(BUILDERS["customers"](world, np.array([root]), at))
    for row in frame.iter_rows(named=True):
        world.deliver_later(world.today + LATE_DAYS, DELIVERED_AS["customers"], row)
    world.dirt("late_parent", "crm/customers", key("C", root), f"{LATE_DAYS} d")
