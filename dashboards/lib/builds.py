"""Opens the build that is served: its tables as views of an in-memory DuckDB, read-only.

One connection per build, shared by all sessions; a cursor per query. The warehouse is never opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import polars as pl
import streamlit as st

from orchestration.publishing import build_facts, current_build
from orchestration.settings import Settings


@dataclass(frozen=True)
class Build:
    """A published build and a way to ask it."""

    name: str
    as_of: date
    connection: duckdb.DuckDBPyConnection

    def query(self, sql: str, values: Sequence[Any] = ()) -> pl.DataFrame:
        """Run a query with bound values; table names are those of the marts."""
        return self.connection.cursor().sql(sql, params=list(values)).pl()


@st.cache_resource(max_entries=3, show_spinner=False)
def _open(folder: str, name: str) -> Build:
    settings = Settings()
    marts = settings.published / name / "marts"
    connection = duckdb.connect(config={"threads": settings.threads})
    connection.execute("set allowed_directories = [?]", [f"{marts}/"])
    connection.execute("set enable_external_access = false")
    for path in sorted(marts.glob("*.parquet")):
        connection.read_parquet(str(path)).create_view(path.stem)
    connection.execute("set lock_configuration = true")
    as_of = date.fromisoformat(build_facts(settings, name)["as_of"])
    return Build(name, as_of, connection)


def served_build() -> Build | None:
    """Return the build that is served now, or None when nothing was published yet."""
    settings = Settings()
    name = current_build(settings)
    return _open(str(settings.published), name) if name else None
