"""What a fault works with: a temporary folder, worker processes, and worlds known undisturbed."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

from tests.reliability.worker import Outcome, Worker

# how worlds end undisturbed: found out once for all threads
_cache: dict[Any, Any] = {}
_cache_lock = threading.RLock()


class BrokenError(AssertionError):
    """A guarantee did not hold."""


def demand(holds: bool, message: str) -> None:
    """Raise `BrokenError` unless `holds`; asserts of plain Python vanish under -O."""
    if not holds:
        raise BrokenError(message)


def seeded(text: str) -> Random:
    """Return the generator of a seed; `text` names the fault, so that no two share their dice."""
    return Random(text)  # noqa: S311  repeatable on purpose


@dataclass
class Lab:
    """Folders and workers of one thread of the driver.

    `notes` go into the table; `elsewhere_mb` is the peak of processes that no worker started.
    """

    root: Path
    elsewhere_mb: float = 0.0
    notes: set[str] = field(default_factory=set)
    _workers: dict[str, Worker] = field(default_factory=dict)

    @cached_property
    def worker(self) -> Worker:
        """The worker for one thing at a time."""
        return self.other("first")

    def other(self, name: str) -> Worker:
        """Return a further worker, for things that happen at the same time."""
        return self._workers.setdefault(name, Worker())

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what `make` returned when `key` was first asked for."""
        with _cache_lock:
            if key not in _cache:
                _cache[key] = make()
            return _cache[key]

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Give an empty folder and remove it afterwards."""
        path = Path(tempfile.mkdtemp(dir=self.root))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def succeed(self, task: str, arguments: dict[str, Any], **options: Any) -> Outcome:
        """Run a job that must end well."""
        outcome = self.worker.run(task, arguments, **options)
        demand(
            outcome.status == "ok",
            f"{task} was not disturbed and ended as {outcome.status} (signal {outcome.signal}): "
            f"{outcome.trace or outcome.message}",
        )
        return outcome

    def begin(self) -> None:
        """Forget notes and peak of the fault before."""
        self.notes.clear()
        self.elsewhere_mb = 0.0
        for worker in self._workers.values():
            worker.peak_mb = 0.0

    @property
    def peak_mb(self) -> float:
        """Most memory that a child of this lab had."""
        return max([self.elsewhere_mb, *(worker.peak_mb for worker in self._workers.values())])

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers.values():
            worker.close()


@contextmanager
def open_labs(count: int) -> Iterator[list[Lab]]:
    """Give labs in a new temporary folder; workers end and the folder goes with the context."""
    # processes are killed, not machines: a folder in memory tells the same and ten times as fast
    memory = Path("/dev/shm")  # noqa: S108  a folder of our own below it
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1 << 30
    with tempfile.TemporaryDirectory(
        prefix="tollhouse-reliability-",
        dir=memory if roomy else None,
        ignore_cleanup_errors=True,
    ) as folder:
        labs = [Lab(Path(os.path.realpath(folder))) for _ in range(count)]
        try:
            yield labs
        finally:
            for lab in labs:
                lab.close()
