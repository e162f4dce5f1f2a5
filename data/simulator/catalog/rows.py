"""Rows of dated feeds as systems write them: plain text, with validity and time of writing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

Row = dict[str, Any]

# the first day of the oldest contract that the old system handed over, and of what it rests on
BEGIN = date(2016, 1, 1)
CURRENCY = "EUR"


def text(value: object) -> str | None:
    """Return a value as feeds write it; None stays empty."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def written_on(delivered_on: date, hour: int = 18) -> str:
    """Return the time at which a row was written that is delivered on a day: the evening before."""
    return f"{delivered_on - timedelta(days=1)}T{hour:02d}:00:00Z"


def dated(
    rows: Iterable[Mapping[str, Any]],
    delivered_on: date,
    valid_from: date = BEGIN,
    *,
    hour: int = 18,
) -> tuple[Row, ...]:
    """Return rows with validity, op and time of writing; a row may bring its own validity."""
    common = {"valid_from_on": valid_from, "op": "upsert"}
    return tuple(
        {
            **{name: text(value) for name, value in {**common, **row}.items()},
            "recorded_at": written_on(delivered_on, hour),
        }
        for row in rows
    )
