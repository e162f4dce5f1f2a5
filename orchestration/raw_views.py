"""Raw Parquet as SQL: one view per feed with exactly the columns that its contract promises.

An absent feed is a Parquet file without rows, so every view and every model always builds. The
queries name columns and types themselves: a file written under an older contract reads as null
where it lacks a column, and DuckDB need not open every file to learn the columns.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.contracts import Feed
from orchestration.contracts.model import LINEAGE_COLUMNS
from orchestration.durable import write_durably
from orchestration.settings import Settings

Columns = Sequence[tuple[str, str]]

# what became of each delivered file, as ingest wrote it down
MANIFEST_COLUMNS: Columns = (
    ("system", "VARCHAR"),
    ("feed", "VARCHAR"),
    ("file", "VARCHAR"),
    ("status", "VARCHAR"),
    ("folder_on", "DATE"),
    ("delivered_on", "DATE"),
    ("content_sha256", "VARCHAR"),
    ("records_in", "BIGINT"),
    ("row_count", "BIGINT"),
    ("quarantined", "BIGINT"),
    ("blank", "BIGINT"),
    ("reason_code", "VARCHAR"),
    ("message", "VARCHAR"),
    ("repeat_of", "VARCHAR"),
    ("contract_version", "VARCHAR"),
)

# records that broke a contract
QUARANTINE_COLUMNS: Columns = (
    ("system", "VARCHAR"),
    ("feed", "VARCHAR"),
    ("reason_code", "VARCHAR"),
    ("column_name", "VARCHAR"),
    ("value", "VARCHAR"),
    ("message", "VARCHAR"),
    ("raw_text", "VARCHAR"),
    *((name, physical_type) for name, physical_type, _ in LINEAGE_COLUMNS),
)

_PLAIN = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "BOOLEAN": pa.bool_(),
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


def feed_columns(feed: Feed) -> list[tuple[str, str]]:
    """Name and physical type of every raw column of a feed: contract columns, then lineage."""
    columns = [(column.name, column.physical_type) for column in feed.columns]
    return columns + [(name, physical_type) for name, physical_type, _ in LINEAGE_COLUMNS]


def arrow_schema(columns: Columns) -> pa.Schema:
    """Arrow schema of `columns`; raises KeyError for a physical type that contracts do not know."""
    fields = []
    for name, physical_type in columns:
        decimal = _DECIMAL.fullmatch(physical_type)
        kind = pa.decimal128(int(decimal[1]), int(decimal[2])) if decimal else _PLAIN[physical_type]
        fields.append(pa.field(name, kind))
    return pa.schema(fields)


def _feed_schema_file(settings: Settings, feed: Feed) -> Path:
    return settings.raw / feed.system / feed.name / "_schema" / "empty.parquet"


def _manifest_schema_file(settings: Settings) -> Path:
    return settings.raw / "_schema" / "manifest.parquet"


def _quarantine_schema_file(settings: Settings) -> Path:
    # as deep as <system>/<feed>/<day>/, so that one pattern finds it and the real ones
    return settings.quarantine / "_schema" / "_schema" / "_schema" / "empty.parquet"


def write_schema_files(settings: Settings, feeds: Iterable[Feed]) -> None:
    """Write the Parquet file without rows of every feed, the quarantine and the manifest.

    A file that already says the same is left alone.
    """
    wanted = {_feed_schema_file(settings, feed): feed_columns(feed) for feed in feeds}
    wanted[_quarantine_schema_file(settings)] = list(QUARANTINE_COLUMNS)
    wanted[_manifest_schema_file(settings)] = list(MANIFEST_COLUMNS)
    for path, columns in wanted.items():
        schema = arrow_schema(columns)
        if path.exists() and pq.read_schema(path).equals(schema):
            continue
        buffer = io.BytesIO()
        pq.write_table(schema.empty_table(), buffer)
        write_durably(path, buffer.getvalue(), settings.temporary)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _query(paths: Sequence[str], columns: Columns) -> str:
    files = ", ".join(_text(path) for path in paths)
    schema = ", ".join(
        f"{_text(name)}: {{name: {_text(name)}, type: {_text(kind)}, default_value: null}}"
        for name, kind in columns
    )
    return (
        f"select * from read_parquet([{files}], "  # noqa: S608 (contract names, quoted paths)
        f"schema = map {{{schema}}}, hive_partitioning = false)"
    )


def raw_views(settings: Settings, feeds: Iterable[Feed]) -> dict[str, str]:
    """Return the query of each view in schema `raw`: the feeds, `quarantine`, `ingest_files`.

    The schema-only files must exist (`write_schema_files`): a pattern that finds nothing is an
    error in DuckDB.
    """
    views = {
        f"{feed.system}__{feed.name}": _query(
            [str(settings.raw / feed.system / feed.name / "*" / "*.parquet")], feed_columns(feed)
        )
        for feed in feeds
    }
    views["quarantine"] = _query(
        [str(settings.quarantine / "*" / "*" / "*" / "*.parquet")], QUARANTINE_COLUMNS
    )
    manifest = [_manifest_schema_file(settings), settings.raw / "manifest.parquet"]
    views["ingest_files"] = _query(
        [str(path) for path in manifest if path.exists()], MANIFEST_COLUMNS
    )
    return views
