"""Columns of the input tables as sorted, typed numpy arrays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

NO_DATE = np.iinfo(np.int64).min
# 2 ** (-4096 / 60) is below 1e-20: older days add nothing to any decayed sum that doubles can hold.
HORIZON_DAYS = 4096


class InputError(ValueError):
    """A table handed to scoring lacks a column or holds values that its contract excludes; the model upstream is at fault."""


@dataclass(frozen=True)
class Accounts:
    """Scored accounts: the rows of `account_360` in order of account_id."""

    rows: pd.DataFrame
    ids: pd.Index[str]

    def __len__(self) -> int:
        return len(self.ids)


def read_accounts(account_360: pd.DataFrame, columns: Sequence[str] = ()) -> Accounts:
    """Accounts sorted by account_id; `columns` must be there.

    Raises
    ------
    InputError
        If a column is absent or an account_id is null or repeated.
    """
    require(account_360, "account_360", ["account_id", *columns])
    if account_360["account_id"].isna().any():
        raise InputError("account_360, column account_id: a null was seen. Expected: one non-null id per row.")
    rows = account_360.sort_values("account_id", kind="stable").reset_index(drop=True)
    ids = pd.Index(rows["account_id"].astype("str"))
    if not ids.is_unique:
        twice = ids[ids.duplicated()][0]
        raise InputError(
            f"account_360, column account_id: '{twice}' occurs more than once. Expected: one row per account."
        )
    return Accounts(rows, ids)


def require(table: pd.DataFrame, name: str, columns: Sequence[str]) -> None:
    """Raise InputError unless every column is there."""
    absent = [column for column in columns if column not in table.columns]
    if absent:
        seen = ", ".join(map(str, table.columns))
        raise InputError(
            f"{name}: columns {', '.join(absent)} are missing. Expected: {', '.join(columns)}. Seen: {seen}."
        )


def codes(values: pd.Series, known: pd.Index[str]) -> IntArray:
    """Position of each value in `known`, -1 where it is not there; quick for categoricals and repeated text."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        by_category = known.get_indexer(pd.Index(values.cat.categories)).astype(np.int64)
        positions = values.cat.codes.to_numpy().astype(np.int64)
        return np.where(positions >= 0, by_category[np.maximum(positions, 0)] if len(by_category) else -1, -1)
    position, distinct = pd.factorize(values)
    return np.append(known.get_indexer(pd.Index(distinct)), -1).astype(np.int64)[position]


def days(values: pd.Series) -> IntArray:
    """Dates as whole days since 1970-01-01, NO_DATE where null."""
    stamps = pd.to_datetime(values).to_numpy().astype("datetime64[D]")
    numbers = stamps.astype(np.int64)
    return np.where(np.isnat(stamps), NO_DATE, numbers)


def day(value: dt.date) -> int:
    """One date as whole days since 1970-01-01."""
    return (dt.date(value.year, value.month, value.day) - dt.date(1970, 1, 1)).days


def dates(numbers: IntArray) -> npt.NDArray[np.datetime64]:
    """Whole days since 1970-01-01 as datetime64[s], NaT where NO_DATE."""
    out = np.where(numbers == NO_DATE, 0, numbers).astype("datetime64[D]").astype("datetime64[s]")
    out[numbers == NO_DATE] = np.datetime64("NaT")
    return out


def floats(table: pd.DataFrame, column: str) -> FloatArray:
    """Column as float64, NaN where null."""
    return pd.to_numeric(table[column]).to_numpy(dtype=np.float64, na_value=np.nan)


def whole_counts(table: pd.DataFrame, name: str, column: str) -> IntArray:
    """Column of counts as int64.

    Raises
    ------
    InputError
        If a count is null, negative or fractional.
    """
    values = floats(table, column)
    wrong = ~(values >= 0) | (values != np.floor(values))
    if wrong.any():
        seen = values[np.flatnonzero(wrong)[0]]
        raise InputError(
            f"{name}, column {column}: {seen:g} was seen. Expected: a whole number of 0 or more in every row."
        )
    return values.astype(np.int64)


def flags(table: pd.DataFrame, column: str) -> BoolArray:
    """Column as bool, null counted as false."""
    values = table[column]
    if values.dtype == np.bool_:
        return values.to_numpy(dtype=np.bool_)
    return np.asarray(values.astype("boolean").fillna(False), dtype=np.bool_)


def packed(parts: Sequence[tuple[IntArray, int]]) -> IntArray:
    """Several non-negative integer columns in one sortable int64, the first the most significant.

    Parameters
    ----------
    parts : (values, largest value) per column

    Raises
    ------
    InputError
        If the columns need more than 63 bits together.

    Notes
    -----
    Sorting one integer column is several times quicker than a lexicographic sort, and since equal keys are equal rows the
    order of the input rows cannot be seen in the result, not even in the last bit of a sum.
    """
    widths = [max(1, int(largest).bit_length()) for _, largest in parts]
    if sum(widths) > 63:
        raise InputError(
            f"The input is too large: its keys need {sum(widths)} bits. Expected: at most 63. Score it in parts."
        )
    out = parts[0][0].astype(np.int64)
    for (values, _), width in zip(parts[1:], widths[1:], strict=True):
        out <<= width
        out |= values
    return out


def unpacked(keys: IntArray, largest: Sequence[int]) -> list[IntArray]:
    """Columns of `packed` keys, given the same largest values in the same order."""
    out: list[IntArray] = []
    rest = keys
    for value in reversed(largest[1:]):
        width = max(1, int(value).bit_length())
        out.append(rest & ((1 << width) - 1))
        rest = rest >> width
    return [rest, *reversed(out)]


def starts(keys: IntArray) -> IntArray:
    """Positions where a new run of equal values begins in a sorted array."""
    if not len(keys):
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))


def group_sums(group: IntArray, values: FloatArray, size: int) -> FloatArray:
    """Sum of the values of each group 0..size-1, added in the order they come."""
    return np.asarray(np.bincount(group, values, size), dtype=np.float64)


def run_sums(values: FloatArray, begins: IntArray) -> FloatArray:
    """Sum of each run, 0 runs allowed."""
    return np.add.reduceat(values, begins) if len(begins) else np.zeros(0)
