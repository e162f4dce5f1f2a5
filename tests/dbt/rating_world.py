"""Worlds of rating through the real models, and what comes out otherwise than the oracle says.

    python -m tests.dbt.rating_world --cases 20000 [--seed 1] [--size 2000]

draws so many cases in worlds of `--size`, builds each world once and compares every segment, wait
and allowance instance. Exit code 1 when anything differs; a seed and a case name find it again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from orchestration.built import code_digest
from orchestration.contracts import load_feeds
from orchestration.incremental import remember_models
from orchestration.settings import Settings
from orchestration.warehouse import _incremental, _parsed, open_warehouse, run_dbt
from tests.dbt.conftest import House
from tests.oracle.compare import deliver, differences, read_marts, report
from tests.oracle.worlds import outcome, random_world

MODELS = (
    "+fct_rated_usage",
    "+fct_allowance_instances",
    "+fct_usage_suspense",
    "+fct_usage_balance",
)
# everything that only grows, and what is made of it
TABLES = (
    "intermediate.int_rating__first_looks",
    "intermediate.int_rating__later_looks",
    "intermediate.int_rating__issued_instances",
    "intermediate.int_rating__allowance_movements",
    "intermediate.int_rating__split_walks",
    "intermediate.int_rating__graduated_charges",
    "intermediate.int_rating__split_amounts",
    "intermediate.int_usage__class_movements",
    "marts.fct_rated_usage",
    "marts.fct_allowance_instances",
    "marts.fct_usage_suspense",
    "marts.fct_usage_balance",
)


def new_house(folder: Path) -> House:
    """Return an empty house below a folder."""
    settings = Settings(data=folder, lock_wait_seconds=0)
    return House(settings, load_feeds(settings.contracts))


def build(house: House, days: Sequence[date]) -> None:
    """Build the models of rating day by day, each going on where the last one stopped."""
    digest = code_digest(house.settings)
    for day in days:
        run_dbt(house.settings, ["run", "--select", *MODELS], day)
        # as after a complete build: part of one proves nothing and would begin anew
        models = _incremental(_parsed(house.settings, digest))
        with open_warehouse(house.settings) as connection:
            built = [
                name
                for name, (schema, table) in models.items()
                if connection.execute(
                    "select 1 from information_schema.tables "
                    "where table_schema = ? and table_name = ?",
                    [schema, table],
                ).fetchone()
            ]
            remember_models(connection, built, digest, day)


def compared(seed: int, cases: int, folder: Path, processes: int = 1) -> dict[str, list[str]]:
    """Draw a world, rate it in both ways and return what differs, by case."""
    world = random_world(seed, cases)
    house = new_house(folder)
    deliver(house, world)
    house.register()
    build(house, [world.period.last])
    return differences(world.usages, outcome(world, processes), read_marts(house))


def main() -> int:
    """Compare as many cases as asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=2000)
    asked = parser.parse_args()
    differing = done = 0
    seed = asked.seed
    while done < asked.cases:
        cases = min(asked.size, asked.cases - done)
        with tempfile.TemporaryDirectory() as name:
            found = compared(seed, cases, Path(name) / "data", processes=2)
        done += cases
        differing += len(found)
        sys.stdout.write(f"seed {seed}: {cases} cases, {len(found)} differ; {done} in all\n")
        if found:
            sys.stdout.write(f"{report(found)}\n")
        sys.stdout.flush()
        seed += 1
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
