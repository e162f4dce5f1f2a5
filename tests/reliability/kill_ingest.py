"""R1: ingest dies by SIGKILL, at any instant or at a fault point, once or several times in a row.

After each death what was committed is whole; taking the data folder clears the rest; the last run
is not disturbed and must end where a run without any fault ends.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

from tests.reliability import samples
from tests.reliability.invariants import Account, check_account, check_committed, demand_once
from tests.reliability.lab import Lab, demand, seeded
from tests.reliability.worlds import Landed, land, usual_world

POINTS = ("write", "before_rename", "after_rename", "append", "after_append")
_WORLDS = 2


class Reference:
    """A world, how it ends undisturbed, how long that takes, and how often each point is passed."""

    def __init__(self, lab: Lab, number: int) -> None:
        self.world: Landed = usual_world(number)
        with lab.folder() as data:
            land(data / "landing", self.world.files)
            outcome = lab.succeed("ingest_days", self.world.arguments(data))
            self.seconds = outcome.seconds
            self.account: Account = check_account(data)
            self.passages = {point: self._count(lab, point) for point in POINTS}

    def _count(self, lab: Lab, point: str) -> int:
        with lab.folder() as data:
            land(data / "landing", self.world.files)
            counted = {"TOLLHOUSE_FAULT": f"{point}:1000000000:eio"}
            arguments = self.world.arguments(data)
            return int(lab.succeed("count_passages", arguments, environment=counted).value)


def reference(lab: Lab, seed: int) -> Reference:
    """Return the world of a seed; a few worlds serve all seeds."""
    number = seed % _WORLDS
    made: Reference = lab.once(("world", number), lambda: Reference(lab, number))
    return made


def kill_once(lab: Lab, known: Reference, data: Path, rng: Random, point: str | None) -> None:
    """Start a run and kill it, at a random passage of a fault point or at any instant."""
    arguments = known.world.arguments(data)
    if point:
        fault = f"{point}:{rng.randint(1, known.passages[point])}:kill"
        outcome = lab.worker.run("ingest_days", arguments, environment={"TOLLHOUSE_FAULT": fault})
    else:
        moment = rng.uniform(0, known.seconds)
        outcome = lab.worker.run("ingest_days", arguments, kill_after=moment)
    # a late kill finds the run done, a point behind what earlier runs did is never passed
    demand(
        outcome.status in ("ended", "ok"),
        f"a run after a kill failed: {outcome.trace or outcome.status}",
    )


def tear_manifest(data: Path, rng: Random) -> None:
    """Leave the beginning of a line at the manifest's end, as a write cut short does."""
    path = data / "raw" / "manifest.jsonl"
    whole = path.read_bytes() if path.exists() else b""
    if whole.endswith(b"\n"):
        last = whole[whole.rstrip(b"\n").rfind(b"\n") + 1 :]
        with path.open("ab") as file:
            file.write(last[: rng.randrange(1, len(last))])


def kill_ingest(lab: Lab, seed: int) -> None:
    """Try one seed."""
    rng = seeded(f"kill ingest {seed}")
    known = reference(lab, seed)
    point = None if seed % 2 else POINTS[seed // 2 % len(POINTS)]
    with lab.folder() as data:
        land(data / "landing", known.world.files)
        for _ in range(rng.randint(2, 4) if seed % 4 == 3 else 1):
            kill_once(lab, known, data, rng, point)
            if seed % 5 == 1:
                tear_manifest(data, rng)
            check_committed(data)
            if point or rng.random() < 0.5:
                lab.succeed("touch", {"data": str(data)})
                check_account(data)
        lab.succeed("ingest_days", known.world.arguments(data))
        check_account(data).demand_equal(known.account)
        demand_once(data, samples.USAGE, "usage_id")
