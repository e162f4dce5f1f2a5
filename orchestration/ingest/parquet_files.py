"""Reads a Parquet file of a feed; its identity is its rows, not its bytes.

The types in the file must already be those of the contract (or narrower ones of the same family):
a Parquet file states its types, so another type is a retyped column and refuses the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import BinaryIO, cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.contracts import Column, Feed
from orchestration.ingest.blocks import Identity
from orchestration.ingest.containers import Refusal, open_regular
from orchestration.ingest.csv_files import check_header
from orchestration.ingest.landing import LandedFile
from orchestration.ingest.parsing import dtype_of
from orchestration.ingest.records import RECORD, Batch
from orchestration.settings import Settings

_ROWS = 131_072


def _fits(kind: pa.DataType, column: Column) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_null(kind):
        return True
    if column.type == "string":
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
    if column.type == "integer":
        return bool(pa.types.is_integer(kind)) and kind != pa.uint64()
    if column.type == "decimal":
        if pa.types.is_integer(kind):
            return True
        whole = (column.precision or 38) - (column.scale or 0)
        return bool(
            pa.types.is_decimal(kind)
            and kind.scale <= (column.scale or 0)
            and kind.precision - kind.scale <= whole
        )
    if column.type == "date":
        return bool(pa.types.is_date(kind))
    if column.type == "boolean":
        return bool(pa.types.is_boolean(kind))
    return bool(pa.types.is_timestamp(kind))


@dataclass
class ParquetReader:
    """One Parquet file in batches; `_record` is the row's ordinal, from 1. See `records.Reader`."""

    feed: Feed
    landed: LandedFile
    settings: Settings
    warnings: list[str] = field(default_factory=list)
    file_columns: tuple[str, ...] = ()
    not_records: int = 0
    sum_column: str | None = None

    def check_totals(self, records: int, rows_sum: Decimal | None) -> None:
        """Do nothing: the reader checks the row count of the file's own footer."""

    def expected(self, identity: Identity) -> int | None:
        """Rows counted by the identity pass."""
        return identity.lines

    def _open(self, file: BinaryIO) -> pq.ParquetFile:
        try:
            parquet = pq.ParquetFile(file)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise Refusal(
                "DAMAGED_FILE", f"{self.landed.file}: cannot be read as Parquet: {error}"
            ) from error
        facts = parquet.metadata
        if facts.num_columns > self.settings.max_columns:
            raise Refusal(
                "TOO_MANY_COLUMNS",
                f"{self.landed.file}: has {facts.num_columns} columns; more than "
                f"{self.settings.max_columns} cannot be this feed",
            )
        unpacked = sum(
            facts.row_group(group).total_byte_size for group in range(facts.num_row_groups)
        )
        if unpacked > self.settings.max_file_bytes:
            raise Refusal(
                "TOO_LARGE",
                f"{self.landed.file}: unpacks to {unpacked:,} bytes, more than "
                f"{self.settings.max_file_bytes:,}",
            )
        return parquet

    def _checked(self, parquet: pq.ParquetFile) -> None:
        schema = parquet.schema_arrow
        self.warnings = check_header(self.feed, list(schema.names), self.landed.file)
        self.file_columns = tuple(schema.names)
        wrong = [
            f"{column.name} is {schema.field(column.name).type}, expected {column.physical_type}"
            for column in self.feed.columns
            if not _fits(schema.field(column.name).type, column)
        ]
        if wrong:
            raise Refusal("RETYPED", f"{self.landed.file}: {'; '.join(wrong[:10])}")

    def _frames(self, parquet: pq.ParquetFile) -> Iterator[pl.DataFrame]:
        try:
            for batch in parquet.iter_batches(_ROWS, columns=list(self.feed.column_names)):
                frame = cast("pl.DataFrame", pl.from_arrow(pa.Table.from_batches([batch])))
                yield frame.select(_cast(column, frame) for column in self.feed.columns)
        except (pa.ArrowException, OSError, pl.exceptions.PolarsError) as error:
            raise Refusal(
                "DAMAGED_FILE", f"{self.landed.file}: damaged Parquet data: {error}"
            ) from error

    def identify(self) -> Identity:
        """Hash the rows as text in contract order: packing and row groups do not matter."""
        digest = hashlib.sha256()
        rows = 0
        with open_regular(self.landed) as file:
            parquet = self._open(file)
            self._checked(parquet)
            for frame in self._frames(parquet):
                rows += frame.height
                digest.update(frame.write_csv(include_header=False).encode())
        return Identity(digest.hexdigest(), rows)

    def __iter__(self) -> Iterator[Batch]:
        with open_regular(self.landed) as file:
            parquet = self._open(file)
            self._checked(parquet)
            start = 1
            for frame in self._frames(parquet):
                numbers = pl.int_range(start, start + frame.height, dtype=pl.Int64, eager=True)
                numbered = frame.insert_column(0, numbers.alias(RECORD))
                yield Batch(numbered, frame.height, _row_of(numbered, start))
                start += frame.height
            if start - 1 != parquet.metadata.num_rows:
                raise Refusal(
                    "DAMAGED_FILE",
                    f"{self.landed.file}: the footer says {parquet.metadata.num_rows} rows, "
                    f"{start - 1} could be read",
                )


def _cast(column: Column, frame: pl.DataFrame) -> pl.Expr:
    source = pl.col(column.name)
    kind = frame.schema[column.name]
    if isinstance(kind, pl.Datetime) and kind.time_zone:
        source = source.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return source.cast(dtype_of(column))


def _row_of(frame: pl.DataFrame, start: int) -> Callable[[int], bytes]:
    def raw(record: int) -> bytes:
        row = frame.slice(record - start, 1).drop(RECORD)
        return row.write_csv(include_header=False).rstrip("\n").encode()

    return raw
