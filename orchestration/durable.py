"""Files that are either wholly there or not there: write aside, fsync, rename, fsync the folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from orchestration.faults import fault_point


def sync_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class DurableFile:
    """A binary file that is written aside in `temporary` and appears at its path by one rename.

    Leaving the context without `commit` removes it.
    """

    def __init__(self, path: Path, temporary: Path) -> None:
        temporary.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._aside = temporary / f"{path.name}.{os.getpid()}.{id(self):x}.tmp"
        self._file: BinaryIO = self._aside.open("wb")
        self._committed = False

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Append bytes; returns how many."""
        fault_point("write")
        return self._file.write(data)

    def flush(self) -> None:
        """Hand buffered bytes to the operating system."""
        self._file.flush()

    def finish(self) -> None:
        """Put every byte on the disk, still aside."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def commit(self) -> None:
        """Put the file at its path, durably."""
        commit_files([self])

    def _rename(self) -> None:
        fault_point("before_rename")
        self._aside.replace(self.path)
        self._committed = True
        fault_point("after_rename")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._committed:
            self._file.close()
            self._aside.unlink(missing_ok=True)


def commit_files(files: Sequence[DurableFile]) -> None:
    """Put files at their paths, in order; all are durable when this returns."""
    touched: dict[Path, None] = {}
    for file in files:
        file.finish()
    for file in files:
        touched |= dict.fromkeys(_make_folders(file.path.parent))
        file._rename()
        touched[file.path.parent] = None
    for folder in touched:
        sync_folder(folder)


def make_folder(folder: Path) -> None:
    """Create a folder and its parents, each durable in the folder above it."""
    for parent in _make_folders(folder):
        sync_folder(parent)


def _make_folders(folder: Path) -> list[Path]:
    """Create a folder and its parents; returns the folders that this changed."""
    if folder.is_dir():
        return []
    changed = _make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    return [*changed, folder.parent]


def write_durably(path: Path, content: bytes, temporary: Path) -> None:
    """Replace the file at `path` by `content`, atomically and durably."""
    with DurableFile(path, temporary) as file:
        file.write(content)
        file.commit()


def remove_all(paths: Iterable[Path]) -> None:
    """Remove files that may or may not be there."""
    for path in paths:
        path.unlink(missing_ok=True)
