"""Every record is a row, quarantined or blank; a quarantined one says where, why and what to do."""

from __future__ import annotations

import pytest

from orchestration.settings import Settings
from tests.conftest import Land
from tests.ingest import usage
from tests.ingest.world import DAY, assert_accounted, broken, content, entry, ingest, rows

BAD_LINES = {
    "integer": (usage.line(2, quantity="12.5"), "BAD_VALUE", "quantity", "12.5", "whole number"),
    "integer beyond 64 bits": (
        usage.line(2, quantity="9223372036854775808"),
        "BAD_VALUE",
        "quantity",
        "9223372036854775808",
        "whole number",
    ),
    "boolean": (usage.line(2, is_closing="yes"), "BAD_VALUE", "is_closing", "yes", "true or false"),
    "time": (
        usage.line(2, started_at="yesterday"),
        "BAD_VALUE",
        "started_at",
        "yesterday",
        "2026-10-01T08:15:00Z",
    ),
    "missing": (
        usage.line(2, served_number=""),
        "MISSING_VALUE",
        "served_number",
        None,
        "required",
    ),
    "value set": (
        usage.line(2, usage_type="fax"),
        "NOT_IN_VALUE_SET",
        "usage_type",
        "fax",
        "voice, sms, mms, data",
    ),
    "range": (
        usage.line(2, record_sequence="-1"),
        "OUT_OF_RANGE",
        "record_sequence",
        "-1",
        "0 to ...",
    ),
    "length": (
        usage.line(2, visited_network="2" * 17),
        "VALUE_LENGTH",
        "visited_network",
        "2" * 17,
        "longer",
    ),
    "field count": ("U2,voice", "FIELD_COUNT", None, None, "13 are expected"),
    "one delimiter too many": (
        usage.line(2) + ",",
        "FIELD_COUNT",
        None,
        None,
        "quote a field that holds ','",
    ),
    "quoting": (usage.line(2, area_id='"x'), "BAD_QUOTING", None, None, "double the quotes"),
    "text behind a quote": (usage.line(2, area_id='"x"y'), "BAD_QUOTING", None, None, "quote"),
    "NUL": (usage.line(2, area_id="x\0y"), "NUL_BYTE", None, None, "transfer"),
    "carriage return": (usage.line(2, area_id="x\ry"), "CARRIAGE_RETURN", None, None, "line ends"),
}


@pytest.mark.parametrize("case", BAD_LINES)
def test_a_bad_line_is_told_and_its_neighbours_go_through(
    settings: Settings, land: Land, case: str
) -> None:
    line, reason, column, value, hint = BAD_LINES[case]
    land(usage.FEED, DAY, "a.csv", usage.text(usage.line(1), line, usage.line(3)))
    result = ingest(settings)
    assert (result.records, result.row_count, result.quarantined) == (3, 2, 1)
    assert rows(settings)["usage_id"].to_list() == ["U1", "U3"]
    assert rows(settings)["_record"].to_list() == [2, 4]
    (told,) = broken(settings)
    assert (told["reason_code"], told["column_name"], told["value"]) == (reason, column, value)
    assert told["_file"] == f"{usage.FEED}/{DAY}/a.csv"
    assert told["_record"] == 3
    assert "3: " in told["message"]
    assert hint in told["message"]
    assert told["raw_text"] == line.replace("\0", "\\x00")


def test_bytes_that_are_not_utf8_are_named_with_their_place(settings: Settings, land: Land) -> None:
    bad = usage.line(2, area_id="M\xfcnchen").encode("latin-1")
    good = usage.line(1, area_id="M\xfcnchen").encode()
    land(usage.FEED, DAY, "a.csv", b"\n".join([usage.HEADER.encode(), good, bad, b""]))
    ingest(settings)
    (told,) = broken(settings)
    assert told["reason_code"] == "BAD_ENCODING"
    assert f"byte {bad.index(0xFC) + 1} (0xfc)" in told["message"]
    assert told["raw_text"] == bad.decode("utf-8", "backslashreplace")
    assert rows(settings)["area_id"].to_list() == ["M\xfcnchen"]


def test_quoted_fields_keep_delimiters_quotes_and_blanks(settings: Settings, land: Land) -> None:
    line = usage.line(1, area_id='"a, ""b"" "', session_id='""', release_cause='"normal"')
    land(usage.FEED, DAY, "a.csv", usage.text(line, usage.line(2)))
    ingest(settings)
    first = rows(settings).row(0, named=True)
    assert (first["area_id"], first["session_id"], first["release_cause"]) == (
        'a, "b" ',
        None,
        "normal",
    )


def test_blank_lines_are_counted_wherever_they_stand(settings: Settings, land: Land) -> None:
    body = "\n".join([usage.HEADER, "", usage.line(1), "  \t", "", usage.line(2), "", ""])
    land(usage.FEED, DAY, "a.csv", body + "\n")
    ingest(settings)
    told = entry(settings, "a.csv")
    assert (told.records_in, told.row_count, told.blank) == (7, 2, 5)
    assert rows(settings)["_record"].to_list() == [3, 6]
    assert_accounted(settings)


def test_an_overlong_line_is_one_record_and_the_lines_around_it_go_through(
    settings: Settings, land: Land
) -> None:
    small = settings.model_copy(update={"max_record_bytes": 2048})
    text = usage.text(usage.line(1), usage.line(2, area_id="x" * 2048), usage.line(3))
    land(usage.FEED, DAY, "a.csv", text)
    ingest(small)
    (told,) = broken(small)
    assert (told["reason_code"], told["_record"]) == ("RECORD_TOO_LONG", 3)
    assert told["raw_text"].startswith("U2,voice")
    assert "sha256" in told["raw_text"]
    assert rows(small)["_record"].to_list() == [2, 4]


def test_an_overlong_last_line_does_not_invent_another(settings: Settings, land: Land) -> None:
    small = settings.model_copy(update={"max_record_bytes": 2048, "block_bytes": 1024})
    text = usage.text(usage.line(1), "z" * 9000, usage.line(3), usage.line(4))
    land(usage.FEED, DAY, "a.csv", text)
    land(usage.FEED, DAY, "b.csv", usage.text(usage.line(5), "z" * 9000))
    ingest(small)
    assert (entry(small, "a.csv").records_in, entry(small, "a.csv").warnings) == (4, ())
    assert (entry(small, "b.csv").records_in, entry(small, "b.csv").quarantined) == (2, 1)


def test_a_field_of_many_kilobytes_is_a_long_value_not_bad_quoting(
    settings: Settings, land: Land
) -> None:
    long = "x" * 200_000
    text = usage.text(usage.line(1, area_id=f'"{long}"'), usage.line(2, area_id=long))
    land(usage.FEED, DAY, "a.csv", text)
    ingest(settings)
    told = broken(settings)
    assert [item["reason_code"] for item in told] == ["VALUE_LENGTH", "VALUE_LENGTH"]
    assert all(len(item["raw_text"]) < 70_000 for item in told)
    assert all(len(item["value"]) <= 1000 for item in told)


def test_only_the_first_broken_rule_of_a_record_is_told(settings: Settings, land: Land) -> None:
    line = usage.line(1, usage_type="fax", quantity="many", served_number="")
    land(usage.FEED, DAY, "a.csv", usage.text(line))
    ingest(settings)
    assert len(broken(settings)) == 1
    assert content(settings) == []
    assert_accounted(settings)
