"""Takes what waits of a feed, records what has no place, and closes days: what a run does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from orchestration.contracts import Feed, load_feeds
from orchestration.ingest.days import booking_day, pending_files
from orchestration.ingest.groups import decided_together
from orchestration.ingest.landing import Stray, scan_strays
from orchestration.ingest.manifest import FileEntry, Manifest, load_manifest
from orchestration.ingest.manifest_table import write_manifest_table
from orchestration.ingest.replays import apply_replays
from orchestration.ingest.sequences import WAIVERS
from orchestration.ingest.taking import take_files
from orchestration.locks import hold_data_folder
from orchestration.settings import Settings


class UndecidedFilesError(RuntimeError):
    """A day is to be closed while files that count on it wait."""


@dataclass(frozen=True)
class FeedResult:
    """What one run did with one feed; `entries` are the decisions it made."""

    feed_id: str
    entries: tuple[FileEntry, ...]

    def _count(self, status: str) -> int:
        return sum(entry.status == status for entry in self.entries)

    @cached_property
    def files(self) -> int:
        """Files whose rows were taken."""
        return self._count("ingested")

    @cached_property
    def repeats(self) -> int:
        """Files with the content of an earlier one."""
        return self._count("repeat")

    @cached_property
    def refused(self) -> int:
        """Files that contradict their contract."""
        return self._count("refused")

    @cached_property
    def held(self) -> int:
        """Files that are not ready."""
        return self._count("held")

    @cached_property
    def records(self) -> int:
        """Records in the files whose rows were taken."""
        return sum(entry.records_in or 0 for entry in self.entries if entry.status == "ingested")

    @cached_property
    def row_count(self) -> int:
        """Rows taken."""
        return sum(entry.row_count for entry in self.entries)

    @cached_property
    def quarantined(self) -> int:
        """Records set aside with a reason."""
        return sum(entry.quarantined for entry in self.entries)


def ingest_feed(settings: Settings, feed: Feed, as_of: date) -> FeedResult:
    """Decide about every file of a feed that counts up to `as_of` and is not decided yet.

    Holds the data folder.
    """
    if feed.file_sequence is not None and feed.id != WAIVERS:
        # a waiver may come together with the file behind the gap; a dependency between the two
        # feeds would tear the steps that serve all feeds at once apart
        waivers = load_feeds(settings.contracts).get(WAIVERS)
        if waivers is not None:
            ingest_feed(settings, waivers, as_of)
    with hold_data_folder(settings, f"ingest {feed.id}"):
        manifest = load_manifest(settings)
        files, strays = pending_files(settings, feed, manifest, as_of)
        with decided_together(settings, manifest) as group:
            entries = _report(manifest, strays)
            for entry in take_files(settings, feed, files, group, as_of):
                entries[entry.file] = entry
        return FeedResult(feed.id, tuple(entries.values()))


def _report(manifest: Manifest, strays: Iterable[Stray]) -> dict[str, FileEntry]:
    """Record strays that were not known yet; returns the new entries by file."""
    new: dict[str, FileEntry] = {}
    for stray in strays:
        entry = FileEntry(
            status=stray.status,
            system=stray.system,
            feed=stray.feed,
            file=stray.file,
            folder_on=stray.folder_on,
            reason_code=stray.reason_code,
            message=stray.message,
        )
        if manifest.entries.get(entry.key) != entry:
            manifest.add(entry)
            new[entry.file] = entry
    return new


def _undecided(settings: Settings, manifest: Manifest, as_of: date) -> list[str]:
    """Files that count up to `as_of` and that no run has decided about in their present shape."""
    found: list[str] = []
    for feed in load_feeds(settings.contracts).values():
        files, _ = pending_files(settings, feed, manifest, as_of)
        for landed in files:
            known = manifest.entries.get((feed.id, landed.file))
            is_held = known is not None and known.status == "held"
            day = booking_day(landed.folder_on, manifest.processed_through)
            if not is_held and day <= as_of:
                found.append(landed.file)
    return found


def refuse_strays(settings: Settings) -> tuple[FileEntry, ...]:
    """Record everything in landing that lies in no delivery day of a known feed."""
    with hold_data_folder(settings, "look for strays"):
        manifest = load_manifest(settings)
        return tuple(
            _report(manifest, scan_strays(settings, load_feeds(settings.contracts))).values()
        )


def close_days(settings: Settings, as_of: date) -> tuple[FileEntry, ...]:
    """Bring corrected quarantine back, close every day up to `as_of`, and write the manifest table.

    Returns the entries of replayed records. Closing a closed day again changes nothing. Raises
    `UndecidedFilesError` while a file that counts up to `as_of` was never looked at.
    """
    with hold_data_folder(settings, f"close {as_of}"):
        manifest = load_manifest(settings)
        waiting = _undecided(settings, manifest, as_of)
        if waiting:
            raise UndecidedFilesError(
                f"{as_of} cannot be closed: {len(waiting)} files up to that day were not looked at "
                f"({', '.join(waiting[:3])}): ingest their feeds first"
            )
        replayed = apply_replays(settings, manifest, as_of)
        if manifest.processed_through is None or as_of > manifest.processed_through:
            manifest.close_day(as_of)
        write_manifest_table(settings, manifest)
        return replayed
