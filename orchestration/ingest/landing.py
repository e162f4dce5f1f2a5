"""What lies in landing: every entry is either a candidate file of a feed or a stray with a reason.

Nothing is opened here. Paths are `landing/<system>/<feed>/<delivery day>/<file>`; whatever is not
shaped like that, is no regular file, or tries to lead elsewhere, is reported and never followed.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from orchestration.contracts import Feed
from orchestration.settings import Settings

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_UNFINISHED = (".part", ".tmp", ".temp", ".filepart", ".crdownload", ".swp", "~")
_BAD_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\\]")


@dataclass(frozen=True)
class LandedFile:
    """A regular file at a well-formed place; `file` is its path below landing."""

    path: Path
    file: str
    folder_on: date
    size_bytes: int
    modified_ns: int


@dataclass(frozen=True)
class Stray:
    """Something in landing that cannot be a delivery; `status` is refused or held."""

    file: str
    status: str
    reason_code: str
    message: str
    system: str = ""
    feed: str = ""
    folder_on: date | None = None


def printable(name: str) -> str:
    """Make a file name safe to store and show: control and undecodable bytes are escaped."""
    return _BAD_NAME.sub(lambda match: f"\\x{ord(match[0]) & 0xFF:02x}", name)


def parse_day(name: str) -> date | None:
    """Return the day that a folder name means, or None."""
    if not _DAY.fullmatch(name):
        return None
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None


@dataclass(frozen=True)
class _Found:
    """An entry of a folder, looked at once; `facts` is None when that is not permitted."""

    path: Path
    facts: os.stat_result | None

    @property
    def name(self) -> str:
        return self.path.name


def _entries(folder: Path) -> list[_Found]:
    """Entries of a folder by name; what vanishes meanwhile is not there. Raises PermissionError."""
    found: list[_Found] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    found.append(_Found(folder / entry.name, _facts(entry)))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(found, key=lambda entry: entry.name)


def _facts(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except PermissionError:
        return None


def _unreadable(
    file: str, system: str = "", feed: str = "", folder_on: date | None = None
) -> Stray:
    message = f"{file}: no permission to look at it: let the user that ingests read it"
    return Stray(file, "held", "UNREADABLE", message, system, feed, folder_on)


def _kind(entry: _Found) -> str:
    if entry.facts is None:
        return "unreadable"
    mode = entry.facts.st_mode
    if stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISREG(mode):
        return "file"
    return "link" if stat.S_ISLNK(mode) else "special"


def _not_a_file(kind: str, file: str) -> tuple[str, str]:
    if kind == "link":
        return "SYMLINK", f"{file} is a symbolic link: deliver the file itself"
    if kind == "folder":
        return "NESTED_FOLDER", f"{file} is a folder inside a delivery day: put its files one up"
    return "NOT_A_FILE", f"{file} is a device, pipe or socket: deliver a regular file"


@dataclass(frozen=True)
class DayFolder:
    """A delivery day of a feed; `mark` changes whenever an entry comes, goes or is renamed."""

    day: date
    path: Path
    mark: tuple[int, int, int] | None


def _mark(facts: os.stat_result | None) -> tuple[int, int, int] | None:
    # the time of change, which nobody can set: copying tools give a folder any modification time
    return (facts.st_dev, facts.st_ino, facts.st_ctime_ns) if facts else None


def delivery_folders(settings: Settings, feed: Feed) -> list[DayFolder]:
    """Delivery days of a feed with their folders, in order; links and odd names are left out.

    Raises PermissionError when the folder of the feed cannot be listed.
    """
    folder = settings.landing / feed.system / feed.name
    if (settings.landing / feed.system).is_symlink() or folder.is_symlink():
        return []
    days = [
        DayFolder(day, entry.path, _mark(entry.facts))
        for entry in _entries(folder)
        if (day := parse_day(entry.name)) and _kind(entry) in ("folder", "unreadable")
    ]
    return sorted(days, key=lambda found: found.day)


def unreadable_feed(feed: Feed) -> Stray:
    """Return what to report when the folder of a feed cannot be listed."""
    return _unreadable(feed.id, feed.system, feed.name)


def scan_feed(
    settings: Settings, feed: Feed, as_of: date, today: date
) -> Iterator[LandedFile | Stray]:
    """Yield everything in the feed's day folders up to `as_of`, in order of (day, path)."""
    try:
        folders = delivery_folders(settings, feed)
    except PermissionError:
        yield unreadable_feed(feed)
        return
    for folder in folders:
        if folder.day <= as_of:
            yield from scan_folder(settings, feed, folder, today)


def scan_folder(
    settings: Settings, feed: Feed, folder: DayFolder, today: date
) -> Iterator[LandedFile | Stray]:
    """Yield everything in one day folder, in order of path."""
    day = folder.day
    try:
        entries = _entries(folder.path)
    except PermissionError:
        yield _unreadable(f"{feed.id}/{day.isoformat()}", feed.system, feed.name, day)
        return
    for entry in entries:
        name = printable(entry.name)
        file = f"{feed.system}/{feed.name}/{day.isoformat()}/{name}"
        place = {"system": feed.system, "feed": feed.name, "folder_on": day}
        kind = _kind(entry)
        if name != entry.name:
            message = f"{file}: the file name holds control or undecodable characters"
            yield Stray(file, "refused", "BAD_NAME", message, **place)  # type: ignore[arg-type]
        elif entry.facts is None:
            yield _unreadable(file, feed.system, feed.name, day)
        elif kind != "file":
            code, message = _not_a_file(kind, file)
            yield Stray(file, "refused", code, message, **place)  # type: ignore[arg-type]
        elif name.startswith(".") or name.lower().endswith(_UNFINISHED):
            message = f"{file} is named like an unfinished transfer: rename it when complete"
            yield Stray(file, "held", "UNFINISHED_NAME", message, **place)  # type: ignore[arg-type]
        elif day > today + timedelta(days=settings.max_days_ahead):
            message = (
                f"{file} lies in a folder more than {settings.max_days_ahead} days ahead of "
                f"{today}: correct the folder's name"
            )
            yield Stray(file, "held", "FUTURE_DAY", message, **place)  # type: ignore[arg-type]
        else:
            facts = entry.facts
            yield LandedFile(entry.path, file, day, facts.st_size, facts.st_mtime_ns)


def scan_strays(settings: Settings, feeds: dict[str, Feed]) -> Iterator[Stray]:
    """Yield what lies in landing outside every `<system>/<feed>/<day>/` of a known contract."""
    try:
        systems = _entries(settings.landing)
    except PermissionError:
        yield _unreadable("landing")
        return
    for system in systems:
        if system.name.startswith("."):
            continue
        shown = printable(system.name)
        if _kind(system) not in ("folder", "unreadable"):
            yield Stray(shown, "refused", "NO_FEED", f"{shown}: expected a folder of a system")
            continue
        try:
            found = _entries(system.path)
        except PermissionError:
            yield _unreadable(shown, shown)
            continue
        for feed in found:
            yield from _strays_of_feed(system.name, feed, feeds)


def _strays_of_feed(system: str, entry: _Found, feeds: dict[str, Feed]) -> Iterator[Stray]:
    file = printable(f"{system}/{entry.name}")
    if entry.facts is None:
        yield _unreadable(file, system, entry.name)
        return
    if _kind(entry) != "folder":
        yield Stray(file, "refused", "NO_FEED", f"{file}: expected a folder of a feed", system)
        return
    if f"{system}/{entry.name}" not in feeds:
        message = (
            f"{file}: no contract says what this feed is; add data/contracts/{file}.odcs.yaml or "
            "move the files to the feed they belong to"
        )
        for inside, is_readable in _below(entry.path, file):
            if is_readable:
                yield Stray(inside, "refused", "NO_CONTRACT", message, system, entry.name)
            else:
                yield _unreadable(inside, system, entry.name)
        return
    try:
        days = _entries(entry.path)
    except PermissionError:
        yield _unreadable(file, system, entry.name)
        return
    for day in days:
        inside = f"{file}/{printable(day.name)}"
        if day.facts is None:
            yield _unreadable(inside, system, entry.name, parse_day(day.name))
        elif _kind(day) != "folder" or parse_day(day.name) is None:
            message = (
                f"{inside}: expected a folder named by its delivery day, such as 2026-10-01, "
                "with the files in it"
            )
            yield Stray(inside, "refused", "NO_DELIVERY_DAY", message, system, entry.name)


def _below(folder: Path, shown: str) -> Iterator[tuple[str, bool]]:
    """Yield everything below a folder that is no folder, and folders that cannot be listed."""
    try:
        entries = _entries(folder)
    except PermissionError:
        yield shown, False
        return
    for entry in entries:
        inside = f"{shown}/{printable(entry.name)}"
        if _kind(entry) == "folder":
            yield from _below(entry.path, inside)
        else:
            yield inside, entry.facts is not None
