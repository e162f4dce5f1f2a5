"""Lines of delimited text to columns of text: fast where that is safe, careful where it is not.

A line is *plain* when it has no quote, no NUL, no carriage return, valid UTF-8 and exactly the
expected number of delimiters; for such lines every CSV parser agrees. A block of only plain lines
goes through the vectorised parser in one piece, and counts if it returns as many rows as there are
lines. Otherwise the plain lines go that way and the others are read one by one, each on its own:
an open quote can spoil its own line, never the next. Blanks before a quoted field are not part of
it: FreeSWITCH writes one there.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from orchestration.ingest.blocks import Block, count_bytes
from orchestration.ingest.records import RECORD, Batch, Reject

BROKEN = "\ufffd"
_BOM = b"\xef\xbb\xbf"
_PIECE_BYTES = 512 << 10
_MANY_REJECTS = 10_000

# lines are bounded before they come here; the csv module's own limit, which holds for the whole
# process, would call a long field a fault of quoting
csv.field_size_limit(1 << 30)


class _UnreadableError(ValueError):
    def __init__(self, reason_code: str, message: str) -> None:
        super().__init__(message)
        self.reason_code = reason_code
        self.message = message


@dataclass(frozen=True)
class LineParser:
    """Parses blocks of lines with these columns; `tolerant` keeps undecodable bytes as U+FFFD."""

    columns: tuple[str, ...]
    delimiter: str
    tolerant: bool = False

    @property
    def schema(self) -> dict[str, type[pl.String]]:
        """Text columns by name; a foreign column of the record number's name is moved aside."""
        names = [f"{RECORD} " if name == RECORD else name for name in self.columns]
        return dict.fromkeys(names, pl.String)

    def batches(self, block: Block) -> Iterator[Batch]:
        """Turn a block into batches: one, or several where most of it is garbage.

        A block that is not plain is parsed in small pieces. That leaves fewer good lines to the
        slow path, and bounds the memory that a block of nothing but garbage costs.
        """
        whole = self._whole(block)
        if whole is not None:
            yield whole
            return
        pieces: list[Block] = []
        batches: list[Batch] = []
        for piece in _pieces(block):
            pieces.append(piece)
            batches.append(self.parse(piece))
            if sum(len(batch.rejects) for batch in batches) > _MANY_REJECTS:
                yield _joined(pieces, batches)
                pieces, batches = [], []
        if batches:
            yield _joined(pieces, batches)

    def parse(self, block: Block) -> Batch:
        """Turn a block into a batch; `_record` is the line number."""
        return self._whole(block) or self._careful(block)

    def _whole(self, block: Block) -> Batch | None:
        if not block.overlong and self._all_plain(block):
            frame = self._fast(block.data)
            if frame is not None and frame.height == block.lines:
                numbers = pl.int_range(
                    block.first_line, block.first_line + block.lines, dtype=pl.Int64, eager=True
                )
                return Batch(frame.insert_column(0, numbers.alias(RECORD)), block.lines, raw(block))
        return None

    def _all_plain(self, block: Block) -> bool:
        # a blank line lacks delimiters: the sum holds only if another line has too many, and that
        # line makes the parser fail
        data = block.data
        return (
            len(self.columns) > 1
            and b'"' not in data
            and b"\r" not in data
            and b"\0" not in data
            and not data.startswith(_BOM)
            and count_bytes(data, self.delimiter.encode()) == block.lines * (len(self.columns) - 1)
            and _is_utf8(data)
        )

    def _fast(self, data: bytes) -> pl.DataFrame | None:
        if not data:
            return pl.DataFrame(schema=self.schema)
        try:
            return pl.read_csv(
                data,
                has_header=False,
                schema=self.schema,
                separator=self.delimiter,
                quote_char=None,
            )
        except pl.exceptions.PolarsError:
            return None

    def _is_plain(self, line: bytes) -> bool:
        return (
            line.count(self.delimiter.encode()) == len(self.columns) - 1
            and b'"' not in line
            and b"\r" not in line
            and b"\0" not in line
            and not line.startswith(_BOM)
            and _is_utf8(line)
        )

    def _careful(self, block: Block) -> Batch:
        if block.data and not block.data.strip(b" \t\r\n"):
            empty = pl.DataFrame(schema={RECORD: pl.Int64, **self.schema})
            return Batch(empty, block.lines, raw(block), blank=block.lines)
        lines = block.data.split(b"\n")[: block.lines - len(block.overlong)]
        plain: list[int] = []
        rows: list[list[str | None]] = []
        numbers: list[int] = []
        rejects = [_overlong(number, head) for number, head in block.overlong]
        blank = 0
        for index, line in enumerate(lines):
            if len(self.columns) > 1 and self._is_plain(line):
                plain.append(index)
            elif not line.strip(b" \t\r"):
                blank += 1
            else:
                number = block.first_line + index
                try:
                    rows.append(self._row(line))
                    numbers.append(number)
                except _UnreadableError as why:
                    message = f"line {number}: {why.message}"
                    rejects.append(Reject(number, why.reason_code, message, line))
        fast = self._fast(b"".join(lines[index] + b"\n" for index in plain))
        if fast is None or fast.height != len(plain):
            raise AssertionError("plain lines must parse one to one")
        fast = fast.insert_column(
            0, pl.Series(RECORD, [block.first_line + index for index in plain], pl.Int64)
        )
        slow = pl.DataFrame(rows, schema=self.schema, orient="row").insert_column(
            0, pl.Series(RECORD, numbers, pl.Int64)
        )
        frame = pl.concat([fast, slow]).sort(RECORD) if rows else fast
        return Batch(frame, block.lines, raw(block), rejects, blank)

    @cached_property
    def _blank_before_quote(self) -> re.Pattern[str]:
        # whole quoted fields are matched, so that what looks the same inside of one is left alone
        return re.compile(rf'(?<![^{re.escape(self.delimiter)}]) *("[^"]*(?:""[^"]*)*(?:"|$))')

    def _row(self, line: bytes) -> list[str | None]:
        """Read one line on its own; raises `_UnreadableError` with what is wrong with it."""
        if b"\0" in line:
            raise _UnreadableError(
                "NUL_BYTE", "holds a NUL byte: damaged or not text; transfer the file again"
            )
        if b"\r" in line:
            raise _UnreadableError(
                "CARRIAGE_RETURN",
                "holds a carriage return inside: take line ends out of the fields at the source",
            )
        try:
            text = line.decode("utf-8", "replace" if self.tolerant else "strict")
        except UnicodeDecodeError as error:
            raise _UnreadableError(
                "BAD_ENCODING",
                f"byte {error.start + 1} (0x{line[error.start]:02x}) is not UTF-8: convert the "
                "source, or name its encoding in the contract",
            ) from error
        if ' "' in text:
            text = self._blank_before_quote.sub(r"\1", text)
        try:
            fields = next(
                csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter, strict=True)
            )
        except (csv.Error, StopIteration) as error:
            raise _UnreadableError(
                "BAD_QUOTING",
                f"{error}: a quote is opened and not closed in this line, or followed by text; "
                "double the quotes inside a field",
            ) from error
        if len(fields) != len(self.columns):
            raise _UnreadableError(
                "FIELD_COUNT",
                f"has {len(fields)} fields where {len(self.columns)} are expected: quote a field "
                f"that holds {self.delimiter!r}",
            )
        return [value or None for value in fields]


def _joined(pieces: list[Block], batches: list[Batch]) -> Batch:
    data = b"".join(piece.data for piece in pieces)
    lines = sum(piece.lines for piece in pieces)
    return Batch(
        pl.concat([batch.frame for batch in batches]),
        lines,
        raw(Block(data, pieces[0].first_line, lines)),
        [reject for batch in batches for reject in batch.rejects],
        sum(batch.blank for batch in batches),
    )


def _pieces(block: Block) -> Iterator[Block]:
    """Cut a block into smaller ones of whole lines."""
    start, first = 0, block.first_line
    while len(block.data) - start > _PIECE_BYTES:
        end = block.data.find(b"\n", start + _PIECE_BYTES - 1) + 1
        piece = block.data[start:end]
        yield Block(piece, first, count_bytes(piece, b"\n"))
        start, first = end, first + count_bytes(piece, b"\n")
    if start == 0:
        yield block
    elif start < len(block.data):
        yield Block(block.data[start:], first, block.first_line + block.lines - first)


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _overlong(number: int, head: bytes) -> Reject:
    message = f"line {number}: too long to be a record: is a line end lost?"
    return Reject(number, "RECORD_TOO_LONG", message, head)


@dataclass
class raw:  # noqa: N801  reads as a function: raw(block)(record)
    """Gives back single lines of a block; splits it only when first asked."""

    block: Block
    _lines: list[bytes] | None = None

    def __call__(self, record: int) -> bytes:
        """Return the line with this number."""
        if self._lines is None:
            self._lines = self.block.data.split(b"\n")
        return self._lines[record - self.block.first_line]
