"""Numbered files: a gap in the numbers holds what comes behind it until it is filled or waived.

What belongs here: which numbers of a feed are known on a day, and what is missing before another.
What does not: in which order files are taken (`taking`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

import polars as pl

from orchestration.contracts import Feed
from orchestration.ingest.containers import Hold, Refusal
from orchestration.ingest.landing import LandedFile
from orchestration.ingest.manifest import FileEntry, Manifest
from orchestration.settings import Settings

WAIVERS = "operations/delivery_waivers"
# more numbers than a message shows
_MOST_MISSING = 6


def sequence_of(feed: Feed, file: str) -> int | None:
    """Number that the file's name carries, when the contract numbers its files."""
    if feed.file_sequence is None:
        return None
    found = re.search(feed.file_sequence, file)
    return int(found[1]) if found else None


def waived_sequences(settings: Settings, manifest: Manifest, feed: Feed) -> dict[int, date]:
    """Numbers of the feed that operations waived, with the day of the waiver's delivery."""
    waived: dict[int, date] = {}
    for entry in manifest.of_feed(WAIVERS):
        if entry.status != "ingested" or entry.raw_path is None:
            continue
        rows = pl.read_parquet(settings.data / entry.raw_path).filter(
            pl.col("waived_system") == feed.system,
            pl.col("waived_feed") == feed.name,
            pl.col("missing_sequence").str.contains(r"^\d+$"),
        )
        for text, day in rows.select("missing_sequence", "_delivered_on").iter_rows():
            number = int(text)
            waived[number] = min(day, waived.get(number, day))
    return waived


class Sequence:
    """The numbers of a feed as known on a day; the day only moves forward.

    A number is known from the day on which its file counts, or its waiver was delivered. So what
    is held on a day does not depend on whether the days after it were delivered already.
    """

    def __init__(
        self, feed: Feed, entries: Iterable[FileEntry], waived: Mapping[int, date]
    ) -> None:
        self._feed = feed
        self._files: dict[int, str] = {}
        # numbers that become known on a later day
        self._to_come: dict[date, set[int]] = defaultdict(set)
        self._known: set[int] = set()
        # the smallest number that was delivered, and the last one without a gap behind it
        self._first: int | None = None
        self._last = 0
        for number, day in waived.items():
            self._to_come[day].add(number)
        for entry in entries:
            used = sequence_of(feed, entry.file)
            if used is None or entry.delivered_on is None:
                continue
            if entry.status in ("ingested", "repeat"):
                self._files.setdefault(used, entry.file)
                self._to_come[entry.delivered_on].add(used)

    @property
    def days(self) -> set[date]:
        """Days on which further numbers become known."""
        return set(self._to_come)

    def move_to(self, day: date) -> None:
        """Know what is known at the start of the taking of a day."""
        for earlier in sorted(on for on in self._to_come if on <= day):
            for number in sorted(self._to_come.pop(earlier)):
                self._learn(number)

    def take(self, number: int, file: str) -> None:
        """Know the number of a file that was taken just now."""
        self._files.setdefault(number, file)
        self._learn(number)

    def _learn(self, number: int) -> None:
        self._known.add(number)
        # a waiver alone begins no sequence
        if number in self._files and (self._first is None or number < self._first):
            behind, last = self._first, self._last
            self._first, self._last = number, number
            if behind is not None and all(n in self._known for n in range(number, behind)):
                self._last = last
        while self._first is not None and self._last + 1 in self._known:
            self._last += 1

    def may_be_taken(self, number: int) -> bool:
        """Whether no number is missing in front; also of a number that is used already."""
        return (
            number in self._files
            or self._first is None
            or number < self._first
            or number <= self._last + 1
        )

    def gap(self, landed: LandedFile, number: int) -> Hold:
        """Return the reason to hold a file that may not be taken."""
        missing: list[int] = []
        for candidate in range(self._last + 1, number):
            if candidate not in self._known:
                missing.append(candidate)
            if len(missing) == _MOST_MISSING:
                break
        shown = ", ".join(str(n) for n in missing[: _MOST_MISSING - 1])
        return Hold(
            "SEQUENCE_GAP",
            f"{landed.file}: number {shown}{' ...' if len(missing) == _MOST_MISSING else ''} is "
            f"missing before {number}: deliver it, or waive it in {WAIVERS}",
        )

    def objection(self, landed: LandedFile, number: int) -> Refusal | None:
        """Return why a number cannot be taken again by a file of another content."""
        taken = self._files.get(number)
        if taken is None or taken == landed.file:
            return None
        return Refusal(
            "SEQUENCE_REPEATED",
            f"{landed.file}: number {number} was already delivered by {taken} with other content: "
            "one of them is misnumbered",
        )
