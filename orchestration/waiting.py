"""What lies in landing and does not count: named even when there is nothing to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date

from orchestration.contracts import load_feeds
from orchestration.ingest import FileEntry, read_manifest, refuse_strays
from orchestration.ingest.days import today_of
from orchestration.ingest.landing import Stray, printable, scan_feed
from orchestration.settings import Settings

# more would be no glance; the manifest has all of them
_MOST = 10
_OPEN = ("held", "refused")


def problems_of(settings: Settings) -> list[str]:
    """Record what is misplaced, and return one line for each file that waits for somebody.

    First what was found just now, then what was held or refused before and still lies in landing.
    """
    new = {entry.file: entry for entry in refuse_strays(settings)}
    known = [entry for entry in read_manifest(settings) if entry.status in _OPEN]
    lines = [_line(entry, "new, ") for entry in new.values()]
    # inside a delivery day: recorded by the run of that day, which is not today's
    seen = {entry.file for entry in known}
    lines += [_line(stray, "new, ") for stray in _between(settings) if stray.file not in seen]
    old = [entry for entry in known if entry.file not in new]
    lines += [_line(entry) for entry in _still_there(settings, old)]
    more = len(lines) - _MOST
    return lines[:_MOST] + ([f"  and {more} more"] if more > 0 else [])


def _line(found: FileEntry | Stray, mark: str = "") -> str:
    text = f"  {mark}{found.status}: {found.file}: {found.reason_code}: {found.message or ''}"
    return text.rstrip()


def _between(settings: Settings) -> Iterator[Stray]:
    for feed in load_feeds(settings.contracts).values():
        for found in scan_feed(settings, feed, date.max, today_of(settings)):
            if isinstance(found, Stray):
                yield found


def _still_there(settings: Settings, entries: list[FileEntry]) -> Iterator[FileEntry]:
    """Leave out what was corrected since by moving or removing it."""
    shown: set[str] | None = None
    for entry in entries:
        if os.path.lexists(settings.landing / entry.file):
            yield entry
        elif "\\x" in entry.file:
            # recorded under an escaped name, which is not the one on disk
            if shown is None:
                found = settings.landing.rglob("*")
                shown = {printable(path.relative_to(settings.landing).as_posix()) for path in found}
            if entry.file in shown:
                yield entry
