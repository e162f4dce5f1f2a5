"""Texts that an engine will run: names of time zones and regular expressions.

A model that meets one that its engine cannot read fails, and with it the whole day; so they are
held against the engine when they come in.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from functools import lru_cache

import duckdb
import polars as pl


def does_not_read(text: pl.Expr, language: str) -> pl.Expr:
    """Return where a text is not of a language (see `TEXT_LANGUAGES`); null where there is none."""
    reads: Callable[[str], bool] = _is_regex if language == "regex" else _is_time_zone
    return text.map_batches(
        lambda values: pl.Series(
            values.name,
            [None if value is None else not reads(value) for value in values],
            pl.Boolean,
        ),
        return_dtype=pl.Boolean,
    )


def _is_time_zone(text: str) -> bool:
    return text in _time_zones()


@lru_cache(maxsize=1)
def _time_zones() -> frozenset[str]:
    """Names that the engine and the IANA data of Python know: other engines know them too."""
    with duckdb.connect() as connection:
        rows = connection.execute("select name from pg_timezone_names()").fetchall()
    return frozenset(zoneinfo.available_timezones() & {str(name) for (name,) in rows})


@lru_cache(maxsize=1024)
def _is_regex(text: str) -> bool:
    """Ask the engine, and Python for what only this engine takes."""
    try:
        re.compile(text)
        with duckdb.connect() as connection:
            connection.execute("select regexp_matches('', ?)", [text]).fetchall()
    except (re.error, duckdb.Error, OverflowError, RecursionError):
        return False
    return True
