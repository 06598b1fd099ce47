"""Folders that appear whole or not at all, and the CSV and Parquet files that are written into them bit by bit."""

from __future__ import annotations

import calendar
import fcntl
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from demo import tables
from demo.errors import DemoError

MARKER = "_demo.json"
_FORMAT = 1


@dataclass(frozen=True)
class Marker:
    """What made a folder: written into it, so that nobody's own data is ever overwritten."""

    accounts: int
    seed: int
    as_of: date

    def text(self, rows: dict[str, int]) -> str:
        """The marker file: the same request gives the same bytes."""
        content = {
            "made_by": "abm demo",
            "format": _FORMAT,
            "accounts": self.accounts,
            "seed": self.seed,
            "as_of": self.as_of.isoformat(),
            "rows": rows,
        }
        return json.dumps(content, indent=2, sort_keys=True) + "\n"


def read_marker(folder: Path) -> Marker | None:
    """What made the folder, or None if it is not a complete demo folder of this format."""
    try:
        content: Any = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        if content["made_by"] != "abm demo" or content["format"] != _FORMAT:
            return None
        return Marker(int(content["accounts"]), int(content["seed"]), date.fromisoformat(content["as_of"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_written(folder: Path, accounts: int, seed: int, as_of: date) -> bool:
    """Whether `folder` is the complete result of exactly this request."""
    return read_marker(folder) == Marker(accounts, seed, as_of)


def check_target(folder: Path) -> None:
    """Refuse a place that holds anything but a demo folder.

    Raises
    ------
    DemoError
        If `folder` is a file, a symbolic link, or a folder with content that this package did not make.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise DemoError(
            f"{folder}: a file or a link stands there. Give a folder that is new, empty or an earlier demo."
        )
    if folder.is_dir() and any(folder.iterdir()) and not _is_ours(folder):
        first = min(path.name for path in folder.iterdir())
        raise DemoError(
            f"{folder}: the folder holds {first} and was not made by `abm demo` (it has no {MARKER})."
            " Nothing was written. Give another folder, or empty this one yourself."
        )


@contextmanager
def folder_in_one_go(folder: Path) -> Iterator[Path]:
    """A folder beside `folder` to write into; on success it takes the place of `folder`, on failure it goes away.

    What a killed run left behind is removed by the next run for the same place.

    Raises
    ------
    DemoError
        If another run is writing to the same place now.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft, former = (folder.with_name(f".{folder.name}.{kind}") for kind in ("being-made", "replaced"))
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        _hold(lock, folder)
        try:
            for leftover in (draft, former):
                shutil.rmtree(leftover, ignore_errors=True)
            draft.mkdir()
            yield draft
            if folder.exists():
                folder.rename(former)
            draft.rename(folder)
        finally:
            if former.exists() and not folder.exists():
                former.rename(folder)
            shutil.rmtree(draft, ignore_errors=True)
            shutil.rmtree(former, ignore_errors=True)
            Path(lock.name).unlink(missing_ok=True)


class LandingWriter:
    """Writes tables of the contract chunk by chunk; memory does not grow with their number."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, pa_csv.CSVWriter | pq.ParquetWriter] = {}
        self.rows: Counter[str] = Counter()

    def write(self, name: str, rows: pa.Table) -> None:
        """Append rows to a table."""
        self.rows[name] += rows.num_rows
        if name == tables.PARTITIONED_TABLE:
            self._write_by_month(name, rows)
        else:
            self._writer(name).write_table(rows)

    def close(self) -> None:
        """Finish every file."""
        for writer in self._writers.values():
            writer.close()

    def _write_by_month(self, name: str, rows: pa.Table) -> None:
        month = np.array([text[:7] for text in rows.column("loaded_at").to_pylist()])
        for value in np.unique(month):
            year, number = (int(part) for part in str(value).split("-"))
            last_day = calendar.monthrange(year, number)[1]
            path = f"{name}/loaded_date={value}-{last_day:02d}/part-0"
            self._writer(name, path).write_table(rows.take(pa.array(np.flatnonzero(month == value))))

    def _writer(self, name: str, path: str | None = None) -> pa_csv.CSVWriter | pq.ParquetWriter:
        key = path or name
        if key not in self._writers:
            is_parquet = name in tables.PARQUET_TABLES
            target = self._folder / f"{key}.{'parquet' if is_parquet else 'csv'}"
            target.parent.mkdir(parents=True, exist_ok=True)
            make = parquet_writer if is_parquet else pa_csv.CSVWriter
            self._writers[key] = make(target, tables.schema(name))
        return self._writers[key]


def parquet_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A Parquet file that takes one row group after the other."""
    return pq.ParquetWriter(path, schema, compression="zstd")


def _is_ours(folder: Path) -> bool:
    try:
        content = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("made_by") == "abm demo"


def _hold(lock: IO[str], folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DemoError(
            f"{folder}: another `abm demo` is writing there. Wait for it, or give another folder."
        ) from None
