"""Named points at which a test may make the machine fail; no-ops in every other run.

`TOLLHOUSE_FAULT=<point>:<n>:<kind>` makes the n-th passage of the point fail. Kinds: `kill` (the
process dies at once, as by SIGKILL), `enospc` and `eio` (the operating system's own errors). Points
lie where data becomes durable, nowhere else: `write`, `before_rename`, `after_rename`, `append`,
`after_append`, `before_pointer`, `after_pointer`.
"""

from __future__ import annotations

import errno
import os
import signal

_ERRORS = {"enospc": errno.ENOSPC, "eio": errno.EIO}
_passages: dict[str, int] = {}


def fault_point(name: str) -> None:
    """Fail here when the environment asks for it; count the passage otherwise."""
    wanted = os.environ.get("TOLLHOUSE_FAULT")
    if not wanted:
        return
    point, count, kind = wanted.split(":")
    if point not in (name, "any"):
        return
    _passages[point] = _passages.get(point, 0) + 1
    if _passages[point] != int(count):
        return
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    number = _ERRORS[kind]
    raise OSError(number, os.strerror(number), f"fault point {name}")


def reset_faults() -> None:
    """Forget the passages counted so far (tests run many faults in one process)."""
    _passages.clear()
