"""Text to typed values, as expressions: what does not parse becomes null, nothing is rounded.

Every expression is exact about what it takes: digits beyond the scale of a decimal, a date without
leading zeros or a time without a zone do not parse, they are never guessed at.
"""

from __future__ import annotations

import polars as pl

from orchestration.contracts import Column

_TRUE = ("true", "1", "t", "True", "TRUE")
_FALSE = ("false", "0", "f", "False", "FALSE")
_DAY = "[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"
_CLOCK = "[0-9]{2}:[0-9]{2}:[0-5][0-9]"
# times are kept in microseconds: more digits would be cut off silently
_FRACTION = r"(?:\.[0-9]{1,6}0*)?"
_OFFSET = "[+-](?:0[0-9]|1[0-4]):?[0-5][0-9]"
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
        # the shape keeps out 2026-1-5, which means different days to different people
        return _shaped(text, _DAY).str.to_date("%Y-%m-%d", strict=False)
    if column.type == "boolean":
        return pl.when(text.is_in(_TRUE)).then(True).when(text.is_in(_FALSE)).then(False)
    return _usual_time(text, column.type)


def parse_any_time(column: Column) -> pl.Expr:
    """Parse a time in every form that the contract allows: fractions, offsets, blank for T."""
    text = pl.col(column.name)
    with_t = text.str.replace(r"^([0-9]{4}-[0-9]{2}-[0-9]{2}) ", "${1}T")
    usual = _usual_time(text, column.type)
    stem = f"{_DAY}T{_CLOCK}{_FRACTION}"
    if column.type == "local_timestamp":
        return pl.coalesce(usual, _to_datetime(_shaped(with_t, stem), "%Y-%m-%dT%H:%M:%S%.f"))
    offset = _to_datetime(_shaped(with_t, stem + _OFFSET), "%Y-%m-%dT%H:%M:%S%.f%:z")
    return pl.coalesce(
        usual,
        _to_datetime(_shaped(with_t, stem + "Z"), "%Y-%m-%dT%H:%M:%S%.fZ"),
        offset.dt.convert_time_zone("UTC").dt.replace_time_zone(None),
    )


def _usual_time(text: pl.Expr, kind: str) -> pl.Expr:
    between, end = ("T", "Z") if kind == "timestamp" else (" ", "")
    return _to_datetime(_shaped(text, f"{_DAY}{between}{_CLOCK}{end}"), _USUAL[kind])


def _shaped(text: pl.Expr, shape: str) -> pl.Expr:
    # by itself the parser takes blanks, signs and missing digits: 206-1-3 is no day
    return pl.when(text.str.contains(f"^{shape}$")).then(text)


def _to_datetime(text: pl.Expr, pattern: str) -> pl.Expr:
    return text.str.to_datetime(pattern, strict=False, time_unit="us")
