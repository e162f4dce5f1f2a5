"""Runs one fault over its seeds, on several threads, each with folders and workers of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.reliability.catalogue import Failure, Fault
from tests.reliability.lab import Lab


@dataclass
class Result:
    """What came of a fault: one line of the table."""

    fault: Fault
    seeds: Sequence[int]
    failures: list[Failure] = field(default_factory=list)
    notes: set[str] = field(default_factory=set)
    peak_mb: float = 0.0
    seconds: float = 0.0
    date: str = field(default_factory=lambda: datetime.now(UTC).date().isoformat())

    def explain(self) -> str:
        """Say for every failure what broke and how to see it again."""
        return "".join(
            f"\n{self.fault.id} seed {failure.seed}: {failure.message}\n"
            f"  again: python -m tests.reliability --only {self.fault.id} --seed {failure.seed}\n"
            for failure in self.failures
        )


def run_fault(fault: Fault, seeds: Sequence[int], labs: Sequence[Lab]) -> Result:
    """Try every seed, on as many threads as there are labs; a fault not survived raises nothing."""
    result = Result(fault, seeds)
    started = time.monotonic()

    def share(number: int) -> list[Failure]:
        labs[number].begin()
        mine = seeds[number :: len(labs)]
        return fault.run(labs[number], mine) if mine else []

    with ThreadPoolExecutor(len(labs)) as pool:
        for found in pool.map(share, range(len(labs))):
            result.failures += found
    result.failures.sort(key=lambda failure: failure.seed)
    result.notes = set().union(*(lab.notes for lab in labs))
    result.peak_mb = max(lab.peak_mb for lab in labs)
    result.seconds = time.monotonic() - started
    return result
