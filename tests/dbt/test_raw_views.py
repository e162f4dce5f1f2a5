"""Raw Parquet as views: always there, always with the columns and types of the contract."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.contracts import load_feeds
from orchestration.raw_views import arrow_schema, feed_columns
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse, register_raw


def test_every_feed_is_a_view_with_the_types_of_its_contract(settings: Settings) -> None:
    feeds = load_feeds(settings.contracts)
    names = register_raw(settings, feeds.values())
    assert len(names) == len(feeds) + 2
    with open_warehouse(settings) as connection:
        for feed in feeds.values():
            relation = connection.table(f"raw.{feed.system}__{feed.name}")
            types = [(n, str(t)) for n, t in zip(relation.columns, relation.types, strict=True)]
            assert types == feed_columns(feed)
            assert relation.fetchall() == []
        assert connection.sql("select * from raw.ingest_files").fetchall() == []
        assert connection.sql("select * from raw.quarantine").fetchall() == []


def test_a_file_of_an_older_contract_reads_as_null_where_it_lacks_a_column(
    settings: Settings,
) -> None:
    feed = load_feeds(settings.contracts)["catalog/tariffs"]
    full = arrow_schema(feed_columns(feed))
    row = {"tariff_id": "old", "_delivered_on": date(2026, 1, 1)}
    for name, schema in (
        ("old", pa.schema([f for f in full if f.name != "description"])),
        ("reordered", pa.schema(list(reversed(list(full))))),
    ):
        path = settings.raw / "catalog/tariffs/2026-01-01" / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist([row], schema), path)
    register_raw(settings, [feed])
    with open_warehouse(settings) as connection:
        rows = connection.sql("select tariff_id, description from raw.catalog__tariffs").fetchall()
    assert rows == [("old", None), ("old", None)]


def test_a_schema_file_is_written_once_and_again_when_the_contract_changes(
    settings: Settings,
) -> None:
    feed = load_feeds(settings.contracts)["catalog/tariffs"]
    path = settings.raw / "catalog/tariffs/_schema/empty.parquet"
    register_raw(settings, [feed])
    written = path.stat().st_mtime_ns
    register_raw(settings, [feed])
    assert path.stat().st_mtime_ns == written
    pq.write_table(pa.table({"other": [1]}), path)
    register_raw(settings, [feed])
    assert pq.read_schema(path).names == [name for name, _ in feed_columns(feed)]


def test_a_physical_type_that_contracts_do_not_know_is_an_error() -> None:
    with pytest.raises(KeyError, match="DOUBLE"):
        arrow_schema([("amount", "DOUBLE")])
