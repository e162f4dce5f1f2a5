"""`python -m tests.reliability [--full] [--only R1,R8] [--count N] [--seed N] [--jobs N]`."""

from __future__ import annotations

import argparse
import sys

from tests.reliability.faults import FAULTS
from tests.reliability.lab import open_labs
from tests.reliability.report import table, write_figures
from tests.reliability.runner import run_fault


def main() -> int:
    """Run the chosen faults and print the table; the exit code says whether all held."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the large counts")
    parser.add_argument("--only", default="", help="faults, such as R1,R8")
    parser.add_argument("--count", type=int, help="seeds per fault instead of the usual number")
    parser.add_argument("--seed", type=int, help="this one seed only")
    parser.add_argument("--jobs", type=int, default=2, help="threads of the driver")
    asked = parser.parse_args()
    wanted = [name for name in asked.only.upper().split(",") if name]
    unknown = [name for name in wanted if name not in {fault.id for fault in FAULTS}]
    if unknown:
        parser.error(f"no such fault: {', '.join(unknown)}")
    results = []
    with open_labs(asked.jobs) as labs:
        for fault in FAULTS:
            if wanted and fault.id not in wanted:
                continue
            seeds = fault.seeds(asked.count or (fault.full if asked.full else fault.ci))
            seeds = seeds if asked.seed is None else [asked.seed]
            results.append(run_fault(fault, seeds, labs))
            sys.stderr.write(f"{fault.id}: {len(results[-1].failures)} failures\n")
    sys.stdout.write(table(results))
    if asked.seed is None:
        write_figures(results)
    return 1 if any(result.failures for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
