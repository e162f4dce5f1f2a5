"""Every kind of dirt occurs, ingest sees it as told, and the ledger says what the rules say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from data.simulator.knobs import Knobs
from data.simulator.traffic import Ledger
from data.simulator.traffic.dirt import RATES, Habits
from orchestration.contracts import load_feeds
from orchestration.ingest import FileEntry, ingest_feed, read_manifest
from orchestration.settings import Settings
from tests.simulator import stand_in
from tests.simulator.usage_rules import classify

FEEDS = tuple(f"network/{name}" for name in ("usage_records", "asterisk", "freeswitch", "radius"))
KNOBS = Knobs(subscribers=700, months=2)
FIRST, LAST = date(2026, 1, 2), date(2026, 2, 26)
# ends of steps in the middle, with open sessions and half of what comes later
STOPS = (date(2026, 1, 5), date(2026, 1, 15), date(2026, 2, 4), LAST)


@dataclass(frozen=True)
class Taken:
    """A delivered world, what ingest made of it, and the truth at every stop."""

    settings: Settings
    truths: dict[date, dict[str, pl.DataFrame]]
    entries: dict[str, FileEntry]
    rows: dict[str, pl.DataFrame]

    @property
    def last(self) -> dict[str, pl.DataFrame]:
        return self.truths[LAST]


def _take(
    data: Path, as_of: date
) -> tuple[Settings, dict[str, FileEntry], dict[str, pl.DataFrame]]:
    settings = Settings(data=data, settle_seconds=0, open_end_seconds=0)
    feeds = load_feeds(settings.contracts)
    for feed in FEEDS:
        ingest_feed(settings, feeds[feed], as_of)
    entries = {entry.file: entry for entry in read_manifest(settings)}
    rows = {
        feed: pl.concat(
            pl.read_parquet(data / entry.raw_path)
            for entry in entries.values()
            if entry.feed_id == feed and entry.raw_path
        )
        for feed in FEEDS
    }
    return settings, entries, rows


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taken]:
    data = tmp_path_factory.mktemp("dirt")
    ledger, begin = Ledger.restore({}), FIRST
    truths = {}
    for stop in STOPS:
        stand_in.deliver(data, KNOBS, begin, stop, ledger=ledger)
        truths[stop] = ledger.truth(stop)
        begin = stop + timedelta(days=1)
    settings, entries, rows = _take(data, LAST)
    yield Taken(settings, truths, entries, rows)


def test_every_kind_of_dirt_occurs_near_its_rate(taken: Taken) -> None:
    told = Counter(taken.last["usage_records_truth"]["kind"].to_list())
    records = taken.rows["network/usage_records"].height
    # the rates are shares of single records; partial ones make up the rest
    for kind, rate in RATES.items():
        if kind == "too_old":
            continue
        expected = rate * records
        assert expected / 3 - 3 <= told[kind] <= expected * 3 + 3, kind
    assert {"late_partial", "lost_closing", "lost_stop", "event_1970", "uuid_twice"} <= set(told)
    # an access server goes down and comes up
    assert told["restart"] > 2
    assert told["restart"] % 2 == 0
    assert all(told[kind] > 0 for kind in RATES if kind != "too_old")


def test_ingest_decides_about_every_file_as_told(taken: Taken) -> None:
    files = taken.last["usage_files"]
    told = {row["file"]: row for row in files.iter_rows(named=True)}
    assert set(told) == set(taken.entries)
    for file, entry in taken.entries.items():
        assert entry.status == told[file]["status"], file
        if entry.status == "ingested":
            assert entry.records_in == told[file]["records_in"], file
            assert entry.quarantined == told[file]["quarantined_records"], file
            assert entry.blank == told[file]["blank_records"], file
            assert entry.delivered_on == told[file]["delivered_on"], file
        else:
            assert entry.reason_code == told[file]["reason"], file
    assert {"ingested", "refused", "repeat", "held"} == set(files["status"])


@pytest.mark.parametrize("stop", STOPS)
@pytest.mark.parametrize("feed", FEEDS)
def test_the_ledger_says_of_every_file_what_the_rules_say(
    taken: Taken, feed: str, stop: date
) -> None:
    numbers = set(stand_in.lines(KNOBS.subscribers)["service_number"].drop_nulls())
    expected = classify(feed, taken.rows[feed].to_dicts(), numbers, stop)
    classes = taken.truths[stop]["usage_classes"]
    told = {
        (row["file"], row["class"], row["reason"]): row["records"]
        for row in classes.iter_rows(named=True)
        if row["file"].startswith(f"{feed}/") and row["class"] not in ("quarantined", "blank")
    }
    assert told == dict(expected)


def test_all_records_of_a_file_are_in_one_class(taken: Taken) -> None:
    files = taken.last["usage_files"].filter(pl.col("status") == "ingested")
    classes = [name for name in files.columns if name.endswith("_records")]
    assert files.select(total=pl.sum_horizontal(classes))["total"].equals(
        files["records_in"].rename("total")
    )


def test_a_dirty_record_lies_where_truth_says(taken: Taken) -> None:
    dirty = taken.last["usage_records_truth"]
    rows = taken.rows["network/usage_records"]
    found = dirty.filter(
        pl.col("file").str.starts_with("network/usage_records/")
        & ~pl.col("class").is_in(["quarantined", "blank"])
    ).join(rows, left_on=["file", "record"], right_on=["_file", "_record"], how="left")
    assert found["usage_id"].equals(found["record_id"].rename("usage_id"))
    broken = dirty.filter(pl.col("class") == "quarantined")
    quarantined = pl.concat(
        pl.read_parquet(taken.settings.data / entry.quarantine_path)
        for entry in taken.entries.values()
        if entry.quarantine_path
    )
    assert set(zip(broken["file"], broken["record"], strict=True)) == set(
        zip(quarantined["_file"], quarantined["_record"], strict=True)
    )


def test_a_refused_file_comes_again_under_its_number(taken: Taken) -> None:
    files = taken.last["usage_files"]
    refused = files.filter(pl.col("status") == "refused")
    assert refused.height
    for file in refused["file"]:
        number = file.rsplit("_", 1)[1][:9]
        again = [
            entry for path, entry in taken.entries.items() if f"_{number}." in path and path != file
        ]
        day = date.fromisoformat(file.split("/")[2])
        if day < LAST:
            assert [(e.status, e.folder_on) for e in again] == [
                ("ingested", day + timedelta(days=1))
            ]


def test_a_growing_master_file_repeats_what_it_held(taken: Taken) -> None:
    first, end = Habits.of(KNOBS.start_on, KNOBS.months).growing_master
    files = taken.last["usage_files"].filter(pl.col("usage_source_id") == "PBX-HH")
    grown = files.filter(pl.col("delivered_on").is_between(first, end, closed="left"))
    repeats = grown["duplicate_records"].to_list()
    before = [0, *grown["records_in"].to_list()[:-1]]
    assert repeats == before
    assert files.filter(pl.col("delivered_on") >= end)["duplicate_records"].sum() == 0


def test_a_master_file_that_does_not_grow_is_yesterdays(tmp_path: Path) -> None:
    first, _ = Habits.of(KNOBS.start_on, KNOBS.months).growing_master
    held, ledger = stand_in.lines(700), Ledger.restore({})
    silent = held.filter(pl.col("source") != "asterisk")
    for offset, frame in enumerate((held, silent, held)):
        day = first + timedelta(days=offset)
        stand_in.deliver(tmp_path, KNOBS, day, day, frame=frame, ledger=ledger)
    _, entries, _ = _take(tmp_path, day)
    files = ledger.truth(day)["usage_files"].filter(pl.col("usage_source_id") == "PBX-HH")
    assert files["status"].to_list() == ["ingested", "repeat", "ingested"]
    for row in files.iter_rows(named=True):
        assert entries[row["file"]].status == row["status"]


def test_usage_of_a_number_waits_until_its_holder_is_told(tmp_path: Path) -> None:
    knobs, told_on = Knobs(subscribers=300), FIRST + timedelta(days=4)
    held = stand_in.lines(300)
    late = held.with_row_index().with_columns(
        known_from_on=pl.when(pl.col("index") < 30).then(pl.lit(told_on))
    )
    numbers = {"before": set(held[30:]["service_number"].drop_nulls())}
    numbers["after"] = set(held["service_number"].drop_nulls())
    ledger = Ledger.restore({})
    days = {"before": told_on - timedelta(days=1), "after": told_on}
    stand_in.deliver(tmp_path, knobs, FIRST, days["before"], frame=late, ledger=ledger)
    truths = {"before": ledger.truth(days["before"])}
    stand_in.deliver(tmp_path, knobs, told_on, told_on, frame=late, ledger=ledger)
    truths["after"] = ledger.truth(told_on)
    _, _, rows = _take(tmp_path, told_on)
    feed = "network/usage_records"
    for when, day in days.items():
        expected = classify(feed, rows[feed].to_dicts(), numbers[when], day)
        classes = truths[when]["usage_classes"].filter(pl.col("file").str.starts_with(feed))
        told = {
            (row["file"], row["class"], row["reason"]): row["records"]
            for row in classes.iter_rows(named=True)
            if row["class"] not in ("quarantined", "blank")
        }
        assert told == dict(expected), when
    waiting = truths["before"]["usage_classes"].filter(pl.col("reason") == "UNKNOWN_NUMBER")
    assert waiting["records"].sum() > 50


def test_too_old_records_come_when_the_world_is_old_enough(tmp_path: Path) -> None:
    knobs = Knobs(subscribers=6_000, months=6)
    day = date(2026, 6, 1)
    ledger = stand_in.deliver(tmp_path, knobs, day, day + timedelta(days=2))
    dirty = ledger.truth(day + timedelta(days=2))["usage_records_truth"]
    old = dirty.filter(pl.col("kind") == "too_old")
    assert old.height
    assert set(old["reason"]) == {"TOO_OLD"}
