"""Reads camt.053 bank statements: one record per entry, each statement held against its own totals.

Parsed with `defusedxml` entry by entry: a document type, an entity or a foreign message refuses the
file, and memory holds one batch of entries. Versions differ in name spaces and in a few places
where a value lies one level deeper; both places are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from xml.etree.ElementTree import Element, ParseError, tostring

import polars as pl
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from orchestration.contracts import Feed
from orchestration.ingest.blocks import Identity
from orchestration.ingest.containers import BoundedStream, Refusal
from orchestration.ingest.records import RECORD, Batch
from orchestration.settings import Settings

# a statement is at most some hundred thousand entries; more than this is no statement
_MOST_BYTES = 256 << 20
_ENTRIES = 5_000
# real statements nest some fifteen deep; an entry may carry a batch of many thousand transactions
_MOST_DEEP = 64
_MOST_ELEMENTS = 1_000_000
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
        try:
            value = Decimal(amount or "")
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite():
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

    def check_totals(self, records: int, rows_sum: Decimal | None) -> None:
        """Do nothing: totals are checked statement by statement while reading."""

    def expected(self, identity: Identity) -> int | None:
        """None: the statement's own count is checked where it says one."""
        return None

    def read(self, size: int = -1) -> bytes:
        """Hand bytes to the XML parser, bounded."""
        data = self.stream.read(65536 if size < 0 else size)
        if self.stream.taken > _MOST_BYTES:
            raise Refusal("TOO_LARGE", f"{self.file}: more than {_MOST_BYTES:,} bytes of XML")
        return data

    def __iter__(self) -> Iterator[Batch]:
        try:
            yield from self._batches()
        except (ParseError, DefusedXmlException, InvalidOperation, ValueError, LookupError) as why:
            raise Refusal(
                "BAD_XML", f"{self.file}: cannot be read as a bank statement: {repr(why)[:300]}"
            ) from why
        if not self._is_statement:
            raise Refusal("WRONG_MESSAGE", f"{self.file}: holds no {_MESSAGE} (camt.053)")

    def _batches(self) -> Iterator[Batch]:
        self._is_statement = False
        rows: list[dict[str, str]] = []
        raws: dict[int, bytes] = {}
        open_elements: list[Element] = []
        current = _Statement()
        held = before_entry = 0
        for event, element in iterparse(self, events=("start", "end"), forbid_dtd=True):
            name = _local(element)
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
                raws[self._record] = tostring(element)
                statement.remove(element)
                held = before_entry
                if len(rows) == _ENTRIES:
                    yield self._batch(rows, raws)
                    rows, raws = [], {}
            elif name == "Stmt":
                self._check(element, current)
                open_elements[-1].remove(element)
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
        details = [tx for group in _all(entry, "NtryDtls") for tx in _all(group, "TxDtls")]
        first = details[0] if details else Element("none")
        direction = _text(entry, "CdtDbtInd")
        side = "Dbtr" if direction == "CRDT" else "Cdtr"
        count = _text(entry, "NtryDtls", "Btch", "NbOfTxs") or str(max(len(details), 1))
        amount = _find(entry, "Amt")
        parties = _find(first, "RltdPties")
        remittance = _find(first, "RmtInf")
        texts = [item.text or "" for item in _all(remittance, "Ustrd")]
        texts += [_text(item, "CdtrRefInf", "Ref") for item in _all(remittance, "Strd")]
        return {
            "statement_id": _text(statement, "Id"),
            "statement_sequence": _text(statement, "ElctrncSeqNb"),
            "account_iban": _text(statement, "Acct", "Id", "IBAN"),
            "entry_reference": _text(entry, "NtryRef"),
            "bank_reference": _text(entry, "AcctSvcrRef"),
            "entry_status": _text(entry, "Sts") or _text(entry, "Sts", "Cd"),
            "credit_debit": direction,
            "is_reversal": _text(entry, "RvslInd") or "false",
            "return_reason_code": _text(first, "RtrInf", "Rsn", "Cd"),
            "bank_transaction_code": _transaction_code(entry),
            "end_to_end_id": _text(first, "Refs", "EndToEndId"),
            "transaction_id": _text(first, "Refs", "TxId"),
            "instruction_id": _text(first, "Refs", "InstrId"),
            "mandate_id": _text(first, "Refs", "MndtId"),
            "counterparty_name": _text(parties, side, "Nm") or _text(parties, side, "Pty", "Nm"),
            "counterparty_iban": _text(parties, f"{side}Acct", "Id", "IBAN"),
            "remittance_text": " ".join(text for text in texts if text),
            "additional_information": _text(first, "RtrInf", "AddtlInf")
            or _text(first, "AddtlTxInf")
            or _text(entry, "AddtlNtryInf"),
            "transaction_count": count,
            "amount": _text(entry, "Amt"),
            "currency": amount.get("Ccy", "") if amount is not None else "",
            "booked_on": _day(entry, "BookgDt"),
            "value_on": _day(entry, "ValDt"),
        }

    def _check(self, statement: Element, found: _Statement) -> None:
        """Hold what the statement says of itself against its entries; raises `Refusal`."""
        where = f"{self.file}: statement {_text(statement, 'Id')}"
        total = ("TxsSummry", "TtlNtries")
        said = _text(statement, *total, "NbOfNtries")
        if said and said.lstrip("0") != str(found.ordinal).lstrip("0"):
            raise Refusal("CONTROL_TOTAL", f"{where}: says {said} entries, has {found.ordinal}")
        if not found.is_exact:
            return
        claims = [
            ("a sum of all entries", _text(statement, *total, "Sum"), found.credit + found.debit),
            ("credits", _text(statement, "TxsSummry", "TtlCdtNtries", "Sum"), found.credit),
            ("debits", _text(statement, "TxsSummry", "TtlDbtNtries", "Sum"), found.debit),
        ]
        for what, told, counted in claims:
            if told and Decimal(told) != counted:
                raise Refusal("CONTROL_TOTAL", f"{where}: says {what} {told}, has {counted}")
        opening = _balance(statement, "OPBD")
        if opening is None:
            opening = _balance(statement, "PRCD")
        closing = _balance(statement, "CLBD")
        if opening is not None and closing is not None and opening + found.booked != closing:
            raise Refusal(
                "CONTROL_TOTAL",
                f"{where}: opening {opening} + booked entries {found.booked} is not closing "
                f"{closing}",
            )


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _all(parent: Element | None, name: str) -> list[Element]:
    return [] if parent is None else [child for child in parent if _local(child) == name]


def _find(parent: Element | None, *path: str) -> Element | None:
    for name in path:
        found = _all(parent, name)
        if not found:
            return None
        parent = found[0]
    return parent


def _text(parent: Element | None, *path: str) -> str:
    found = _find(parent, *path)
    return (found.text or "").strip() if found is not None else ""


def _day(entry: Element, name: str) -> str:
    return _text(entry, name, "Dt") or _text(entry, name, "DtTm")[:10]


def _transaction_code(entry: Element) -> str:
    domain = _find(entry, "BkTxCd", "Domn")
    parts = [_text(domain, "Cd"), _text(domain, "Fmly", "Cd"), _text(domain, "Fmly", "SubFmlyCd")]
    return "/".join(part for part in parts if part) or _text(entry, "BkTxCd", "Prtry", "Cd")


def _balance(statement: Element, code: str) -> Decimal | None:
    for balance in _all(statement, "Bal"):
        if _text(balance, "Tp", "CdOrPrtry", "Cd") == code:
            amount = Decimal(_text(balance, "Amt"))
            return -amount if _text(balance, "CdtDbtInd") == "DBIT" else amount
    return None
