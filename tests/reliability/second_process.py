"""R14: a second process wants the data folder: it waits, then says who is in its way.

The holder is a process of its own; it lets go, or dies, or keeps the folder for too long.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from tests.reliability.lab import Lab, demand, seeded
from tests.reliability.worker import Worker


def _hold(holder: Worker, data: Path, until: Path, kill_after: float | None = None) -> str:
    """Start a process that holds the folder until told; returns its process id."""
    os.mkfifo(until)
    holder.start("hold", {"data": str(data), "until": str(until)}, kill_after=kill_after)
    return holder.wait_for_note()


def second_process(lab: Lab, seed: int) -> None:
    """Try one seed: the holder stays, ends, or is killed."""
    rng = seeded(f"second {seed}")
    holder = lab.other("second")
    with lab.folder() as folder:
        data, until = folder / "data", folder / "until"
        if seed % 3 == 2:
            _hold(holder, data, until, kill_after=rng.uniform(0.05, 0.3))
            lab.succeed("wait_for_folder", {"data": str(data), "seconds": 30})
            demand(holder.finish().status == "ended", "the holder was to be killed")
        else:
            pid = _hold(holder, data, until)
            stays = seed % 3 == 0
            seconds = rng.uniform(0, 0.2) if stays else 30
            lab.worker.start("wait_for_folder", {"data": str(data), "seconds": seconds})
            lab.worker.wait_for_note()
            if stays:
                _demand_refusal(lab.worker, pid, data)
            # opening waits for the reader, closing tells it that it is over
            until.write_bytes(b"")
            demand(holder.finish().status == "ok", "the holder could not end")
            if not stays:
                outcome = lab.worker.finish()
                demand(outcome.status == "ok", f"waiting failed: {outcome.trace}")
        lab.succeed("touch", {"data": str(data)})


def _demand_refusal(waiting: Worker, pid: str, data: Path) -> None:
    outcome = waiting.finish()
    demand(outcome.kind == "LockHeldError", f"not refused: {outcome.status} {outcome.trace}")
    for word in (f"process {pid} ", socket.gethostname(), "a long night run", str(data), "waited"):
        demand(word in outcome.message, f"{word!r} is not in the message: {outcome.message}")
