"""Corrected records come back through a feed of their own, once, on the day of the correction."""

from __future__ import annotations

import csv
import io
from datetime import date

import polars as pl

from orchestration.ingest import FileEntry
from orchestration.settings import Settings
from tests.conftest import Land
from tests.ingest import usage
from tests.ingest.world import DAY, broken, close, entries, ingest, packed, parquet_of, rows

REPLAYS = "operations/quarantine_replays"
HEADER = (
    "quarantine_replay_id,quarantined_system,quarantined_feed,quarantined_file,quarantined_record,"
    "corrected_text,approved_by,reason,recorded_at"
)
SOURCE = f"{usage.FEED}/{DAY}/a.csv"
LATER = "2026-10-05"


def _correction(
    text: str, record: int = 3, file: str = SOURCE, feed: str = usage.FEED
) -> list[str]:
    system, _, name = feed.partition("/")
    return ["R", system, name, file, str(record), text, "E1", "typing error", f"{LATER}T09:00:00Z"]


def _deliver(
    settings: Settings, land: Land, *corrections: list[str], day: str = LATER, name: str = "r.csv"
) -> tuple[FileEntry, ...]:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(corrections)
    land(REPLAYS, day, name, f"{HEADER}\n{buffer.getvalue()}")
    ingest(settings, REPLAYS)
    return close(settings, day)


def _break(settings: Settings, land: Land) -> None:
    """Book a file of which line 3 is quarantined, and close its day."""
    land(usage.FEED, DAY, "a.csv", usage.text(usage.line(1), usage.line(2, quantity="x")))
    ingest(settings)
    close(settings, DAY)


def test_a_correction_arrives_on_its_own_day_and_both_versions_stay(
    settings: Settings, land: Land
) -> None:
    _break(settings, land)
    before = rows(settings)
    (told,) = _deliver(settings, land, _correction(usage.line(2, area_id='"a, ""b"""')))
    assert (told.feed_id, told.status, told.row_count) == (usage.FEED, "ingested", 1)
    after = rows(settings)
    assert after.filter(pl.col("_file") == SOURCE).equals(before)
    new = after.filter(pl.col("_file") != SOURCE).row(0, named=True)
    assert (new["usage_id"], new["quantity"], new["area_id"]) == ("U2", 62, 'a, "b"')
    assert new["_delivered_on"] == new["_folder_on"] == date(2026, 10, 5)
    assert (new["_file"], new["_record"]) == (f"{REPLAYS}/{LATER}/r.csv", 2)
    assert [item["_record"] for item in broken(settings)] == [3]


def test_a_correction_is_applied_once(settings: Settings, land: Land) -> None:
    _break(settings, land)
    correction = _correction(usage.line(2))
    _deliver(settings, land, correction)
    assert close(settings, LATER) == ()
    assert close(settings, "2026-10-06") == ()
    # the same file again is a repeat, and a repeat corrects nothing
    assert _deliver(settings, land, correction, day="2026-10-07", name="again.csv") == ()
    assert rows(settings).height == 2


def test_a_bad_correction_is_quarantined_and_can_be_corrected(
    settings: Settings, land: Land
) -> None:
    _break(settings, land)
    (told,) = _deliver(settings, land, _correction(usage.line(2, quantity="y")))
    assert (told.row_count, told.quarantined) == (0, 1)
    assert [(item["_file"], item["value"]) for item in broken(settings)] == [
        (SOURCE, "x"),
        (f"{REPLAYS}/{LATER}/r.csv", "y"),
    ]
    again = _correction(usage.line(2), 2, f"{REPLAYS}/{LATER}/r.csv")
    (told,) = _deliver(settings, land, again, day="2026-10-06")
    assert told.row_count == 1
    assert rows(settings)["usage_id"].to_list() == ["U1", "U2"]


def test_a_correction_of_a_correction_keeps_the_layout_of_the_file(
    settings: Settings, land: Land
) -> None:
    def turned(line: str) -> str:
        return ",".join(line.split(",")[::-1])

    text = "\n".join([turned(usage.HEADER), turned(usage.line(2, quantity="x")), ""])
    land(usage.FEED, DAY, "a.csv", text)
    ingest(settings)
    close(settings, DAY)
    _deliver(settings, land, _correction(turned(usage.line(2, quantity="y")), 2))
    place = f"{REPLAYS}/{LATER}/r.csv"
    _deliver(settings, land, _correction(turned(usage.line(2)), 2, place), day="2026-10-06")
    assert rows(settings)["usage_id"].to_list() == ["U2"]
    assert rows(settings)["area_id"].to_list() == ["B-1"]


def test_what_cannot_be_replayed_is_told(settings: Settings, land: Land) -> None:
    _break(settings, land)
    (told,) = _deliver(
        settings,
        land,
        _correction(usage.line(2), file=f"{usage.FEED}/{DAY}/other.csv"),
        # this record went through: a second row of it would count twice
        _correction(usage.line(1), record=2),
        _correction(usage.line(1), record=99),
        _correction("  "),
        _correction("too,few"),
        _correction(usage.line(2)),
    )
    assert (told.records_in, told.row_count, told.quarantined) == (6, 1, 5)
    reasons = [item["reason_code"] for item in broken(settings)][1:]
    assert reasons == [*["NOTHING_TO_REPLAY"] * 3, "NOT_ONE_RECORD", "FIELD_COUNT"]
    assert "other.csv has no quarantined record 3" in broken(settings)[1]["message"]


def test_a_correction_of_several_lines_is_one_reject(settings: Settings, land: Land) -> None:
    _break(settings, land)
    text = f"{HEADER}\n{','.join(_correction('TEXT'))}\n"
    frame = pl.read_csv(io.StringIO(text), infer_schema=False).with_columns(
        pl.col("quarantined_record").cast(pl.Int64),
        pl.col("recorded_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ"),
        corrected_text=pl.lit(f"{usage.line(2)}\n{usage.line(3)}"),
    )
    land(REPLAYS, LATER, "r.parquet", packed(frame))
    ingest(settings, REPLAYS)
    (told,) = close(settings, LATER)
    assert (told.records_in, told.row_count, told.quarantined) == (1, 0, 1)
    assert rows(settings).height == 1


def test_a_target_that_no_contract_knows_is_told_once(settings: Settings, land: Land) -> None:
    _break(settings, land)
    told = _deliver(
        settings,
        land,
        _correction("x", feed="network/telepathy"),
        _correction("x", feed=REPLAYS),
        _correction(usage.line(2)),
    )
    assert sorted((item.status, item.reason_code or "") for item in told) == [
        ("ingested", ""),
        ("refused", "NOTHING_TO_REPLAY"),
        ("refused", "NOTHING_TO_REPLAY"),
    ]
    messages = " ".join(str(item.message) for item in told)
    assert "'network/telepathy'" in messages
    assert close(settings, "2026-10-06") == ()
    assert entries(settings, REPLAYS)["r.csv"].status == "ingested"
    assert rows(settings).height == 2


def test_a_record_of_a_parquet_file_is_corrected_as_quarantine_shows_it(
    settings: Settings, land: Land
) -> None:
    frame = parquet_of(usage.text(usage.line(1, usage_type="fax")))
    frame = frame.select(pl.lit("more").alias("extra"), *reversed(frame.columns))
    land(usage.FEED, DAY, "a.parquet", packed(frame))
    ingest(settings)
    close(settings, DAY)
    (shown,) = broken(settings)
    text = shown["raw_text"].replace("fax", "sms").replace(".000000,", "Z,")
    place = f"{usage.FEED}/{DAY}/a.parquet"
    _deliver(settings, land, _correction(text, 1, place))
    row = rows(settings).row(0, named=True)
    assert (row["usage_id"], row["usage_type"], row["area_id"]) == ("U1", "sms", "B-1")


def test_a_correction_that_points_at_itself_ends(settings: Settings, land: Land) -> None:
    _break(settings, land)
    place = f"{REPLAYS}/{LATER}/r.csv"
    (told,) = _deliver(settings, land, _correction("x", 2, place))
    assert told.quarantined == 1
    (told,) = _deliver(settings, land, _correction(usage.line(5), 2, place), day="2026-10-06")
    assert told.row_count == 1


def test_a_record_is_corrected_once_within_a_file(settings: Settings, land: Land) -> None:
    _break(settings, land)
    (told,) = _deliver(
        settings,
        land,
        _correction(usage.line(2, quantity="y")),
        _correction(usage.line(2)),
        _correction(usage.line(3)),
    )
    assert (told.records_in, told.row_count, told.quarantined) == (3, 1, 2)
    assert rows(settings)["usage_id"].to_list() == ["U1", "U2"]
    (second,) = [item for item in broken(settings) if item["reason_code"] == "ALREADY_CORRECTED"]
    assert second["_record"] == 4
    assert f"record 3 of {SOURCE} is corrected already by record 3" in second["message"]


def test_a_record_is_corrected_once_by_all_files(settings: Settings, land: Land) -> None:
    _break(settings, land)
    _deliver(settings, land, _correction(usage.line(2, quantity="y")))
    (told,) = _deliver(settings, land, _correction(usage.line(2)), day="2026-10-06")
    assert told.row_count == 1
    first = f"{REPLAYS}/2026-10-06/r.csv"
    # neither the record itself nor its failed correction makes another row
    (told,) = _deliver(
        settings,
        land,
        _correction(usage.line(3)),
        _correction(usage.line(3), 2, f"{REPLAYS}/{LATER}/r.csv"),
        day="2026-10-07",
    )
    assert (told.row_count, told.quarantined) == (0, 2)
    assert rows(settings)["usage_id"].to_list() == ["U1", "U2"]
    last = broken(settings)[-2:]
    assert [item["reason_code"] for item in last] == ["ALREADY_CORRECTED"] * 2
    assert all(f"by record 2 of {first}" in item["message"] for item in last)
