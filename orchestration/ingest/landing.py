"""What lies in landing: every entry is either a candidate file of a feed or a stray with a reason.

Nothing is opened here. Paths are `landing/<system>/<feed>/<delivery day>/<file>`; whatever is not
shaped like that, is no regular file, or tries to lead elsewhere, is reported and never followed.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
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


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _kind(entry: os.DirEntry[str]) -> str:
    mode = entry.stat(follow_symlinks=False).st_mode
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


def delivery_folders(settings: Settings, feed: Feed) -> list[tuple[date, Path]]:
    """Delivery days of a feed with their folders, in order; links and odd names are left out."""
    folder = settings.landing / feed.system / feed.name
    if (settings.landing / feed.system).is_symlink() or folder.is_symlink():
        return []
    days = [
        (day, folder / entry.name)
        for entry in _entries(folder)
        if (day := parse_day(entry.name)) and _kind(entry) == "folder"
    ]
    return sorted(days)


def scan_feed(
    settings: Settings, feed: Feed, as_of: date, today: date
) -> Iterator[LandedFile | Stray]:
    """Yield everything in the feed's day folders up to `as_of`, in order of (day, path)."""
    for day, folder in delivery_folders(settings, feed):
        if day > as_of:
            continue
        for entry in _entries(folder):
            name = printable(entry.name)
            file = f"{feed.system}/{feed.name}/{day.isoformat()}/{name}"
            place = {"system": feed.system, "feed": feed.name, "folder_on": day}
            kind = _kind(entry)
            if name != entry.name:
                message = f"{file}: the file name holds control or undecodable characters"
                yield Stray(file, "refused", "BAD_NAME", message, **place)  # type: ignore[arg-type]
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
                facts = entry.stat(follow_symlinks=False)
                yield LandedFile(folder / entry.name, file, day, facts.st_size, facts.st_mtime_ns)


def scan_strays(settings: Settings, feeds: dict[str, Feed]) -> Iterator[Stray]:
    """Yield what lies in landing outside every `<system>/<feed>/<day>/` of a known contract."""
    for system in _entries(settings.landing):
        if system.name.startswith("."):
            continue
        shown = printable(system.name)
        if _kind(system) != "folder":
            yield Stray(shown, "refused", "NO_FEED", f"{shown}: expected a folder of a system")
            continue
        for feed in _entries(settings.landing / system.name):
            yield from _strays_of_feed(system.name, feed, feeds)


def _strays_of_feed(
    system: str, entry: os.DirEntry[str], feeds: dict[str, Feed]
) -> Iterator[Stray]:
    file = printable(f"{system}/{entry.name}")
    if _kind(entry) != "folder":
        yield Stray(file, "refused", "NO_FEED", f"{file}: expected a folder of a feed", system)
        return
    if f"{system}/{entry.name}" not in feeds:
        message = (
            f"{file}: no contract says what this feed is; add data/contracts/{file}.odcs.yaml or "
            "move the files to the feed they belong to"
        )
        for path in sorted(Path(entry.path).rglob("*")):
            if not path.is_dir() or path.is_symlink():
                inside = printable(path.relative_to(Path(entry.path).parent.parent).as_posix())
                yield Stray(inside, "refused", "NO_CONTRACT", message, system, entry.name)
        return
    for day in _entries(Path(entry.path)):
        inside = f"{file}/{printable(day.name)}"
        if _kind(day) != "folder" or parse_day(day.name) is None:
            message = (
                f"{inside}: expected a folder named by its delivery day, such as 2026-10-01, "
                "with the files in it"
            )
            yield Stray(inside, "refused", "NO_DELIVERY_DAY", message, system, entry.name)
