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
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.contracts import Column, Feed
from orchestration.ingest.blocks import Identity
from orchestration.ingest.containers import Refusal, check_size, check_unchanged, open_regular
from orchestration.ingest.csv_files import check_header
from orchestration.ingest.landing import LandedFile
from orchestration.ingest.parsing import dtype_of
from orchestration.ingest.records import RECORD, Batch
from orchestration.settings import Settings

_ROWS = 131_072
# days since 1970 of 0001-01-01 and 10000-01-01; nanoseconds do not reach as far
_CALENDAR_DAYS = (-719_162, 2_932_897)
_UNITS_PER_DAY = {"d": 1, "ms": 86_400_000, "us": 86_400_000_000}
_PART_BYTES = 64 << 20


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

    def records_told(self, identity: Identity) -> int | None:
        """Count the rows that are known to be records."""
        return max(identity.lines - self.not_records, 0)

    def expected(self, identity: Identity) -> int | None:
        """Rows counted by the identity pass."""
        return identity.lines

    def _open(self, file: BinaryIO) -> pq.ParquetFile:
        texts = [column.name for column in self.feed.columns if column.type == "string"]
        try:
            footer = pq.read_metadata(file)
            there = {footer.schema.column(n).path for n in range(footer.num_columns)}
            # a dictionary holds a long text once, however often it is repeated
            parquet = pq.ParquetFile(file, read_dictionary=[n for n in texts if n in there])
            facts, _ = parquet.metadata, parquet.schema_arrow
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self._damaged("cannot be read as Parquet", error) from error
        if facts.num_columns > self.settings.max_columns:
            raise Refusal(
                "TOO_MANY_COLUMNS",
                f"{self.landed.file}: has {facts.num_columns} columns; more than "
                f"{self.settings.max_columns} cannot be this feed",
            )
        unpacked = sum(
            facts.row_group(group).total_byte_size for group in range(facts.num_row_groups)
        )
        check_size(self.landed, unpacked, self.settings)
        return parquet

    def _damaged(self, what: str, error: Exception) -> Exception:
        if isinstance(error, OSError) and error.errno:
            return error
        return Refusal("DAMAGED_FILE", f"{self.landed.file}: {what}: {str(error)[:300]}")

    def _checked(self, parquet: pq.ParquetFile) -> None:
        schema = parquet.schema_arrow
        self.warnings = check_header(self.feed, list(schema.names), self.landed.file)
        self.file_columns = tuple(schema.names)
        wrong = [
            f"{column.name} is {str(schema.field(column.name).type)[:80]}, "
            f"expected {column.physical_type}"
            for column in self.feed.columns
            if not _fits(schema.field(column.name).type, column)
        ]
        if wrong:
            raise Refusal("RETYPED", f"{self.landed.file}: {'; '.join(wrong[:10])}")

    def _frames(self, parquet: pq.ParquetFile) -> Iterator[pl.DataFrame]:
        taken = 0
        try:
            for batch in parquet.iter_batches(_ROWS, columns=list(self.feed.column_names)):
                # polars trusts text to be UTF-8
                batch.validate(full=True)
                for part in _parts(batch):
                    taken += part.nbytes
                    check_size(self.landed, taken, self.settings)
                    frame = cast("pl.DataFrame", pl.from_arrow(part))
                    self._check_times(frame)
                    yield frame.select(_cast(column, frame) for column in self.feed.columns)
        except (pa.ArrowException, OSError, ValueError, pl.exceptions.PolarsError) as error:
            raise self._damaged("damaged Parquet data", error) from error

    def _check_times(self, frame: pl.DataFrame) -> None:
        """Raise `Refusal` for a time that no calendar knows: polars panics when it shows one."""
        for name, kind in frame.schema.items():
            unit = kind.time_unit if isinstance(kind, pl.Datetime) else "d"
            if not isinstance(kind, pl.Date | pl.Datetime) or unit not in _UNITS_PER_DAY:
                continue
            physical = frame[name].to_physical()
            least, most = physical.min(), physical.max()
            first, last = (days * _UNITS_PER_DAY[unit] for days in _CALENDAR_DAYS)
            if least is not None and not first <= cast("int", least) <= cast("int", most) < last:
                raise Refusal(
                    "OUT_OF_RANGE",
                    f"{self.landed.file}: {name} holds a time outside the years 1 to 9999",
                )

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
            check_unchanged(self.landed, file)
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
            check_unchanged(self.landed, file)
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
    if column.type == "string":
        # an empty text says as little as a null: CSV knows no difference
        text = source.cast(pl.String)
        return pl.when(text.str.len_bytes() > 0).then(text).alias(column.name)
    if column.type == "decimal" and kind.is_integer():
        # a number with too many digits is one bad value, not a bad file: parsed like text
        fitting = source.cast(dtype_of(column), strict=False).cast(pl.String)
        return pl.coalesce(fitting, source.cast(pl.String)).alias(column.name)
    return source.cast(dtype_of(column))


def _parts(batch: pa.RecordBatch) -> Iterator[pa.Table]:
    """Cut a batch so that each part stays small when its texts are written out."""
    widest = 0
    for column in batch.columns:
        if pa.types.is_dictionary(column.type) and len(column.dictionary):
            widest += pc.max(pc.binary_length(column.dictionary)).as_py() or 0
    rows = max(1, _PART_BYTES // max(widest, 1))
    for start in range(0, batch.num_rows, rows):
        part = batch.slice(start, rows)
        columns = [
            column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
            for column in part.columns
        ]
        yield pa.table(columns, names=part.schema.names)


def _row_of(frame: pl.DataFrame, start: int) -> Callable[[int], bytes]:
    def raw(record: int) -> bytes:
        row = frame.slice(record - start, 1).drop(RECORD)
        return row.write_csv(include_header=False).rstrip("\n").encode()

    return raw
