"""What the platform finds in a simulated world, against what the simulator knows.

    python -m tests.simulator.found [--subscribers 2000] [--months 6] [--seed 20260101]

simulates a world, takes it in, builds it and prints what was compared and what differs. The tests
do the same with small worlds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from data.simulator.knobs import Knobs
from data.simulator.truth import Truth
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse
from tests.simulator.same_tables import build, settings_of, simulate

CLASSES = {
    "duplicates": "duplicate",
    "conflicts": "conflict",
    "suspended": "suspended",
    "pending": "pending",
    "folded": "folded",
    "quarantined": "quarantined",
    "blank": "blank",
}


def query(world: Settings, sql: str) -> pl.DataFrame:
    """Return what the builder's warehouse answers."""
    with open_warehouse(world) as connection:
        return connection.sql(sql).pl()


def known(world: Settings, table: str) -> pl.DataFrame:
    """Return a table of the truth as the last step left it."""
    return Truth(world.data / "truth").newest(table)


def spread(intervals: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """Give each day between `first` and `last` on which an interval holds a row of its own."""
    return (
        intervals.with_columns(pl.col("to_on").fill_null(last + timedelta(days=1)))
        .filter(pl.col("from_on") < pl.col("to_on"))
        .with_columns(pl.date_ranges("from_on", "to_on", closed="left").alias("day"))
        .drop("from_on", "to_on")
        .explode("day")
        .filter(pl.col("day").is_between(first, last))
    )


# found and true rows of one matter, with the same columns
Pair = tuple[pl.DataFrame, pl.DataFrame]


def classes(world: Settings) -> Pair:
    """Records of every usage file by class.

    The truth ends where usage is guided: it calls pending what is open or only wants a price, and
    the catalog of a simulated operator has a price for everything.
    """
    found = (
        query(
            world,
            f"select * replace (pending + rated as pending) from (select file, rated, "  # noqa: S608
            f"{', '.join(CLASSES)} from marts.fct_usage_balance)",
        )
        .drop("rated")
        .rename(CLASSES)
        .unpivot(index="file", variable_name="class", value_name="records")
        .filter(pl.col("records") > 0)
    )
    true = known(world, "usage_classes").group_by("file", "class").agg(pl.col("records").sum())
    return found, true.select(found.columns)


def decisions(world: Settings) -> Pair:
    """What became of every usage file: taken, a repeat, held or refused."""
    found = query(
        world,
        "select file, status from staging.stg_ingest__files where system = 'network' "
        "and feed in ('usage_records', 'asterisk', 'freeswitch', 'radius')",
    )
    return found, known(world, "usage_files").select(found.columns)


def states(world: Settings, first: date, last: date) -> Pair:
    """State of every subscription on every day."""
    found = query(
        world,
        "select subscription_id, state, valid_from_on as from_on, "
        "nullif(valid_to_on, date '9999-12-31') as to_on "
        "from intermediate.int_customer_base__subscription_states "
        "where known_to_on = date '9999-12-31'",
    )
    return (
        spread(found, first, last),
        spread(known(world, "states").select(found.columns), first, last),
    )


def places(world: Settings, first: date, last: date) -> Pair:
    """Place of every customer in its tree on every day."""
    found = query(
        world,
        "select customer_id, parent_customer_id, root_customer_id, "
        "cast(hierarchy_level as bigint) as level, valid_from_on as from_on, "
        "nullif(valid_to_on, date '9999-12-31') as to_on "
        "from intermediate.int_customer_base__hierarchy "
        "where known_to_on = date '9999-12-31' and is_placed",
    )
    true = known(world, "hierarchy").select(found.columns).cast({"level": pl.Int64})
    return spread(found, first, last), spread(true, first, last)


def differing(pair: Pair) -> pl.DataFrame:
    """Return the rows that only one side has, how often the other lacks them included."""
    found, true = (
        frame.group_by(frame.columns).len().with_columns(pl.lit(side).alias("only"))
        for frame, side in zip(pair, ("found", "true"), strict=True)
    )
    keys = [name for name in found.columns if name != "only"]
    return pl.concat(
        [
            found.join(true, on=keys, how="anti", nulls_equal=True),
            true.join(found, on=keys, how="anti", nulls_equal=True),
        ]
    )


def compare(world: Settings, first: date, last: date) -> Mapping[str, Callable[[], Pair]]:
    """Return everything that can be compared, by name."""
    return {
        "records by file and class": lambda: classes(world),
        "decisions about files": lambda: decisions(world),
        "states by subscription and day": lambda: states(world, first, last),
        "places by customer and day": lambda: places(world, first, last),
    }


def main() -> int:
    """Compare one world; returns 1 when anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=2_000)
    parser.add_argument("--months", type=int, default=6)
    parser.add_argument("--seed", type=int, default=Knobs().seed)
    options = parser.parse_args()
    knobs = Knobs(subscribers=options.subscribers, months=options.months, seed=options.seed)
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        simulate(data, knobs)
        build(data, knobs.last_on)
        world = settings_of(data)
        for matter, pair in compare(world, knobs.start_on, knobs.last_on).items():
            found, true = pair()
            bad = differing((found, true))
            sys.stdout.write(f"{matter}: {true.height:,} true, {bad.height} rows differ\n")
            if bad.height:
                sys.stdout.write(f"{bad.head(20)}\n")
            wrong += bad.height
        unbalanced = query(world, "from marts.fct_usage_balance where difference <> 0").height
        sys.stdout.write(f"files whose balance is not 0: {unbalanced}\n")
    return 1 if wrong or unbalanced else 0


if __name__ == "__main__":
    sys.exit(main())
