"""Decisions that become durable together: a day of small files costs two syncs each, not five.

The order is that of a single file, for all at once: every Parquet file is written and synced aside,
all are announced by one line, renamed, their folders synced, and then the lines of the decisions
follow in one write. Until that write nothing of the group counts, and what a kill leaves behind is
known from the announcement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from orchestration.durable import remove_all
from orchestration.ingest.manifest import FileEntry, Manifest, forget_manifest
from orchestration.ingest.write import RowWriter, commit_writers
from orchestration.settings import Settings

# a kill costs the reading of this much again
_MOST_DECISIONS = 100
_MOST_BYTES = 32 << 20


class Group:
    """Decisions that were made and do not count yet."""

    def __init__(self, settings: Settings, manifest: Manifest) -> None:
        self._settings = settings
        self.manifest = manifest
        self._writers: list[tuple[str, RowWriter]] = []
        self._stack = ExitStack()
        self._bytes = 0

    def add(
        self, entry: FileEntry, writers: Sequence[tuple[str, RowWriter]], stack: ExitStack
    ) -> None:
        """Take a decision and its finished Parquet files; `stack` closes them in the end."""
        self._stack.push(stack.pop_all())
        self._writers += writers
        self._bytes += entry.size_bytes or 0
        self.manifest.add(entry)

    def flush_if_large(self) -> None:
        """Let what has come together count, once it is much."""
        if len(self.manifest.staged) >= _MOST_DECISIONS or self._bytes >= _MOST_BYTES:
            self.flush()

    def flush(self) -> None:
        """Let all decisions so far count; on a failure of the machine, those that reached it."""
        try:
            if self._writers:
                self.manifest.begin([path for path, _ in self._writers])
                commit_writers([writer for _, writer in self._writers])
            self.manifest.add_staged()
        except OSError:
            # the lines may have reached the disk before the failure: then the files count, and stay
            left = Manifest(self.manifest.path)
            left.read_on()
            remove_all(self._settings.data / path for path in left.pending)
            raise
        self._writers = []
        self._bytes = 0
        self._stack.close()

    def abandon(self) -> None:
        """Remove the half files of decisions that never came to count."""
        forget_manifest(self.manifest)
        self._stack.close()


@contextmanager
def decided_together(settings: Settings, manifest: Manifest) -> Iterator[Group]:
    """Make the decisions of the context count in groups, the last ones when it ends.

    When it ends by an error, what does not count yet is forgotten: `manifest` is void then, load it
    anew.
    """
    group = Group(settings, manifest)
    manifest.is_staging = True
    try:
        yield group
        group.flush()
    except BaseException:
        group.abandon()
        raise
    finally:
        manifest.is_staging = False
