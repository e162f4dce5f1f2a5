"""The samples of all usage formats go through the real ingest and the real models."""

from __future__ import annotations

import csv
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from orchestration.contracts import load_feeds
from orchestration.ingest import close_days, ingest_feed
from orchestration.ingest.manifest import load_manifest
from orchestration.ingest.manifest_table import write_manifest_table
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse, register_raw, run_dbt
from tests.dbt.mediated import BALANCE, SUSPENSE

SAMPLES = Path(__file__).parent / "usage"
AS_OF = date(2025, 10, 31)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(data=tmp_path_factory.mktemp("samples") / "data", lock_wait_seconds=0)
    shutil.copytree(SAMPLES / "landing", settings.landing)
    feeds = load_feeds(settings.contracts)
    for feed in feeds.values():
        ingest_feed(settings, feed, AS_OF)
    close_days(settings, AS_OF)
    write_manifest_table(settings, load_manifest(settings))
    register_raw(settings, feeds.values())
    select = ["+fct_usage_balance", "+fct_usage_suspense"]
    run_dbt(settings, ["run", "--select", *select], AS_OF)
    return settings


def _expected(name: str) -> list[dict[str, str]]:
    with (SAMPLES / name).open(encoding="utf-8", newline="") as text:
        return [{k: v for k, v in row.items() if k != "why"} for row in csv.DictReader(text)]


def _found(settings: Settings, query: str, columns: list[str]) -> list[dict[str, str]]:
    with open_warehouse(settings) as connection:
        rows: list[tuple[Any, ...]] = connection.sql(query).select(*columns).fetchall()
    return [
        {
            name: "" if value is None else str(value)
            for name, value in zip(columns, row, strict=True)
        }
        for row in rows
    ]


def test_every_usage_is_as_worked_by_hand(settings: Settings) -> None:
    expected = _expected("expected_usages.csv")
    query = (
        "select u.* replace (coalesce(u.subscription_id, r.subscription_id) as subscription_id) "
        "from intermediate.int_usage__usages u "
        "left join intermediate.int_usage__recycled_usages r using (_file, _record)"
    )
    found = _found(settings, query, list(expected[0]))
    assert sorted(found, key=str) == sorted(expected, key=str)


def test_every_record_of_every_file_goes_where_it_must(settings: Settings) -> None:
    expected = _expected("expected_files.csv")
    found = _found(settings, BALANCE, [*expected[0]])
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert not _found(settings, "from marts.fct_usage_balance where difference <> 0", ["file"])


def test_a_source_that_no_engine_can_read_with_is_set_aside(settings: Settings) -> None:
    files = settings.quarantine.rglob("*.parquet")
    broken = pl.concat([pl.read_parquet(file) for file in files], how="diagonal")
    of_sources = broken.filter(pl.col("_file").str.contains("usage_sources"))
    told = of_sources.select("column_name", "reason_code").sort("column_name").rows()
    assert told == [
        ("file_pattern", "FORMAT"),
        ("originating_context", "FORMAT"),
        ("time_zone", "FORMAT"),
    ]


def test_what_waits_says_why(settings: Settings) -> None:
    expected = _expected("expected_suspense.csv")
    found = _found(settings, SUSPENSE, [*expected[0]])
    assert sorted(found, key=str) == sorted(expected, key=str)
