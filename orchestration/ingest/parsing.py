"""Text to typed values, as expressions: what does not parse becomes null, nothing is rounded.

Every expression is exact about what it takes: digits beyond the scale of a decimal, a date without
leading zeros or a time without a zone do not parse, they are never guessed at.
"""

from __future__ import annotations

import polars as pl

from orchestration.contracts import Column

_TRUE = ("true", "1", "t", "True", "TRUE")
_FALSE = ("false", "0", "f", "False", "FALSE")
_USUAL = {"timestamp": "%Y-%m-%dT%H:%M:%SZ", "local_timestamp": "%Y-%m-%d %H:%M:%S"}


def dtype_of(column: Column) -> pl.DataType:
    """Polars type of a contract column; timestamps are naive, in microseconds."""
    simple: dict[str, pl.DataType] = {
        "string": pl.String(),
        "integer": pl.Int64(),
        "date": pl.Date(),
        "timestamp": pl.Datetime("us"),
        "local_timestamp": pl.Datetime("us"),
        "boolean": pl.Boolean(),
    }
    return simple.get(column.type) or pl.Decimal(column.precision or 38, column.scale or 0)


def parse(column: Column) -> pl.Expr:
    """Parse a text column to the contract's type; times in their usual form only."""
    text = pl.col(column.name)
    if column.type == "string":
        return text
    if column.type == "integer":
        return text.cast(pl.Int64, strict=False)
    if column.type == "decimal":
        whole = (column.precision or 38) - (column.scale or 0)
        fraction = rf"(\.\d{{1,{column.scale}}})?" if column.scale else ""
        # digits beyond the scale would be rounded away silently: they do not parse
        shape = rf"^[+-]?0*\d{{1,{whole}}}{fraction}$"
        return pl.when(text.str.contains(shape)).then(text).cast(dtype_of(column), strict=False)
    if column.type == "date":
        # the length keeps out 2026-1-5, which means different days to different people
        exact = pl.when(text.str.len_bytes() == 10).then(text)
        return exact.str.to_date("%Y-%m-%d", strict=False)
    if column.type == "boolean":
        return pl.when(text.is_in(_TRUE)).then(True).when(text.is_in(_FALSE)).then(False)
    return _to_datetime(text, _USUAL[column.type])


def parse_any_time(column: Column) -> pl.Expr:
    """Parse a time in every form that the contract allows: fractions, offsets, blank for T."""
    text = pl.col(column.name)
    with_t = text.str.replace(r"^(\d{4}-\d\d-\d\d) ", "${1}T")
    usual = _to_datetime(text, _USUAL[column.type])
    if column.type == "local_timestamp":
        return pl.coalesce(usual, _to_datetime(with_t, "%Y-%m-%dT%H:%M:%S%.f"))
    offset = with_t.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", strict=False, time_unit="us")
    return pl.coalesce(
        usual,
        _to_datetime(with_t, "%Y-%m-%dT%H:%M:%S%.fZ"),
        offset.dt.convert_time_zone("UTC").dt.replace_time_zone(None),
    )


def _to_datetime(text: pl.Expr, pattern: str) -> pl.Expr:
    return text.str.to_datetime(pattern, strict=False, time_unit="us")
