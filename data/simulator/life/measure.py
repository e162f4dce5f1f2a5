"""How good the best possible forecast of churn is: `python -m data.simulator.life.measure`.

Lives through a world without traffic and files and compares the true hazards with who left.
The figures stand in docs/simulator-hazard.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl

from data.simulator.catalog import build_catalog
from data.simulator.knobs import Knobs
from data.simulator.landing import Landing
from data.simulator.life import hazard
from data.simulator.life.day import live
from data.simulator.life.truths import hazards
from data.simulator.network import Network
from data.simulator.people.world import World, ids
from data.simulator.steps import CONTRACTS

RATINGS = ("postpaid", "prepaid")
LAST_DAY = hazard.WINDOW_FROM + hazard.WINDOW_DAYS - 1


@dataclass
class Figures:
    """What a world of some size shows about one kind of rating."""

    rows: int
    events: int
    monthly_percent: float
    oracle_auc: float
    knowing_auc: float
    driver_means: dict[str, float] = field(default_factory=dict)
    driver_aucs: dict[str, float] = field(default_factory=dict)


def auc(is_event: np.ndarray, score: np.ndarray) -> float:
    """Return the area under the ROC curve; ties count half."""
    events = int(is_event.sum())
    others = len(is_event) - events
    if not events or not others:
        return float("nan")
    ranks = pl.Series(score).rank().to_numpy()
    return float((ranks[is_event].sum() - events * (events + 1) / 2) / (events * others))


def observe(knobs: Knobs) -> pl.DataFrame:
    """Live through a world; return its snapshots with what came of each (`is_event`)."""
    catalog = build_catalog(knobs)
    world = World(knobs, catalog)
    network = Network(knobs, catalog, Landing(Path("/nonexistent"), CONTRACTS), None)
    snapshots = []
    day = knobs.start_on
    while day <= knobs.last_on:
        live(world, day, network.outages(day))
        network.care(world, day)
        if day.day == 1 and day + timedelta(days=LAST_DAY) <= knobs.last_on:
            snapshots.append(hazards(world, day))
        world.clear()
        day += timedelta(days=1)
    log = world.departures
    received = pl.DataFrame(
        {
            "subscription_id": ids("S", log["subscription"]),
            "received": log["day"] - knobs.start_on.toordinal(),
        }
    )
    frame = pl.concat(snapshots).with_columns(
        at=(pl.col("snapshot_on") - knobs.start_on).dt.total_days()
    )
    days = frame.join(received, on="subscription_id").with_columns(
        after=pl.col("received") - pl.col("at")
    )
    key = ["snapshot_on", "subscription_id"]
    in_gap = days.filter(pl.col("after").is_between(1, hazard.WINDOW_FROM - 1)).select(key)
    events = days.filter(pl.col("after").is_between(hazard.WINDOW_FROM, LAST_DAY)).select(key)
    return (
        frame.join(in_gap, on=key, how="anti")
        .join(events.unique().with_columns(is_event=True), on=key, how="left")
        .with_columns(pl.col("is_event").fill_null(value=False))
    )


def figures(frame: pl.DataFrame) -> Figures:
    """Return the figures of a set of snapshots."""
    is_event = frame["is_event"].to_numpy()
    return Figures(
        rows=frame.height,
        events=int(is_event.sum()),
        monthly_percent=100 * float(is_event.mean()),
        oracle_auc=auc(is_event, frame["hazard_observable"].to_numpy()),
        knowing_auc=auc(is_event, frame["hazard_true"].to_numpy()),
        driver_means={name: float(frame[name].mean() or 0.0) for name in hazard.COEFFICIENTS},
        driver_aucs={name: auc(is_event, frame[name].to_numpy()) for name in hazard.COEFFICIENTS},
    )


def table(found: Sequence[Figures]) -> list[str]:
    """Return the rows of the table of drivers: constant, then mean and AUC for each rating.

    An AUC below one half is shown as what the reversed driver reaches.
    """
    rows = []
    for name, constant in hazard.COEFFICIENTS.items():
        cells = [f"`{name}`", f"{constant:+.2f}"]
        for one in found:
            alone = one.driver_aucs[name]
            cells += [f"{one.driver_means[name]:.3f}", f"{max(alone, 1 - alone):.3f}"]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def main(arguments: list[str] | None = None) -> int:
    """Print the figures of one world."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=60_000)
    parser.add_argument("--months", type=int, default=6)
    parser.add_argument("--seed", type=int, default=Knobs.seed)
    options = parser.parse_args(arguments)
    frame = observe(
        Knobs(subscribers=options.subscribers, months=options.months, seed=options.seed)
    )
    found = [figures(frame.filter(pl.col("rating_type") == rating)) for rating in RATINGS]
    for rating, one in zip(RATINGS, found, strict=True):
        sys.stdout.write(
            f"{rating}: {one.rows:,} rows, {one.events:,} events, "
            f"{one.monthly_percent:.2f} % in 30 days, AUC oracle {one.oracle_auc:.3f}, "
            f"all-knowing {one.knowing_auc:.3f}\n"
        )
    sys.stdout.write("\n".join(table(found)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
