"""camt.053: values lie where each version puts them, and a statement must agree with itself."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from orchestration.settings import Settings
from tests.conftest import Land
from tests.ingest.world import DAY, broken, entry, ingest, rows

BANK = "payments/bank_statements"
OLD = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"
NEW = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


def _money(amount: str, direction: str = "CRDT") -> str:
    return f'<Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>'


def _entry(amount: str = "10.00", direction: str = "CRDT", details: str = "", **parts: str) -> str:
    told = {
        "status": "<Sts>BOOK</Sts>",
        "booked": "<BookgDt><Dt>2026-10-01</Dt></BookgDt>",
        "more": "",
    } | parts
    return (
        f"<Ntry>{_money(amount, direction)}{told['status']}{told['booked']}{told['more']}"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def _balance(code: str, amount: str, direction: str = "CRDT") -> str:
    return f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_money(amount, direction)}</Bal>"


def _statement(*inside: str, space: str = OLD, name: str = "S1") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{space}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>M</MsgId></GrpHdr><Stmt><Id>{name}</Id><ElctrncSeqNb>7</ElctrncSeqNb>"
        "<Acct><Id><IBAN>DE02120300000000202051</IBAN></Id></Acct>"
        f"{''.join(inside)}</Stmt></BkToCstmrStmt></Document>\n"
    )


def _take(settings: Settings, land: Land, text: str) -> list[dict[str, object]]:
    land(BANK, DAY, "s.xml", text)
    ingest(settings, BANK)
    frame = rows(settings, BANK)
    return frame.to_dicts()


DETAILS = """<TxDtls><Refs><EndToEndId>INV-1</EndToEndId><TxId>T1</TxId><InstrId>I1</InstrId>
<MndtId>M1</MndtId></Refs><RltdPties>{parties}</RltdPties>
<RmtInf><Ustrd>Invoice 1</Ustrd><Ustrd>thank you</Ustrd>
<Strd><CdtrRefInf><Ref>RF18</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>"""
SIDES = "<Dbtr>{0}</Dbtr><DbtrAcct><Id><IBAN>DE1</IBAN></Id></DbtrAcct><Cdtr>{1}</Cdtr>"


@pytest.mark.parametrize("space", [OLD, NEW])
def test_values_are_found_where_each_version_puts_them(
    settings: Settings, land: Land, space: str
) -> None:
    is_new = space == NEW
    name = "<Pty><Nm>{}</Nm></Pty>" if is_new else "<Nm>{}</Nm>"
    text = _statement(
        _entry(
            details=DETAILS.format(parties=SIDES.format(name.format("Jane"), name.format("Us"))),
            status="<Sts><Cd>BOOK</Cd></Sts>" if is_new else "<Sts>BOOK</Sts>",
            booked="<BookgDt><DtTm>2026-10-01T23:59:00+02:00</DtTm></BookgDt>"
            "<ValDt><Dt>2026-10-02</Dt></ValDt>",
            more="<AcctSvcrRef>B1</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd>"
            "<SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>",
        ),
        space=space,
    )
    (row,) = _take(settings, land, text)
    expected = {
        "statement_id": "S1",
        "entry_ordinal": 1,
        "statement_sequence": "7",
        "account_iban": "DE02120300000000202051",
        "entry_reference": None,
        "bank_reference": "B1",
        "entry_status": "BOOK",
        "credit_debit": "CRDT",
        "is_reversal": False,
        "return_reason_code": None,
        "bank_transaction_code": "PMNT/RCDT/ESCT",
        "end_to_end_id": "INV-1",
        "transaction_id": "T1",
        "instruction_id": "I1",
        "mandate_id": "M1",
        "counterparty_name": "Jane",
        "counterparty_iban": "DE1",
        "remittance_text": "Invoice 1 thank you RF18",
        "additional_information": None,
        "transaction_count": 1,
        "amount": Decimal("10.00"),
        "currency": "EUR",
        "booked_on": date(2026, 10, 1),
        "value_on": date(2026, 10, 2),
    }
    assert {name: row[name] for name in expected} == expected


def test_a_return_carries_its_reason_and_a_batch_its_count(settings: Settings, land: Land) -> None:
    text = _statement(
        _entry(
            "25.00",
            "DBIT",
            "<TxDtls><RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf></RtrInf></TxDtls>",
            more="<RvslInd>true</RvslInd>",
        ),
        _entry("90.00", details="<Btch><NbOfTxs>12</NbOfTxs></Btch>"),
        _entry("30.00", details="<TxDtls/><TxDtls/><TxDtls/>"),
    )
    taken = _take(settings, land, text)
    assert [row["transaction_count"] for row in taken] == [1, 12, 3]
    assert [row["_record"] for row in taken] == [1, 2, 3]
    first = taken[0]
    assert (first["is_reversal"], first["return_reason_code"]) == (True, "AC04")
    assert (first["credit_debit"], first["additional_information"]) == ("DBIT", "closed")


def _summary(count: str = "2", total: str = "15.00", incoming: str = "10.00") -> str:
    return (
        f"<TxsSummry><TtlNtries><NbOfNtries>{count}</NbOfNtries><Sum>{total}</Sum></TtlNtries>"
        f"<TtlCdtNtries><Sum>{incoming}</Sum></TtlCdtNtries></TxsSummry>"
    )


def _two(before: str, *after: str) -> str:
    return _statement(before, _entry("10.00"), _entry("5.00", "DBIT"), *after)


AGREEING = {
    "summary": _summary(),
    "count with zeros": _summary(count="0002"),
    "balances": _balance("OPBD", "100.00") + _balance("CLBD", "105.00"),
    "opened at zero": _balance("OPBD", "0.00") + _balance("CLBD", "5.00"),
    "overdrawn": _balance("PRCD", "7.00", "DBIT") + _balance("CLBD", "2.00", "DBIT"),
    "opening only": _balance("OPBD", "100.00"),
}
WRONG = {
    "count": (_summary(count="3"), "says 3 entries, has 2"),
    "sum": (_summary(total="15.01"), "a sum of all entries 15.01, has 15.00"),
    "credits": (_summary(incoming="9.99"), "says credits 9.99"),
    "balance": (_balance("OPBD", "100.00") + _balance("CLBD", "106.00"), "is not closing 106.00"),
    "opened at zero": (_balance("OPBD", "0.00") + _balance("CLBD", "6.00"), "is not closing 6.00"),
    "sign": (_balance("OPBD", "0.00") + _balance("CLBD", "5.00", "DBIT"), "is not closing -5.00"),
}
UNREADABLE = {
    "sum of words": _summary(total="fifteen"),
    "signalling sum": _summary(total="sNaN"),
    "balance of words": _balance("OPBD", "much") + _balance("CLBD", "6.00"),
    "balance of nothing": _balance("OPBD", "") + _balance("CLBD", "6.00"),
}


@pytest.mark.parametrize("case", AGREEING)
def test_a_statement_that_agrees_with_itself_is_taken(
    settings: Settings, land: Land, case: str
) -> None:
    assert len(_take(settings, land, _two(AGREEING[case]))) == 2


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("is_after", [False, True])
def test_a_statement_that_contradicts_itself_is_refused(
    settings: Settings, land: Land, case: str, is_after: bool
) -> None:
    text, hint = WRONG[case]
    assert _take(settings, land, _two("", text) if is_after else _two(text)) == []
    told = entry(settings, "s.xml", BANK)
    assert (told.status, told.reason_code) == ("refused", "CONTROL_TOTAL")
    assert hint in str(told.message)
    assert "statement S1" in str(told.message)


@pytest.mark.parametrize("case", UNREADABLE)
def test_totals_that_are_no_numbers_refuse_the_statement(
    settings: Settings, land: Land, case: str
) -> None:
    assert _take(settings, land, _two(UNREADABLE[case])) == []
    assert entry(settings, "s.xml", BANK).reason_code in ("BAD_XML", "CONTROL_TOTAL")


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "ten", "1.005", "-1.00", ""])
def test_a_bad_amount_is_quarantined_with_the_entry_as_sent(
    settings: Settings, land: Land, amount: str
) -> None:
    taken = _take(settings, land, _statement(_entry(amount), _entry("5.00")))
    assert [row["amount"] for row in taken] == [Decimal("5.00")]
    (told,) = broken(settings, BANK)
    assert (told["_record"], told["column_name"]) == (1, "amount")
    assert f">{amount}<" in told["raw_text"] or amount == ""


def test_each_statement_of_a_file_counts_its_own_entries(settings: Settings, land: Land) -> None:
    one = _statement(_summary("1", "1.00", "1.00"), _entry("1.00"))
    inside = one[one.index("<Stmt>") : one.index("</BkToCstmrStmt>")]
    text = one.replace(inside, inside + inside.replace(">S1<", ">S2<"))
    taken = _take(settings, land, text)
    assert [(row["statement_id"], row["entry_ordinal"]) for row in taken] == [("S1", 1), ("S2", 1)]
    assert [row["_record"] for row in taken] == [1, 2]
