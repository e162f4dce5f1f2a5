"""One writer: the data folder belongs to one process at a time.

The lock is the kernel's (`flock`), so a killed process never leaves it behind; the file's text only
says who holds it.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from orchestration.settings import Settings

_POLL_SECONDS = 0.1
_held: dict[Path, int] = {}


class LockHeldError(RuntimeError):
    """Another process works in the data folder and did not finish within the waiting time."""


def _holder(handle: int) -> str:
    try:
        text = os.pread(handle, 4096, 0).decode()
        said = json.loads(text)
        return f"process {said['pid']} on {said['host']} ({said['purpose']}, since {said['since']})"
    except (ValueError, KeyError):
        return "another process"


def _acquire(handle: int, path: Path, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise LockHeldError(
                    f"{path.parent} is in use by {_holder(handle)}; waited {wait_seconds:g} s. "
                    "Let it finish, or end it, and start again: nothing was changed."
                ) from None
        time.sleep(_POLL_SECONDS)


@contextmanager
def hold_data_folder(settings: Settings, purpose: str) -> Iterator[None]:
    """Hold `settings.data` for the length of the context; re-entrant within a process.

    What a killed process left half-done is cleared on entry. Raises `LockHeldError` naming the
    holder when the folder does not become free within `settings.lock_wait_seconds`.
    """
    from orchestration.ingest.manifest import recover  # noqa: PLC0415  the manifest needs no lock

    path = settings.data / ".lock"
    if path in _held:
        yield
        return
    settings.data.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _acquire(handle, path, settings.lock_wait_seconds)
        said = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "purpose": purpose,
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(said).encode(), 0)
        _held[path] = handle
        try:
            recover(settings)
            yield
        finally:
            del _held[path]
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)
