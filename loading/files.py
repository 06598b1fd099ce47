"""Landing files as Arrow batches of text, each row with the line it stands on."""

from __future__ import annotations

import csv
import difflib
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from loading.contract import CONTRACT, ContractTable
from loading.errors import LoadError

ROWS_PER_BATCH = 50_000
# A quoted cell may hold line breaks, but a record over this many lines is a quote that was never closed.
MAX_LINES_PER_RECORD = 2_000
_PARTITION = re.compile(r"loaded_date=(\d{4}-\d{2}-\d{2})$")

csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True)
class LandingFile:
    """One file of a landing folder and the contract table that it belongs to."""

    table: ContractTable
    path: Path
    relative_path: str
    loaded_date: date | None

    def content_hash(self) -> str:
        """First 16 hex digits of the SHA-256 of table name and content: the same file is the same batch anywhere."""
        digest = hashlib.sha256(self.table.raw_table.encode())
        with _opened(self).open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()[:16]


@dataclass(frozen=True)
class BadRow:
    """A row that could not be read: where it stands, why, and its text."""

    line: int
    column: str | None
    reason: str
    text: str


@dataclass(frozen=True)
class Batch:
    """Up to `ROWS_PER_BATCH` rows: every contract column and every other column of the file as text, and `_row`, the line."""

    rows: pa.Table
    bad_rows: tuple[BadRow, ...]


def find_landing_files(folder: Path) -> tuple[list[LandingFile], list[str]]:
    """Files of the contract in a landing folder, in contract and path order, and the paths that belong to no table.

    Raises
    ------
    LoadError
        If the folder is missing, is not a folder, or holds no table of the contract.
    """
    if not folder.is_dir():
        seen = "a file" if folder.exists() else "nothing"
        raise LoadError(
            f"{folder}: expected a landing folder with one sub-folder per source (salesforce/, web/, ...), found {seen}."
            " Give an existing folder with --input, or make one with `abm demo --out DIR`."
        )
    found: list[LandingFile] = []
    for table in CONTRACT:
        patterns = (
            f"{table.folder}/{table.file}",
            f"{table.folder}/loaded_date=*/{table.file}",
            f"{table.folder}/{table.file}/**/*",
        )
        paths = sorted(
            path
            for number, pattern in enumerate(patterns)
            for ending in (".csv", ".parquet")
            for path in folder.glob(pattern + ending)
            if path.is_file() and (number < 2 or not path.name.startswith(("_", ".")))
        )
        found.extend(LandingFile(table, path, str(path.relative_to(folder)), _partition_date(path)) for path in paths)
    known = {file.path for file in found}
    strays = sorted(
        str(path.relative_to(folder))
        for path in folder.glob("*/**/*")
        if path.is_file() and path not in known and not path.name.startswith((".", "_"))
    )
    if not found:
        raise LoadError(
            f"{folder}: no table of the landing contract found (looked for {CONTRACT[0].name}.csv,"
            f" {CONTRACT[0].name}.parquet and {len(CONTRACT) - 1} others)."
            + (f" It holds {len(strays)} other files, such as {strays[0]}." if strays else " It is empty.")
        )
    return found, strays


def read_batches(file: LandingFile) -> Iterator[Batch]:
    """Rows of one file as text, in file order, in batches of bounded size.

    Raises
    ------
    LoadError
        If the file cannot be opened or parsed at all, or lacks a required column.
    """
    try:
        yield from _read_parquet(file) if file.path.suffix == ".parquet" else _read_csv(file)
    except (OSError, pa.ArrowException) as error:
        raise LoadError(
            f"{file.relative_path}: cannot be read as {file.path.suffix[1:]} ({type(error).__name__}: "
            f"{str(error).splitlines()[0]}). Check its permissions, or export it again."
        ) from error


def _opened(file: LandingFile) -> Path:
    try:
        with file.path.open("rb"):
            return file.path
    except OSError as error:
        raise LoadError(
            f"{file.relative_path}: cannot be opened ({error.strerror}). Check its permissions, or export it again."
        ) from error


def _partition_date(path: Path) -> date | None:
    for part in path.parts:
        if match := _PARTITION.search(part):
            try:
                return date.fromisoformat(match[1])
            except ValueError:
                raise LoadError(
                    f"{path}: the partition {part} is not a date; expected loaded_date=YYYY-MM-DD."
                ) from None
    return None


def _read_parquet(file: LandingFile) -> Iterator[Batch]:
    with pq.ParquetFile(file.path) as parquet:
        positions = _column_positions(file, parquet.schema_arrow.names)
        first_row = 1
        columns = [parquet.schema_arrow.names[position] for position in positions.values() if position is not None]
        for batch in parquet.iter_batches(batch_size=ROWS_PER_BATCH, columns=columns):
            arrays = {
                name: pa.nulls(batch.num_rows, pa.string())
                if position is None
                else _as_text(batch.column(parquet.schema_arrow.names[position]))
                for name, position in positions.items()
            }
            arrays["_row"] = pa.array(range(first_row, first_row + batch.num_rows), pa.int64())
            first_row += batch.num_rows
            yield Batch(pa.table(arrays), ())


def _as_text(column: pa.Array) -> pa.Array:
    """Cells as text, times in ISO 8601 UTC, the empty text as null as in a CSV."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        if column.type.tz is not None:
            column = column.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
        text = pa.compute.strftime(column.cast(pa.timestamp("us")), format="%Y-%m-%dT%H:%M:%SZ")
    elif pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        values = [None if cell is None else cell.decode("utf-8", "backslashreplace") for cell in column.to_pylist()]
        text = pa.array(values, pa.string())
    elif pa.types.is_nested(column.type):
        text = pa.array([None if cell is None else str(cell) for cell in column.to_pylist()], pa.string())
    else:
        text = column.cast(pa.string())
    return pa.compute.if_else(pa.compute.equal(text, ""), pa.scalar(None, pa.string()), text)


def _column_positions(file: LandingFile, header: Sequence[str]) -> dict[str, int | None]:
    """Where each contract column, and each other column of the file, stands in it; null for one that is absent."""
    lower = [name.strip().lower() for name in header]
    for name in {name for name in lower if lower.count(name) > 1}:
        raise LoadError(f"{file.relative_path}, line 1: the column {name} stands there twice. Keep one of them.")
    missing = [name for name in file.table.required_columns if name.lower() not in lower]
    if missing:
        close = difflib.get_close_matches(missing[0].lower(), lower, n=1)
        hint = f" Did you mean {header[lower.index(close[0])]!r}?" if close else ""
        raise LoadError(
            f"{file.relative_path}, line 1: the required column {', '.join(missing)} is missing; found"
            f" {', '.join(header[:12]) or 'no column'}{', ...' if len(header) > 12 else ''}.{hint}"
            " Rename the column in the export, or add it."
        )
    positions: dict[str, int | None] = {
        name: lower.index(name.lower()) if name.lower() in lower else None for name in file.table.column_names
    }
    unknown = {header[position]: position for position in range(len(header)) if position not in positions.values()}
    return positions | unknown


class _Lines:
    """Physical lines of a file, remembering those of the record in progress so that they can be given back."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._returned: list[str] = []
        self.of_record: list[str] = []
        self.count = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.of_record) >= MAX_LINES_PER_RECORD:
            raise _QuoteNeverClosed
        line = self._returned.pop() if self._returned else next(self._stream)
        self.of_record.append(line)
        self.count += 1
        return line

    def give_back_all_but_first(self) -> str:
        first, *rest = self.of_record
        self._returned.extend(reversed(rest))
        self.count -= len(rest)
        self.of_record = []
        return first


class _QuoteNeverClosed(Exception):
    """A record grew past `MAX_LINES_PER_RECORD` lines."""


def _read_csv(file: LandingFile) -> Iterator[Batch]:
    with file.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        lines = _Lines(stream)
        reader = csv.reader(lines)
        header = next(reader, None)
        if header is None:
            raise LoadError(
                f"{file.relative_path}: the file is empty. Expected a header row with"
                f" {', '.join(file.table.required_columns)}. Export it again, or remove it to run without this table."
            )
        positions = _column_positions(file, header)
        rows: list[list[str]] = []
        numbers: list[int] = []
        bad_rows: list[BadRow] = []
        while True:
            lines.of_record = []
            line = lines.count + 1
            try:
                cells = next(reader)
                problem = _row_problem(cells, len(header))
            except StopIteration:
                break
            except (csv.Error, _QuoteNeverClosed):
                cells, problem = [], "a quote is opened and never closed"
            if problem and len(lines.of_record) > 1:
                # One stray quote must not swallow the rows behind it: only its own line is set aside.
                text = lines.give_back_all_but_first()
                bad_rows.append(
                    BadRow(line, None, f"{problem} (the cell runs past the end of the line)", _printable(text))
                )
                reader = csv.reader(lines)
            elif problem:
                bad_rows.append(BadRow(line, None, problem, _printable("".join(lines.of_record))))
            elif cells:
                rows.append(cells)
                numbers.append(line)
            if len(rows) + len(bad_rows) >= ROWS_PER_BATCH:
                yield _csv_batch(rows, numbers, bad_rows, positions)
                rows, numbers, bad_rows = [], [], []
        yield _csv_batch(rows, numbers, bad_rows, positions)


def _row_problem(cells: list[str], expected: int) -> str | None:
    if not cells:
        return None  # a blank line is not a row
    if len(cells) != expected:
        return f"{len(cells)} cells, expected {expected}"
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return "not valid UTF-8"
    return None


def _printable(text: str) -> str:
    return text.rstrip("\r\n").encode("utf-8", "backslashreplace").decode()


def _csv_batch(
    rows: list[list[str]], numbers: list[int], bad_rows: list[BadRow], positions: dict[str, int | None]
) -> Batch:
    columns = list(zip(*rows, strict=True)) if rows else []
    arrays = {}
    for name, position in positions.items():
        if position is None or not columns:
            arrays[name] = pa.nulls(len(rows), pa.string())
        else:
            arrays[name] = pa.array([cell or None for cell in columns[position]], pa.string())
    arrays["_row"] = pa.array(numbers, pa.int64())
    return Batch(pa.table(arrays), tuple(bad_rows))
