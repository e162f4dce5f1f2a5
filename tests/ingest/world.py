"""What ingest tests do all the time: ingest a day, look at rows, quarantine and decisions."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from orchestration.contracts import Feed, load_feeds
from orchestration.ingest import FeedResult, FileEntry, close_days, ingest_feed, read_manifest
from orchestration.settings import Settings
from tests.ingest import usage

DAY = "2026-10-01"
AS_OF = date(2026, 10, 31)
_LINEAGE = ("_file", "_delivered_on", "_folder_on", "_content_sha256")


def feed_of(settings: Settings, feed: str = usage.FEED) -> Feed:
    """Return a feed of the contracts."""
    return load_feeds(settings.contracts)[feed]


def ingest(settings: Settings, feed: str = usage.FEED, as_of: date = AS_OF) -> FeedResult:
    """Ingest one feed."""
    return ingest_feed(settings, feed_of(settings, feed), as_of)


def close(settings: Settings, day: str) -> tuple[FileEntry, ...]:
    """Close a day."""
    return close_days(settings, date.fromisoformat(day))


def _read(settings: Settings, paths: list[str | None]) -> pl.DataFrame:
    frames = [pl.read_parquet(settings.data / path) for path in paths if path]
    return pl.concat(frames) if frames else pl.DataFrame()


def entries(settings: Settings, feed: str = usage.FEED) -> dict[str, FileEntry]:
    """Newest decision per file name (folders cut off)."""
    found = [entry for entry in read_manifest(settings) if entry.feed_id == feed]
    return {Path(entry.file).name: entry for entry in found}


def entry(settings: Settings, name: str, feed: str = usage.FEED) -> FileEntry:
    """Return the decision about one file."""
    return entries(settings, feed)[name]


def rows(settings: Settings, feed: str = usage.FEED) -> pl.DataFrame:
    """Return all rows of a feed that count."""
    return _read(
        settings, [item.raw_path for item in read_manifest(settings) if item.feed_id == feed]
    )


def broken(settings: Settings, feed: str = usage.FEED) -> list[dict[str, Any]]:
    """Return all quarantined records of a feed."""
    found = [item for item in read_manifest(settings) if item.feed_id == feed]
    return _read(settings, [item.quarantine_path for item in found]).to_dicts()


def content(settings: Settings, feed: str = usage.FEED) -> list[tuple[Any, ...]]:
    """Rows of a feed without where they came from, in an order that does not matter."""
    frame = rows(settings, feed)
    if frame.is_empty():
        return []
    return sorted(frame.drop(*_LINEAGE, "_record").rows(), key=repr)


def parquet_of(text: str, **changes: pl.Expr) -> pl.DataFrame:
    """Return a usage CSV as a typed frame, as another system would hold it."""
    frame = pl.read_csv(io.StringIO(text), infer_schema=False).with_columns(
        pl.col("started_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC"),
        pl.col("quantity", "record_sequence").cast(pl.Int64),
        is_closing=pl.col("is_closing") == "true",
    )
    return frame.with_columns(**changes)


def packed(frame: pl.DataFrame, **options: Any) -> bytes:
    """Return a frame as the bytes of a Parquet file."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, **options)
    return buffer.getvalue()


def assert_accounted(settings: Settings) -> None:
    """Every record of every taken file is a row, quarantined or blank."""
    for item in read_manifest(settings):
        if item.status == "ingested":
            assert item.records_in == item.row_count + item.quarantined + item.blank, item
