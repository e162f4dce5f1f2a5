"""Reads camt.053 bank statements: one record per entry, each statement held against its own totals.

Parsed with `defusedxml` entry by entry: a document type, an entity or a foreign message refuses the
file, and memory holds one batch of entries. Versions differ in name spaces and in a few places
where a value lies one level deeper; both places are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from xml.etree.ElementTree import Element, ParseError, tostring

import polars as pl
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from orchestration.contracts import Feed
from orchestration.ingest.blocks import Identity
from orchestration.ingest.camt_xml import (
    children,
    day_of,
    find,
    local_name,
    text_of,
    transaction_code,
)
from orchestration.ingest.containers import BoundedStream, Refusal
from orchestration.ingest.records import RECORD, Batch
from orchestration.settings import Settings

# a statement is at most some hundred thousand entries; more than this is no statement
_MOST_BYTES = 256 << 20
_ENTRIES = 5_000
# real statements nest some fifteen deep; an entry may carry a batch of many thousand transactions
_MOST_DEEP = 64
_MOST_ELEMENTS = 1_000_000
# an entry, or what lies between two, is at most this many of the longest records: a batch of many
# thousand transactions fits, a text without end does not
_RECORDS_IN_ENTRY = 16
_PIECE_BYTES = 65_536
# quarantine shows no more of a record than this
_RAW_BYTES = 65_536
# anything else is no amount of money: an exponent makes a number that no machine can add up
_PLAIN = re.compile(r"[+-]?(?=[0-9.]{1,19}$)[0-9]{1,18}(\.[0-9]{0,17})?")
# the part of a statement that is not entries: balances, account, summary
_MESSAGE = "BkToCstmrStmt"


@dataclass
class _Statement:
    """What a statement says of itself, and what its entries add up to."""

    ordinal: int = 0
    credit: Decimal = Decimal(0)
    debit: Decimal = Decimal(0)
    booked: Decimal = Decimal(0)
    is_exact: bool = True

    def take(self, amount: str | None, direction: str | None, status: str | None) -> None:
        self.ordinal += 1
        value = _plain(amount or "")
        if value is None:
            self.is_exact = False
            return
        if direction == "CRDT":
            self.credit += value
        else:
            self.debit += value
            value = -value
        if status == "BOOK":
            self.booked += value


@dataclass
class CamtReader:
    """One statement file in batches of entries; `_record` is the entry's ordinal in the file."""

    feed: Feed
    stream: BoundedStream
    file: str
    settings: Settings
    warnings: list[str] = field(default_factory=list)
    file_columns: tuple[str, ...] = ()
    not_records: int = 0
    sum_column: str | None = None
    _record: int = 0
    _fed: int = 0
    _is_statement: bool = False

    def check_totals(self, records: int, rows_sum: Decimal | None) -> None:
        """Do nothing: totals are checked statement by statement while reading."""

    def expected(self, identity: Identity) -> int | None:
        """None: the statement's own count is checked where it says one."""
        return None

    def records_told(self, identity: Identity) -> int | None:
        """Entries seen so far: a line of XML is no record."""
        return self._record or None

    def read(self, size: int = -1) -> bytes:
        """Hand bytes to the XML parser, bounded: in all, and since something was let go."""
        data = self.stream.read(_PIECE_BYTES)
        if self.stream.taken > _MOST_BYTES:
            raise Refusal("TOO_LARGE", f"{self.file}: more than {_MOST_BYTES:,} bytes of XML")
        self._fed += len(data)
        most = max(self.settings.max_record_bytes, 1 << 20) * _RECORDS_IN_ENTRY
        if self._fed > most:
            raise Refusal(
                "RECORD_TOO_LONG",
                f"{self.file}: more than {most:,} bytes after entry {self._record} hold no end of "
                "an entry: damaged, or no statement; if that is real, raise "
                "TOLLHOUSE_MAX_RECORD_BYTES",
            )
        return data

    def __iter__(self) -> Iterator[Batch]:
        try:
            yield from self._batches()
        except (ParseError, DefusedXmlException, ArithmeticError, ValueError, LookupError) as why:
            raise Refusal(
                "BAD_XML", f"{self.file}: cannot be read as a bank statement: {repr(why)[:300]}"
            ) from why
        if not self._is_statement:
            raise Refusal("WRONG_MESSAGE", f"{self.file}: holds no {_MESSAGE} (camt.053)")

    def _batches(self) -> Iterator[Batch]:
        rows: list[dict[str, str]] = []
        raws: dict[int, bytes] = {}
        open_elements: list[Element] = []
        current = _Statement()
        held = before_entry = size = 0
        for event, element in iterparse(self, events=("start", "end"), forbid_dtd=True):
            name = local_name(element)
            if event == "start":
                open_elements.append(element)
                held += 1
                if len(open_elements) > _MOST_DEEP or held > _MOST_ELEMENTS:
                    raise Refusal(
                        "TOO_LARGE",
                        f"{self.file}: nested deeper than {_MOST_DEEP} elements, or more than "
                        f"{_MOST_ELEMENTS:,} of them outside of entries or in one entry",
                    )
                if name == "Ntry":
                    before_entry = held - 1
                self._is_statement |= name == _MESSAGE
                if name == "Stmt":
                    current = _Statement()
                continue
            open_elements.pop()
            if not self._is_statement:
                continue
            if name == "Ntry":
                self._record += 1
                statement = open_elements[-1]
                row = self._row(statement, element)
                current.take(row.get("amount"), row.get("credit_debit"), row.get("entry_status"))
                row["entry_ordinal"] = str(current.ordinal)
                rows.append(row)
                raws[self._record] = _shown(tostring(element))
                statement.remove(element)
                held = before_entry
                size += self._fed
                self._fed = 0
                if len(rows) == _ENTRIES or size > self.settings.block_bytes:
                    yield self._batch(rows, raws)
                    rows, raws, size = [], {}, 0
            elif name == "Stmt":
                self._check(element, current)
                open_elements[-1].remove(element)
                self._fed = 0
        if rows:
            yield self._batch(rows, raws)

    def _batch(self, rows: list[dict[str, str]], raws: dict[int, bytes]) -> Batch:
        schema = dict.fromkeys(self.feed.column_names, pl.String)
        frame = pl.DataFrame(rows, schema=schema)
        # an empty element says as little as an absent one
        frame = frame.with_columns(pl.when(pl.all().str.len_bytes() > 0).then(pl.all()))
        numbers = pl.Series(RECORD, list(raws), pl.Int64)
        return Batch(frame.insert_column(0, numbers), len(rows), raws.__getitem__)

    def _row(self, statement: Element, entry: Element) -> dict[str, str]:
        details = [tx for group in children(entry, "NtryDtls") for tx in children(group, "TxDtls")]
        count = text_of(entry, "NtryDtls", "Btch", "NbOfTxs") or str(max(len(details), 1))
        is_batch = len(details) > 1 or count.lstrip("0") not in ("", "1")
        first = details[0] if details else Element("none")
        # what is said of one transaction is not true of a batch
        only = Element("none") if is_batch else first
        direction = text_of(entry, "CdtDbtInd")
        side = "Dbtr" if direction == "CRDT" else "Cdtr"
        amount = find(entry, "Amt")
        parties = find(only, "RltdPties")
        remittance = find(only, "RmtInf")
        texts = [item.text or "" for item in children(remittance, "Ustrd")]
        texts += [text_of(item, "CdtrRefInf", "Ref") for item in children(remittance, "Strd")]
        return {
            "statement_id": text_of(statement, "Id"),
            "statement_sequence": text_of(statement, "ElctrncSeqNb"),
            "account_iban": text_of(statement, "Acct", "Id", "IBAN"),
            "entry_reference": text_of(entry, "NtryRef"),
            "bank_reference": text_of(entry, "AcctSvcrRef"),
            "entry_status": text_of(entry, "Sts") or text_of(entry, "Sts", "Cd"),
            "credit_debit": direction,
            "is_reversal": text_of(entry, "RvslInd") or "false",
            "return_reason_code": text_of(first, "RtrInf", "Rsn", "Cd"),
            "bank_transaction_code": transaction_code(entry),
            "end_to_end_id": text_of(only, "Refs", "EndToEndId"),
            "transaction_id": text_of(only, "Refs", "TxId"),
            "instruction_id": text_of(only, "Refs", "InstrId"),
            "mandate_id": text_of(only, "Refs", "MndtId"),
            "counterparty_name": text_of(parties, side, "Nm")
            or text_of(parties, side, "Pty", "Nm"),
            "counterparty_iban": text_of(parties, f"{side}Acct", "Id", "IBAN"),
            "remittance_text": " ".join(text for text in texts if text),
            "additional_information": text_of(only, "RtrInf", "AddtlInf")
            or text_of(only, "AddtlTxInf")
            or text_of(entry, "AddtlNtryInf")
            or (self._ids(details) if is_batch else ""),
            "transaction_count": count,
            "amount": text_of(entry, "Amt"),
            "currency": amount.get("Ccy", "") if amount is not None else "",
            "booked_on": day_of(entry, "BookgDt"),
            "value_on": day_of(entry, "ValDt"),
        }

    def _ids(self, details: list[Element]) -> str:
        """End-to-end ids of a batch, as many characters as the contract takes."""
        column = next(item for item in self.feed.columns if item.name == "additional_information")
        ids = [text_of(item, "Refs", "EndToEndId") for item in details]
        return " ".join(text for text in ids if text)[: column.max_length]

    def _check(self, statement: Element, found: _Statement) -> None:
        """Hold what the statement says of itself against its entries; raises `Refusal`."""
        where = f"{self.file}: statement {text_of(statement, 'Id')}"
        total = ("TxsSummry", "TtlNtries")
        said = text_of(statement, *total, "NbOfNtries")
        if said and said.lstrip("0") != str(found.ordinal).lstrip("0"):
            raise Refusal("CONTROL_TOTAL", f"{where}: says {said} entries, has {found.ordinal}")
        if not found.is_exact:
            return
        claims = [
            ("a sum of all entries", text_of(statement, *total, "Sum"), found.credit + found.debit),
            ("credits", text_of(statement, "TxsSummry", "TtlCdtNtries", "Sum"), found.credit),
            ("debits", text_of(statement, "TxsSummry", "TtlDbtNtries", "Sum"), found.debit),
        ]
        for what, told, counted in claims:
            if told and _number(told, f"{where}: {what}") != counted:
                raise Refusal("CONTROL_TOTAL", f"{where}: says {what} {told}, has {counted}")
        opening = _balance(statement, "OPBD", where)
        if opening is None:
            opening = _balance(statement, "PRCD", where)
        closing = _balance(statement, "CLBD", where)
        if opening is not None and closing is not None and opening + found.booked != closing:
            raise Refusal(
                "CONTROL_TOTAL",
                f"{where}: opening {opening} + booked entries {found.booked} is not closing "
                f"{closing}",
            )


def _plain(text: str) -> Decimal | None:
    return Decimal(text) if _PLAIN.fullmatch(text) else None


def _number(text: str, what: str) -> Decimal:
    """Read what a statement says of itself; raises `Refusal` when that is no plain number."""
    value = _plain(text)
    if value is None:
        raise Refusal("CONTROL_TOTAL", f"{what}: {text[:80]!r} is no number of up to 18 digits")
    return value


def _shown(raw: bytes) -> bytes:
    cut = len(raw) - _RAW_BYTES
    return raw if cut <= 0 else raw[: _RAW_BYTES - 64] + b"... (%d bytes cut; see the file)" % cut


def _balance(statement: Element, code: str, where: str) -> Decimal | None:
    for balance in children(statement, "Bal"):
        if text_of(balance, "Tp", "CdOrPrtry", "Cd") == code:
            amount = _number(text_of(balance, "Amt"), f"{where}: balance {code}")
            return -amount if text_of(balance, "CdtDbtInd") == "DBIT" else amount
    return None
