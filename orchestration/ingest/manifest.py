"""The manifest: one line per decision about a delivered file, appended and never changed.

`raw/manifest.jsonl` is the commit point of ingest: a Parquet file below `raw/` or `quarantine/`
counts from the moment in which its line is on disk. Each line carries the hash of the line before
it, so a flipped byte or a lost line is noticed. `raw/manifest.parquet` is the same as a table, for
SQL; it is derived and may be thrown away.

Kinds of lines: `begin` (the files that the next `file` lines will make valid), `file` (a decision
about one delivered file: `FileEntry`), `day_closed` (no later file is booked on or before it).
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.durable import make_folder, remove_all, sync_folder
from orchestration.faults import fault_point
from orchestration.settings import Settings


class ManifestError(RuntimeError):
    """The manifest was changed by something else than this house."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What became of one delivered file.

    `status` is ingested, repeat (same content as `repeat_of`), refused (contradicts its contract)
    or held (not finished, or waiting for something). Counts are of records (see the reader of the
    format); `raw_path` and `quarantine_path` are relative to the data folder; `raw_sha256` is of
    the bytes at `raw_path`.
    """

    status: str
    system: str
    feed: str
    file: str
    folder_on: date | None = None
    delivered_on: date | None = None
    content_sha256: str | None = None
    size_bytes: int | None = None
    modified_ns: int | None = None
    records_in: int | None = None
    row_count: int = 0
    quarantined: int = 0
    blank: int = 0
    reason_code: str | None = None
    message: str | None = None
    warnings: tuple[str, ...] = ()
    repeat_of: str | None = None
    raw_path: str | None = None
    quarantine_path: str | None = None
    raw_sha256: str | None = None
    file_columns: tuple[str, ...] = ()
    contract_version: str | None = None
    contract_digest: str | None = None

    @property
    def feed_id(self) -> str:
        """`system/feed`, as in paths."""
        return f"{self.system}/{self.feed}"

    @property
    def key(self) -> tuple[str, str]:
        """A file is known per feed: a replay file speaks for several feeds."""
        return self.feed_id, self.file


_FIELDS = tuple(item.name for item in fields(FileEntry))
# values that thousands of entries share are kept once: a manifest of ten years stays in memory
_SHARED = ("status", "system", "feed", "reason_code", "contract_version", "contract_digest")
_columns_seen: dict[tuple[str, ...], tuple[str, ...]] = {}


@dataclass
class Manifest:
    """The manifest as read from disk, kept up to date as lines are appended."""

    path: Path
    entries: dict[tuple[str, str], FileEntry] = field(default_factory=dict)
    contents: dict[tuple[str, str], FileEntry] = field(default_factory=dict)
    by_feed: dict[str, dict[str, FileEntry]] = field(default_factory=dict)
    processed_through: date | None = None
    pending: tuple[str, ...] = ()
    chain: str = ""
    offset: int = 0
    # folders of landing in which everything was decided, as `days` saw them
    settled_folders: dict[Path, tuple[Any, Any]] = field(default_factory=dict)
    is_staging: bool = False
    staged: list[FileEntry] = field(default_factory=list)

    def of_feed(self, feed_id: str) -> list[FileEntry]:
        """Newest entry of each file of a feed, in order of first sight."""
        return list(self.by_feed.get(feed_id, {}).values())

    def twin(self, feed_id: str, content_sha256: str) -> FileEntry | None:
        """Return the ingested file of the feed that had this content first."""
        return self.contents.get((feed_id, content_sha256))

    def begin(self, paths: list[str]) -> None:
        """Announce files (relative to the data folder) that the next `file` lines make valid."""
        self._append([{"kind": "begin", "paths": paths}])

    def add(self, entry: FileEntry) -> None:
        """Record a decision; from here on it counts, or is staged to count with others."""
        if self.is_staging:
            self._know(entry)
            self.staged.append(entry)
        else:
            self._append([{"kind": "file", **_plain(entry)}])

    def add_staged(self) -> None:
        """Record the staged decisions at once; from here on they count."""
        if self.staged:
            self._append([{"kind": "file", **_plain(entry)} for entry in self.staged])
            self.staged = []

    def close_day(self, day: date) -> None:
        """Record that no later file is booked on or before `day`."""
        self._append([{"kind": "day_closed", "day": day.isoformat()}])

    def _append(self, bodies: Sequence[dict[str, Any]]) -> None:
        lines: list[bytes] = []
        chain = self.chain
        for body in bodies:
            chain = _link(body, chain)
            lines.append(_chained(body, chain))
        make_folder(self.path.parent)
        is_new = not self.path.exists()
        with self.path.open("ab") as file:
            start = file.tell()
            try:
                fault_point("append")
                file.write(b"".join(lines))
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                # a half-written line must not stay: the next append would glue itself to it
                os.ftruncate(file.fileno(), start)
                raise
        if is_new:
            sync_folder(self.path.parent)
        fault_point("after_append")
        for line in lines:
            self._apply(line)

    def _apply(self, line: bytes) -> None:
        try:
            body = json.loads(line)
            said = body.pop("chain")
        except (ValueError, KeyError, TypeError, AttributeError):
            body, said = {}, None
        # as written: the line without its link, which no text inside of it can look like
        text = line.rstrip(b"\n").replace(f'"chain": "{said}", '.encode(), b"", 1)
        if said is None or said != _hash(text, self.chain):
            raise ManifestError(
                f"{self.path}: the line at byte {self.offset} does not continue the line before "
                "it: the file was changed by hand or damaged. Restore it from a backup."
            )
        self.chain = said
        self.offset += len(line)
        kind = body.pop("kind")
        if kind == "begin":
            self.pending = tuple(body["paths"])
        elif kind == "day_closed":
            self.processed_through = date.fromisoformat(body["day"])
        else:
            entry = _entry(body)
            if self.pending:
                valid = (entry.raw_path, entry.quarantine_path)
                self.pending = tuple(path for path in self.pending if path not in valid)
            self._know(entry)

    def _know(self, entry: FileEntry) -> None:
        self.entries[entry.key] = entry
        self.by_feed.setdefault(entry.feed_id, {})[entry.file] = entry
        if entry.status == "ingested" and entry.content_sha256:
            self.contents.setdefault((entry.feed_id, entry.content_sha256), entry)

    def read_on(self) -> int:
        """Apply the lines added since the last look; returns bytes of a torn last line."""
        if not self.path.exists():
            return 0
        with self.path.open("rb") as file:
            file.seek(self.offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return len(line)
                self._apply(line)
        return 0


def _plain(entry: FileEntry) -> dict[str, Any]:
    given = ((name, getattr(entry, name)) for name in _FIELDS)
    plain = {name: value for name, value in given if value not in (None, ())}
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in plain.items()}


def _entry(body: dict[str, Any]) -> FileEntry:
    for name in ("folder_on", "delivered_on"):
        if name in body:
            body[name] = date.fromisoformat(body[name])
    for name in ("warnings", "file_columns"):
        body[name] = tuple(body.get(name, ()))
    body["file_columns"] = _columns_seen.setdefault(body["file_columns"], body["file_columns"])
    for name in _SHARED:
        if name in body:
            body[name] = sys.intern(body[name])
    return FileEntry(**{key: value for key, value in body.items() if key in _FIELDS})


def _link(body: dict[str, Any], chain: str) -> str:
    return _hash(json.dumps(body, sort_keys=True, ensure_ascii=True).encode(), chain)


def _hash(text: bytes, chain: str) -> str:
    return hashlib.sha256(chain.encode() + text).hexdigest()[:32]


def _chained(body: dict[str, Any], link: str) -> bytes:
    text = json.dumps({**body, "chain": link}, sort_keys=True, ensure_ascii=True)
    return text.encode() + b"\n"


_open: dict[Path, Manifest] = {}


def load_manifest(settings: Settings) -> Manifest:
    """Return the manifest of the data folder; reads only what was added since the last call."""
    path = settings.raw / "manifest.jsonl"
    known = _open.get(path)
    size = path.stat().st_size if path.exists() else 0
    if known is None or size < known.offset:
        known = _open[path] = Manifest(path)
    known.read_on()
    return known


def forget_manifest(manifest: Manifest) -> None:
    """Let the next call of `load_manifest` read it anew from the disk."""
    if _open.get(manifest.path) is manifest:
        del _open[manifest.path]


def read_manifest(settings: Settings) -> list[FileEntry]:
    """Newest decision about every file ever seen, in order of first sight."""
    return list(load_manifest(settings).entries.values())


def read_processed_through(settings: Settings) -> date | None:
    """Return the last closed day, None when no day was ever closed."""
    return load_manifest(settings).processed_through


def recover(settings: Settings) -> None:
    """Clear what a killed run left behind: torn line, announced but never valid files, half files.

    Call only while holding the data folder. Harmless when nothing was left.
    """
    path = settings.raw / "manifest.jsonl"
    _open.pop(path, None)
    manifest = load_manifest(settings)
    torn = manifest.read_on()
    if torn:
        with path.open("r+b") as file:
            file.truncate(manifest.offset)
            os.fsync(file.fileno())
    remove_all(settings.data / name for name in manifest.pending)
    manifest.pending = ()
    if settings.temporary.is_dir():
        remove_all(path for path in settings.temporary.glob("*.tmp") if path.is_file())
