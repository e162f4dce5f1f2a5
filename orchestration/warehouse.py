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
from dataclasses import dataclass
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
from orchestration.green import Green, clear_green, mark_green
from orchestration.ingest.manifest import load_manifest
from orchestration.raw_views import raw_views, write_schema_files
from orchestration.settings import REPOSITORY, Settings

DBT_PROJECT = REPOSITORY / "dbt_project"

_PASSED = frozenset({"success", "pass", "warn", "skipped", "no-op"})


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, test or unit test.

    `rows` is what the engine said it wrote (None when it does not say), `failures` the number of
    offending rows of a test.
    """

    unique_id: str
    status: str
    seconds: float
    rows: int | None
    failures: int | None
    message: str

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong with the node (a skipped one is the fault of another)."""
        return self.status in _PASSED


@dataclass(frozen=True)
class DbtResult:
    """One dbt command: its arguments, how long it took and the result of every node."""

    args: tuple[str, ...]
    seconds: float
    nodes: tuple[NodeResult, ...]

    @property
    def failed(self) -> tuple[NodeResult, ...]:
        """The nodes that broke the command."""
        return tuple(node for node in self.nodes if not node.passed)


class DbtError(RuntimeError):
    """A dbt command failed; the text names the failing nodes, `result` has all of them."""

    def __init__(self, message: str, result: DbtResult) -> None:
        super().__init__(message)
        self.result = result


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
    outcome = _invoke(settings, ["parse", "--threads", str(settings.threads)])
    if outcome.result is None:
        raise DbtError(
            f"dbt cannot parse {DBT_PROJECT}: {outcome.exception}", DbtResult(("parse",), 0.0, ())
        )
    return outcome.result


def prepare_manifest(settings: Settings) -> Path:
    """Parse the dbt project (only what changed) and return the path of its `manifest.json`.

    Raises DbtError when a model or a yml file is wrong.
    """
    _parse(settings)
    return dbt_target(settings) / "manifest.json"


def run_dbt(
    settings: Settings,
    args: Sequence[str],
    as_of: date,
    *,
    tested_from: date | None = None,
) -> DbtResult:
    """Run one dbt command (`["build", "--select", ...]`) in this process, as known on `as_of`.

    `tested_from` is the first delivery day that the tests on staging read again (default: all
    days). A complete green build is marked as such in the warehouse, which is closed afterwards.
    Raises DbtError with the messages of the nodes that failed; its `result` holds every node.
    """
    variables = {"as_of": as_of.isoformat(), "time_zone": settings.time_zone}
    if tested_from is not None:
        variables["tested_from"] = tested_from.isoformat()
    manifest = _parse(settings)
    with open_warehouse(settings) as connection:
        clear_green(connection)
    started = time.monotonic()
    outcome = _invoke(settings, [*args, "--vars", json.dumps(variables)], manifest)
    nodes = tuple(_node(item) for item in getattr(outcome.result, "results", ()))
    result = DbtResult(tuple(args), time.monotonic() - started, nodes)
    if not outcome.success:
        raise DbtError(_explain(args, result, outcome.exception), result)
    if tuple(args) == ("build",):
        green = Green(
            as_of, code_digest(settings), load_manifest(settings).chain, _public_marts(manifest)
        )
        with open_warehouse(settings) as connection:
            mark_green(connection, green)
    return result


def _public_marts(manifest: Any) -> tuple[str, ...]:
    models = (node for node in manifest.nodes.values() if node.resource_type == "model")
    return tuple(sorted(node.alias for node in models if node.access == "public"))


def _node(item: Any) -> NodeResult:
    rows = (item.adapter_response or {}).get("rows_affected")
    return NodeResult(
        unique_id=item.node.unique_id,
        status=str(item.status),
        seconds=float(item.execution_time),
        rows=None if rows is None or int(rows) < 0 else int(rows),
        failures=item.failures,
        message=str(item.message or ""),
    )


def _explain(args: Sequence[str], result: DbtResult, exception: BaseException | None) -> str:
    lines = [f"dbt {' '.join(args)} failed"]
    lines += [f"  {node.unique_id}: {node.status}: {node.message}" for node in result.failed]
    if exception is not None:
        lines.append(f"  {exception}")
    return "\n".join(lines)
