"""Writes the two outcomes of a record: a row in raw, or a line in quarantine. Both Parquet."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.contracts.model import LINEAGE_COLUMNS
from orchestration.durable import DurableFile, commit_files

# a row group is worth its footer from here on, and still fits twice into memory
_GROUP_ROWS = 65_536
_GROUP_BYTES = 16 << 20
_PIECE_BYTES = 256 << 10
_CONSTANTS = ("_file", "_delivered_on", "_folder_on", "_content_sha256")


class _Sink:
    """What Parquet is written to; once given up it takes everything and keeps nothing.

    A writer whose file failed tries to end it again when it is finalized: at any later moment, in
    the middle of anybody's work. An error there could not be handled.
    """

    def __init__(self, path: Path, temporary: Path) -> None:
        self._place = (path, temporary)
        self.file: DurableFile | None = None
        self._gathered = bytearray()
        self._taken = 0
        self.digest = hashlib.sha256()
        self._is_given_up = False
        self.closed = False

    def give_up(self) -> None:
        self._is_given_up = True

    def write(self, data: bytes) -> int:
        if not self._is_given_up:
            # a page comes in many small pieces
            self._gathered += data
            if len(self._gathered) >= _PIECE_BYTES:
                self._put()
        self._taken += len(data)
        return len(data)

    def _put(self) -> None:
        if self.file is None:
            self.file = DurableFile(*self._place)
        self.file.write(self._gathered)
        self.digest.update(self._gathered)
        self._gathered = bytearray()

    def finish(self) -> DurableFile:
        """Put everything on the disk, still aside."""
        if self.file is None or self._gathered:
            self._put()
        assert self.file is not None  # noqa: S101  put just now
        self.file.finish()
        return self.file

    def tell(self) -> int:
        return self._taken

    def flush(self) -> None:
        """Leave the bytes where they are gathered: a group of rows does not end a file."""

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        """Leave the bytes alone: only `commit_writers` lets a file appear."""


class RowWriter:
    """A Parquet file that grows batch by batch and appears only when committed.

    One batch is written beside the parsing of the next, in order: the same input gives the same
    bytes, and memory holds two batches whatever the size of the file.
    """

    def __init__(self, path: Path, temporary: Path) -> None:
        self._sink = _Sink(path, temporary)
        self._pool: ThreadPoolExecutor | None = None
        self._writer: pq.ParquetWriter | None = None
        self._pending: Future[None] | None = None
        self._small: list[pl.DataFrame] = []
        self.height = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Append a batch; small ones are gathered into one row group."""
        self.height += frame.height
        self._small.append(frame)
        if (
            sum(item.height for item in self._small) >= _GROUP_ROWS
            or sum(item.estimated_size() for item in self._small) >= _GROUP_BYTES
        ):
            self._hand_over()

    def _hand_over(self) -> None:
        if self._small:
            self._wait()
            table = self._gathered()
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1, "parquet-writer")
            self._pending = self._pool.submit(self._write, table)

    def _gathered(self) -> pa.Table:
        frames, self._small = self._small, []
        return _arrow(frames[0] if len(frames) == 1 else pl.concat(frames))

    def _wait(self) -> None:
        if self._pending is not None:
            self._pending.result()

    def _write(self, table: pa.Table) -> None:
        if self._writer is None:
            constant = [name for name in _CONSTANTS if name in table.column_names]
            self._writer = pq.ParquetWriter(
                self._sink,
                table.schema,
                compression="snappy",
                use_dictionary=[*constant, *_repetitive(table)],
                write_statistics=True,
                # readers of other engines need no word of how the text lay in our memory
                store_schema=False,
            )
        self._writer.write_table(table)

    def finish(self) -> DurableFile:
        """End the Parquet file and put it on the disk, still aside; again changes nothing."""
        self._wait()
        if self._small:
            # the last batch, and the only one of a small file, has nothing to be written beside
            table = self._gathered()
            self._write(table)
        if self._writer is not None and self._writer.is_open:
            self._writer.close()
        return self._sink.finish()

    @property
    def sha256(self) -> str:
        """Hash of the bytes written; of the whole file once it is finished."""
        return self._sink.digest.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True)
        if self._writer is not None and self._writer.is_open:
            # the writer wants to end its file even when nobody wants the file any more
            self._sink.give_up()
            with suppress(OSError, pa.ArrowException):
                self._writer.close()
            self._writer.is_open = False
        if self._sink.file is not None:
            self._sink.file.__exit__(kind, error, trace)


def commit_writers(writers: Sequence[RowWriter]) -> None:
    """Let finished files appear at their paths, all of them durably."""
    commit_files([writer.finish() for writer in writers])


def _arrow(frame: pl.DataFrame) -> pa.Table:
    # text as views: handed over without a copy
    return frame.to_arrow(compat_level=pl.CompatLevel.newest())


def _repetitive(table: pa.Table) -> list[str]:
    """Text columns of the first batch with few different values: a dictionary pays for them."""
    found = []
    sample = table.slice(0, 4096)
    few = max(16, sample.num_rows // 16)
    for name in sample.column_names:
        column = sample.column(name)
        if not pa.types.is_string_view(column.type):
            continue
        if sample.num_rows <= few or len(column.cast(pa.large_string()).unique()) <= few:
            found.append(name)
    return found


@dataclass(frozen=True)
class Lineage:
    """Where the rows of one file come from and when they count."""

    file: str
    delivered_on: date
    folder_on: date
    content_sha256: str

    def stamp(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Put the lineage columns behind the contract columns."""
        values = {
            "_file": pl.lit(self.file),
            "_record": pl.col("_record"),
            "_delivered_on": pl.lit(self.delivered_on, pl.Date),
            "_folder_on": pl.lit(self.folder_on, pl.Date),
            "_content_sha256": pl.lit(self.content_sha256),
        }
        columns = [name for name in frame.columns if name != "_record"]
        lineage = [values[name].alias(name) for name, _, _ in LINEAGE_COLUMNS]
        return frame.select(*columns, *lineage)
