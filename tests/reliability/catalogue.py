"""The faults: what each is called, how often it is tried, and the function that tries it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.reliability.lab import BrokenError, Lab


@dataclass(frozen=True)
class Failure:
    """A seed at which a guarantee did not hold."""

    seed: int
    message: str


Run = Callable[[Lab, Sequence[int]], list[Failure]]


@dataclass(frozen=True)
class Fault:
    """A fault with its counts for CI and for `make reliability`.

    `kept` are seeds that failed once: they are tried in every run, whatever the count.
    """

    id: str
    title: str
    ci: int
    full: int
    run: Run
    kept: tuple[int, ...] = ()

    def seeds(self, count: int) -> list[int]:
        """Return the seeds of a run of this size."""
        return sorted({*range(count), *self.kept})


def each(check: Callable[[Lab, int], None]) -> Run:
    """Turn a check of one seed into a run over many."""

    def run(lab: Lab, seeds: Sequence[int]) -> list[Failure]:
        failures: list[Failure] = []
        for seed in seeds:
            try:
                check(lab, seed)
            except BrokenError as broken:
                failures.append(Failure(seed, str(broken)))
            except Exception:  # whatever a seed raises is that seed's failure, told in full
                failures.append(Failure(seed, traceback.format_exc()))
        return failures

    return run
