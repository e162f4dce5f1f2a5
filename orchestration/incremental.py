"""Which incremental models hold what the present code would have made of all days before.

A change of code makes every one of them stale: they are built anew from the first day. Each is
remembered by itself, so that a build that breaks off half way goes on where it stopped, while what
it did not come to is still known to be stale. A model that has seen a later day is stale, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import duckdb

# unique id of a dbt model -> the schema and the name of its table
Relations = Mapping[str, tuple[str, str]]


def stale_models(
    connection: duckdb.DuckDBPyConnection, models: Relations, code_digest: str, as_of: date
) -> list[str]:
    """Return the models that other code built, that nobody remembers, or that know too much."""
    _prepare(connection)
    rows = connection.execute(
        "select model from main.incremental_models where code_digest = ? and as_of <= ?",
        [code_digest, as_of],
    ).fetchall()
    known = {model for (model,) in rows}
    return sorted(model for model in models if model not in known)


def begin_models(
    connection: duckdb.DuckDBPyConnection, models: Relations, stale: Iterable[str], as_of: date
) -> None:
    """Remove the tables of stale models, so that dbt builds them from the first day on.

    The others may hold deliveries up to `as_of` from now on, however this build ends.
    """
    _prepare(connection)
    for name in stale:
        schema, table = models[name]
        connection.execute(f'drop table if exists "{schema}"."{table}"')
        connection.execute("delete from main.incremental_models where model = ?", [name])
    expect_day(connection, as_of)


def expect_day(connection: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Remember that every model may hold deliveries up to `as_of` from now on."""
    _prepare(connection)
    connection.execute("update main.incremental_models set as_of = ? where as_of < ?", [as_of] * 2)


def remember_models(
    connection: duckdb.DuckDBPyConnection, names: Iterable[str], code_digest: str, as_of: date
) -> None:
    """Remember that these models were built by this code from the first day to `as_of`."""
    _prepare(connection)
    for name in names:
        connection.execute(
            "insert or replace into main.incremental_models values (?, ?, ?)",
            [name, code_digest, as_of],
        )


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "create table if not exists main.incremental_models "
        "(model varchar primary key, code_digest varchar, as_of date)"
    )
