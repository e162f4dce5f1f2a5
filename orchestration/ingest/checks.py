"""What must hold of each feed before anything is built on it: it adds up, and it is not stale.

Pure questions about the manifest and the Parquet files; nothing here changes anything. Whether a
broken check stops the day is decided by the definitions that call it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from orchestration.contracts import Feed
from orchestration.ingest.manifest import FileEntry
from orchestration.settings import Settings

WAIVERS = "operations/delivery_waivers"
_ARRIVED = ("ingested", "repeat")


@dataclass(frozen=True)
class Accounting:
    """Records of a feed's files and where they went; `problems` names each file that is off."""

    files: int
    records_in: int
    row_count: int
    quarantined: int
    blank: int
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Freshness:
    """How old the newest delivery of a feed is; `last_on` counts a waived day as delivered."""

    last_on: date | None
    age_days: int | None
    max_age_days: int | None
    is_waived: bool

    @property
    def is_stale(self) -> bool:
        """Whether the feed is older than its contract allows; never delivered is not stale."""
        if self.age_days is None or self.max_age_days is None:
            return False
        return self.age_days > self.max_age_days


def _rows_of(data: Path, relative: str | None) -> int | str:
    """Count the rows of a Parquet file by its own footer, or say why that cannot be done."""
    if relative is None:
        return 0
    try:
        return int(pq.read_metadata(data / relative).num_rows)
    except (OSError, ValueError) as error:
        return f"{relative} cannot be read ({error})"


def verify_raw(settings: Settings, entries: Iterable[FileEntry]) -> list[str]:
    """Name each raw file whose bytes are not those that were written; none means all is well."""
    problems = []
    for entry in entries:
        if entry.status != "ingested" or entry.raw_path is None or entry.raw_sha256 is None:
            continue
        try:
            with (settings.data / entry.raw_path).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            problems.append(f"{entry.file}: {entry.raw_path} cannot be read ({error})")
            continue
        if found != entry.raw_sha256:
            problems.append(
                f"{entry.file}: {entry.raw_path} was changed after it was written (sha256 "
                f"{found[:12]}, written {entry.raw_sha256[:12]}): restore it from a backup"
            )
    return problems


def _problems_of(settings: Settings, entry: FileEntry) -> list[str]:
    if entry.status != "ingested":
        if entry.row_count or entry.raw_path:
            return [f"{entry.file}: is {entry.status}, yet has {entry.row_count} rows in raw"]
        return []
    problems = []
    used = entry.row_count + entry.quarantined + entry.blank
    if entry.records_in != used:
        problems.append(
            f"{entry.file}: {entry.records_in} records in, but {entry.row_count} rows "
            f"+ {entry.quarantined} quarantined + {entry.blank} blank = {used}"
        )
    stored = (
        ("rows", entry.row_count, _rows_of(settings.data, entry.raw_path)),
        ("quarantined", entry.quarantined, _rows_of(settings.data, entry.quarantine_path)),
    )
    for what, said, found in stored:
        if found != said:
            problems.append(f"{entry.file}: {said} {what} in the manifest, stored: {found}")
    return problems or verify_raw(settings, [entry])


def check_accounting(
    settings: Settings, entries: Iterable[FileEntry], first: date, last: date
) -> Accounting:
    """Compare each file booked from `first` to `last` with its Parquet files: rows and raw bytes.

    `entries` are those of one feed. Earlier days were checked by the run that booked them.
    """
    booked = [e for e in entries if e.delivered_on and first <= e.delivered_on <= last]
    taken = [entry for entry in booked if entry.status == "ingested"]
    return Accounting(
        files=len(taken),
        records_in=sum(entry.records_in or 0 for entry in taken),
        row_count=sum(entry.row_count for entry in taken),
        quarantined=sum(entry.quarantined for entry in taken),
        blank=sum(entry.blank for entry in taken),
        problems=tuple(text for entry in booked for text in _problems_of(settings, entry)),
    )


def waived_days(
    settings: Settings, entries: Iterable[FileEntry], as_of: date
) -> dict[str, set[date]]:
    """Return the delivery days that were given up, per feed, as known on `as_of`."""
    waived: dict[str, set[date]] = {}
    names = ["waived_system", "waived_feed", "waived_on"]
    for entry in entries:
        if entry.feed_id != WAIVERS or entry.status != "ingested" or entry.raw_path is None:
            continue
        if entry.delivered_on is None or entry.delivered_on > as_of:
            continue
        for row in pq.read_table(settings.data / entry.raw_path, columns=names).to_pylist():
            if row["waived_on"] is not None:
                feed_id = f"{row['waived_system']}/{row['waived_feed']}"
                waived.setdefault(feed_id, set()).add(row["waived_on"])
    return waived


def check_freshness(
    feed: Feed, entries: Iterable[FileEntry], waived: Iterable[date], as_of: date
) -> Freshness:
    """Return the age of a feed's newest delivery on `as_of`; `entries` are those of the feed."""
    arrived: Sequence[date] = [
        entry.folder_on
        for entry in entries
        if entry.status in _ARRIVED and entry.folder_on and entry.folder_on <= as_of
    ]
    delivered_on = max(arrived, default=None)
    if delivered_on is None:
        return Freshness(None, None, feed.max_age_days, is_waived=False)
    last_on = max([delivered_on, *(day for day in waived if day <= as_of)])
    return Freshness(
        last_on, (as_of - last_on).days, feed.max_age_days, is_waived=last_on > delivered_on
    )
