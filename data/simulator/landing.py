"""Files as the operator's systems would drop them: one writer, and the contracts as its schema."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from orchestration.contracts import Feed, load_feeds

_STAMP = "%Y-%m-%dT%H:%M:%SZ"
# the highest level would save another tenth of the size at six times the seconds
_PACKING_LEVEL = 4


class UnknownColumnError(ValueError):
    """The simulator made a column that the contract of the feed does not know."""


class Landing:
    """Writes below `<data>/landing`; every path is written once."""

    def __init__(self, root: Path, contracts: Path) -> None:
        self.root = root
        self.feeds: dict[str, Feed] = load_feeds(contracts)

    def path(self, feed_id: str, day: date, name: str) -> Path:
        """Where a file of a delivery day lies."""
        return self.root / feed_id / day.isoformat() / name

    def write(
        self,
        feed_id: str,
        day: date,
        rows: pl.DataFrame | Iterable[Mapping[str, Any]],
        name: str | None = None,
    ) -> Path | None:
        """Write rows as one CSV file of the feed; nothing to say, no file.

        Columns that are not given are empty. Times must be UTC (naive datetimes); they are written
        with a Z. Raises UnknownColumnError for a column outside the contract.
        """
        feed = self.feeds[feed_id]
        frame = self.frame(feed, rows)
        if frame.is_empty():
            return None
        text = frame.write_csv(datetime_format=_STAMP)
        return self.write_bytes(feed_id, day, name or f"{feed.name}.csv", text.encode())

    def frame(self, feed: Feed, rows: pl.DataFrame | Iterable[Mapping[str, Any]]) -> pl.DataFrame:
        """Return the rows with exactly the columns of the contract, in its order."""
        given = (
            rows
            if isinstance(rows, pl.DataFrame)
            else pl.DataFrame(list(rows), infer_schema_length=None)
        )
        unknown = sorted(set(given.columns) - set(feed.column_names))
        if unknown:
            raise UnknownColumnError(f"{feed.id} has no column {', '.join(unknown)}")
        missing = [
            pl.lit(None, dtype=pl.String).alias(name)
            for name in feed.column_names
            if name not in given.columns
        ]
        return given.with_columns(missing).select(feed.column_names)

    def write_bytes(self, feed_id: str, day: date, name: str, content: bytes) -> Path:
        """Write one file as it is; a name that ends in .gz is packed (without a time in it)."""
        path = self.path(feed_id, day, name)
        if path.exists():
            raise FileExistsError(f"{path} was written before; give the file another name")
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".gz"):
            content = gzip.compress(content, _PACKING_LEVEL, mtime=0)
        path.write_bytes(content)
        return path
