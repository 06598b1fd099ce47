"""The CSV of a bulk job: rows, and for each row that is not valid CSV why; lines of results."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

csv.field_size_limit(sys.maxsize)  # a cell may be longer than the module's 128 KiB


@dataclass(frozen=True)
class CsvRow:
    """One row, as many cells as the header has. A row with a problem is refused; its cells are what could be read."""

    cells: list[str]
    problem: str = ""


class NotCsv(Exception):
    """The text has no header that can be read."""


def read_rows(text: str, delimiter: str) -> tuple[list[str], list[CsvRow]]:
    """Header and rows. Blank lines are no rows.

    A space between a quote and a delimiter makes a row invalid, as does another number of cells than the header has.

    Raises
    ------
    NotCsv
        If the header cannot be read.
    """
    header: list[str] | None = None
    rows: list[CsvRow] = []
    for record, is_valid in _records(text, delimiter):
        if header is None:
            if not is_valid:
                raise NotCsv("the header is not valid CSV")
            header = [name.strip() for name in _cells(record, delimiter)]
        elif record:
            rows.append(_row(_cells(record, delimiter), is_valid, len(header)))
    if header is None:
        raise NotCsv("there is no header")
    return header, rows


def line(cells: Sequence[Any], delimiter: str, line_end: str) -> str:
    """A line of a result: every cell in quotes."""
    return delimiter.join('"' + str(cell).replace('"', '""') + '"' for cell in cells) + line_end


def line_ending(text: str) -> str | None:
    """What ends the header line: LF, CRLF, or None if nothing does. Line ends inside quotes do not count."""
    match = re.match(r'(?:[^"\n]|"[^"]*")*?(\r?\n)', text)
    return None if match is None else "CRLF" if match.group(1) == "\r\n" else "LF"


@lru_cache
def _record_pattern(delimiter: str) -> re.Pattern[str]:
    sign = re.escape(delimiter)
    cell = rf'(?:"(?:[^"]|"")*+"|(?:[^"{sign}\r\n]|\r(?!\n))*+)'
    return re.compile(rf"({cell}(?:{sign}{cell})*+)(?:\r?\n|\Z)")


def _records(text: str, delimiter: str) -> list[tuple[str, bool]]:
    """The text of each record without its line end, and whether it is valid. An invalid one ends with its line."""
    pattern = _record_pattern(delimiter)
    found: list[tuple[str, bool]] = []
    position, end = 0, len(text)
    while position < end:
        match = pattern.match(text, position)
        if match:
            found.append((match.group(1), True))
            position = match.end()
        else:
            stop = text.find("\n", position)
            stop = end if stop < 0 else stop
            found.append((text[position:stop].rstrip("\r"), False))
            position = stop + 1
    return found


def _cells(record: str, delimiter: str) -> list[str]:
    if '"' not in record:
        return record.split(delimiter)
    return next(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter), [])


def _row(cells: list[str], is_valid: bool, width: int) -> CsvRow:
    problem = "" if is_valid else "a quote stands inside a cell, or a space between a quote and a delimiter"
    if not problem and len(cells) != width:
        problem = f"the row has {len(cells)} cells, the header has {width}"
    return CsvRow((cells + [""] * width)[:width] if problem else cells, problem)
