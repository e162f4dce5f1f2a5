"""A parsed dbt project, and raw data made by hand for tests that build it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.contracts import Feed, load_feeds
from orchestration.raw_views import MANIFEST_COLUMNS, arrow_schema, feed_columns
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse, prepare_manifest, register_raw

RECORDED_AT = datetime(2025, 12, 1, 8)


@dataclass
class House:
    """A data folder whose raw files a test writes itself, as ingest would."""

    settings: Settings
    feeds: dict[str, Feed]
    manifest: list[dict[str, Any]] = field(default_factory=list)

    def deliver(
        self, feed_id: str, day: date, rows: Iterable[Mapping[str, Any]], prefix: str = ""
    ) -> str:
        """Write one delivered file and return its path below landing.

        Required columns that a row leaves out get a filler; `prefix` begins the file's name.
        """
        feed = self.feeds[feed_id]
        file = f"{feed_id}/{day}/{prefix}{len(self.manifest)}.csv"
        lineage = {
            "_file": file,
            "_delivered_on": day,
            "_folder_on": day,
            "_content_sha256": f"content of {file}",
        }
        fillers = {column.name: _filler(column.type) for column in feed.columns if column.required}
        fillers |= {"op": "upsert"} if feed.is_change_feed else {}
        fillers |= {
            column.name: column.values[0][0]
            for column in feed.columns
            if column.required and column.values and column.name != "op"
        }
        full = [
            {**fillers, **row, **lineage, "_record": number}
            for number, row in enumerate(rows, start=2)
        ]
        path = self.settings.raw / feed_id / str(day) / f"{len(self.manifest)}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(full, arrow_schema(feed_columns(feed))), path)
        self.count(
            system=feed.system,
            feed=feed.name,
            file=file,
            folder_on=day,
            delivered_on=day,
            records_in=len(full),
            row_count=len(full),
        )
        return file

    def count(self, **entry: Any) -> None:
        """Add a line to the manifest of ingest and write it anew."""
        self.manifest.append({"status": "ingested", "quarantined": 0, "blank": 0, **entry})
        self.write_manifest()

    def write_manifest(self) -> None:
        """Write the manifest as it stands."""
        table = pa.Table.from_pylist(self.manifest, arrow_schema(MANIFEST_COLUMNS))
        pq.write_table(table, self.settings.raw / "manifest.parquet")

    def register(self) -> None:
        """Make raw readable."""
        register_raw(self.settings, self.feeds.values())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query on the warehouse."""
        with open_warehouse(self.settings) as connection:
            return connection.sql(query).fetchall()


def _filler(kind: str) -> Any:
    return {
        "string": "x",
        "integer": 1,
        "decimal": 1,
        "date": date(2026, 1, 1),
        "boolean": False,
    }.get(kind, RECORDED_AT)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    settings = Settings(data=tmp_path_factory.mktemp("house") / "data", lock_wait_seconds=0)
    return House(settings, load_feeds(settings.contracts))


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path: Path = prepare_manifest(Settings(data=tmp_path_factory.mktemp("parsed")))
    parsed: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return parsed
