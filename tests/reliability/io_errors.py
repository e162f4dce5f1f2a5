"""R5: the operating system fails at the n-th durable operation, of ingest and of publish.

The failure is an OSError that says what failed; nothing half-done counts; afterwards the same
process, or a new one, ends where a run without the fault ends.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from random import Random

from tests.reliability import kill_ingest, kill_publish, samples
from tests.reliability.invariants import check_account, check_committed, demand_once
from tests.reliability.lab import Lab, demand, seeded
from tests.reliability.worker import Outcome
from tests.reliability.worlds import land

_NUMBERS = {"eio": errno.EIO, "enospc": errno.ENOSPC}


def io_error(lab: Lab, seed: int) -> None:
    """Try one seed: three of four at ingest, the fourth at publish."""
    rng = seeded(f"io error {seed}")
    kind = rng.choice(("eio", "enospc"))
    if seed % 4 == 3:
        _at_publish(lab, rng, kind, seed // 4)
    else:
        _at_ingest(lab, rng, kind, seed)


def _fault(operation: int, kind: str) -> dict[str, str]:
    return {"TOLLHOUSE_FAULT": f"any:{operation}:{kind}"}


def _demand_clear(outcome: Outcome, kind: str) -> None:
    demand(
        outcome.status == "error" and outcome.number == _NUMBERS[kind],
        f"not a clear OSError: {outcome.status} {outcome.kind}: {outcome.trace}",
    )
    demand(os.strerror(_NUMBERS[kind]) in outcome.message, f"unclear: {outcome.message}")


def _at_ingest(lab: Lab, rng: Random, kind: str, seed: int) -> None:
    known = kill_ingest.reference(lab, seed)
    total = sum(known.passages.values())
    # the first ones in order, so that small counts sweep too; then anywhere
    operation = seed % total + 1 if seed < total else rng.randint(1, total)
    with lab.folder() as data:
        land(data / "landing", known.world.files)
        arguments = known.world.arguments(data)
        if seed % 2:
            said = lab.succeed("ingest_or_retry", arguments, environment=_fault(operation, kind))
            demand(os.strerror(_NUMBERS[kind]) in said.value, f"unclear: {said.value!r}")
        else:
            outcome = lab.worker.run("ingest_days", arguments, environment=_fault(operation, kind))
            _demand_clear(outcome, kind)
            check_committed(data)
            left = [path.name for path in data.glob("tmp/*.tmp")]
            demand(not left, f"half files stay after an error: {left[:3]}")
            lab.succeed("ingest_days", arguments)
        check_account(data).demand_equal(known.account)
        demand_once(data, samples.USAGE, "usage_id")


def _at_publish(lab: Lab, rng: Random, kind: str, turn: int) -> None:
    known = kill_publish.reference(lab)
    operation = turn % len(known.passages) + 1
    with lab.folder() as data:
        old = kill_publish.prepare(lab, data, has_old=rng.random() < 0.8)
        published: Path = data / "published"
        arguments = {"data": str(data), "as_of": kill_publish.NEW}
        outcome = lab.worker.run("publish_build", arguments, environment=_fault(operation, kind))
        _demand_clear(outcome, kind)
        kill_publish.check_served(published, known, old)
        lab.succeed("publish_build", arguments)
        kill_publish.check_published(published, known, old)
