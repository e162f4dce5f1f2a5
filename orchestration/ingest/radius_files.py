"""Reads FreeRADIUS detail files: a date line, indented `Attribute = value` lines, a blank line.

A record is a stanza; its number is the line of its date line. Attributes that the contract does not
name are left out (a warning names them once per file); the contract column names the attribute.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import polars as pl

from orchestration.contracts import Feed
from orchestration.ingest.blocks import Identity, LineBlocks
from orchestration.ingest.containers import BoundedStream
from orchestration.ingest.records import RECORD, Batch, Reject
from orchestration.settings import Settings

_STANZAS = 20_000
_MOST_UNKNOWN = 1_000
DATE_LINE = "date-line"
# spelled out, because the names that Python knows depend on the machine's locale
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY = r"(?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2})"
_CLOCK = r"(?P<clock>\d\d:\d\d:\d\d)"
_DATE_LINE = re.compile(rf"[A-Z][a-z]{{2}} {_DAY} {_CLOCK} (?P<year>\d{{4}})")
_EVENT_TIME = re.compile(rf"{_DAY} (?P<year>\d{{4}}) {_CLOCK}(?: [A-Z0-9+-]+)?")


@dataclass
class _Stanza:
    number: int
    lines: list[bytes]
    size: int = 0
    is_overlong: bool = False

    @property
    def raw(self) -> bytes:
        return b"\n".join(self.lines)

    def add(self, line: bytes, most_bytes: int) -> None:
        self.size += len(line) + 1
        self.is_overlong |= self.size > most_bytes
        if not self.is_overlong:
            self.lines.append(line)


@dataclass
class RadiusReader:
    """One detail file in batches of stanzas; see `records.Reader`."""

    feed: Feed
    stream: BoundedStream
    file: str
    settings: Settings
    warnings: list[str] = field(default_factory=list)
    file_columns: tuple[str, ...] = ()
    not_records: int = 0
    sum_column: str | None = None
    _unknown: set[str] = field(default_factory=set)
    _seen: int = 0

    def check_totals(self, records: int, rows_sum: Decimal | None) -> None:
        """Do nothing: detail files carry no control total."""

    def records_told(self, identity: Identity) -> int | None:
        """Stanzas seen so far: a line is no record."""
        return self._seen or None

    def expected(self, identity: Identity) -> int | None:
        """None: stanzas cannot be counted without looking at the lines."""
        return None

    def __iter__(self) -> Iterator[Batch]:
        self.file_columns = self.feed.column_names
        stanzas: list[_Stanza] = []
        size = 0
        for stanza in self._stanzas():
            stanzas.append(stanza)
            size += stanza.size
            if len(stanzas) == _STANZAS or size > self.settings.block_bytes:
                yield self._batch(stanzas)
                stanzas = []
                size = 0
        if stanzas:
            yield self._batch(stanzas)
        if self._unknown:
            names = ", ".join(sorted(self._unknown)[:20])
            self.warnings.append(f"{self.file}: attributes outside the contract left out: {names}")

    def _stanzas(self) -> Iterator[_Stanza]:
        current: _Stanza | None = None
        most = self.settings.max_record_bytes
        for block in LineBlocks(self.stream, self.settings):
            for number, head in block.overlong:
                if current and not head[:1].isspace():
                    yield current
                    current = None
                current = current or _Stanza(number, [])
                current.lines.append(head)
                current.is_overlong = True
            lines = block.data.split(b"\n")[:-1]
            for index, line in enumerate(lines):
                number = block.first_line + index
                if not line.strip():
                    if current:
                        yield current
                    current = None
                elif current is None or not line[:1].isspace():
                    if current:
                        yield current
                    current = _Stanza(number, [])
                    current.add(line, most)
                else:
                    current.add(line, most)
        if current:
            yield current

    def _batch(self, stanzas: list[_Stanza]) -> Batch:
        self._seen += len(stanzas)
        columns = {column.attribute or DATE_LINE: column.name for column in self.feed.columns}
        rows: list[dict[str, str]] = []
        numbers: list[int] = []
        rejects: list[Reject] = []
        for stanza in stanzas:
            values, problem = self._values(stanza, columns)
            if problem:
                message = f"line {stanza.number}: {problem}"
                rejects.append(Reject(stanza.number, "BAD_STANZA", message, stanza.raw))
            else:
                rows.append(values)
                numbers.append(stanza.number)
        schema = dict.fromkeys(self.feed.column_names, pl.String)
        frame = pl.DataFrame(rows, schema=schema).insert_column(
            0, pl.Series(RECORD, numbers, pl.Int64)
        )
        by_number = {stanza.number: stanza.raw for stanza in stanzas}
        return Batch(frame, len(stanzas), by_number.__getitem__, rejects)

    def _values(self, stanza: _Stanza, columns: dict[str, str]) -> tuple[dict[str, str], str]:
        """Return the values of a stanza, or what is wrong with it."""
        if stanza.is_overlong:
            most = self.settings.max_record_bytes
            return {}, f"longer than {most:,} bytes: are the blank lines between stanzas lost?"
        raw = stanza.raw
        if b"\0" in raw or b"\r" in raw:
            return {}, "holds a NUL byte or a carriage return: damaged or not text"
        try:
            lines = raw.decode().split("\n")
        except UnicodeDecodeError as error:
            return {}, f"byte {error.start + 1} is not UTF-8"
        if lines[0][:1].isspace() or " = " in lines[0]:
            return {}, "does not begin with a date line"
        values = {columns[DATE_LINE]: lines[0].strip()} if DATE_LINE in columns else {}
        for line in lines[1:]:
            name, equals, value = line.strip().partition(" = ")
            if not equals:
                return {}, f"{line.strip()[:80]!r} is not `Attribute = value`"
            column = columns.get(name)
            if column is None:
                if len(self._unknown) < _MOST_UNKNOWN:
                    self._unknown.add(name[:64])
            elif column in values:
                return {}, f"{name} stands twice"
            else:
                values[column] = _unquoted(value)
        for rule in self.feed.columns:
            if rule.type == "local_timestamp" and rule.name in values:
                values[rule.name] = _clock(values[rule.name])
        # an empty value says as little as an absent attribute
        return {name: value for name, value in values.items() if value}, ""


def _unquoted(value: str) -> str:
    """Take off the quotes around a value; a quote that belongs to the value stays."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        return value[1:-1].replace('\\"', '"')
    return value


def _clock(text: str) -> str:
    """Turn `Thu Oct  1 10:15:30 2026` or `Oct  1 2026 10:15:30 CEST` into ISO, else leave it."""
    for shape in (_DATE_LINE, _EVENT_TIME):
        found = shape.fullmatch(text)
        if found and found["month"] in _MONTHS:
            month = _MONTHS.index(found["month"]) + 1
            return f"{found['year']}-{month:02d}-{int(found['day']):02d} {found['clock']}"
    return text
