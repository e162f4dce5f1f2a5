"""The example that newcomers start from: true to the contracts but for the flaws it announces."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from orchestration.contracts import load_feeds
from orchestration.contracts.model import Feed
from orchestration.ingest import FeedResult, ingest_feed
from orchestration.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[2]
FEEDS = load_feeds(REPOSITORY / "data" / "contracts")
AS_OF = date(2026, 10, 3)
BROKEN = "network/usage_records/2026-10-03/mediation_seq000003.csv"
AGAIN = "network/usage_records/2026-10-03/mediation_resend.csv"


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[FeedResult]]:
    data = tmp_path_factory.mktemp("data")
    shutil.copytree(REPOSITORY / "examples" / "minimal" / "landing", data / "landing")
    settings = Settings(data=data, contracts=REPOSITORY / "data" / "contracts")
    return data, [ingest_feed(settings, feed, AS_OF) for feed in FEEDS.values()]


def rows_of(data: Path, feed: Feed) -> pl.DataFrame | None:
    files = sorted((data / "raw" / feed.system / feed.name).rglob("*.parquet"))
    return pl.concat([pl.read_parquet(file) for file in files]) if files else None


def test_only_the_planted_flaws_are_found(ingested: tuple[Path, list[FeedResult]]) -> None:
    entries = [entry for result in ingested[1] for entry in result.entries]
    assert {entry.status for entry in entries} == {"ingested", "repeat"}
    assert [entry.file for entry in entries if entry.status == "repeat"] == [AGAIN]
    flawed = [entry for entry in entries if entry.quarantined or entry.blank]
    assert [(entry.file, entry.quarantined, entry.blank) for entry in flawed] == [(BROKEN, 1, 1)]


@pytest.mark.parametrize("feed", FEEDS.values(), ids=lambda feed: feed.id)
def test_every_reference_is_in_the_example(
    feed: Feed, ingested: tuple[Path, list[FeedResult]]
) -> None:
    rows = rows_of(ingested[0], feed)
    if rows is None:
        return
    for column in feed.columns:
        if column.references is None:
            continue
        system, name, target = column.references.split(".")
        there = rows_of(ingested[0], FEEDS[f"{system}/{name}"])
        known = set() if there is None else set(there[target])
        assert set(rows[column.name].drop_nulls()) <= known, column.name
    key = [*feed.key, *([feed.valid_from] if feed.valid_from else [])]
    assert not rows.select(key).is_duplicated().any()


def test_text_files_end_with_a_line_end() -> None:
    for path in (REPOSITORY / "examples" / "minimal").rglob("*"):
        if path.suffix in {".csv", ".xml", ".md"}:
            assert path.read_bytes().endswith(b"\n"), path
