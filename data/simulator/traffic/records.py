"""What every system hands over: lines of text on their way to a file, and their true class.

`class` is what the books must say of the record: pending (guided, waits for its price), duplicate,
conflict, suspended, quarantined, blank, folded, or member: one of several records of a usage, of
which the ledger finds out when it closes. `kind` names dirt; clean records have none.
"""

from __future__ import annotations

import polars as pl

RECORDS: dict[str, pl.DataType] = {
    "source": pl.String(),
    "deliver_on": pl.Int64(),
    "order": pl.Int64(),
    "text": pl.String(),
    "quantity": pl.Int64(),
    "class": pl.String(),
    "reason": pl.String(),
    "kind": pl.String(),
    "record_id": pl.String(),
    "group": pl.String(),
    "closing": pl.Boolean(),
    # day on which the holder of the number is told; empty when that was done before
    "known_on": pl.Int64(),
}
# a byte that is no UTF-8, for fields in which switches leave such; polars holds only text
BROKEN_BYTE, BROKEN_AS = "\ue000", b"\xfc"


def records(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with exactly the columns of RECORDS; what is not given is empty."""
    missing = [
        pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in RECORDS.items()
        if name not in frame.columns
    ]
    return frame.with_columns(missing).select(
        pl.col(name).cast(dtype) for name, dtype in RECORDS.items()
    )


def no_records() -> pl.DataFrame:
    """Return an empty frame of records."""
    return pl.DataFrame(schema=RECORDS)
