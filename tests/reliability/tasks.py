"""What a child process does: the real functions, called as the orchestrator calls them.

A task gets `note` (says something to the driver, which also shows that it lives) and plain values.
Nothing here knows of faults; they come from outside, or through the environment.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration import faults
from orchestration.built import code_digest
from orchestration.contracts import load_feeds
from orchestration.faults import reset_faults
from orchestration.green import Green, mark_green
from orchestration.ingest import close_days, ingest_feed, plan, refuse_strays
from orchestration.ingest.manifest import load_manifest
from orchestration.locks import hold_data_folder
from orchestration.publishing import publish
from orchestration.settings import Settings
from tests.reliability.worlds import land

Note = Callable[[str], None]


def settings_of(data: str, options: dict[str, Any] | None = None) -> Settings:
    """Return settings over a data folder that waits for nobody."""
    return Settings(data=Path(data), **({"lock_wait_seconds": 0} | (options or {})))


def ingest_days(
    note: Note,
    data: str,
    days: list[str],
    feeds: list[str],
    options: dict[str, Any] | None = None,
    arrivals: dict[str, dict[str, str]] | None = None,
) -> None:
    """Ingest and close day by day; `arrivals` (day to files) are landed before their day."""
    settings = settings_of(data, options)
    known = load_feeds(settings.contracts)
    for day in days:
        for file, source in (arrivals or {}).get(day, {}).items():
            land(settings.landing, {file: Path(source).read_bytes()})
        on = date.fromisoformat(day)
        refuse_strays(settings)
        for feed in feeds:
            ingest_feed(settings, known[feed], on)
            note(f"{day} {feed}")
        close_days(settings, on)


def ingest_or_retry(note: Note, data: str, days: list[str], feeds: list[str]) -> str:
    """Ingest; when the machine fails, go on in the same process once it works again."""
    try:
        ingest_days(note, data, days, feeds)
    except OSError as error:
        os.environ.pop("TOLLHOUSE_FAULT")
        reset_faults()
        ingest_days(note, data, days, feeds)
        return str(error)
    return ""


def count_passages(note: Note, data: str, days: list[str], feeds: list[str]) -> int:
    """Ingest undisturbed with a fault that never comes; returns how often its point was passed."""
    ingest_days(note, data, days, feeds)
    return sum(faults._passages.values())


def ingest_planned(note: Note, data: str, feeds: list[str], as_of: str | None = None) -> list[str]:
    """Do what `plan` says: every open day in order; returns the days."""
    settings = settings_of(data)
    end = date.fromisoformat(as_of) if as_of else None
    days = [day.isoformat() for day in plan(settings, end).days]
    ingest_days(note, data, days, feeds)
    return days


def touch(_: Note, data: str, options: dict[str, Any] | None = None) -> None:
    """Take the data folder and give it back, as the first step of any command does."""
    with hold_data_folder(settings_of(data, options), "look"):
        pass


def hold(note: Note, data: str, until: str) -> None:
    """Hold the data folder until a pipe says that it is over (or until killed)."""
    with hold_data_folder(settings_of(data), "a long night run"):
        note(str(os.getpid()))
        Path(until).read_bytes()


def wait_for_folder(note: Note, data: str, seconds: float) -> None:
    """Take the data folder, waiting this long for another process."""
    note("waiting")
    with hold_data_folder(settings_of(data, {"lock_wait_seconds": seconds}), "the second run"):
        pass


def _marts(rows: int, variant: int) -> Iterator[tuple[str, str]]:
    for number, name in enumerate(("dim_accounts", "fct_charges", "fct_usage")):
        yield (
            name,
            f"select i as id, md5((i * {variant} + {number})::varchar) as text, "  # noqa: S608
            f"(i * {variant + number}.25)::decimal(18, 2) as amount, "
            f"date '2026-01-01' + (i % 365)::int as happened_on from range({rows}) t (i)",
        )


def make_warehouse(
    _: Note, data: str, variant: int, rows: int = 2000, feeds: list[str] | None = None
) -> None:
    """Write a warehouse with marts; `variant` says what is in them, `feeds` adds raw ones."""
    path = settings_of(data).warehouse
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        queries = dict(_marts(rows, variant))
        for feed in feeds or []:
            files = settings_of(data).raw / feed / "*" / "*.parquet"
            queries[feed.replace("/", "__")] = f"select * from read_parquet('{files}')"  # noqa: S608
        for name, query in queries.items():
            connection.execute(f"create table marts.{name} as {query}")


def publish_build(_: Note, data: str, as_of: str) -> str:
    """Publish what is in schema marts as if it were green; returns the name of the build."""
    settings, day = settings_of(data), date.fromisoformat(as_of)
    with duckdb.connect(str(settings.warehouse)) as connection:
        marts = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts'"
        )
        names = tuple(name for (name,) in marts.fetchall())
        chain = load_manifest(settings).chain
        mark_green(connection, Green(day, code_digest(settings), chain, names))
    return publish(settings, day).build


def count_publish(note: Note, data: str, as_of: str) -> int:
    """Publish undisturbed with a fault that never comes; returns how often its point was passed."""
    publish_build(note, data, as_of)
    return sum(faults._passages.values())


def everything(note: Note, data: str, days: list[str], feeds: list[str]) -> str:
    """Ingest, fill a warehouse from raw, publish."""
    ingest_days(note, data, days, feeds)
    make_warehouse(note, data, 1, feeds=feeds)
    return publish_build(note, data, days[-1])


def ingest_each(note: Note, data: str, waiting: str, day: str) -> None:
    """Land the files of folder `waiting` one by one and ingest each before the next.

    Each is taken away afterwards, so that a held one is not looked at again and again.
    """
    settings = settings_of(data)
    known = load_feeds(settings.contracts)
    for source in sorted(path for path in Path(waiting).rglob("*") if path.is_file()):
        feed = source.parent.relative_to(waiting).as_posix()
        note(source.name)
        (landed,) = land(settings.landing, {f"{feed}/{day}/{source.name}": source.read_bytes()})
        ingest_feed(settings, known[feed], date.fromisoformat(day))
        landed.unlink()


def limited(
    note: Note, task: str, arguments: dict[str, Any], max_file_size: int | None = None
) -> object:
    """Run another task while no file may grow beyond a size (bytes)."""
    if max_file_size is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_size, max_file_size))
    return TASKS[task](note, **arguments)


TASKS: dict[str, Callable[..., Any]] = {
    "ingest_days": ingest_days,
    "ingest_or_retry": ingest_or_retry,
    "count_passages": count_passages,
    "ingest_planned": ingest_planned,
    "touch": touch,
    "hold": hold,
    "wait_for_folder": wait_for_folder,
    "make_warehouse": make_warehouse,
    "publish_build": publish_build,
    "count_publish": count_publish,
    "limited": limited,
    "everything": everything,
    "ingest_each": ingest_each,
}
