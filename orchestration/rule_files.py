"""Checks the business rules in `seeds/rules/` before anything is computed from them.

What a column may hold stands in the `.yml` beside each `.csv`, in the same words that dbt reads:
`config.column_types` for the type, `config.meta` of a column for `required`, `min`, `max`, `allowed` and `pattern`,
`config.meta.key` of the file for the columns that are unique together.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from orchestration.errors import RuleError


@dataclass(frozen=True)
class RuleColumn:
    """What a column of a rule file may hold."""

    name: str
    type: str
    required: bool
    minimum: float | None
    maximum: float | None
    allowed: tuple[str, ...]
    pattern: str | None

    def problem(self, cell: str) -> str | None:
        """Why a cell is not allowed, as the end of a sentence; null when it is."""
        if cell == "":
            return "is empty, but a value is required" if self.required else None
        if self.type in _NUMERIC:
            try:
                number = int(cell) if self.type in _WHOLE else float(cell)
            except ValueError:
                return f"is {cell!r}, expected a {'whole number' if self.type in _WHOLE else 'number'}"
            if number != number or abs(number) == float("inf"):
                return f"is {cell!r}, expected a finite number"
            if self._is_outside(number):
                return f"is {cell}, allowed is {self._range()}"
        elif self.type == "date":
            try:
                date.fromisoformat(cell)
            except ValueError:
                return f"is {cell!r}, expected a date YYYY-MM-DD"
        elif self.type == "boolean" and cell.lower() not in ("true", "false"):
            return f"is {cell!r}, expected true or false"
        if self.allowed and cell not in self.allowed:
            return f"is {cell!r}, allowed is one of {', '.join(self.allowed)}"
        if self.pattern and not re.fullmatch(self.pattern, cell):
            return f"is {cell!r}, expected the form {self.pattern}"
        return None

    def _is_outside(self, number: float) -> bool:
        return (self.minimum is not None and number < self.minimum) or (
            self.maximum is not None and number > self.maximum
        )

    def _range(self) -> str:
        if self.minimum is not None and self.maximum is not None:
            return f"{self.minimum:g} to {self.maximum:g}"
        return f"{self.minimum:g} or more" if self.minimum is not None else f"{self.maximum:g} or less"


_WHOLE = ("integer", "bigint", "int", "smallint")
_NUMERIC = (*_WHOLE, "double", "float", "decimal", "numeric")


def check_rules(folder: Path) -> str:
    """Check every rule file; the SHA-256 of all of them, first 16 hex digits, that a run records as its rules.

    Raises
    ------
    RuleError
        At the first row that is not allowed, naming file, row, column, value and the allowed range.
    """
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise RuleError(f"{folder}: no rule files found. Run from the project's own folder, or restore seeds/rules.")
    digest = hashlib.sha256()
    for file in files:
        _check_file(file)
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _check_file(file: Path) -> None:
    columns, key = _read_properties(file)
    where = f"seeds/rules/{file.name}"
    seen: dict[tuple[str, ...], int] = {}
    for line, row in _rows(file, columns):
        for column in columns:
            if problem := column.problem(row[column.name]):
                raise RuleError(f"{where}, line {line}: {column.name} {problem}. Correct the row and run again.")
        if "min_value" in row and "max_value" in row and "value" in row:
            _check_parameter(where, line, row)
        if key:
            values = tuple(row[name] for name in key)
            if values in seen:
                raise RuleError(
                    f"{where}, line {line}: {', '.join(key)} = {', '.join(values)} already stands in line"
                    f" {seen[values]}. Each may stand there once; remove one of the rows."
                )
            seen[values] = line


def _check_parameter(where: str, line: int, row: dict[str, str]) -> None:
    """A parameter row carries its own range."""
    try:
        value = float(row["value"])
        low = float(row["min_value"]) if row["min_value"] else None
        high = float(row["max_value"]) if row["max_value"] else None
    except ValueError:
        return  # `between` rows of other files have free-text values; their own columns were checked above
    if (low is not None and value < low) or (high is not None and value > high):
        raise RuleError(
            f"{where}, line {line}: {row.get('parameter', 'value')} is {row['value']}, allowed is"
            f" {row['min_value'] or 'any'} to {row['max_value'] or 'any'}. Correct the row and run again."
        )


def _rows(file: Path, columns: list[RuleColumn]) -> Iterator[tuple[int, dict[str, str]]]:
    where = f"seeds/rules/{file.name}"
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            header = next(reader, [])
            expected = [column.name for column in columns]
            if missing := [name for name in expected if name not in header]:
                raise RuleError(
                    f"{where}, line 1: the column {', '.join(missing)} is missing; expected {', '.join(expected)}."
                )
            if unknown := [name for name in header if name not in expected]:
                raise RuleError(
                    f"{where}, line 1: the column {', '.join(unknown)} is not known; expected {', '.join(expected)}."
                    f" Add it to {file.stem}.yml if a model reads it."
                )
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(header):
                    raise RuleError(
                        f"{where}, line {reader.line_num}: {len(cells)} cells, expected {len(header)}."
                        " A text with a comma needs quotes."
                    )
                yield reader.line_num, dict(zip(header, (cell.strip() for cell in cells), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RuleError(f"{where}: cannot be read ({error}). Save it as CSV in UTF-8.") from error


def _read_properties(file: Path) -> tuple[list[RuleColumn], tuple[str, ...]]:
    properties = file.with_suffix(".yml")
    try:
        seed: dict[str, Any] = yaml.safe_load(properties.read_text(encoding="utf-8"))["seeds"][0]
        types: dict[str, str] = seed["config"]["column_types"]
    except FileNotFoundError:
        raise RuleError(f"seeds/rules/{properties.name} is missing: each rule file has its .yml beside it.") from None
    except (KeyError, IndexError, TypeError, yaml.YAMLError) as error:
        raise RuleError(f"seeds/rules/{properties.name}: expected seeds[0].config.column_types ({error}).") from error
    described = {column["name"]: column for column in seed.get("columns", [])}
    columns = []
    for name, type_name in types.items():
        meta: dict[str, Any] = described.get(name, {}).get("config", {}).get("meta", {})
        columns.append(
            RuleColumn(
                name,
                type_name.lower().split("(")[0],
                bool(meta.get("required", False)),
                meta.get("min"),
                meta.get("max"),
                tuple(str(value) for value in meta.get("allowed", ())),
                meta.get("pattern"),
            )
        )
    return columns, tuple(seed["config"].get("meta", {}).get("key", ()))
