"""The shapes that every reader hands on: parsed rows, and records set aside with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

import polars as pl

from orchestration.ingest.blocks import Identity

RECORD = "_record"
_RAW_BYTES = 65536


def as_text(raw: bytes) -> str:
    """Show a raw record: undecodable bytes and NUL are escaped, very long ones cut."""
    text = raw[:_RAW_BYTES].decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
    cut = len(raw) - _RAW_BYTES
    return f"{text}... ({cut} bytes cut; see the file)" if cut > 0 else text


@dataclass(frozen=True)
class Reject:
    """One record that cannot be a row; `raw` is what was delivered."""

    record: int
    reason_code: str
    message: str
    raw: bytes
    column: str | None = None
    value: str | None = None

    @property
    def raw_text(self) -> str:
        """The raw record as text."""
        return as_text(self.raw)


@dataclass(frozen=True)
class Batch:
    """Some records of a file.

    `frame` has the contract columns that the file carries (text, or typed when the file format is
    typed) and `_record`; `counted` is the number of records in the batch, counted without parsing;
    `raw` gives back a record as delivered.
    """

    frame: pl.DataFrame
    counted: int
    raw: Callable[[int], bytes]
    rejects: list[Reject] = field(default_factory=list)
    blank: int = 0


class Reader(Protocol):
    """Reads one file in batches; the other members are complete when the iteration has ended."""

    warnings: list[str]
    file_columns: tuple[str, ...]

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches in file order; raises `Refusal` or `Hold`."""
        ...

    @property
    def sum_column(self) -> str | None:
        """Column that a control total sums."""
        ...

    @property
    def not_records(self) -> int:
        """Lines that are neither record nor blank: header and trailer."""
        ...

    def check_totals(self, records: int, rows_sum: Decimal | None) -> None:
        """Compare with the file's own control totals; raises `Refusal` when they differ."""
        ...

    def records_told(self, identity: Identity) -> int | None:
        """Records of a file whose rows are not taken, as far as it was read; None if unknown."""
        ...

    def expected(self, identity: Identity) -> int | None:
        """Records that an independent count promises; None where a format has no such count."""
        ...
