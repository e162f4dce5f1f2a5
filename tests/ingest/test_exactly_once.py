"""A content counts once, on one day, however it is called and packed, whenever it comes."""

from __future__ import annotations

import gzip
import itertools
import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from orchestration.contracts import Feed
from orchestration.ingest import days, plan
from orchestration.ingest.containers import BoundedStream
from orchestration.ingest.landing import DayFolder
from orchestration.ingest.manifest import load_manifest
from orchestration.settings import Settings
from tests.conftest import Land
from tests.ingest import usage
from tests.ingest.world import (
    DAY,
    close,
    content,
    entries,
    entry,
    ingest,
    packed,
    parquet_of,
    rows,
)

FIRST = f"{usage.FEED}/{DAY}/a.csv"
AGAIN: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "renamed": ("b.csv", str.encode),
    "gzip": ("a.csv.gz", lambda text: gzip.compress(text.encode())),
    "zstd": ("a.csv.zst", lambda text: pa.compress(text.encode(), codec="zstd", asbytes=True)),
    "gzip without its suffix": ("b.csv", lambda text: gzip.compress(text.encode())),
    "CRLF": ("b.csv", lambda text: text.replace("\n", "\r\n").encode()),
    "without its last line end": ("b.csv", lambda text: text[:-1].encode()),
    "byte order mark": ("b.csv", lambda text: b"\xef\xbb\xbf" + text.encode()),
}


@pytest.mark.parametrize("how", AGAIN)
@pytest.mark.parametrize("day", [DAY, "2026-10-05"])
def test_the_same_content_again_counts_once(
    settings: Settings, land: Land, how: str, day: str
) -> None:
    text = usage.usages(5)
    name, pack = AGAIN[how]
    land(usage.FEED, DAY, "a.csv", text)
    land(usage.FEED, day, name, pack(text))
    result = ingest(settings)
    assert (result.files, result.repeats, result.row_count) == (1, 1, 5)
    again = entry(settings, name)
    assert (again.status, again.repeat_of, again.reason_code) == ("repeat", FIRST, "REPEAT")
    assert again.records_in == 5
    assert rows(settings)["_file"].unique().to_list() == [FIRST]


def test_a_repeat_found_in_a_later_run_counts_once(settings: Settings, land: Land) -> None:
    land(usage.FEED, DAY, "a.csv", usage.usages(5))
    ingest(settings)
    close(settings, DAY)
    land(usage.FEED, DAY, "0.csv", usage.usages(5))
    ingest(settings)
    assert entry(settings, "0.csv").repeat_of == FIRST
    assert rows(settings).height == 5


def test_the_smallest_day_and_path_stands_for_a_content(settings: Settings, land: Land) -> None:
    text = usage.usages(3)
    for day, name in [("2026-10-03", "a.csv"), ("2026-10-02", "z.csv"), ("2026-10-02", "m.csv")]:
        land(usage.FEED, day, name, text)
    ingest(settings)
    assert set(rows(settings)["_file"]) == {f"{usage.FEED}/2026-10-02/m.csv"}
    assert {item.repeat_of for item in entries(settings).values() if item.status == "repeat"} == {
        f"{usage.FEED}/2026-10-02/m.csv"
    }


def test_parquet_written_differently_is_the_same_content(settings: Settings, land: Land) -> None:
    frame = parquet_of(usage.usages(30))
    land(usage.FEED, DAY, "a.parquet", packed(frame))
    again = {
        "b": packed(frame, compression="snappy", row_group_size=7),
        "c": packed(frame.select(reversed(frame.columns))),
        "d": packed(frame.with_columns(pl.col("quantity").cast(pl.Int32))),
        "e": packed(frame.with_columns(pl.col("usage_type").cast(pl.Categorical))),
        "f": packed(frame.with_columns(pl.col("started_at").dt.convert_time_zone("Asia/Tokyo"))),
        "g": packed(frame.with_columns(visited_network=pl.lit(""))),
    }
    for name, data in again.items():
        land(usage.FEED, DAY, f"{name}.parquet", data)
    result = ingest(settings)
    assert (result.files, result.repeats, result.row_count) == (1, len(again), 30)


def test_csv_and_parquet_give_the_same_rows(settings: Settings, land: Land, tmp_path: Path) -> None:
    text = usage.usages(30)
    land(usage.FEED, DAY, "a.csv", text)
    ingest(settings)
    other = Settings(data=tmp_path / "other")
    folder = other.landing / usage.FEED / DAY
    folder.mkdir(parents=True)
    (folder / "a.parquet").write_bytes(packed(parquet_of(text)))
    ingest(other)
    assert content(other) == content(settings)


def test_two_lines_in_another_order_are_another_content(settings: Settings, land: Land) -> None:
    land(usage.FEED, DAY, "a.csv", usage.text(usage.line(1), usage.line(2)))
    land(usage.FEED, DAY, "b.csv", usage.text(usage.line(2), usage.line(1)))
    assert ingest(settings).files == 2


def test_two_overlong_lines_are_not_taken_for_one(settings: Settings, land: Land) -> None:
    small = settings.model_copy(update={"max_record_bytes": 2048})
    for name, last in (("a.csv", "y"), ("b.csv", "z")):
        land(usage.FEED, DAY, name, usage.text("x" * 5000 + last))
    assert ingest(small).files == 2


def test_a_late_file_counts_on_the_next_open_day(settings: Settings, land: Land) -> None:
    land(usage.FEED, DAY, "a.csv", usage.usages(2))
    ingest(settings, as_of=date(2026, 10, 3))
    close(settings, "2026-10-03")
    land(usage.FEED, DAY, "late.csv", usage.usages(2, start=3))
    assert plan(settings).late_files == 1
    assert plan(settings).as_of == date(2026, 10, 4)
    assert ingest(settings, as_of=date(2026, 10, 3)).entries == ()
    ingest(settings, as_of=date(2026, 10, 4))
    late = rows(settings).filter(pl.col("_file").str.ends_with("late.csv"))
    assert set(late["_delivered_on"]) == {date(2026, 10, 4)}
    assert set(late["_folder_on"]) == {date(2026, 10, 1)}
    assert plan(settings).is_idle


def test_a_touched_file_changes_nothing(settings: Settings, land: Land) -> None:
    path = land(usage.FEED, DAY, "a.csv", usage.usages(2))
    ingest(settings)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert not plan(settings).is_idle
    result = ingest(settings)
    assert (len(result.entries), len(entries(settings)), rows(settings).height) == (1, 1, 2)
    assert entry(settings, "a.csv").status == "ingested"
    assert plan(settings).is_idle
    assert ingest(settings).entries == ()


CHANGES: dict[str, Callable[[str], bytes]] = {
    "a line more": lambda text: (text + usage.line(9) + "\n").encode(),
    "garbage": lambda _: b"\0\1\2",
    "an archive": lambda _: b"PK\x03\x04....",
    "half of a gzip": lambda text: gzip.compress(text.encode())[:-9],
    "nothing": lambda _: b"",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_changed_after_ingest_is_held_and_what_was_ingested_stands(
    settings: Settings, land: Land, change: str
) -> None:
    text = usage.usages(2)
    land(usage.FEED, DAY, "a.csv", text)
    ingest(settings)
    before = content(settings)
    path = land(usage.FEED, DAY, "a.csv", CHANGES[change](text))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    ingest(settings)
    assert entry(settings, "a.csv").status == "ingested"
    assert content(settings) == before
    (held,) = [item for item in entries(settings).values() if item.status == "held"]
    assert held.reason_code == "CHANGED_AFTER_INGEST"
    assert "file of another name" in str(held.message)
    assert ingest(settings).entries == ()
    assert plan(settings).is_idle


@pytest.mark.parametrize("change", CHANGES)
def test_a_repeat_that_is_overwritten_leaves_the_first_delivery_alone(
    settings: Settings, land: Land, change: str
) -> None:
    text = usage.usages(2)
    for name in ("0.csv", "a.csv"):
        land(usage.FEED, DAY, name, text)
    ingest(settings)
    path = land(usage.FEED, DAY, "a.csv", CHANGES[change](text))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    ingest(settings)
    assert entry(settings, "0.csv").status == "ingested"
    # nothing of a repeat was taken: what it became is a delivery of its own
    assert entry(settings, "a.csv").status == ("ingested" if change == "a line more" else "refused")
    assert rows(settings).filter(pl.col("_file").str.ends_with("0.csv")).height == 2
    assert ingest(settings).entries == ()


def test_a_file_that_vanishes_after_ingest_stands(settings: Settings, land: Land) -> None:
    path = land(usage.FEED, DAY, "a.csv", usage.usages(2))
    ingest(settings)
    path.unlink()
    assert ingest(settings).entries == ()
    assert rows(settings).height == 2


@pytest.mark.parametrize("pass_", [1, 2])
def test_a_file_written_to_while_it_is_read_is_held(
    settings: Settings, land: Land, monkeypatch: pytest.MonkeyPatch, pass_: int
) -> None:
    path = land(usage.FEED, DAY, "a.csv", usage.usages(2))
    plain_read = BoundedStream.read
    passes: list[BoundedStream] = []

    def read(stream: BoundedStream, size: int) -> bytes:
        if stream not in passes:
            passes.append(stream)
            if len(passes) == pass_:
                with path.open("a") as file:
                    file.write(usage.line(3) + "\n")
        return plain_read(stream, size)

    monkeypatch.setattr(BoundedStream, "read", read)
    ingest(settings)
    assert (entry(settings, "a.csv").status, entry(settings, "a.csv").reason_code) == (
        "held",
        "GROWING",
    )
    assert entry(settings, "a.csv").raw_path is None
    assert list(settings.raw.glob("*/*/*/*.parquet")) == []
    monkeypatch.undo()
    ingest(settings)
    assert rows(settings).height == 3


# the order in which a folder lists its files is the order in which they were made
def test_files_in_any_order_give_the_same_tables(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    texts = [usage.usages(3), usage.usages(3, start=2), usage.usages(3), usage.usages(1, start=9)]
    seen = set()
    for order in itertools.permutations(range(4)):
        settings = Settings(data=tmp_path_factory.mktemp("order"), lock_wait_seconds=0)
        folder = settings.landing / usage.FEED / DAY
        folder.mkdir(parents=True)
        for number in order:
            path = folder / f"{number}.csv"
            path.write_text(texts[number])
            os.utime(path, (1_600_000_000, 1_600_000_000))
        ingest(settings)
        seen.add(repr(rows(settings).sort("_file", "_record").rows()))
    assert len(seen) == 1


def test_a_late_file_is_found_in_a_folder_that_was_settled(
    settings: Settings, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in (DAY, "2026-10-02"):
        land(usage.FEED, day, "a.csv", usage.usages(2, start=int(day[-1]) * 10))
    ingest(settings, as_of=date(2026, 10, 2))
    close(settings, "2026-10-02")
    # as if the folders had rested for a minute
    later = time.time_ns() + 60_000_000_000
    monkeypatch.setattr("orchestration.ingest.days.time.time_ns", lambda: later)
    assert plan(settings).is_idle
    looked_into: list[date] = []
    stock = days.scan_folder

    def scan(settings: Settings, feed: Feed, folder: DayFolder, today: date) -> Any:
        looked_into.append(folder.day)
        return stock(settings, feed, folder, today)

    monkeypatch.setattr(days, "scan_folder", scan)
    assert plan(settings).is_idle
    assert looked_into == []
    land(usage.FEED, DAY, "late.csv", usage.usages(2, start=3))
    assert plan(settings).late_files == 1
    assert looked_into == [date(2026, 10, 1)]
    # what is not decided is looked at again, whatever the folder says
    assert plan(settings).late_files == 1
    assert looked_into == [date(2026, 10, 1)] * 2


def test_a_folder_that_changed_just_now_is_looked_into_again(
    settings: Settings, land: Land
) -> None:
    land(usage.FEED, DAY, "a.csv", usage.usages(2))
    ingest(settings)
    assert plan(settings).is_idle
    assert load_manifest(settings).settled_folders == {}
