"""A file that contradicts its contract is refused whole; one that is not ready waits."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from orchestration.contracts import load_feeds
from orchestration.ingest import ingest_feed, plan
from orchestration.settings import Settings
from tests.conftest import Land
from tests.ingest import usage
from tests.ingest.world import DAY, broken, entries, entry, feed_of, ingest, rows

LINES = "\n".join(usage.line(number) for number in range(1, 4)) + "\n"
HEADERS = {
    "missing": (usage.HEADER.replace(",area_id", ""), "lacks area_id"),
    "renamed": (usage.HEADER.replace("quantity", "seconds"), "unknown are seconds (renamed?)"),
    "other case": (usage.HEADER.upper(), "lacks usage_id"),
    "twice": (usage.HEADER.replace("session_id", "usage_id"), "names usage_id more than once"),
    "other delimiter": (usage.HEADER.replace(",", ";"), "lacks usage_id"),
    "no header": (usage.line(1), "names '' more than once"),
    "blank": ("", "lacks usage_id"),
}


@pytest.mark.parametrize("case", HEADERS)
def test_another_header_refuses_the_file(settings: Settings, land: Land, case: str) -> None:
    header, hint = HEADERS[case]
    land(usage.FEED, DAY, "a.csv", header + "\n" + LINES)
    land(usage.FEED, DAY, "b.csv", usage.usages(1, start=9))
    ingest(settings)
    told = entry(settings, "a.csv")
    assert (told.status, told.reason_code) == ("refused", "HEADER")
    assert hint in str(told.message)
    assert told.file in str(told.message)
    assert told.records_in == 3
    assert rows(settings)["usage_id"].to_list() == ["U9"]
    assert broken(settings) == []


@pytest.mark.parametrize(
    "text",
    [b"", b"\xff\xfeu\0s\0", b'"usage_id\n', (usage.HEADER + "\r" + usage.line(1) + "\r").encode()],
)
def test_no_header_at_all_refuses_the_file(settings: Settings, land: Land, text: bytes) -> None:
    land(usage.FEED, DAY, "a.csv", text)
    ingest(settings)
    assert entry(settings, "a.csv").reason_code in ("NO_HEADER", "BAD_HEADER")


def test_columns_in_another_order_are_found_by_name(settings: Settings, land: Land) -> None:
    names = usage.HEADER.split(",")[::-1]
    values = usage.line(7).split(",")[::-1]
    text = f'{",".join(names)},"extra, one"\n{",".join(values)},x\n'
    land(usage.FEED, DAY, "a.csv", text)
    ingest(settings)
    assert rows(settings)["usage_id"].to_list() == ["U7"]
    (warning,) = entry(settings, "a.csv").warnings
    assert "column 'extra, one' is not in the contract and was left out" in warning


def test_a_retyped_column_refuses_the_file(settings: Settings, land: Land) -> None:
    lines = [usage.line(n, quantity=f"00:00:{n:02d}") for n in range(11)]
    lines += [usage.line(n) for n in range(11, 20)]
    land(usage.FEED, DAY, "a.csv", usage.text(*lines))
    land(usage.FEED, DAY, "b.csv", usage.text(*lines[1:]))
    ingest(settings)
    assert entry(settings, "a.csv").reason_code == "RETYPED"
    assert "quantity" in str(entry(settings, "a.csv").message)
    # nineteen values are too few to speak of a change
    assert entry(settings, "b.csv").quarantined == 10


TRAILERS = {
    "#END,3,186": None,
    "#END,3": None,
    "#END,3,": None,
    "#END,03,186.0": None,
    "#END,4,186": ("CONTROL_TOTAL", "says 4 records, the file has 3"),
    "#END,3,187": ("CONTROL_TOTAL", "says a sum of 187, the rows have 186"),
    "#END": ("BAD_TRAILER", "#END"),
    "#END,": ("BAD_TRAILER", "#END,"),
    "#END,three,186": ("BAD_TRAILER", "three"),
    "#END,1_0,186": ("BAD_TRAILER", "1_0"),
    "#END,\u0663,186": ("BAD_TRAILER", "\u0663"),
    "#END,3,lots": ("BAD_TRAILER", "lots"),
    "#END,3,sNaN": ("BAD_TRAILER", "sNaN"),
    "#END,3,186\n" + usage.line(9): ("RECORDS_AFTER_TRAILER", "line 6"),
    "#END,3,186\n#END,3,186": ("RECORDS_AFTER_TRAILER", "line 6"),
}


@pytest.mark.parametrize("trailer", TRAILERS)
@pytest.mark.parametrize("block_bytes", [1024, 16 << 20])
def test_the_trailer_must_agree(
    settings: Settings, land: Land, trailer: str, block_bytes: int
) -> None:
    small = settings.model_copy(update={"block_bytes": block_bytes})
    land(usage.FEED, DAY, "a.csv", usage.HEADER + "\n" + LINES + trailer + "\n\n")
    ingest(small)
    told = entry(small, "a.csv")
    expected = TRAILERS[trailer]
    if expected is None:
        assert (told.status, told.row_count, told.blank) == ("ingested", 3, 1)
    else:
        assert (told.status, told.reason_code) == ("refused", expected[0])
        assert expected[1] in str(told.message)
        assert re.search(r"line \d", str(told.message))


def test_the_trailer_counts_quarantined_records_and_adds_beyond_64_bits(
    settings: Settings, land: Land
) -> None:
    most = 2**63 - 1
    lines = [usage.line(n, quantity=str(most)) for n in range(3)]
    land(usage.FEED, DAY, "a.csv", usage.text(*lines, f"#END,3,{3 * most}"))
    land(usage.FEED, DAY, "b.csv", usage.text(*lines, usage.line(4, quantity="x"), "#END,4,1"))
    ingest(settings)
    assert entry(settings, "a.csv").status == "ingested"
    assert (entry(settings, "b.csv").row_count, entry(settings, "b.csv").quarantined) == (3, 1)


def test_a_record_that_begins_like_the_trailer_is_a_record(settings: Settings, land: Land) -> None:
    lines = [usage.line(n, usage_id=f"#ENDPOINT{n}") for n in range(3)]
    land(usage.FEED, DAY, "a.csv", usage.text(*lines, "#END,3,183"))
    ingest(settings)
    assert rows(settings)["usage_id"].to_list() == ["#ENDPOINT0", "#ENDPOINT1", "#ENDPOINT2"]


def test_a_file_waits_for_a_trailer_that_its_contract_demands(
    settings: Settings, land: Land, tmp_path: Path
) -> None:
    feed_folder = tmp_path / "contracts" / "network"
    feed_folder.mkdir(parents=True)
    name = "usage_records.odcs.yaml"
    text = (settings.contracts / "network" / name).read_text()
    (feed_folder / name).write_text(
        text.replace("required: false\n      sumColumn", "required: true\n      sumColumn")
    )
    feed = load_feeds(feed_folder.parent)[usage.FEED]
    land(usage.FEED, DAY, "a.csv", usage.HEADER + "\n" + LINES)
    ingest_feed(settings, feed, date(2026, 10, 1))
    assert (entry(settings, "a.csv").status, entry(settings, "a.csv").reason_code) == (
        "held",
        "NO_TRAILER",
    )
    land(usage.FEED, DAY, "a.csv", usage.HEADER + "\n" + LINES + "#END,3,186\n")
    ingest_feed(settings, feed, date(2026, 10, 1))
    assert entry(settings, "a.csv").status == "ingested"


def test_a_growing_file_is_held_and_then_taken_once(settings: Settings, land: Land) -> None:
    patient = settings.model_copy(update={"settle_seconds": 3600})
    text = usage.usages(3)
    land(usage.FEED, DAY, "a.csv", text[:-20], fresh=True)
    ingest(patient)
    told = entry(patient, "a.csv")
    assert (told.status, told.reason_code) == ("held", "GROWING")
    assert "still being written" in str(told.message)
    assert plan(patient).is_idle
    assert rows(patient).is_empty()
    land(usage.FEED, DAY, "a.csv", text)
    assert not plan(patient).is_idle
    ingest(patient)
    ingest(patient)
    assert (entry(patient, "a.csv").status, rows(patient).height) == ("ingested", 3)


def test_an_old_file_without_its_last_line_end_is_taken_with_a_warning(
    settings: Settings, land: Land
) -> None:
    land(usage.FEED, DAY, "a.csv", usage.usages(3)[:-1])
    ingest(settings)
    assert rows(settings).height == 3
    assert "no line end" in entry(settings, "a.csv").warnings[0]


@pytest.mark.parametrize("name", ["a.csv.part", "a.csv.tmp", ".a.csv", "a.csv~", "A.CSV.FILEPART"])
def test_a_name_of_an_unfinished_transfer_is_held(
    settings: Settings, land: Land, name: str
) -> None:
    path = land(usage.FEED, DAY, name, usage.usages(1))
    ingest(settings)
    assert (entry(settings, name).status, entry(settings, name).reason_code) == (
        "held",
        "UNFINISHED_NAME",
    )
    assert ingest(settings).entries == ()
    path.rename(path.with_name("done.csv"))
    ingest(settings)
    assert entry(settings, "done.csv").status == "ingested"


def test_a_folder_far_ahead_is_held(settings: Settings, land: Land) -> None:
    land(usage.FEED, "9999-10-01", "a.csv", usage.usages(1))
    ingest(settings, as_of=date.max)
    assert entry(settings, "a.csv").reason_code == "FUTURE_DAY"
    assert plan(settings).is_idle
    assert list(entries(settings)) == ["a.csv"]


def test_an_unknown_suffix_is_refused(settings: Settings, land: Land) -> None:
    for name in ("a.xlsx", "a.csv.gz.gz", "a", "a.csv.bak"):
        land(usage.FEED, DAY, name, usage.usages(1))
    ingest(settings)
    assert {item.reason_code for item in entries(settings).values()} == {"UNKNOWN_FORMAT"}


def test_a_refused_file_is_looked_at_again_when_its_contract_changed(
    settings: Settings, land: Land, tmp_path: Path
) -> None:
    land(usage.FEED, DAY, "a.csv", (usage.HEADER + "\n" + LINES).replace("area_id", "area"))
    ingest(settings)
    assert entry(settings, "a.csv").status == "refused"
    assert plan(settings).is_idle
    assert ingest(settings).entries == ()
    folder = tmp_path / "contracts" / "network"
    folder.mkdir(parents=True)
    name = "usage_records.odcs.yaml"
    text = (settings.contracts / "network" / name).read_text()
    (folder / name).write_text(text.replace("name: area_id", "name: area"))
    changed = settings.model_copy(update={"contracts": folder.parent})
    assert not plan(changed).is_idle
    ingest(changed)
    assert entry(changed, "a.csv").status == "ingested"
    assert feed_of(changed).digest == entry(changed, "a.csv").contract_digest
