"""Which files wait, on which day each counts, and which days a run would close.

A file counts on the day of its folder while that day is open, else on the next open day. Which day
is open follows from the manifest alone: every day after the last closed one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from orchestration.contracts import Feed, load_feeds
from orchestration.ingest.landing import (
    DayFolder,
    LandedFile,
    Stray,
    delivery_folders,
    scan_folder,
    unreadable_feed,
)
from orchestration.ingest.manifest import FileEntry, Manifest, load_manifest
from orchestration.settings import Settings


@dataclass(frozen=True)
class Plan:
    """What a run would do: which days it would close, and whether there is anything to do.

    `waiting_files` are late files whose next open day has not come yet.
    """

    as_of: date | None
    days: tuple[date, ...]
    new_files: int
    late_files: int
    processed_through: date | None
    waiting_files: int = 0

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


# far longer than the step in which file systems count time
_CLOCK_TICK_NS = 2_000_000_000
# reasons to hold a file that time alone may lift
_PASSING = ("GROWING", "DAMAGED_PACKING", "DAMAGED_FILE", "BAD_XML", "GONE", "UNREADABLE")


def _still_held(entry: FileEntry, landed: LandedFile, settings: Settings) -> bool:
    """Whether a file was held before and neither its bytes nor time can have released it."""
    if entry.status != "held" or entry.modified_ns != landed.modified_ns:
        return False
    age = datetime.now(UTC).timestamp() - landed.modified_ns / 1e9
    return entry.reason_code not in _PASSING or 0 <= age < settings.settle_seconds


def pending_files(
    settings: Settings, feed: Feed, manifest: Manifest, as_of: date
) -> tuple[list[LandedFile], list[Stray]]:
    """Files of a feed up to `as_of` that want a decision, and what lies between them.

    A folder in which everything is decided is not looked into again until something in it comes,
    goes or is renamed, for as long as this process knows the manifest. A file that is overwritten
    in place, which is held, is so found by the next process and not by the next look.
    """
    try:
        folders = delivery_folders(settings, feed)
    except PermissionError:
        return [], [unreadable_feed(feed)]
    files: list[LandedFile] = []
    strays: list[Stray] = []
    today = today_of(settings)
    for folder in folders:
        if folder.day > as_of or manifest.settled_folders.get(folder.path) == (
            folder.mark,
            feed.digest,
        ):
            continue
        looked_at = time.time_ns()
        open_before = len(files) + len(strays)
        for found in scan_folder(settings, feed, folder, today):
            if isinstance(found, Stray):
                strays.append(found)
            elif not _is_settled(manifest.entries.get((feed.id, found.file)), found, feed):
                files.append(found)
        if len(files) + len(strays) == open_before and _rests(folder, looked_at):
            manifest.settled_folders[folder.path] = (folder.mark, feed.digest)
    return files, strays


def _rests(folder: DayFolder, now: int) -> bool:
    """Whether a further change of the folder is sure to show in its mark."""
    return folder.mark is not None and now - folder.mark[2] > _CLOCK_TICK_NS


def plan(settings: Settings, as_of: date | None = None) -> Plan:
    """Look at landing without reading any file and say what a run up to `as_of` would do.

    `as_of` defaults to the last delivery day. When late files wait and the next open day is not
    ahead of the calendar, it is opened for them; otherwise they wait for that day.
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
            if closed is not None and landed.folder_on <= closed:
                late += 1
            else:
                days.append(landed.folder_on)
    end = as_of or max(days, default=closed)
    if as_of is None and late and closed is not None and end == closed < today_of(settings):
        end = closed + timedelta(days=1)
    counted = len(days)
    if closed is not None and end is not None and closed < end:
        counted += late
    first = closed + timedelta(days=1) if closed else min(days, default=end)
    count = (end - first).days + 1 if end and first else 0
    open_days = tuple(first + timedelta(days=n) for n in range(count)) if first else ()
    waiting = len(days) + late - counted
    return Plan(end, open_days, counted, late - waiting, closed, waiting)
