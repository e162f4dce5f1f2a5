"""Text becomes exactly the value that it says, or is told as a bad one: nothing is guessed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from orchestration.settings import Settings
from tests.conftest import Land
from tests.ingest import usage
from tests.ingest.world import DAY, broken, ingest, rows

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
