"""Command line of the simulator: `python -m data.simulator [--until DAY]`.

Knobs come from the environment: SUBSCRIBERS, MONTHS, SEED, START, and TOLLHOUSE_DATA.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from datetime import date
from typing import Any

from data.simulator.knobs import Knobs
from data.simulator.model import StepResult
from data.simulator.steps import WorldError, run
from orchestration.settings import Settings


def knobs_of(environment: dict[str, str]) -> Knobs:
    """Return the knobs that the environment sets; the others keep their defaults.

    Raises ValueError that names the variable when a value cannot be read.
    """
    readers: dict[str, Callable[[str], Any]] = {
        "SUBSCRIBERS": int,
        "MONTHS": int,
        "SEED": int,
        "START": date.fromisoformat,
    }
    fields = {"SUBSCRIBERS": "subscribers", "MONTHS": "months", "SEED": "seed", "START": "start_on"}
    given: dict[str, Any] = {}
    for name, reader in readers.items():
        if environment.get(name):
            try:
                given[fields[name]] = reader(environment[name])
            except ValueError as error:
                raise ValueError(f"{name}={environment[name]}: {error}") from error
    return Knobs(**given)


def main(arguments: list[str] | None = None) -> int:
    """Simulate; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m data.simulator", description=__doc__)
    parser.add_argument("--until", type=date.fromisoformat, help="last delivery day (YYYY-MM-DD)")
    options = parser.parse_args(arguments)
    started = time.monotonic()

    def tell(result: StepResult) -> None:
        seconds = time.monotonic() - started
        rows = sum(result.rows.values())
        sys.stdout.write(
            f"{result.until}  {result.days:3d} days  {result.files:5d} files  {rows:9,d} rows"
            f"  {seconds:6.1f} s\n"
        )
        sys.stdout.flush()

    try:
        run(Settings().data, knobs_of(dict(os.environ)), options.until, tell)
    except (WorldError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
