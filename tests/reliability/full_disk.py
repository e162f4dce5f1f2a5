"""R6: the disk is full during ingest or publish; it says so, and goes on once there is space.

The disk is a small file system in memory. Where mounting is not permitted a limit on the size of a
file stands for it, and the table says so.
"""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from tests.reliability import kill_ingest, kill_publish
from tests.reliability.invariants import check_account, check_committed
from tests.reliability.lab import Lab, demand, seeded
from tests.reliability.worker import Outcome
from tests.reliability.worlds import land

_LIMITED = "mounting is not permitted here: a limit on the size of a file stands for a full disk"


def _mount(*arguments: str) -> bool:
    done = subprocess.run(["mount", *arguments], capture_output=True, check=False)  # noqa: S607
    return done.returncode == 0


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[bool]:
    """Mount a small file system at `folder`; gives whether that was permitted."""
    folder.mkdir(parents=True)
    mounted = _mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder))
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607


def used_kilobytes(folder: Path) -> int:
    """Return the space that the files of a folder take on such a disk."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return sum(-(-size // 4096) * 4 for size in sizes)


def _demand_clear(outcome: Outcome) -> None:
    words = (os.strerror(errno.ENOSPC), os.strerror(errno.EFBIG), "disk", "space")
    clear = any(word.lower() in outcome.message.lower() for word in words)
    demand(
        outcome.status == "error" and clear,
        f"not a clear message: {outcome.status} {outcome.kind}: {outcome.trace}",
    )


def _is_os_error(outcome: Outcome) -> bool:
    return outcome.number in (errno.ENOSPC, errno.EFBIG)


def full_disk(lab: Lab, seed: int) -> None:
    """Try one seed: two of three at ingest, the third at publish."""
    rng = seeded(f"full disk {seed}")
    if seed % 3 == 2:
        _at_publish(lab, rng)
    else:
        _at_ingest(lab, rng, seed)


def _at_ingest(lab: Lab, rng: Random, seed: int) -> None:
    known = kill_ingest.reference(lab, seed)
    with lab.folder() as folder:
        data = folder / "small" / "data"
        land(folder / "landing", known.world.files)
        needed = lab.once(("space", seed % 2), lambda: _space_of_ingest(lab, known))
        size = rng.randrange(8, needed - 4)
        with small_disk(folder / "small", size) as mounted:
            data.mkdir()
            # what was delivered lies on another disk
            (data / "landing").symlink_to(folder / "landing")
            arguments = known.world.arguments(data)
            limit = {} if mounted else {"max_file_size": size * 100}
            outcome = lab.worker.run(
                "limited", {"task": "ingest_days", **limit, "arguments": arguments}
            )
            _demand_clear(outcome)
            demand(_is_os_error(outcome), f"not an OSError but {outcome.kind}")
            check_committed(data)
            if mounted:
                demand(_mount("-o", "remount,size=64m", str(folder / "small")), "no more space")
            else:
                lab.notes.add(_LIMITED)
            lab.succeed("ingest_days", arguments)
            check_account(data).demand_equal(known.account)


def _space_of_ingest(lab: Lab, known: kill_ingest.Reference) -> int:
    with lab.folder() as data:
        land(data / "landing", known.world.files)
        lab.succeed("ingest_days", known.world.arguments(data))
        return used_kilobytes(data) - used_kilobytes(data / "landing")


def _at_publish(lab: Lab, rng: Random) -> None:
    known = kill_publish.reference(lab)
    with lab.folder() as folder, lab.folder() as aside:
        kill_publish.prepare(lab, aside, has_old=True)
        before = used_kilobytes(aside)
        build = used_kilobytes(aside / "published")
        size = before + rng.randrange(4, build - 4)
        data = folder / "small" / "data"
        with small_disk(folder / "small", size) as mounted:
            old = kill_publish.prepare(lab, data, has_old=True)
            arguments = {"data": str(data), "as_of": kill_publish.NEW}
            limit = {} if mounted else {"max_file_size": 2000}
            outcome = lab.worker.run(
                "limited", {"task": "publish_build", **limit, "arguments": arguments}
            )
            _demand_clear(outcome)
            demand(_is_os_error(outcome), f"not an OSError but {outcome.kind}: {outcome.message}")
            kill_publish.check_served(data / "published", known, old)
            if mounted:
                demand(_mount("-o", "remount,size=64m", str(folder / "small")), "no more space")
            else:
                lab.notes.add(_LIMITED)
            lab.succeed("publish_build", arguments)
            kill_publish.check_published(data / "published", known, old)
