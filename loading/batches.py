"""Batches of rows into schema `raw`: idempotent, all or nothing per file, every row counted."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from loading.contract import CONTRACT, ContractTable
from loading.errors import LoadError
from loading.files import Batch, LandingFile, find_landing_files, read_batches
from loading.readable import literal, quoted, rejection_sql

Progress = Callable[[str], None]

FILE_TIME = "23:59:59Z"
"""Time of the night that the loader stamps on a row whose source gave no `loaded_at`."""


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
    rows: Counter[str] = Counter()
    for load in loads:
        rows[load.table] += load.rows_in
    record_arrivals(connection, as_of, rows, is_crm_extract=False)
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
    with _transaction(connection):
        new = _versions_not_in_raw(connection, table, pa.table(arrays))
        content = hashlib.sha256(f"{table.raw_table} {source}".encode())
        for line in sorted(map(str, new.drop_columns(["_row"]).to_pylist())):
            content.update(line.encode("utf-8", "backslashreplace"))
        batch_id = content.hexdigest()[:16]
        if not new.num_rows or _is_loaded(connection, batch_id):
            return FileLoad(table.raw_table, source, batch_id, rows.num_rows, rows.num_rows, 0, True)
        _store_batch(
            connection, table, source, batch_id, Batch(new, ()), _extract_stamp(connection, table, source, as_of)
        )
        load = _record_load(connection, table, source, batch_id, new.num_rows, as_of)
    kept_before = rows.num_rows - new.num_rows
    return replace(load, rows_in=rows.num_rows, rows_kept=load.rows_kept + kept_before)


def _extract_stamp(connection: duckdb.DuckDBPyConnection, table: ContractTable, source: str, as_of: date) -> str:
    """Later than the night's files and than its earlier extracts, so that what the API said last is what counts.

    A CRM cuts a text that its field cannot hold, and an export file of the same night may hold it uncut.
    """
    earlier = _scalar(
        connection,
        "select count(*) from raw.loads where table_name = $table_name and file = $source and as_of_date = $as_of",
        table_name=table.raw_table,
        source=source,
        as_of=as_of,
    )
    return f"{as_of}T23:59:59.{900_000 + min(earlier, 99_999):06d}Z"


def _versions_not_in_raw(connection: duckdb.DuckDBPyConnection, table: ContractTable, rows: pa.Table) -> pa.Table:
    """Rows whose contract columns, the load time aside, differ from every row that is stored."""
    compared = [quoted(name) for name in table.column_names if name != "loaded_at"]
    fingerprint = f"md5(to_json(list_value({', '.join(compared)}))::varchar)"
    connection.register("extracted", rows)
    new = connection.sql(
        f"select * from extracted where {fingerprint} not in (select {fingerprint} from raw.{quoted(table.raw_table)})"
        " order by _row"
    ).to_arrow_table()
    connection.unregister("extracted")
    return new


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
    connection.execute(
        "create table if not exists raw.arrivals (as_of_date date, table_name varchar, is_crm_extract boolean, row_count bigint)"
    )


def record_arrivals(
    connection: duckdb.DuckDBPyConnection, as_of: date, row_counts: Mapping[str, int], is_crm_extract: bool
) -> None:
    """Keep how many rows a night's sources held, by raw table, whether they were new or not.

    What is stored only grows, so nothing else tells an export that was cut short from a quiet day. A night that is run again
    replaces its counts.
    """
    with _transaction(connection):
        connection.execute(
            "delete from raw.arrivals where as_of_date = ? and is_crm_extract = ?", [as_of, is_crm_extract]
        )
        for table, rows in sorted(row_counts.items()):
            connection.execute("insert into raw.arrivals values (?, ?, ?, ?)", [as_of, table, is_crm_extract, rows])


def _load_file(connection: duckdb.DuckDBPyConnection, file: LandingFile, as_of: date) -> FileLoad:
    batch_id = file.content_hash()
    if _is_loaded(connection, batch_id):
        rows_in, kept, rejected = connection.execute(
            "select rows_in, rows_kept, rows_rejected from raw.loads where batch_id = ?", [batch_id]
        ).fetchall()[0]
        return FileLoad(file.table.raw_table, file.relative_path, batch_id, rows_in, kept, rejected, True)
    stamp = f"{file.loaded_date or as_of}T{FILE_TIME}"
    rows_in = 0
    with _transaction(connection):
        for batch in read_batches(file):
            _store_batch(connection, file.table, file.relative_path, batch_id, batch, stamp)
            rows_in += batch.rows.num_rows + len(batch.bad_rows)
        return _record_load(connection, file.table, file.relative_path, batch_id, rows_in, as_of)


def _store_batch(
    connection: duckdb.DuckDBPyConnection, table: ContractTable, source: str, batch_id: str, batch: Batch, stamp: str
) -> None:
    """Store the readable rows of a batch, and the others in `raw.rejected`; memory does not grow with the file."""
    contract = [quoted(name) for name in table.column_names]
    values = ["coalesce(loaded_at, $stamp)" if name == quoted("loaded_at") else name for name in contract]
    # Columns outside the contract are kept, as one JSON cell, so that nothing a source said is lost.
    unknown = [name for name in batch.rows.column_names if name not in (*table.column_names, "_row")]
    pairs = ", ".join(f"{literal(name)}, {quoted(name)}" for name in unknown)
    bad_column, reason = rejection_sql(table.columns)
    connection.register("batch_rows", batch.rows)
    connection.execute(
        f"create or replace temp table judged as select *, {bad_column} as bad_column, {reason} as reason from batch_rows"
    )
    connection.unregister("batch_rows")
    connection.execute(
        f"insert into raw.{quoted(table.raw_table)} ({', '.join(contract)}, _unknown_columns, _batch_id, _row)"
        f" select {', '.join(values)}, {f'json_object({pairs})' if unknown else 'null'}, $batch_id, _row"
        " from judged where bad_column is null order by _row",
        {"stamp": stamp, "batch_id": batch_id},
    )
    cells = ", ".join(f"{name} := {name}" for name in contract)
    connection.execute(
        f"insert into raw.rejected select $table_name, $source, _row, bad_column, reason, to_json(struct_pack({cells})),"
        " $batch_id from judged where bad_column is not null order by _row",
        {"table_name": table.raw_table, "source": source, "batch_id": batch_id},
    )
    if batch.bad_rows:
        connection.executemany(
            "insert into raw.rejected values (?, ?, ?, ?, ?, ?, ?)",
            [[table.raw_table, source, row.line, row.column, row.reason, row.text, batch_id] for row in batch.bad_rows],
        )


def _record_load(
    connection: duckdb.DuckDBPyConnection, table: ContractTable, source: str, batch_id: str, rows_in: int, as_of: date
) -> FileLoad:
    target = f"raw.{quoted(table.raw_table)}"
    kept = _scalar(connection, f"select count(*) from {target} where _batch_id = $batch_id", batch_id=batch_id)
    rejected = _scalar(connection, "select count(*) from raw.rejected where batch_id = $batch_id", batch_id=batch_id)
    if rows_in != kept + rejected:
        raise RuntimeError(
            f"{source}: {rows_in} rows in, but {kept} kept and {rejected} rejected. Nothing of it was stored."
        )
    connection.execute(
        "insert into raw.loads values (?, ?, ?, ?, ?, ?, ?)",
        [batch_id, table.raw_table, source, rows_in, kept, rejected, as_of],
    )
    return FileLoad(table.raw_table, source, batch_id, rows_in, kept, rejected, False)


def _is_loaded(connection: duckdb.DuckDBPyConnection, batch_id: str) -> bool:
    return bool(_scalar(connection, "select count(*) from raw.loads where batch_id = $batch_id", batch_id=batch_id))


def _scalar(connection: duckdb.DuckDBPyConnection, sql: str, **parameters: object) -> int:
    return int(connection.execute(sql, parameters or None).fetchall()[0][0])


class _transaction:
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
