"""Every record is a row, quarantined or blank; a quarantined one says where, why and what to do."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

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


def test_a_pattern_is_held_against_the_whole_value(settings: Settings, land: Land) -> None:
    feed = "payments/bank_statements"
    text = ",".join(_BANK) + "\n"
    for currency in ("EUR", "EURO", "eur", "EUR ", ""):
        text += ",".join((_BANK | {"currency": currency}).values()) + "\n"
    land(feed, DAY, "b.csv", text)
    result = ingest(settings, feed)
    assert (result.row_count, result.quarantined) == (1, 4)
    reasons = [item["reason_code"] for item in broken(settings, feed)]
    assert reasons == ["VALUE_LENGTH", "PATTERN", "VALUE_LENGTH", "MISSING_VALUE"]
    assert broken(settings, feed)[1]["message"].endswith("does not look like ^[A-Z]{3}$")


_BANK = {
    "statement_id": "S1",
    "entry_ordinal": "1",
    "statement_sequence": "",
    "account_iban": "DE02120300000000202051",
    "entry_reference": "",
    "bank_reference": "",
    "entry_status": "BOOK",
    "credit_debit": "CRDT",
    "is_reversal": "false",
    "return_reason_code": "",
    "bank_transaction_code": "",
    "end_to_end_id": "",
    "transaction_id": "",
    "instruction_id": "",
    "mandate_id": "",
    "counterparty_name": "",
    "counterparty_iban": "",
    "remittance_text": "",
    "additional_information": "",
    "transaction_count": "1",
    "amount": "10.00",
    "currency": "EUR",
    "booked_on": "2026-10-01",
    "value_on": "",
}


def _bank(settings: Settings, land: Land, **changes: list[str]) -> None:
    """Land one line per value of one column."""
    ((name, values),) = changes.items()
    lines = [
        ",".join((_BANK | {name: value, "entry_ordinal": str(n)}).values())
        for n, value in enumerate(values, 1)
    ]
    land("payments/bank_statements", DAY, "b.csv", "\n".join([",".join(_BANK), *lines, ""]))
    ingest(settings, "payments/bank_statements")


def test_decimals_are_exact_and_never_rounded(settings: Settings, land: Land) -> None:
    good = ["0.01", "1", "+1.5", "0009.90", "9999999999999999.99", "0.10"]
    bad = [
        "0.001",
        "1.",
        ".5",
        "1,5",
        "1e3",
        "99999999999999999",
        " 1",
        "1 ",
        "NaN",
        "0x1",
        "\u0661",
    ]
    _bank(
        settings, land, amount=[value if "," not in value else f'"{value}"' for value in good + bad]
    )
    amounts = rows(settings, "payments/bank_statements")["amount"].to_list()
    assert amounts == [Decimal(value) for value in good]
    told = broken(settings, "payments/bank_statements")
    assert [item["value"] for item in told] == bad
    assert all("16 digits before and 2 after the point" in item["message"] for item in told)


def test_dates_are_strict(settings: Settings, land: Land) -> None:
    good = ["2026-10-01", "2028-02-29"]
    bad = [
        "2026-1-005",
        "2026- 1- 5",
        "+2026-1-05",
        " 2026-1-05",
        "2026-02-29",
        "2026-13-01",
        "01.10.2026",
        "20261001",
        "2026-10-01T00:00:00Z",
        "0206-10-01",
        "-206-10-01",
    ]
    _bank(settings, land, booked_on=good + bad)
    found = rows(settings, "payments/bank_statements")["booked_on"].to_list()
    assert [day.isoformat() for day in found] == good
    assert [item["value"] for item in broken(settings, "payments/bank_statements")] == bad


def test_times_need_a_zone_and_become_utc(settings: Settings, land: Land) -> None:
    good = {
        "2026-10-01T08:15:00Z": datetime(2026, 10, 1, 8, 15),
        "2026-10-01 08:15:00Z": datetime(2026, 10, 1, 8, 15),
        "2026-10-01T08:15:00.5Z": datetime(2026, 10, 1, 8, 15, 0, 500_000),
        "2026-10-01T08:15:00.123456000Z": datetime(2026, 10, 1, 8, 15, 0, 123_456),
        "2026-10-01T08:15:00+02:00": datetime(2026, 10, 1, 6, 15),
        "2026-10-01 08:15:00.25-0530": datetime(2026, 10, 1, 13, 45, 0, 250_000),
        "2026-01-01T00:30:00+01:00": datetime(2025, 12, 31, 23, 30),
    }
    bad = [
        "2026-10-01T08:15:00",
        "2026-10-01 08:15:00",
        "2026-10-01T08:15Z",
        "2026-10-01T24:00:00Z",
        "2026-10-01T23:59:60Z",
        "2026-10-1T8:15:00Z",
        "206-10-01T08:15:00Z",
        " 026-10-01T08:15:00Z",
        "2026-10-01T08:15: 0Z",
        "2026-10-01T08:15:00.1234567Z",
        "2026-10-01T08:15:00+25:00",
        "2026-10-01T08:15:00 Z",
        "1790842500",
    ]
    values = [*good, *bad, *good]
    lines = [usage.line(n, started_at=value) for n, value in enumerate(values)]
    land(usage.FEED, DAY, "a.csv", usage.text(*lines))
    ingest(settings)
    assert rows(settings)["started_at"].to_list() == [*good.values(), *good.values()]
    assert [item["value"] for item in broken(settings)] == bad


def test_what_looks_like_a_number_stays_the_text_that_it_was(
    settings: Settings, land: Land
) -> None:
    numbers = ["0049301234567", "+49301234567", "112", "1e5", "0x1F", " 49", "null", "NaN", "true"]
    lines = [usage.line(n, other_number=value, usage_id=value) for n, value in enumerate(numbers)]
    land(usage.FEED, DAY, "a.csv", usage.text(*lines))
    ingest(settings)
    assert rows(settings)["other_number"].to_list() == numbers
    assert rows(settings)["usage_id"].to_list() == numbers


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
