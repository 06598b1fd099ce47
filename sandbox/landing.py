"""The CRM part of a landing folder: its files, their rows with the line each stands on, and their cells read leniently."""

from __future__ import annotations

import csv
import hashlib
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sandbox import ids
from sandbox.errors import SandboxError
from sandbox.schema import ID_TYPES, NUMBER_TYPES, Field
from sandbox.values import Value, parse_date, parse_datetime, utf16_length, well_formed

TABLES = ("User", "Account", "Contact", "Opportunity", "OpportunityHistory", "Task")
ROWS_PER_BATCH = 20_000

_CURRENCY = re.compile(r"^([-+]?)\s*[€$£¥]\s*")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?")
_LOCAL_DATE = re.compile(r"(\d{4})[/年-](\d{1,2})[/月-](\d{1,2})日?(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_BOOLEANS = {"true": 1, "1": 1, "false": 0, "0": 0}

csv.field_size_limit(sys.maxsize)  # a cell may be longer than the module's 128 KiB


@dataclass(frozen=True)
class LandingFile:
    """One file with the rows of one object."""

    table: str
    path: Path
    name: str  # relative to the landing folder


@dataclass(frozen=True)
class Batch:
    """Rows of a file: the column names, the cells of each row, and where it stands.

    `lines` are lines of a CSV (the header is line 1) or row numbers of a Parquet file (from 1).
    """

    columns: tuple[str, ...]
    rows: list[list[Any]]
    lines: list[int]


class Unreadable(Exception):
    """A cell that says nothing of its type."""


class Adjusted(Exception):
    """A cell that fits only after a change; carries what is stored instead."""

    def __init__(self, reason: str, value: Value) -> None:
        super().__init__(reason)
        self.value = value


def find_files(landing: Path) -> list[LandingFile]:
    """CRM files of a landing folder, by object and then by path, so that later partitions come later.

    Raises
    ------
    SandboxError
        If there is no `salesforce` folder, or nothing in it that can be restored.
    """
    folder = landing / "salesforce"
    found = []
    for table in TABLES:
        patterns = [f"{table}{{}}", f"loaded_date=*/{table}{{}}", f"{table}/**/*{{}}"]
        paths = {
            path
            for pattern in patterns
            for ending in (".csv", ".parquet")
            for path in folder.glob(pattern.format(ending))
        }
        files = sorted(path for path in paths if path.is_file() and not path.name.startswith((".", "_")))
        found += [LandingFile(table, path, path.relative_to(landing).as_posix()) for path in files]
    if not found:
        raise SandboxError(
            f"{folder}: found none of {', '.join(TABLES)} as .csv or .parquet."
            " Give a landing folder that has a salesforce folder."
        )
    return found


def content_hash(files: list[LandingFile]) -> str:
    """SHA-256 over the files' names and contents."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0{file.path.stat().st_size}\0".encode())
        with file.path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def read_batches(file: LandingFile) -> Iterator[Batch]:
    """Rows of a file as they stand there, in batches.

    Raises
    ------
    SandboxError
        If the file cannot be read at all.
    """
    try:
        yield from _read_parquet(file) if file.path.suffix == ".parquet" else _read_csv(file)
    except (OSError, csv.Error, pa.ArrowException) as error:
        raise SandboxError(f"{file.name}: cannot be read as {file.path.suffix[1:]}: {error}") from None


def cell_reader(field: Field) -> Callable[[Any], Value]:
    """A function from a cell (not None) to the value that is stored; raises Unreadable or Adjusted."""
    kind, limit = field.type, field.length

    def read_text(cell: Any) -> Value:
        text = str(cell)
        clean = well_formed(text)
        if limit and len(clean) * 2 > limit and utf16_length(clean) > limit:
            kept = clean.encode("utf-16-le")[: limit * 2].decode("utf-16-le", "ignore")
            raise Adjusted(f"cut to the field's {limit} characters", kept)
        if clean != text:
            raise Adjusted("characters that no text field takes were removed", clean or None)
        return clean or None

    def read_number(cell: Any) -> Value:
        number = _lenient_number(cell)
        if number is None:
            raise Unreadable("not a number")
        if kind == "int":
            if abs(number) >= 2**31:
                raise Unreadable("too large for a whole number field")
            return round(number)
        return number

    def read_boolean(cell: Any) -> Value:
        found = _BOOLEANS.get(str(cell).strip().lower())
        if found is None:
            raise Unreadable("not a boolean; expected true or false")
        return found

    def read_time(cell: Any) -> Value:
        found = _lenient_time(str(cell).strip(), is_date=kind == "date")
        if found is None:
            raise Unreadable("not a date; expected YYYY-MM-DD" if kind == "date" else "not a time; expected ISO 8601")
        return found

    def read_id(cell: Any) -> Value:
        text = str(cell).strip()
        if not ids.has_id_shape(text):
            raise Unreadable("not a record id of 15 or 18 letters and digits")
        return ids.to_18(text)

    if kind in ID_TYPES:
        return read_id
    if kind in NUMBER_TYPES:
        return read_number
    if kind in ("date", "datetime"):
        return read_time
    return read_boolean if kind == "boolean" else read_text


def _lenient_number(cell: Any) -> float | None:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        number = float(cell)
    else:
        text = _CURRENCY.sub(r"\1", unicodedata.normalize("NFKC", str(cell)).strip()).replace(",", "")
        if not _NUMBER.fullmatch(text):
            return None
        number = float(text)
    return number if abs(number) < 1e18 else None


def _lenient_time(text: str, *, is_date: bool) -> str | None:
    found = parse_date(text) if is_date else parse_datetime(text)
    if found is not None or not (match := _LOCAL_DATE.fullmatch(text)):
        return found
    year, month, day, *clock = match.groups()
    hour, minute, second = (part or "00" for part in clock)
    iso = f"{year}-{month:0>2}-{day:0>2}"
    return parse_date(iso) if is_date else parse_datetime(f"{iso}T{hour:0>2}:{minute}:{second}")


def _read_csv(file: LandingFile) -> Iterator[Batch]:
    with file.path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        reader = csv.reader(stream)
        header = tuple(name.strip() for name in next(reader, []))
        rows: list[list[Any]] = []
        lines: list[int] = []
        line = reader.line_num + 1
        for row in reader:
            if row:
                rows.append(row)
                lines.append(line)
            line = reader.line_num + 1
            if len(rows) == ROWS_PER_BATCH:
                yield Batch(header, rows, lines)
                rows, lines = [], []
        yield Batch(header, rows, lines)


def _read_parquet(file: LandingFile) -> Iterator[Batch]:
    with pq.ParquetFile(file.path) as parquet:
        columns = tuple(parquet.schema_arrow.names)
        number = 1
        for batch in parquet.iter_batches(batch_size=ROWS_PER_BATCH):
            cells = [column.to_pylist() for column in batch.columns]
            rows = [list(row) for row in zip(*cells, strict=True)]
            yield Batch(columns, rows, list(range(number, number + len(rows))))
            number += len(rows)
