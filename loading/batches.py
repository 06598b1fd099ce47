"""Batches of rows into schema `raw`: idempotent, all or nothing per file, every row counted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from loading.contract import CONTRACT, ContractTable
from loading.errors import LoadError
from loading.files import BadRow, Batch, LandingFile, find_landing_files, read_batches
from loading.readable import literal, quoted, rejection_sql

Progress = Callable[[str], None]


@dataclass(frozen=True)
class FileLoad:
    """What became of one landing file: `rows_in` = `rows_kept` + `rows_rejected`."""

    table: str
    file: str
    batch_id: str
    rows_in: int
    rows_kept: int
    rows_rejected: int
    was_loaded_before: bool


@dataclass(frozen=True)
class LandingLoad:
    """What became of a landing folder."""

    files: tuple[FileLoad, ...]
    missing_tables: tuple[str, ...]
    ignored_files: tuple[str, ...]

    @property
    def rows_in(self) -> int:
        """Rows that stand in the folder's files."""
        return sum(file.rows_in for file in self.files)

    @property
    def rows_rejected(self) -> int:
        """Rows of the folder's files that are in `raw.rejected`."""
        return sum(file.rows_rejected for file in self.files)


def load_landing(
    connection: duckdb.DuckDBPyConnection, folder: Path, as_of: date, progress: Progress = lambda _: None
) -> LandingLoad:
    """Load every file of a landing folder that is not in `raw` yet.

    A file is one batch, known by the hash of its content, and is loaded in one transaction: killed at any point,
    it is either wholly there or not at all. A file that is already there is left alone.

    Raises
    ------
    LoadError
        If the folder, a file or a header cannot be used; files before it stay loaded.
    """
    create_raw_tables(connection)
    files, strays = find_landing_files(folder)
    loads = []
    for file in files:
        progress(file.relative_path)
        loads.append(_load_file(connection, file, as_of))
    present = {file.table for file in files}
    missing = tuple(table.name for table in CONTRACT if table not in present)
    return LandingLoad(tuple(loads), missing, tuple(strays))


def store_extract(
    connection: duckdb.DuckDBPyConnection, table: ContractTable, rows: pa.Table, as_of: date, source: str
) -> FileLoad:
    """Store rows read from a system's API in `raw`; versions of a record that are there already are not stored twice.

    `rows` has contract columns as text, in any order; absent ones are null.
    """
    create_raw_tables(connection)
    arrays: dict[str, pa.Array] = {
        name: rows.column(name) if name in rows.column_names else pa.nulls(rows.num_rows, pa.string())
        for name in table.column_names
    }
    arrays["_row"] = pa.array(range(1, rows.num_rows + 1), pa.int64())
    names = ", ".join(quoted(name) for name in table.column_names if name != "loaded_at")
    target = f"raw.{quoted(table.raw_table)}"
    with _transaction(connection):
        _create_incoming(connection, table)
        _append(connection, table, Batch(pa.table(arrays), ()))
        known = f"select 1 from {target} as known where " + " and ".join(
            f"known.{quoted(name)} is not distinct from incoming.{quoted(name)}"
            for name in table.column_names
            if name != "loaded_at"
        )
        # A join on all columns is slow on null-safe equality; equal keys first keep it a hash join.
        key = quoted(table.required_columns[0])
        connection.execute(
            f"delete from incoming using (select _row from incoming where exists ({known} and known.{key} = incoming.{key}))"
            " as seen where incoming._row = seen._row"
        )
        content = connection.execute(
            f"select md5(string_agg(md5(concat_ws(chr(31), {names})), '' order by {key}, md5(concat_ws(chr(31), {names})))) from incoming"
        ).fetchall()[0][0]
        batch_id = hashlib.sha256(f"{table.raw_table} {source} {content}".encode()).hexdigest()[:16]
        rows_in = _scalar(connection, "select count(*) from incoming")
        if rows_in and not _is_loaded(connection, batch_id):
            load = _store_incoming(connection, table, source, batch_id, (), f"{as_of}T23:59:59Z", as_of)
            return FileLoad(
                load.table, source, batch_id, rows.num_rows, rows.num_rows - load.rows_rejected, load.rows_rejected, False
            )
    return FileLoad(table.raw_table, source, batch_id, rows.num_rows, rows.num_rows, 0, True)


def create_raw_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create schema `raw` with an empty table for each contract table that has none."""
    connection.execute("create schema if not exists raw")
    for table in CONTRACT:
        columns = ", ".join(f"{quoted(name)} varchar" for name in table.column_names)
        connection.execute(
            f"create table if not exists raw.{quoted(table.raw_table)}"
            f" ({columns}, _unknown_columns varchar, _batch_id varchar, _row bigint)"
        )
    connection.execute(
        "create table if not exists raw.rejected (table_name varchar, file varchar, line bigint, column_name varchar,"
        " reason varchar, row_text varchar, batch_id varchar)"
    )
    connection.execute(
        "create table if not exists raw.loads (batch_id varchar primary key, table_name varchar, file varchar,"
        " rows_in bigint, rows_kept bigint, rows_rejected bigint, as_of_date date)"
    )


def _load_file(connection: duckdb.DuckDBPyConnection, file: LandingFile, as_of: date) -> FileLoad:
    batch_id = file.content_hash()
    if _is_loaded(connection, batch_id):
        rows_in, kept, rejected = connection.execute(
            "select rows_in, rows_kept, rows_rejected from raw.loads where batch_id = ?", [batch_id]
        ).fetchall()[0]
        return FileLoad(file.table.raw_table, file.relative_path, batch_id, rows_in, kept, rejected, True)
    stamp = f"{file.loaded_date or as_of}T23:59:59Z"
    bad_rows: list[BadRow] = []
    with _transaction(connection):
        _create_incoming(connection, file.table)
        for batch in read_batches(file):
            _append(connection, file.table, batch)
            bad_rows.extend(batch.bad_rows)
        return _store_incoming(connection, file.table, file.relative_path, batch_id, tuple(bad_rows), stamp, as_of)


def _store_incoming(
    connection: duckdb.DuckDBPyConnection,
    table: ContractTable,
    source: str,
    batch_id: str,
    bad_rows: tuple[BadRow, ...],
    stamp: str,
    as_of: date,
) -> FileLoad:
    names = ", ".join(quoted(name) for name in table.column_names)
    kept_values = names.replace('"loaded_at"', "coalesce(loaded_at, $stamp)")
    bad_column, reason = rejection_sql(table.columns)
    rows_read = _scalar(connection, "select count(*) from incoming")
    connection.execute(
        f"create or replace temp table judged as select *, {bad_column} as bad_column, {reason} as reason from incoming"
    )
    connection.execute(
        f"insert into raw.{quoted(table.raw_table)} ({names}, _unknown_columns, _batch_id, _row)"
        f" select {kept_values}, _unknown_columns, $batch_id, _row from judged where bad_column is null order by _row",
        {"stamp": stamp, "batch_id": batch_id},
    )
    connection.execute(
        "insert into raw.rejected select $table_name, $source, _row, bad_column, reason,"
        f" to_json(struct_pack({', '.join(f'{quoted(name)} := {quoted(name)}' for name in table.column_names)})),"
        " $batch_id from judged where bad_column is not null order by _row",
        {"table_name": table.raw_table, "source": source, "batch_id": batch_id},
    )
    if bad_rows:
        connection.executemany(
            "insert into raw.rejected values (?, ?, ?, ?, ?, ?, ?)",
            [[table.raw_table, source, row.line, row.column, row.reason, row.text, batch_id] for row in bad_rows],
        )
    kept = _scalar(
        connection, f"select count(*) from raw.{quoted(table.raw_table)} where _batch_id = $batch_id", batch_id=batch_id
    )
    rejected = _scalar(connection, "select count(*) from raw.rejected where batch_id = $batch_id", batch_id=batch_id)
    rows_in = rows_read + len(bad_rows)
    if rows_in != kept + rejected:
        raise RuntimeError(f"{source}: {rows_in} rows in, but {kept} kept and {rejected} rejected. Nothing of it was stored.")
    connection.execute(
        "insert into raw.loads values (?, ?, ?, ?, ?, ?, ?)",
        [batch_id, table.raw_table, source, rows_in, kept, rejected, as_of],
    )
    return FileLoad(table.raw_table, source, batch_id, rows_in, kept, rejected, False)


def _create_incoming(connection: duckdb.DuckDBPyConnection, table: ContractTable) -> None:
    columns = ", ".join(f"{quoted(name)} varchar" for name in table.column_names)
    connection.execute(f"create or replace temp table incoming ({columns}, _unknown_columns varchar, _row bigint)")


def _append(connection: duckdb.DuckDBPyConnection, table: ContractTable, batch: Batch) -> None:
    known = [*table.column_names, "_row"]
    # Columns outside the contract are kept, as one JSON cell, so that nothing a source said is lost.
    unknown = [name for name in batch.rows.column_names if name not in known]
    pairs = ", ".join(f"{literal(name)}, {quoted(name)}" for name in unknown)
    connection.register("batch_rows", batch.rows)
    connection.execute(
        f"insert into incoming by name select {', '.join(quoted(name) for name in known)},"
        f" {f'json_object({pairs})' if unknown else 'null'} as _unknown_columns from batch_rows"
    )
    connection.unregister("batch_rows")


def _is_loaded(connection: duckdb.DuckDBPyConnection, batch_id: str) -> bool:
    return bool(_scalar(connection, "select count(*) from raw.loads where batch_id = $batch_id", batch_id=batch_id))


def _scalar(connection: duckdb.DuckDBPyConnection, sql: str, **parameters: object) -> int:
    return int(connection.execute(sql, parameters or None).fetchall()[0][0])


class _transaction:  # noqa: N801  (reads as a keyword at its use)
    """Everything in the block is stored, or nothing."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("set TimeZone = 'UTC'")
        self._connection.execute("begin transaction")

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        self._connection.execute("rollback" if kind else "commit")
        if isinstance(error, duckdb.IOException):
            raise LoadError(
                f"The warehouse file cannot be written ({str(error).splitlines()[0]}). Free disk space or choose"
                " another --warehouse, then run again."
            ) from error
