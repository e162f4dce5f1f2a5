"""Tables of truth about subscriptions: hazards, states, the tree, as of the end of a step."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from data.simulator.life import hazard
from data.simulator.life.orders import state_name
from data.simulator.people.clock import dates
from data.simulator.people.schema import ACTIVE
from data.simulator.people.world import World, ids


def hazards(world: World, day: date) -> pl.DataFrame:
    """Return the true chance of a cancellation 8 to 37 days from now of all who may cancel."""
    table = world.subscriptions
    rows = np.flatnonzero(
        (table["state"] == ACTIVE)
        & (table["notice_on"] == 0)
        & (table["silent_from"] == 0)
        & (table["activated_on"] < world.today - 7)
    )
    oracle, knowing = hazard.window_hazards(world)
    felt = hazard.drivers(world)
    return pl.DataFrame(
        {
            "snapshot_on": [day] * len(rows),
            "subscription_id": ids("S", rows),
            "rating_type": np.where(table["rating"][rows] == 1, "postpaid", "prepaid").tolist(),
            "hazard_observable": oracle[rows],
            "hazard_true": knowing[rows],
            "offer_arm": table["offer_arm"][rows],
            **{name: values[rows].astype(float) for name, values in felt.items()},
        }
    )


def states(world: World, until: date) -> pl.DataFrame:
    """Return the intervals of the states of all subscriptions as of a day."""
    table = world.states
    rows = np.flatnonzero(table["to_on"] > table["from_on"])
    order = np.lexsort((table["from_on"][rows], table["subscription"][rows]))
    rows = rows[order]
    return pl.DataFrame(
        {
            "as_of_on": [until] * len(rows),
            "subscription_id": ids("S", table["subscription"][rows]),
            "from_on": dates(table["from_on"][rows]),
            "to_on": dates(table["to_on"][rows]),
            "state": [state_name(code) for code in table["state"][rows]],
            "reason": pl.Series(table["reason"][rows].tolist(), dtype=pl.String),
        }
    )


def hierarchy(world: World, until: date) -> pl.DataFrame:
    """Return who stood below whom, and when, as of a day."""
    table = world.tree
    rows = np.flatnonzero(table["to_on"] > table["from_on"])
    return pl.DataFrame(
        {
            "as_of_on": [until] * len(rows),
            "customer_id": ids("C", table["customer"][rows]),
            "from_on": dates(table["from_on"][rows]),
            "to_on": dates(table["to_on"][rows]),
            "parent_customer_id": pl.Series(ids("C", table["parent"][rows]), dtype=pl.String),
            "root_customer_id": ids("C", table["root"][rows]),
            "level": table["level"][rows] - 1,
        }
    )
