"""State on disk: one SQLite file, one table per object, one writer at a time, readers beside it."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox import ids
from sandbox.clock import Clock, machine_clock
from sandbox.schema import NUMBER_TYPES, Field, Schema, SObject

DATABASE = "org.sqlite"
CHUNK = 500  # values per IN list: well under SQLite's limit of variables, long enough that the round trips do not show

_SYSTEM_TABLES = """
create table if not exists sys_meta (key text primary key, value text not null);
create table if not exists sys_sequence (prefix text primary key, last integer not null);
create table if not exists sys_metadata (kind text, full_name text, body text not null, primary key (kind, full_name));
create table if not exists sys_deploy (id text primary key, body text not null);
create table if not exists sys_cursor (
    id text primary key, soql text not null, is_all integer not null, keys blob not null, created text not null
);
create table if not exists sys_job (
    id text primary key, kind text not null, state text not null, body text not null, created text not null,
    rows_done integer not null default 0
);
create table if not exists sys_job_upload (job_id text primary key, body blob not null);
create table if not exists sys_job_row (
    job_id text, seq integer, record_id text, is_created integer, error text, primary key (job_id, seq)
) without rowid;
create table if not exists sys_job_line (
    job_id text, seq integer, line text not null, primary key (job_id, seq)
) without rowid;
"""


class Store:
    """The tables of one org.

    Reading uses one connection per thread; writing goes through `transaction`, which only one thread at a time is in. What a
    transaction wrote is on disk in one piece when its block ends, and not at all if the block raises or the process dies.
    """

    def __init__(self, folder: Path, schema: Schema, clock: Clock = machine_clock) -> None:
        self.folder = folder
        self.path = folder / DATABASE
        self._clock = clock
        self._local = threading.local()
        self._write_lock = threading.RLock()
        self._connections: list[sqlite3.Connection] = []
        self._connections_lock = threading.Lock()
        self._writer = self._connect()
        self._writer.executescript(_SYSTEM_TABLES)
        self.schema = schema
        self._offset = timedelta(seconds=float(self.get_meta("clock_offset_seconds") or 0))

    def now(self) -> datetime:
        """The time in this org, UTC."""
        return self._clock() + self._offset

    def move_clock(self, connection: sqlite3.Connection, by: timedelta) -> None:
        """Let the org's time run ahead of the machine's by so much more, for good."""
        self._offset += by
        self.set_meta(connection, "clock_offset_seconds", str(self._offset.total_seconds()))

    def reader(self) -> sqlite3.Connection:
        """A connection to read with: inside a transaction of this thread the writer's, so that it sees its own writes."""
        if getattr(self._local, "depth", 0):
            return self._writer
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The writing connection; commits at the end of the block, rolls back if it raises. Nests by savepoints."""
        with self._write_lock:
            depth: int = getattr(self._local, "depth", 0)
            begin, commit, rollback = ("begin immediate", "commit", "rollback")
            if depth:
                point = f"level_{depth}"
                begin, commit, rollback = f"savepoint {point}", f"release {point}", f"rollback to {point}"
            self._writer.execute(begin)
            self._local.depth = depth + 1
            try:
                yield self._writer
            except BaseException:
                self._writer.execute(rollback)
                if depth:
                    self._writer.execute(commit)
                raise
            else:
                self._writer.execute(commit)
            finally:
                self._local.depth = depth

    def close(self) -> None:
        """Close every connection."""
        with self._connections_lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()

    def get_meta(self, key: str) -> str | None:
        """The remembered setting of that name."""
        row = self.reader().execute("select value from sys_meta where key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, connection: sqlite3.Connection, key: str, value: str) -> None:
        """Remember a setting."""
        connection.execute("insert or replace into sys_meta values (?, ?)", (key, value))

    def make_ids(self, connection: sqlite3.Connection, prefix: str, count: int) -> list[str]:
        """The next `count` ids with that key prefix."""
        last = self.next_numbers(connection, prefix, count)
        return [ids.make_id(prefix, number) for number in range(last, last + count)]

    def next_numbers(self, connection: sqlite3.Connection, name: str, count: int) -> int:
        """The first of `count` numbers of a named series that nobody else gets."""
        row = connection.execute("select last from sys_sequence where prefix = ?", (name,)).fetchone()
        last = int(row[0]) if row else 0
        connection.execute("insert or replace into sys_sequence values (?, ?)", (name, last + count))
        return last + 1

    def save_metadata(self, connection: sqlite3.Connection, kind: str, full_name: str, body: object) -> None:
        """Remember one deployed component."""
        connection.execute("insert or replace into sys_metadata values (?, ?, ?)", (kind, full_name, json.dumps(body)))

    def metadata(self, kind: str) -> dict[str, Any]:
        """Deployed components of one kind by full name."""
        rows = self.reader().execute(
            "select full_name, body from sys_metadata where kind = ? order by full_name", (kind,)
        )
        return {str(name): json.loads(body) for name, body in rows}

    def use_schema(self, connection: sqlite3.Connection, schema: Schema) -> None:
        """Make the tables hold every object and field of `schema`; the caller swaps the schema itself in, after the commit."""
        for item in schema.objects.values():
            create_or_extend_table(connection, item)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=60, cached_statements=256
        )
        connection.executescript(
            "pragma journal_mode = wal; pragma synchronous = normal; pragma cache_size = -65536; pragma temp_store = memory;"
        )
        with self._connections_lock:
            self._connections.append(connection)
        return connection


def quote(name: str) -> str:
    """An identifier in double quotes. Names come from the schema, never from a request."""
    return '"' + name.replace('"', '""') + '"'


def column_type(field: Field) -> str:
    """SQLite's type for a field."""
    if field.type in ("boolean", "int"):
        return "integer"
    return "real" if field.type in NUMBER_TYPES else "text"


def create_or_extend_table(connection: sqlite3.Connection, item: SObject) -> None:
    """Make the object's table, or add the columns and indexes that it lacks."""
    table = quote(item.name)
    connection.execute(f"create table if not exists {table} (pk integer primary key)")
    existing = {str(row[1]) for row in connection.execute(f"pragma table_xinfo({table})")}
    for each in item.fields.values():
        if each.name not in existing:
            connection.execute(f"alter table {table} add column {_column(each)}")
    for each in item.fields.values():
        index = quote(f"ix_{item.name}_{each.name}")
        if each.type == "id":
            connection.execute(f"create unique index if not exists {index} on {table} ({quote(each.name)})")
            short = quote(f"ix_{item.name}_{each.name}_15")
            connection.execute(f"create index if not exists {short} on {table} (substr({quote(each.name)}, 1, 15))")
        elif each.type == "reference" and each.name not in ("CreatedById", "LastModifiedById"):
            connection.execute(f"create index if not exists {index} on {table} ({quote(each.name)})")
        elif each.external_id or each.unique or each.id_lookup:
            collation = "" if each.case_sensitive else " collate nocase"
            connection.execute(f"create index if not exists {index} on {table} ({quote(each.name)}{collation})")


def select_in(
    connection: sqlite3.Connection, statement: str, values: Iterable[object], others: Sequence[object] = ()
) -> Iterator[tuple[Any, ...]]:
    """Rows of a statement whose `{marks}` stands for an IN list, asked for a chunk of values at a time."""
    every = list(values)
    for start in range(0, len(every), CHUNK):
        chunk = every[start : start + CHUNK]
        marks = ", ".join("?" * len(chunk))
        yield from connection.execute(statement.format(marks=marks), [*others, *chunk])


def _column(field: Field) -> str:
    definition = f"{quote(field.name)} {column_type(field)}"
    if field.formula is not None:
        return f"{definition} generated always as ({field.formula}) virtual"
    if field.type == "boolean":
        definition += f" not null default {int(bool(field.default))}"
    return definition
