"""The delivery days of a feed: what is new, on which day it counts, and when a day is closed.

A file counts on the day of its folder while that day is open, else on the next open day. Which day
is open follows from the manifest alone: every day after the last closed one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from orchestration.contracts import Feed, load_feeds
from orchestration.ingest.containers import Hold, Refusal
from orchestration.ingest.files import ingest_file
from orchestration.ingest.landing import LandedFile, Stray, scan_feed, scan_strays
from orchestration.ingest.manifest import FileEntry, Manifest, load_manifest
from orchestration.ingest.manifest_table import write_manifest_table
from orchestration.ingest.replays import apply_replays
from orchestration.ingest.sequences import book_in_sequence
from orchestration.locks import hold_data_folder
from orchestration.settings import Settings


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


@dataclass(frozen=True)
class Plan:
    """What a run would do: which days it would close, and whether there is anything to do."""

    as_of: date | None
    days: tuple[date, ...]
    new_files: int
    late_files: int
    processed_through: date | None

    @property
    def is_idle(self) -> bool:
        """Whether no file waits to be looked at."""
        return self.new_files == 0


def today_of(settings: Settings) -> date:
    """Return the calendar day at the operator's place (only ingest may ask)."""
    return datetime.now(ZoneInfo(settings.time_zone)).date()


def booking_day(folder_on: date, processed_through: date | None) -> date:
    """Return the day on which a file counts: its folder's day, or the first open day if later."""
    if processed_through is None or folder_on > processed_through:
        return folder_on
    return processed_through + timedelta(days=1)


def _is_settled(entry: FileEntry | None, landed: LandedFile, feed: Feed) -> bool:
    """Whether a file needs no further look: decided, unchanged, and by the present contract."""
    if entry is None or (entry.size_bytes, entry.modified_ns) != (
        landed.size_bytes,
        landed.modified_ns,
    ):
        return False
    if entry.status == "refused":
        return entry.contract_digest == feed.digest
    return entry.status in ("ingested", "repeat")


def _still_held(entry: FileEntry, landed: LandedFile, settings: Settings) -> bool:
    """Whether a file was held before and neither its bytes nor time can have released it."""
    if entry.status != "held" or entry.modified_ns != landed.modified_ns:
        return False
    age = datetime.now(UTC).timestamp() - landed.modified_ns / 1e9
    return entry.reason_code != "GROWING" or age < settings.settle_seconds


def pending_files(
    settings: Settings, feed: Feed, manifest: Manifest, as_of: date
) -> tuple[list[LandedFile], list[Stray]]:
    """Files of a feed up to `as_of` that want a decision, and what lies between them."""
    files: list[LandedFile] = []
    strays: list[Stray] = []
    for found in scan_feed(settings, feed, as_of, today_of(settings)):
        if isinstance(found, Stray):
            strays.append(found)
        elif not _is_settled(manifest.entries.get((feed.id, found.file)), found, feed):
            files.append(found)
    return files, strays


def plan(settings: Settings, as_of: date | None = None) -> Plan:
    """Look at landing without reading any file and say what a run up to `as_of` would do.

    `as_of` defaults to the last delivery day; when only late files wait, to the next open day.
    """
    manifest = load_manifest(settings)
    closed = manifest.processed_through
    days: list[date] = []
    late = 0
    for feed in load_feeds(settings.contracts).values():
        files, _ = pending_files(settings, feed, manifest, as_of or date.max)
        for landed in files:
            known = manifest.entries.get((feed.id, landed.file))
            if known is not None and _still_held(known, landed, settings):
                continue
            days.append(booking_day(landed.folder_on, closed))
            late += closed is not None and landed.folder_on <= closed
    if as_of is not None:
        days = [day for day in days if day <= as_of]
    end = as_of or (max(days) if days else closed)
    first = closed + timedelta(days=1) if closed else min(days, default=end)
    count = (end - first).days + 1 if end and first else 0
    open_days = tuple(first + timedelta(days=n) for n in range(count)) if first else ()
    return Plan(end, open_days, len(days), late, closed)


def ingest_feed(settings: Settings, feed: Feed, as_of: date) -> FeedResult:
    """Decide about every file of a feed that counts up to `as_of` and is not decided yet.

    Files are taken in order of (folder day, path): of two files with the same content the first
    in that order is the one that counts. Holds the data folder.
    """
    with hold_data_folder(settings, f"ingest {feed.id}"):
        manifest = load_manifest(settings)
        files, strays = pending_files(settings, feed, manifest, as_of)
        entries = _report(manifest, strays)
        waiting = files
        while waiting:
            left: list[LandedFile] = []
            taken = False
            for landed in waiting:
                entry = _decide(settings, feed, landed, manifest, as_of)
                if entry is None:
                    continue
                if entry.reason_code == "SEQUENCE_GAP":
                    left.append(landed)
                else:
                    taken = True
                entries[entry.file] = entry
            # a file that was taken may have filled the gap in front of another
            waiting = left if taken else []
        return FeedResult(feed.id, tuple(entries.values()))


def _decide(
    settings: Settings, feed: Feed, landed: LandedFile, manifest: Manifest, as_of: date
) -> FileEntry | None:
    delivered_on = booking_day(landed.folder_on, manifest.processed_through)
    objection: Refusal | None = None
    known = manifest.entries.get((feed.id, landed.file))
    if known is not None and known.status in ("ingested", "repeat"):
        # its place in the sequence was found when it was taken
        return ingest_file(settings, feed, landed, manifest, delivered_on)
    try:
        delivered_on = book_in_sequence(settings, manifest, feed, landed, delivered_on)
    except Refusal as why:
        # the same file sent again carries its number again: that is a repeat, not a fault
        objection = why
    except Hold as why:
        entry = FileEntry(
            status="held",
            system=feed.system,
            feed=feed.name,
            file=landed.file,
            folder_on=landed.folder_on,
            size_bytes=landed.size_bytes,
            modified_ns=landed.modified_ns,
            reason_code=why.reason_code,
            message=why.message,
            contract_version=feed.version,
            contract_digest=feed.digest,
        )
        if manifest.entries.get(entry.key) != entry:
            manifest.add(entry)
        return entry
    if delivered_on > as_of:
        return None
    return ingest_file(settings, feed, landed, manifest, delivered_on, objection)


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


def refuse_strays(settings: Settings) -> tuple[FileEntry, ...]:
    """Record everything in landing that lies in no delivery day of a known feed."""
    with hold_data_folder(settings, "look for strays"):
        manifest = load_manifest(settings)
        return tuple(
            _report(manifest, scan_strays(settings, load_feeds(settings.contracts))).values()
        )


def close_days(settings: Settings, as_of: date) -> tuple[FileEntry, ...]:
    """Bring corrected quarantine back, close every day up to `as_of`, and write the manifest table.

    Returns the entries of replayed records. Closing a closed day again changes nothing.
    """
    with hold_data_folder(settings, f"close {as_of}"):
        manifest = load_manifest(settings)
        replayed = apply_replays(settings, manifest, as_of)
        if manifest.processed_through is None or as_of > manifest.processed_through:
            manifest.close_day(as_of)
        write_manifest_table(settings, manifest)
        return replayed
