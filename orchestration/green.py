"""The warehouse's own word that all of it was built and found green, and from what.

Whoever starts to build takes the word back; a complete build without a red test gives it anew. Only
with it are marts published: a build of a part, a failed one, or tables of an older day have none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb


@dataclass(frozen=True)
class Green:
    """A complete green build: its day, digest of code and contracts, deliveries, public marts.

    `deliveries` is the last link of the ingest manifest's chain when the build was made.
    """

    as_of: date
    code_digest: str
    deliveries: str
    marts: tuple[str, ...]


def clear_green(connection: duckdb.DuckDBPyConnection) -> None:
    """Take the word back; a warehouse that never gave one stays as it is."""
    connection.execute("drop table if exists main.green_build")


def mark_green(connection: duckdb.DuckDBPyConnection, green: Green) -> None:
    """Give the word for what is in the warehouse now."""
    connection.execute(
        "create or replace table main.green_build "
        "(as_of date, code_digest varchar, deliveries varchar, marts varchar[])"
    )
    connection.execute(
        "insert into main.green_build values (?, ?, ?, ?)",
        [green.as_of, green.code_digest, green.deliveries, list(green.marts)],
    )


def read_green(connection: duckdb.DuckDBPyConnection) -> Green | None:
    """Return the word, or None when there is none."""
    try:
        rows = connection.execute(
            "select as_of, code_digest, deliveries, marts from main.green_build"
        ).fetchall()
    except duckdb.CatalogException:
        return None
    for as_of, code_digest, deliveries, marts in rows:
        return Green(as_of, code_digest, deliveries, tuple(marts))
    return None
