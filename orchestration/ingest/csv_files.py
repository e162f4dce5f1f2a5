"""Reads a delimited file of a feed: header or layout, trailer, and the batches between them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation

from orchestration.contracts import Feed, FileFormat
from orchestration.ingest.blocks import Block, Identity, LineBlocks
from orchestration.ingest.containers import BoundedStream, Hold, Refusal
from orchestration.ingest.delimited import LineParser
from orchestration.ingest.records import RECORD, Batch
from orchestration.ingest.validate import Validator
from orchestration.settings import Settings

_SAMPLE_LINES = 200


@dataclass
class CsvReader:
    """One delimited file in batches; see `records.Reader`."""

    feed: Feed
    file_format: FileFormat
    stream: BoundedStream
    file: str
    settings: Settings
    warnings: list[str] = field(default_factory=list)
    file_columns: tuple[str, ...] = ()
    trailer: tuple[int, list[str]] | None = None
    not_records: int = 0

    @property
    def sum_column(self) -> str | None:
        """Column that the trailer sums."""
        return self.feed.control_total.sum_column if self.feed.control_total else None

    def __iter__(self) -> Iterator[Batch]:
        blocks = map(self._decoded, LineBlocks(self.stream, self.settings))
        has_header = self.file_format.has_header
        parser: LineParser | None = None
        for delivered in self._header(blocks) if has_header else self._layout(blocks):
            # the columns are known from the first block on
            parser = parser or self._parser()
            block = self._take_trailer(delivered)
            if block.lines:
                wanted = [RECORD, *self._known()]
                for batch in parser.batches(block):
                    # small files are many, and most carry the contract's columns in its order
                    is_so = batch.frame.columns == wanted
                    yield batch if is_so else replace(batch, frame=batch.frame.select(wanted))
        self._check_trailer_is_there()

    def _header(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """Take the header off the first block."""
        first = next(blocks, None)
        if first is None:
            raise Refusal("NO_HEADER", f"{self.file}: is empty; at least a header is expected")
        yield self._take_header(first)
        yield from blocks

    def _layout(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """Choose the layout from the first lines, however the file is cut into blocks."""
        seen: list[Block] = []
        for block in blocks:
            seen.append(block)
            if sum(item.lines for item in seen) >= _SAMPLE_LINES:
                break
        if seen:
            self.file_columns = self._choose_layout(b"".join(item.data for item in seen))
        yield from seen
        yield from blocks

    def records_told(self, identity: Identity) -> int | None:
        """Count the lines that are known to be records."""
        return max(identity.lines - self.not_records, 0)

    def expected(self, identity: Identity) -> int | None:
        """Lines counted before parsing, less header and trailer."""
        return identity.lines - self.not_records

    def _known(self) -> list[str]:
        return [name for name in self.feed.column_names if name in self.file_columns]

    def _parser(self) -> LineParser:
        return LineParser(
            self.file_columns,
            self.file_format.delimiter,
            tolerant=any(column.keeps_broken_bytes for column in self.feed.columns),
        )

    def _decoded(self, block: Block) -> Block:
        if self.file_format.encoding == "utf-8":
            return block
        # what the encoding does not know stays as it is: no UTF-8 either, so its line is told
        text = block.data.decode(self.file_format.encoding, "surrogateescape")
        return replace(block, data=text.encode("utf-8", "surrogateescape"))

    def _take_header(self, block: Block) -> Block:
        end = block.data.find(b"\n")
        self.not_records = 1
        try:
            line = block.data[:end].decode()
            if "\r" in line:
                raise csv.Error("carriage return inside; lines end with a line feed")
            names = next(
                csv.reader(
                    io.StringIO(line, newline=""),
                    delimiter=self.file_format.delimiter,
                    strict=True,
                ),
                [],
            )
        except (UnicodeDecodeError, csv.Error) as error:
            raise Refusal(
                "BAD_HEADER", f"{self.file}: line 1 cannot be read as a header: {error}"
            ) from error
        if end < 0 or len(names) > self.settings.max_columns:
            raise Refusal(
                "TOO_MANY_COLUMNS",
                f"{self.file}: line 1 has more than {self.settings.max_columns} columns or never "
                "ends: this is not a file of this feed",
            )
        self.warnings += check_header(self.feed, names, self.file)
        self.file_columns = tuple(names)
        return replace(
            block,
            data=block.data[end + 1 :],
            first_line=block.first_line + 1,
            lines=block.lines - 1,
        )

    def _choose_layout(self, data: bytes) -> tuple[str, ...]:
        """Return the layout under which most of the first lines hold what the contract says."""
        layouts = self.file_format.layouts
        lines = data.split(b"\n", _SAMPLE_LINES)[:-1]
        sample = Block(b"".join(line + b"\n" for line in lines), 1, len(lines))
        scores = []
        for layout in layouts:
            self.file_columns = layout
            frame = self._parser().parse(sample).frame
            scores.append(Validator(self.feed).check(frame.select(RECORD, *self._known())).good)
        best = max(scores)
        if not best:
            known = " or ".join(str(len(layout)) for layout in layouts)
            raise Refusal(
                "UNKNOWN_LAYOUT",
                f"{self.file}: none of the first {sample.lines} lines fits a known layout of "
                f"{self.feed.id} ({known} columns)",
            )
        return layouts[scores.index(best)]

    def _find_trailer(self, data: bytes, marker: bytes) -> int | None:
        """Return where the trailer begins; a record may begin with the same letters."""
        if marker[:1] not in data:
            return None
        ends = (b"\n", self._delimiter.encode())
        at = 0 if data.startswith(marker) else data.find(b"\n" + marker) + 1
        while at or data.startswith(marker):
            if data[at + len(marker) :][:1] in ends:
                return at
            at = data.find(b"\n" + marker, at) + 1
            if not at:
                break
        return None

    def _take_trailer(self, block: Block) -> Block:
        total = self.feed.control_total
        if total is None:
            return block
        if self.trailer is not None:
            if block.data.strip() or block.overlong:
                raise Refusal(
                    "RECORDS_AFTER_TRAILER",
                    f"{self.file}: line {block.first_line}: records follow the trailer "
                    f"{total.marker}: two files glued together?",
                )
            return block
        at = self._find_trailer(block.data, total.marker.encode())
        if at is None:
            return block
        end = block.data.find(b"\n", at)
        line = block.data[at:end].decode("utf-8", "replace")
        if block.data[end:].strip():
            number = block.first_line + block.data[: end + 1].count(b"\n")
            raise Refusal(
                "RECORDS_AFTER_TRAILER",
                f"{self.file}: line {number}: records follow the trailer {total.marker}",
            )
        self.not_records += 1
        before = block.data[:at]
        after = block.data[end + 1 :]
        self.trailer = (block.first_line + before.count(b"\n"), line.split(self._delimiter))
        # blank lines behind the trailer are still lines of the file
        return replace(block, data=before + after, lines=block.lines - 1)

    @property
    def _delimiter(self) -> str:
        return self.file_format.delimiter

    def _check_trailer_is_there(self) -> None:
        total = self.feed.control_total
        if total is not None and total.required and self.trailer is None:
            raise Hold(
                "NO_TRAILER",
                f"{self.file}: the trailer {total.marker} is not there (yet): the file is held "
                "until it ends with one",
            )

    def check_totals(self, records: int, rows_sum: Decimal | None) -> None:
        """Compare what was read with what the trailer says; raises `Refusal` when they differ.

        `records` counts rows and quarantined records; `rows_sum` is the sum over the rows, or None
        when quarantined records make it unknowable.
        """
        if self.trailer is None:
            return
        number, said = self.trailer
        where = f"{self.file}: line {number}: the trailer"
        try:
            if not re.fullmatch("[0-9]{1,18}", said[1]):
                raise ValueError(said[1])
            if int(said[1]) != records:
                raise Refusal(
                    "CONTROL_TOTAL", f"{where} says {said[1]} records, the file has {records}"
                )
            if len(said) > 2 and said[2] and rows_sum is not None:
                told = Decimal(said[2])
                if told != rows_sum:
                    raise Refusal(
                        "CONTROL_TOTAL", f"{where} says a sum of {told}, the rows have {rows_sum}"
                    )
        except (IndexError, ValueError, InvalidOperation) as error:
            raise Refusal(
                "BAD_TRAILER", f"{where} cannot be read: {self._delimiter.join(said)[:80]!r}"
            ) from error


def check_header(feed: Feed, names: list[str], file: str) -> list[str]:
    """Compare a header with the contract: extra columns warn, anything else raises `Refusal`."""
    # names come from outside and go into messages
    shown = [repr(name[:40])[1:-1] or "''" for name in names]
    twice = sorted({told for told, name in zip(shown, names, strict=True) if names.count(name) > 1})
    if twice:
        raise Refusal("HEADER", f"{file}: the header names {', '.join(twice)} more than once")
    missing = [name for name in feed.column_names if name not in names]
    extra = [told for told, name in zip(shown, names, strict=True) if name not in feed.column_names]
    if missing:
        hint = f"; unknown are {', '.join(extra[:10])} (renamed?)" if extra else ""
        raise Refusal(
            "HEADER",
            f"{file}: the header lacks {', '.join(missing[:10])}"
            f"{' ...' if len(missing) > 10 else ''}{hint}: see docs/feeds.md for {feed.id}",
        )
    return [f"{file}: column {name!r} is not in the contract and was left out" for name in extra]
