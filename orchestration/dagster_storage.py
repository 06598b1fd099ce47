"""Dagster's own SQLite storage with an event log that keeps what it has prepared.

Dagster's opens the database anew for each event that it reads or writes, and so compiles every statement anew: with some thousand
events (each model, test and check has several) that is a good part of what a night does. Files and tables are those of Dagster.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import StaticPool

# How long to wait for another process that writes the same file; as Dagster waits.
_BUSY_SECONDS: Final = 30


class EventLogStorage(SqliteEventLogStorage):
    """The event log: one file per run and an index, each with one connection for the life of the process."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            if shard not in self._engines:
                # One connection, kept: to close the last one of a file makes SQLite write its log back each time. The lock
                # above keeps threads apart, and between two transactions the file is free for the UI beside a night.
                engine = create_engine(
                    self.conn_string_for_shard(shard),
                    poolclass=StaticPool,
                    connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
                )
                if shard not in self._initialized_dbs:
                    self._initdb(engine)
                    self._initialized_dbs.add(shard)
                self._engines[shard] = engine
            with self._engines[shard].begin() as connection:
                yield connection

    def dispose(self) -> None:
        """Close the files."""
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()


class Storage(DagsterSqliteStorage):
    """Runs, events and schedules below one folder, laid out as Dagster does."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = EventLogStorage(self._event_log_storage._base_dir)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Storage:
        """The storage that `dagster.yaml` names."""
        return cls(inst_data=inst_data, **config_value)
