"""The builder's warehouse: raw Parquet as views, and dbt run inside this process.

What belongs here: everything that opens `warehouse.duckdb` on behalf of the orchestrator. What does
not: any business rule (SQL models) and any Dagster object (`orchestration.defs`). The file is
scratch: it may be deleted at any time, `register_raw` and `run_dbt` make it again.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from logging import FileHandler
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.factory import reset_adapters
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt_common.events.event_manager_client import get_event_manager

from orchestration.built import code_digest
from orchestration.contracts import Feed
from orchestration.dbt_results import DbtError, DbtResult, explain, node_result
from orchestration.green import Green, clear_green, mark_green
from orchestration.incremental import (
    Relations,
    begin_models,
    expect_day,
    remember_models,
    stale_models,
)
from orchestration.ingest.manifest import load_manifest
from orchestration.raw_views import raw_views, write_schema_files
from orchestration.settings import REPOSITORY, Settings

DBT_PROJECT = REPOSITORY / "dbt_project"

# what the last parse gave: a process builds the same project over and over
_last_parsed: dict[str, Any] = {}

# a second a command is spent on JSON files about the project; the one that is read we write
_NO_FILES = ("--no-write-json",)

# commands that write models
_BUILDING = ("build", "run")


@contextmanager
def open_warehouse(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for writing with the builder's limits; closed when the context ends.

    Raises duckdb.IOException when another process has it open.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    spill = settings.temporary / "duckdb"
    spill.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(
        str(settings.warehouse),
        config={
            "memory_limit": settings.memory_limit,
            "threads": settings.threads,
            "temp_directory": str(spill),
            "preserve_insertion_order": False,
        },
    )
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def register_raw(settings: Settings, feeds: Iterable[Feed]) -> tuple[str, ...]:
    """Make every feed, the quarantine and the ingest manifest readable in schema `raw`.

    Each becomes a view over Parquet with exactly the columns of its contract and lineage, whether
    or not anything was delivered. Returns the names of the views. Cheap; call it before each build.
    """
    chosen = list(feeds)
    write_schema_files(settings, chosen)
    views = raw_views(settings, chosen)
    with open_warehouse(settings) as connection:
        connection.execute("begin")
        connection.execute("create schema if not exists raw")
        for name, query in views.items():
            connection.execute(f'create or replace view raw."{name}" as {query}')
        connection.execute("commit")
    return tuple(views)


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def dbt_environment(settings: Settings) -> dict[str, str]:
    """Return the environment variables that `dbt_project/profiles.yml` reads."""
    return {
        "TOLLHOUSE_DATA": str(settings.data),
        "TOLLHOUSE_THREADS": str(settings.threads),
        "TOLLHOUSE_MEMORY_LIMIT": settings.memory_limit,
    }


def dbt_target(settings: Settings) -> Path:
    """Folder of dbt's artifacts: below the data, so that a read-only checkout builds too."""
    return settings.data / "dbt_target"


def _invoke(settings: Settings, args: Sequence[str], manifest: Any = None) -> dbtRunnerResult:
    (settings.temporary / "duckdb").mkdir(parents=True, exist_ok=True)
    fixed = [
        "--quiet",
        "--no-use-colors",
        "--log-path",
        str(settings.data / "logs"),
        # a debug log costs a tenth of the build
        "--log-level-file",
        "info",
        *args,
        "--project-dir",
        str(DBT_PROJECT),
        "--profiles-dir",
        str(DBT_PROJECT),
        "--target-path",
        str(dbt_target(settings)),
    ]
    with _environment(dbt_environment(settings)):
        try:
            return dbtRunner(manifest=manifest).invoke(fixed)
        finally:
            _close_log()
            _close_connections()


def _close_log() -> None:
    # dbt opens its log anew with each command and leaves the old one to the garbage collector
    for logger in getattr(get_event_manager(), "loggers", ()):
        for handler in getattr(getattr(logger, "_python_logger", None), "handlers", ()):
            if isinstance(handler, FileHandler):
                handler.close()


def _close_connections() -> None:
    # dbt keeps its DuckDB instance for the life of the process; another opener with other settings
    # would be refused, and so would every other process
    environment = DuckDBConnectionManager._ENV
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if environment is not None:
        environment.close()
    reset_adapters()  # type: ignore[no-untyped-call]


def _parse(settings: Settings) -> Any:
    # without --vars, and handed over to the command that follows: dbt throws its parse cache away
    # whenever a variable changes, and as_of changes with every run
    outcome = _invoke(settings, ["parse", "--threads", str(settings.threads), *_NO_FILES])
    if outcome.result is None:
        raise DbtError(
            f"dbt cannot parse {DBT_PROJECT}: {outcome.exception}", DbtResult(("parse",), 0.0, ())
        )
    return outcome.result


def _parsed(settings: Settings, digest: str) -> Any:
    """Return the project as parsed; it follows from code and contracts, not from the data folder.

    Nobody may hand it to a command, which would fill it in as it goes.
    """
    if _last_parsed.get("digest") != digest:
        _last_parsed.update(digest=digest, manifest=_parse(settings))
    return _last_parsed["manifest"]


def prepare_manifest(settings: Settings) -> Path:
    """Parse the dbt project (only what changed) and return the path of its `manifest.json`.

    Raises DbtError when a model or a yml file is wrong.
    """
    path = dbt_target(settings) / "manifest.json"
    parsed = _parsed(settings, code_digest(settings))
    path.parent.mkdir(parents=True, exist_ok=True)
    parsed.write(str(path))
    return path


def run_dbt(
    settings: Settings,
    args: Sequence[str],
    as_of: date,
    *,
    tested_from: date | None = None,
) -> DbtResult:
    """Run one dbt command (`["build", "--select", ...]`) in this process, as known on `as_of`.

    `tested_from` is the first delivery day that the tests on staging read again (default: all
    days); whoever gives one says that the same code was green before, so that a complete build
    leaves out unit tests, which prove code and read no rows. Incremental models that other code
    built are built from the first day on. A complete green build is marked as such in the
    warehouse, which is closed afterwards. Raises DbtError with the messages of the nodes that
    failed; its `result` holds every node.
    """
    variables = {"as_of": as_of.isoformat(), "time_zone": settings.time_zone}
    if tested_from is not None:
        variables["tested_from"] = tested_from.isoformat()
    digest = code_digest(settings)
    manifest = _parsed(settings, digest).deepcopy()
    models = _incremental(manifest)
    is_complete = tuple(args) == ("build",)
    with open_warehouse(settings) as connection:
        clear_green(connection)
        stale = stale_models(connection, models, digest, as_of)
        if is_complete:
            begin_models(connection, models, stale, as_of)
        elif args[0] in _BUILDING:
            expect_day(connection, as_of)
    more = ["--full-refresh"] if stale and not is_complete and args[0] in _BUILDING else []
    if is_complete and tested_from is not None:
        more += ["--exclude-resource-type", "unit_test"]
    started = time.monotonic()
    outcome = _invoke(
        settings, [*args, *more, *_NO_FILES, "--vars", json.dumps(variables)], manifest
    )
    nodes = tuple(node_result(item) for item in getattr(outcome.result, "results", ()))
    result = DbtResult(tuple(args), time.monotonic() - started, nodes)
    if is_complete:
        # part of a build may stand on models that are stale: it proves nothing about its own
        built = [node.unique_id for node in nodes if node.status == "success"]
        with open_warehouse(settings) as connection:
            remember_models(connection, models.keys() & set(built), digest, as_of)
    if not outcome.success:
        raise DbtError(explain(args, result, outcome.exception), result)
    if is_complete:
        green = Green(as_of, digest, load_manifest(settings).chain, _public_marts(manifest))
        with open_warehouse(settings) as connection:
            mark_green(connection, green)
    return result


def _incremental(manifest: Any) -> Relations:
    return {
        unique_id: (node.schema, node.alias)
        for unique_id, node in manifest.nodes.items()
        if node.resource_type == "model" and node.config.materialized == "incremental"
    }


def _public_marts(manifest: Any) -> tuple[str, ...]:
    models = (node for node in manifest.nodes.values() if node.resource_type == "model")
    return tuple(sorted(node.alias for node in models if node.access == "public"))
