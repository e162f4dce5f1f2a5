"""Dagster's event log in SQLite, without opening the file anew for every event.

What belongs here: how fast an event becomes durable. What does not: what an event says. Dagster's
own store builds an engine per statement, so that each event compiles its SQL and opens its file
again (13 ms an event here, and a day's run writes thousands). This store keeps its engines, and
writes the events of a range of partitions in one transaction. The files and tables stay Dagster's:
without the entry in `dagster.yaml` its own store reads them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import sqlalchemy
from dagster import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData

_INDEX = "index"
# as long as Dagster's own store waits for another process
_BUSY_SECONDS = 60
# a daemon that has shown many runs must not run out of file descriptors
_MOST_ENGINES = 8


def _tune(connection: Any, _record: Any) -> None:
    # with a write-ahead log a kill loses nothing, a power cut at most the last events
    connection.execute("PRAGMA synchronous = NORMAL")


class PooledEventLogStorage(SqliteEventLogStorage):
    """Dagster's SQLite event log with one engine per file instead of one per statement."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, sqlalchemy.Engine] = {}
        self._engines_lock = threading.Lock()
        self._open = threading.local()
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> PooledEventLogStorage:
        """Build the store from its entry in `dagster.yaml`."""
        return cls(inst_data=inst_data, **config_value)

    def _engine(self, shard: str) -> sqlalchemy.Engine:
        with self._engines_lock:
            engine = self._engines.pop(shard, None)
            if engine is None:
                engine = sqlalchemy.create_engine(
                    self.conn_string_for_shard(shard), connect_args={"timeout": _BUSY_SECONDS}
                )
                sqlalchemy.event.listen(engine, "connect", _tune)
                self._initdb(engine, for_index_shard=shard == _INDEX)
            self._engines[shard] = engine  # the newest last
            while len(self._engines) > _MOST_ENGINES:
                self._engines.pop(next(name for name in self._engines if name != _INDEX)).dispose()
            return engine

    @contextmanager
    def _connection(self, shard: str) -> Iterator[sqlalchemy.Connection]:
        connections = self._open.__dict__.setdefault("connections", {})
        if shard in connections:
            yield connections[shard]
            return
        with self._engine(shard).begin() as connection:
            yield connection

    def run_connection(self, run_id: str | None = None) -> Any:
        """Open a transaction on the events of one run."""
        return self._connection(str(run_id))

    def index_connection(self) -> AbstractContextManager[sqlalchemy.Connection]:
        """Open a transaction on the events of all runs."""
        return self._connection(_INDEX)

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; one that is there stays."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Write many events, of one run each, in one transaction per file."""
        connections = self._open.__dict__.setdefault("connections", {})
        shards = (_INDEX, *sorted({event.run_id for event in events}))
        if any(shard in connections for shard in shards):
            super().store_event_batch(events)
            return
        with self._nested(shards, connections):
            super().store_event_batch(events)

    @contextmanager
    def _nested(self, shards: Sequence[str], connections: dict[str, Any]) -> Iterator[None]:
        if not shards:
            yield
            return
        with self._engine(shards[0]).begin() as connection:
            connections[shards[0]] = connection
            try:
                with self._nested(shards[1:], connections):
                    yield
            finally:
                del connections[shards[0]]

    def dispose(self) -> None:
        """Close every file."""
        with self._engines_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()
        super().dispose()
