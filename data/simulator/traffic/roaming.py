"""Journeys abroad: who is where on a day, the same whichever day asks."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from data.simulator.knobs import Knobs
from data.simulator.model import Catalog
from data.simulator.traffic.chance import salt_of, uniform
from data.simulator.traffic.rhythm import journey_factor

LONGEST_JOURNEY_DAYS = 15
SHORTEST_JOURNEY_DAYS = 2
# days of stay: few stay long
_DECAY = 0.22


def visited(knobs: Knobs, catalog: Catalog, day: date, lines: pl.DataFrame) -> np.ndarray:
    """Return per line the place in `catalog.visited_networks`, -1 for those at home."""
    subs = lines["subscription_index"].to_numpy()
    rates = lines["roaming_per_day"].to_numpy()
    where = np.full(len(subs), -1, dtype=np.int64)
    if not catalog.visited_networks or not (rates > 0).any():
        return where
    rows = np.flatnonzero(rates > 0)
    keys, rate = subs[rows], rates[rows]
    begins, stays, places = (
        salt_of(knobs.seed, purpose)
        for purpose in ("journey begins", "journey lasts", "journey goes")
    )
    weights = np.array([network.weight for network in catalog.visited_networks])
    steps = np.cumsum(weights) / weights.sum()
    # the earliest journey that still lasts counts: asked from the oldest begin on
    for back in range(LONGEST_JOURNEY_DAYS - 1, -1, -1):
        begun = day - timedelta(days=back)
        key = keys * 100_000 + begun.toordinal() % 100_000
        departs = np.flatnonzero(uniform(key, begins) < rate * journey_factor(begun))
        key, row = key[departs], rows[departs]
        length = SHORTEST_JOURNEY_DAYS - np.log1p(-uniform(key, stays)) / _DECAY
        away = (np.minimum(length, LONGEST_JOURNEY_DAYS) > back) & (where[row] < 0)
        place = np.searchsorted(steps, uniform(key, places), side="right")
        where[row[away]] = np.minimum(place[away], len(weights) - 1)
    return where
