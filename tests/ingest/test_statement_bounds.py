"""camt.053 beyond reason: absurd amounts, texts without end, batches told as one transaction."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.settings import REPOSITORY, Settings
from tests.conftest import Land
from tests.ingest.test_bank_statements import BANK, _balance, _entry, _statement, _summary, _take
from tests.ingest.test_bombs import INGEST, MEGABYTE
from tests.ingest.world import DAY, assert_accounted, broken, entry, ingest, rows

ABSURD = ["9e999999", "1e5", "-9E999999", "1_000", "12345678901234567890.00", "٣"]


@pytest.mark.parametrize("amount", ABSURD)
def test_an_amount_that_no_sum_can_hold_is_quarantined(
    settings: Settings, land: Land, amount: str
) -> None:
    text = _statement(_summary("3"), _entry(amount), _entry(amount), _entry("5.00"))
    taken = _take(settings, land, text)
    assert [row["amount"] for row in taken] == [Decimal("5.00")]
    assert [item["column_name"] for item in broken(settings, BANK)] == ["amount", "amount"]
    assert_accounted(settings)


@pytest.mark.parametrize("number", ABSURD)
@pytest.mark.parametrize("place", ["sum", "opening", "closing"])
def test_a_total_that_no_sum_can_hold_refuses_the_statement(
    settings: Settings, land: Land, number: str, place: str
) -> None:
    parts = {
        "sum": _summary("1", number, "10.00"),
        "opening": _balance("OPBD", number) + _balance("CLBD", "1.00"),
        "closing": _balance("OPBD", "1.00") + _balance("CLBD", number),
    }
    assert _take(settings, land, _statement(parts[place], _entry("10.00"))) == []
    told = entry(settings, "s.xml", BANK)
    assert (told.status, told.reason_code) == ("refused", "CONTROL_TOTAL")
    assert "is no number" in str(told.message)


# the peak of this process alone: what `getrusage` tells begins with that of its parent
PEAK = """
peak = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
print(json.dumps(told | {"peak": int(peak) << 10}))
"""
MEASURED = INGEST[: INGEST.index("peak = ")] + PEAK


ENTRY = _entry()
HEAD = _statement().partition("</Stmt>")[0]
ENDLESS = {
    "in a text of an entry": f"{HEAD}{ENTRY}<Ntry><AddtlNtryInf>",
    "before the first entry": f"{HEAD}<Acct>",
    "between entries": f"{HEAD}{ENTRY}",
    "in an attribute": f'{HEAD}{ENTRY}<Ntry a="',
}


@pytest.mark.parametrize("place", ENDLESS)
def test_a_text_without_end_costs_little_memory(tmp_path: Path, place: str) -> None:
    folder = Settings(data=tmp_path).landing / BANK / DAY
    folder.mkdir(parents=True)
    with (folder / "s.xml").open("w") as file:
        file.write(ENDLESS[place])
        file.writelines("lorem ipsum " * 87_382 for _ in range(250))
    os.utime(folder / "s.xml", (1_600_000_000, 1_600_000_000))
    run = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path), BANK],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    said = json.loads(run.stdout)
    status, reason, message = said["s.xml"]
    assert (status, reason) == ("refused", "RECORD_TOO_LONG")
    assert "hold no end of an entry" in message
    assert said["peak"] < 300 * MEGABYTE, said["peak"] // MEGABYTE


def test_a_long_entry_is_shown_cut(settings: Settings, land: Land) -> None:
    note = f"<AddtlNtryInf>{'x' * MEGABYTE}</AddtlNtryInf>"
    entries = [_entry("ten", more=note), _entry("5.00")] * 3
    taken = _take(settings, land, _statement(*entries))
    assert [row["_record"] for row in taken] == [2, 4, 6]
    shown = broken(settings, BANK)
    assert [item["_record"] for item in shown] == [1, 3, 5]
    assert all(len(item["raw_text"]) <= 65_536 for item in shown)
    assert all("bytes cut; see the file" in item["raw_text"] for item in shown)


def test_a_refused_statement_counts_entries_and_never_lines(settings: Settings, land: Land) -> None:
    lines = "\n" * 40
    land(BANK, DAY, "seen.xml", _statement(_summary("3"), lines, _entry(), _entry()))
    land(BANK, DAY, "none.xml", f"<Document>{lines}")
    ingest(settings, BANK)
    assert entry(settings, "seen.xml", BANK).records_in == 2
    assert entry(settings, "none.xml", BANK).records_in is None


def test_a_refused_detail_file_counts_stanzas_and_never_lines(
    settings: Settings, land: Land
) -> None:
    stanza = "Thu Oct  1 08:15:00 2026\n\tEvent-Timestamp = 7\n\tUser-Name = x\n\n"
    land("network/radius", DAY, "a.detail", stanza * 30)
    ingest(settings, "network/radius")
    told = entry(settings, "a.detail", "network/radius")
    assert (told.status, told.reason_code, told.records_in) == ("refused", "RETYPED", 30)


SEVERAL = """<TxDtls><Refs><EndToEndId>INV-{0}</EndToEndId><TxId>T{0}</TxId><InstrId>I{0}</InstrId>
<MndtId>M{0}</MndtId></Refs><RltdPties><Dbtr><Nm>Jane {0}</Nm></Dbtr>
<DbtrAcct><Id><IBAN>DE{0}</IBAN></Id></DbtrAcct></RltdPties>
<RmtInf><Ustrd>Invoice {0}</Ustrd></RmtInf></TxDtls>"""
OF_ONE = (
    "end_to_end_id",
    "transaction_id",
    "instruction_id",
    "mandate_id",
    "counterparty_name",
    "counterparty_iban",
    "remittance_text",
)


def test_a_batch_shows_nothing_of_its_first_transaction(settings: Settings, land: Land) -> None:
    text = _statement(
        _entry(details=SEVERAL.format(1) + SEVERAL.format(2)),
        _entry(details="<Btch><NbOfTxs>7</NbOfTxs></Btch>" + SEVERAL.format(3)),
        _entry(details=SEVERAL.format(4) * 2, more="<AddtlNtryInf>collected</AddtlNtryInf>"),
        _entry(details="".join(SEVERAL.format(number) for number in range(1000, 1200))),
        _entry(details="<Btch><NbOfTxs>1</NbOfTxs></Btch>" + SEVERAL.format(5)),
    )
    *batches, single = _take(settings, land, text)
    assert [row["transaction_count"] for row in batches] == [2, 7, 2, 200]
    assert all(row[name] is None for row in batches for name in OF_ONE)
    told = [str(row["additional_information"]) for row in batches]
    assert told[:3] == ["INV-1 INV-2", "INV-3", "collected"]
    assert told[3].startswith("INV-1000 INV-1001 ")
    assert len(told[3]) == 1000
    assert [single[name] for name in OF_ONE] == [
        *("INV-5", "T5", "I5", "M5", "Jane 5", "DE5", "Invoice 5")
    ]
    assert rows(settings, BANK).height == 5
