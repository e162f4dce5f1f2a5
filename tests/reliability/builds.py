"""What readers of published builds may rely on, read from the files alone."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.reliability.lab import demand

Files = dict[str, str]


def pointed(published: Path) -> str | None:
    """Return the name that `CURRENT` holds; None when there is no pointer."""
    try:
        return (published / "CURRENT").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def served_files(published: Path) -> tuple[str | None, Files]:
    """Return the build that a reader finds now, and the digests of its files.

    Raises `BrokenError` when the pointer names no build, or one that is not whole.
    """
    build = pointed(published)
    if build is None:
        return None, {}
    folder = published / build
    manifest = folder / "manifest.json"
    demand(build != "" and manifest.is_file(), f"CURRENT names {build!r}, which is no build")
    said = json.loads(manifest.read_text())
    demand(said["build"] == build, f"the manifest of {build} speaks of {said['build']}")
    wanted = {path.name: path for path in folder.rglob("*") if path.is_file()}
    files: Files = {}
    for name, facts in said["files"].items():
        path = wanted.get(Path(name).name)
        demand(path is not None, f"{build}: {name} is not there")
        assert path
        files[name] = _digest(path)
        demand(files[name] == facts["sha256"], f"{build}: {name} is not what the manifest says")
    demand(bool(files), f"{build} holds no file")
    return build, files


@dataclass
class Readers:
    """Threads that read the served build over and over while the context lasts.

    `seen` holds per reader the builds in the order in which it saw them; what a reader could not
    read breaks the check.
    """

    published: Path
    count: int = 2
    seen: list[list[str | None]] = field(default_factory=list)
    problem: BaseException | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def _read(self) -> None:
        mine: list[str | None] = []
        self.seen.append(mine)
        try:
            while True:
                build, _ = served_files(self.published)
                if build not in mine[-1:]:
                    mine.append(build)
                # a look every millisecond leaves the machine to the publisher
                if self._stop.wait(0.001):
                    return
        except BaseException as problem:
            self.problem = problem

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._read) for _ in range(self.count)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self.problem is not None and error is None:
            raise self.problem
