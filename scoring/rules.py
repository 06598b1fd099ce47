"""Rule tables as people edit them, checked before anything is computed."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]


class RuleError(ValueError):
    """A rule file holds a value that cannot be used; a person edits the file.

    Attributes
    ----------
    file : path of the rule file in the repository
    row : the row's key, as `parameter = intent_prior_strength`
    column : the column to look at
    """

    def __init__(self, file: str, row: str, column: str, seen: str, expected: str) -> None:
        self.file, self.row, self.column = file, row, column
        super().__init__(
            f"{file}, row {row}, column {column}: {seen}.\nExpected: {expected}. Edit the file and run again."
        )


class RuleTable:
    """One rule table, its text trimmed, with readers that check a whole column and name the first wrong row."""

    def __init__(self, name: str, rows: pd.DataFrame, key: Sequence[str], columns: Collection[str]) -> None:
        self.file = f"seeds/rules/{name}.csv"
        absent = [column for column in (*key, *columns) if column not in rows.columns]
        if absent:
            raise RuleError(
                self.file, "1 (header)", absent[0], "the column is missing", f"columns {', '.join((*key, *columns))}"
            )
        self.key = list(key)
        ordered = rows.assign(**{column: rows[column].map(as_text) for column in key})
        self.rows = ordered.sort_values(self.key, kind="stable").reset_index(drop=True)
        repeated = self.rows.duplicated(self.key)
        if repeated.any():
            at = int(np.flatnonzero(repeated.to_numpy())[0])
            raise RuleError(self.file, self.row_name(at), self.key[0], "the row occurs twice", "one row per key")

    def __len__(self) -> int:
        return len(self.rows)

    def row_name(self, at: int) -> str:
        """Name of a row in an error message: its key columns, because a table read from a warehouse has no line numbers."""
        return ", ".join(f"{column} = {self.rows[column].iloc[at] or '(empty)'}" for column in self.key)

    def fail(self, at: int, column: str, expected: str) -> RuleError:
        """Error about one cell, to be raised by the caller."""
        seen = as_text(self.rows[column].iloc[at])
        return RuleError(self.file, self.row_name(at), column, f"'{seen}'" if seen else "empty", expected)

    def texts(self, column: str, *, allowed: Collection[str] | None = None, required: bool = True) -> list[str]:
        """Trimmed text of a column; empty where the cell is empty.

        Raises
        ------
        RuleError
            If a required cell is empty or a value is not among `allowed`.
        """
        values = [as_text(value) for value in self.rows[column].tolist()]
        expected = f"one of {', '.join(sorted(allowed))}" if allowed is not None else "some text"
        for at, value in enumerate(values):
            if (required and not value) or (value and allowed is not None and value not in allowed):
                raise self.fail(at, column, expected)
        return values

    def numbers(
        self, column: str, low: float, high: float, *, required: bool = True, unit: str = "", above_low: bool = False
    ) -> FloatArray:
        """Column as float64, NaN where an optional cell is empty.

        Raises
        ------
        RuleError
            If a cell is not a number, is outside [low, high] (or equal to `low` when `above_low`), or a required cell is empty.
        """
        expected = f"a number {'above' if above_low else 'from'} {low:g} {'up to' if above_low else 'to'} {high:g}"
        expected += f" ({unit})" if unit else ""
        out = np.full(len(self.rows), np.nan)
        for at, value in enumerate(self.rows[column].tolist()):
            if not as_text(value):
                if required:
                    raise self.fail(at, column, expected)
                continue
            number = as_number(value)
            if not low <= number <= high or (above_low and number <= low):
                raise self.fail(at, column, expected)
            out[at] = number
        return out

    def booleans(self, column: str) -> npt.NDArray[np.bool_]:
        """Column of true/false cells.

        Raises
        ------
        RuleError
            If a cell is neither true nor false.
        """
        known = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
        out = np.zeros(len(self.rows), dtype=np.bool_)
        for at, value in enumerate(self.rows[column].tolist()):
            word = as_text(value).lower()
            if word not in known:
                raise self.fail(at, column, "true or false")
            out[at] = known[word]
        return out

    def parsed(self, column: str, parse: Callable[[str], object], expected: str) -> list[object]:
        """Each cell through `parse`; a ValueError of `parse` becomes a RuleError that names the cell."""
        out: list[object] = []
        for at, value in enumerate(self.rows[column].tolist()):
            try:
                out.append(parse(as_text(value)))
            except ValueError as error:
                raise self.fail(at, column, expected) from error
        return out


def as_text(value: object) -> str:
    """Cell as trimmed text, empty for null."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    return str(value).strip()


def as_number(value: object) -> float:
    """Cell as a number; NaN (outside every range) when it is not one."""
    try:
        return float(as_text(value))
    except ValueError:
        return float("nan")


def folded(text: str) -> str:
    """Text for comparison: full width and case do not matter, underscores are spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().replace("_", " ").split())
