"""Runs one fault over its seeds, on several threads, each with folders and workers of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.reliability.catalogue import Failure, Fault
from tests.reliability.lab import open_lab


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


def run_fault(fault: Fault, seeds: Sequence[int], jobs: int = 1) -> Result:
    """Try every seed; never raises for a fault that was not survived."""
    result = Result(fault, seeds)
    started = time.monotonic()

    def share(number: int) -> None:
        mine = seeds[number::jobs]
        if not mine:
            return
        folder, lab = open_lab()
        with folder, lab:
            result.failures += fault.run(lab, mine)
            result.notes |= lab.notes
        result.peak_mb = max(result.peak_mb, lab.peak_mb)

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(share, range(jobs)))
    result.seconds = time.monotonic() - started
    result.failures.sort(key=lambda failure: failure.seed)
    return result
