"""Cuts a stream of text into blocks of whole lines; the hash of those lines is the file's identity.

The content of a text file is its lines: a byte order mark, the kind of line ends and a missing last
line end do not belong to it, so the same file in another dress has the same hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from orchestration.ingest.containers import BoundedStream
from orchestration.settings import Settings

_BOM = b"\xef\xbb\xbf"
# less than the shortest record that a setting can call too long
_HEAD_BYTES = 1024
# a thread costs as much as hashing this many bytes
_WORTH_A_THREAD = 1 << 20


def count_bytes(data: bytes, byte: bytes) -> int:
    """Count a single byte value; four times as fast as `bytes.count` when there are many."""
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == byte[0]))


@dataclass(frozen=True)
class Block:
    """Whole lines, each ended by a single line feed.

    `first_line` is the 1-based number of the first line, `lines` their count. An `overlong` line
    was too long to keep: (line number, first bytes and hash); it is a block of its own, without
    `data`.
    """

    data: bytes
    first_line: int
    lines: int
    overlong: tuple[tuple[int, bytes], ...] = ()


@dataclass(frozen=True)
class Identity:
    """What a file is, before anything is parsed: hash of its content, lines, how it ended.

    `line_records` says whether a line (or a row of Parquet) is a record in this format.
    """

    content_sha256: str
    lines: int
    ends_open: bool = False
    line_records: bool = True


def identify_text(stream: BoundedStream, settings: Settings) -> Identity:
    """Read a text stream once, for its identity; raises `Refusal` past the caps."""
    digest = hashlib.sha256()
    blocks = LineBlocks(stream, settings)
    with ExitStack() as stack:
        pool: ThreadPoolExecutor | None = None
        hashing: Future[None] | None = None
        for block in blocks:
            text = b"".join(head for _, head in block.overlong) or block.data
            if len(text) < _WORTH_A_THREAD:
                if hashing is not None:
                    hashing.result()
                digest.update(text)
                continue
            # hashing releases the interpreter lock: it runs beside the reading of the next block
            if pool is None:
                pool = stack.enter_context(ThreadPoolExecutor(1, "content-hash"))
            if hashing is not None:
                hashing.result()
            hashing = pool.submit(digest.update, text)
        if hashing is not None:
            hashing.result()
    return Identity(digest.hexdigest(), blocks.lines, blocks.ends_open)


class _LongLine:
    """A line too long to keep: its first bytes, and a hash that stands for all of it."""

    def __init__(self, start: bytes) -> None:
        self._head = start[:_HEAD_BYTES]
        self._digest = hashlib.sha256()
        self._end = b""
        self.add(start)

    def add(self, more: bytes) -> None:
        # the last two bytes wait: they may be the line end
        more = self._end + more
        self._digest.update(more[:-2])
        self._end = more[-2:]

    def drop_line_end(self) -> None:
        self._end = self._end.removesuffix(b"\n").removesuffix(b"\r")

    def kept(self) -> bytes:
        self._digest.update(self._end)
        return self._head + f" ... sha256 {self._digest.hexdigest()}".encode()


@dataclass
class LineBlocks:
    """Iterates over the blocks of a stream; `lines` counts on, `ends_open` is known at the end.

    Which lines are overlong does not depend on how the stream happens to be cut into blocks.
    """

    stream: BoundedStream
    settings: Settings
    ends_open: bool = False
    lines: int = 0

    def __iter__(self) -> Iterator[Block]:
        # a byte order mark and a carriage return may yet turn out not to belong to the line
        surely_long = self.settings.max_record_bytes + len(_BOM) + 1
        rest = b""
        long: _LongLine | None = None
        while chunk := self.stream.read(self.settings.block_bytes):
            if long is not None:
                end = chunk.find(b"\n") + 1
                long.add(chunk[:end] if end else chunk)
                if not end:
                    continue
                long.drop_line_end()
                yield self._overlong(long)
                long = None
                chunk = chunk[end:]
            cut = chunk.rfind(b"\n") + 1
            if cut:
                yield from self._blocks(rest + chunk[:cut])
                rest = b""
            rest += chunk[cut:]
            if len(rest) > surely_long:
                long = _LongLine(self._without_mark(rest))
                rest = b""
        self.ends_open = bool(rest) or long is not None
        if long is not None:
            long.drop_line_end()
            yield self._overlong(long)
        elif rest:
            yield from self._blocks(rest + b"\n")

    def _without_mark(self, data: bytes) -> bytes:
        return data.removeprefix(_BOM) if self.lines == 0 else data

    def _blocks(self, data: bytes) -> Iterator[Block]:
        """Cut whole lines into blocks: overlong lines stand alone."""
        data = self._without_mark(data)
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        most = self.settings.max_record_bytes
        start = at = 0
        while len(data) - at > most + 1:
            end = data.rfind(b"\n", at, at + most + 1)
            if end < 0:
                end = data.find(b"\n", at)
                if at > start:
                    yield self._block(data[start:at])
                yield self._overlong(_LongLine(data[at:end]))
                start = end + 1
            at = end + 1
        if start < len(data):
            yield self._block(data[start:])

    def _block(self, data: bytes) -> Block:
        block = Block(data, self.lines + 1, count_bytes(data, b"\n"))
        self.lines += block.lines
        return block

    def _overlong(self, line: _LongLine) -> Block:
        self.lines += 1
        return Block(b"", self.lines, 1, ((self.lines, line.kept()),))
