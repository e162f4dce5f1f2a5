"""Small delivered files of several feeds and formats, made from a seeded generator.

A sample is the text or bytes of one good file; every record has a key of its own, so that a record
that counts twice is seen.
"""

from __future__ import annotations

import io
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

from tests.ingest import usage

USAGE = "network/usage_records"
PAYMENTS = "payments/payments"
STATEMENTS = "payments/bank_statements"
RADIUS = "network/radius"
ASTERISK = "network/asterisk"
WAIVERS = "operations/delivery_waivers"
SAMPLED = (USAGE, PAYMENTS, STATEMENTS, RADIUS, ASTERISK)

_BROKEN: tuple[dict[str, str], ...] = (
    {"quantity": "many"},
    {"usage_type": "telex"},
    {"started_at": "yesterday"},
    {"served_number": ""},
    {"other_number": '"open'},
)


def usage_file(
    rng: Random, key: str, count: int, *, trailer: bool = False, broken: float = 0.02
) -> str:
    """Return usage lines, a few of them broken or blank."""
    lines: list[str] = []
    total = records = 0
    spoilt = False
    for number in range(count):
        quantity = rng.randrange(1, 4000)
        changes = {
            "usage_id": f"{key}-{number}",
            "quantity": str(quantity),
            "other_number": f"+4930{rng.randrange(10**6, 10**7)}",
            "session_id": f"S{number // 3}" if number % 5 else "",
            "area_id": f"B-{rng.randrange(40)}",
        }
        if rng.random() < broken:
            changes |= rng.choice(_BROKEN)
            spoilt = True
        lines.append(usage.line(number, **changes))
        total += quantity
        records += 1
        if rng.random() < broken / 4:
            lines.append("")
    if trailer:
        lines.append(f"#END,{records},{'' if spoilt else total}")
    return usage.text(*lines)


PAYMENT_HEADER = (
    "payment_id,account_id,end_to_end_id,document_number,method,purpose_kind,payer_name,"
    "payer_iban,purpose_text,amount,gateway_fee_amount,currency,received_on,paid_at"
)


def payment_lines(rng: Random, key: str, count: int) -> tuple[list[str], Decimal]:
    """Return payments without header and trailer, and their sum."""
    amounts = [Decimal(rng.randrange(1, 10**6)) / 100 for _ in range(count)]
    lines = [
        f"{key}-{number},A{rng.randrange(99)},,,card,document,"
        f'"M\u00fcller, {"abc" * rng.randrange(3)}",,Danke,{amount:.2f},0.10,EUR,2026-10-01,'
        for number, amount in enumerate(amounts)
    ]
    return lines, sum(amounts, Decimal(0))


def payments_file(rng: Random, key: str, count: int) -> str:
    """Return a payments file with its control total."""
    lines, total = payment_lines(rng, key, count)
    return "\n".join([PAYMENT_HEADER, *lines, f"#END,{count},{total:.2f}"]) + "\n"


def radius_file(rng: Random, key: str, count: int) -> str:
    """Return RADIUS detail stanzas, without a blank line behind the last."""
    stanzas = "".join(
        f"Thu Oct  1 {number % 24:02d}:15:30 2026\n"
        "\tAcct-Status-Type = Stop\n"
        "\tNAS-IP-Address = 10.0.0.1\n"
        f'\tAcct-Session-Id = "{key}-{number}"\n'
        f'\tUser-Name = "line{rng.randrange(99)}"\n'
        f"\tAcct-Session-Time = {rng.randrange(9999)}\n"
        f"\tAcct-Input-Octets = {rng.randrange(10**9)}\n"
        f"\tVendor-Thing = {rng.randrange(9)}\n"
        "\n"
        for number in range(count)
    )
    return stanzas.removesuffix("\n")


def statement_file(rng: Random, key: str, count: int) -> str:
    """Return a camt.053 statement whose totals agree."""
    cents = [rng.randrange(1, 10**6) for _ in range(count)]
    entries = "".join(
        f'<Ntry><NtryRef>{number}</NtryRef><Amt Ccy="EUR">{cent / 100:.2f}</Amt>'
        "<CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-10-01</Dt></BookgDt>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>E{number}</EndToEndId></Refs><RltdPties><Dbtr>"
        f"<Nm>J\u00f6rg &amp; {number}</Nm></Dbtr></RltdPties><RmtInf><Ustrd>Rechnung</Ustrd>"
        "</RmtInf></TxDtls></NtryDtls></Ntry>"
        for number, cent in enumerate(cents)
    )

    def balance(code: str, cents: int) -> str:
        return (
            f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{cents / 100:.2f}'
            "</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>"
        )

    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>'
        f"<Id>{key}</Id><ElctrncSeqNb>7</ElctrncSeqNb><Acct><Id><IBAN>DE02120300000000202051</IBAN>"
        f"</Id></Acct>{balance('OPBD', 100_000)}{balance('CLBD', 100_000 + sum(cents))}"
        f"<TxsSummry><TtlNtries><NbOfNtries>{count}</NbOfNtries></TtlNtries></TxsSummry>{entries}"
        "</Stmt></BkToCstmrStmt></Document>\n"
    )


def asterisk_file(rng: Random, key: str, count: int) -> str:
    """Return a file without header, in the layout of the switch."""
    start = date(2026, 10, 1)
    return "".join(
        f'"acc{number % 7}","+4915110{number:06d}","030{rng.randrange(10**6)}","internal",'
        f'"""Anna, B."" <100>","SIP/100","SIP/200","Dial","SIP/200,30",'
        f'"{start + timedelta(days=number % 3)} 08:15:00","{start} 08:15:05","{start} 08:20:05",'
        f'{300 + number},{295},"ANSWERED","DOCUMENTATION","{key}.{number}",""\n'
        for number in range(count)
    )


def waiver_rows(key: str, count: int) -> pa.Table:
    """Return rows of the feed of delivery waivers as a typed table, for Parquet files."""
    return pa.table(
        {
            "delivery_waiver_id": [f"{key}-{number}" for number in range(count)],
            "waived_system": ["nobody"] * count,
            "waived_feed": ["nothing"] * count,
            "missing_sequence": [None if number % 3 else str(number) for number in range(count)],
            "approved_by": ["J\u00f6rg"] * count,
            "reason": ['lost, by "them"\nfor ever' if n % 4 else "x" for n in range(count)],
            "waived_on": [date(2026, 10, 1) + timedelta(days=n % 9) for n in range(count)],
            "recorded_at": pa.array([n * 1_000_003 for n in range(count)], pa.timestamp("us")),
        }
    )


def parquet_file(table: pa.Table, *, rows: int = 100, compression: str = "snappy") -> bytes:
    """Return a table as the bytes of a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=rows, compression=compression)
    return sink.getvalue()


def sample(feed: str, rng: Random, key: str, count: int) -> bytes:
    """Return a good file of a text feed."""
    make = {
        USAGE: lambda: usage_file(rng, key, count),
        PAYMENTS: lambda: payments_file(rng, key, count),
        STATEMENTS: lambda: statement_file(rng, key, count),
        RADIUS: lambda: radius_file(rng, key, count),
        ASTERISK: lambda: asterisk_file(rng, key, count),
    }
    return make[feed]().encode()


def suffix(feed: str) -> str:
    """Return the suffix by which a sample of the feed is delivered."""
    return {STATEMENTS: ".xml", RADIUS: ".detail"}.get(feed, ".csv")
