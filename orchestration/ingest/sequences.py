"""Numbered files: a gap in the numbers holds what comes behind it until it is filled or waived."""

from __future__ import annotations

import re
from datetime import date

import polars as pl

from orchestration.contracts import Feed
from orchestration.ingest.containers import Hold, Refusal
from orchestration.ingest.landing import LandedFile
from orchestration.ingest.manifest import FileEntry, Manifest
from orchestration.settings import Settings

WAIVERS = "operations/delivery_waivers"


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


def book_in_sequence(
    settings: Settings, manifest: Manifest, feed: Feed, landed: LandedFile, delivered_on: date
) -> date:
    """Return the day on which a numbered file counts: not before the files in front of it.

    Raises `Hold` when a number in front is missing and `Refusal` when the number was used before.
    """
    number = sequence_of(feed, landed.file)
    if number is None:
        return delivered_on
    done: dict[int, FileEntry] = {}
    for entry in manifest.of_feed(feed.id):
        before = sequence_of(feed, entry.file)
        if before is not None and entry.status in ("ingested", "repeat"):
            done[before] = entry
    if number in done and done[number].file != landed.file:
        raise Refusal(
            "SEQUENCE_REPEATED",
            f"{landed.file}: number {number} was already delivered by {done[number].file} with "
            "other content: one of them is misnumbered",
        )
    if not done or number < min(done):
        return delivered_on
    waived = waived_sequences(settings, manifest, feed)
    missing = [n for n in range(min(done), number) if n not in done and n not in waived]
    if missing:
        shown = ", ".join(str(n) for n in missing[:5])
        raise Hold(
            "SEQUENCE_GAP",
            f"{landed.file}: number {shown}{' ...' if len(missing) > 5 else ''} is missing before "
            f"{number}: deliver it, or waive it in {WAIVERS}",
        )
    days = [entry.delivered_on for n, entry in done.items() if n < number]
    days += [day for n, day in waived.items() if min(done) < n < number]
    return max([delivered_on, *(day for day in days if day)])
