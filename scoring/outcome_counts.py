"""A column of any table as its distinct values, and how often each comes with either outcome."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from scoring.inputs import NO_DATE, BoolArray, FloatArray, IntArray

# What people and forms write where nothing is known; compared after folding.
PLACEHOLDERS: Final = frozenset(
    """
    select|-select-|--select--|please select|select one|n/a|#n/a|na|n.a.|none|--none--|null|nan|nat|nil|unknown|not known
    not specified|not provided|not available|not applicable|undefined|unspecified|blank|(blank)|missing|tbd|tba|?|??|-|--|---
    _|.|..|...|ー|―|—|–|不明|未定|未設定|未入力|未選択|未登録|選択してください|選択して下さい|空白|情報なし|記載なし
    """.replace("\n", "|")
    .replace("    ", "")
    .split("|")
)
# Of filled cells, how many must read as a number or a date for the column to be one: the others are typing errors.
SAME_KIND_SHARE: Final = 0.95
# Day first before month first where both read every cell: only the order within a month could tell, and no check looks at that.
_DATE_FORMATS: Final = (
    (r"\d{4}-\d{1,2}-\d{1,2}", "%Y-%m-%d"),
    (r"\d{4}\d{2}\d{2}", "%Y%m%d"),
    (r"\d{1,2}-\d{1,2}-\d{4}", "%d-%m-%Y"),
    (r"\d{1,2}-\d{1,2}-\d{4}", "%m-%d-%Y"),
    (r"\d{1,2}-\d{1,2}-\d{2}", "%d-%m-%y"),
    (r"\d{1,2}-\d{1,2}-\d{2}", "%m-%d-%y"),
    (r"\d{1,2}-[a-z]{3}-\d{4}", "%d-%b-%Y"),
    (r"\d{1,2}-[a-z]{3}-\d{2}", "%d-%b-%y"),
)
_TIME = r"([t ]+\d{1,2}:\d{2}.*)?"
_DATE_LIKE = re.compile(r"\d{8}|\d{1,4}[-/.年][0-9a-z]")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?")
_CURRENCY = str.maketrans("", "", ",$€£¥₩'% ")

Kind = Literal["number", "date", "list", "text"]


@dataclass(frozen=True)
class OutcomeCounts:
    """One column.

    Attributes
    ----------
    kind : number; date; list, of items between `|`; or text
    code : (n,) position of each row's value, -1 where the cell is empty or a placeholder
    texts : (k,) distinct values as folded text, in order
    numbers : (k,) the values as numbers, or as days since 1970-01-01 for dates; NaN where a value is neither
    positives, negatives : (k,) rows of each value with either outcome
    missing : rows without a value, with and without the outcome
    is_whole : whether every number is whole
    """

    kind: Kind
    code: IntArray
    texts: list[str]
    numbers: FloatArray
    positives: IntArray
    negatives: IntArray
    missing: tuple[int, int]
    is_whole: bool

    @property
    def filled(self) -> int:
        """Rows with a value."""
        return len(self.code) - sum(self.missing)


def count_outcomes(values: pd.Series, is_positive: BoolArray) -> OutcomeCounts:
    """Counts of a column of any type.

    Parameters
    ----------
    values : (n,) numbers, dates, booleans, text, or anything that can be written as text
    is_positive : (n,) bool

    Notes
    -----
    Text whose cells read as numbers or dates (in `SAME_KIND_SHARE` of the filled ones) is taken for that. Thousands commas, signs
    of currencies and percent, full-width digits and 2024年1月5日 are read.
    """
    code, texts, exact = _distinct(values)
    rows_with = np.bincount(code[code >= 0], minlength=len(texts))
    kind, numbers = _kind(texts, rows_with, exact, is_date=pd.api.types.is_datetime64_any_dtype(values.dtype))
    known = numbers[~np.isnan(numbers)]
    positives = np.bincount(code[is_positive & (code >= 0)], minlength=len(texts)).astype(np.int64)
    missing = code < 0
    return OutcomeCounts(
        kind,
        code,
        texts,
        numbers,
        positives,
        rows_with.astype(np.int64) - positives,
        (int((missing & is_positive).sum()), int((missing & ~is_positive).sum())),
        kind == "number" and bool((known == np.floor(known)).all()),
    )


def read_days(values: pd.Series) -> IntArray | None:
    """(n,) days since 1970-01-01 of a column of dates in any format that `count_outcomes` reads; None where it holds no dates.

    Notes
    -----
    NO_DATE where a cell is empty or cannot be read.
    """
    counts = count_outcomes(values, np.zeros(len(values), dtype=np.bool_))
    if counts.kind != "date":
        return None
    numbers = np.append(counts.numbers, np.nan)[counts.code]
    known = ~np.isnan(numbers)
    return np.where(known, np.where(known, numbers, 0.0).astype(np.int64), NO_DATE)


def fold_cell(text: str) -> str:
    """A cell for comparison: width, case and spaces do not matter; '' for a placeholder."""
    plain = " ".join(unicodedata.normalize("NFKC", text).lower().split())
    return "" if plain in PLACEHOLDERS else plain


def items_of(text: str) -> list[str]:
    """Distinct items of a list cell, in order."""
    return sorted({item for item in (part.strip() for part in text.split("|")) if item})


def _distinct(values: pd.Series) -> tuple[IntArray, list[str], FloatArray | None]:
    """Code of each row, distinct folded texts in order, and their exact numbers where the column holds numbers."""
    if pd.api.types.is_bool_dtype(values.dtype):
        values = values.astype("boolean").map({True: "true", False: "false"})
    elif pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_complex_dtype(values.dtype):
        whole = pd.api.types.is_integer_dtype(values.dtype)
        dense = values.dropna().to_numpy()
        # Whole numbers stay whole: ids of 18 digits that differ in the last one are not the same double.
        plain = dense.astype(dense.dtype if whole and dense.dtype != object else np.float64)
        filled = values.notna().to_numpy().copy()
        if not whole:
            filled[filled] = np.isfinite(plain)
            plain = plain[np.isfinite(plain)]
        distinct, inverse = np.unique(plain, return_inverse=True)
        code = np.full(len(values), -1, dtype=np.int64)
        code[filled] = inverse
        return code, [str(value) for value in distinct.tolist()], distinct.astype(np.float64)
    elif pd.api.types.is_datetime64_any_dtype(values.dtype):
        values = values.dt.strftime("%Y-%m-%d %H:%M:%S")
    raw_code, raw = pd.factorize(_as_text(values))
    folded = [fold_cell(text) for text in raw]
    texts = sorted({text for text in folded if text})
    place = {text: at for at, text in enumerate(texts)}
    by_raw = np.array([place.get(text, -1) for text in folded] + [-1], dtype=np.int64)
    return by_raw[raw_code], texts, None


def _as_text(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.StringDtype):
        return values
    out = np.empty(len(values), dtype=object)
    out[:] = [None if _is_null(value) else str(value) for value in values.tolist()]
    return pd.Series(out, dtype=object)


def _is_null(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def _kind(texts: list[str], rows_with: IntArray, exact: FloatArray | None, *, is_date: bool) -> tuple[Kind, FloatArray]:
    if exact is not None:
        # 20241031 in a column of whole numbers is a date; so few other columns hold only such numbers.
        found = (
            _days(texts, rows_with) if len(exact) and exact.min() > 19_000_100 and exact.max() < 21_000_000 else None
        )
        is_all_dates = found is not None and not np.isnan(found).any()
        return ("date", found) if found is not None and is_all_dates else ("number", exact)
    none = np.full(len(texts), np.nan)
    if not texts:
        return "date" if is_date else "text", none
    enough = SAME_KIND_SHARE * rows_with.sum()
    found = _days(texts, rows_with)
    if rows_with[~np.isnan(found)].sum() >= enough:
        return "date", found
    numbers = np.array([_number(text) for text in texts])
    if rows_with[~np.isnan(numbers)].sum() >= enough:
        return "number", numbers
    is_list = np.fromiter(("|" in text for text in texts), dtype=np.bool_, count=len(texts))
    return "list" if rows_with[is_list].sum() >= 0.1 * rows_with.sum() else "text", none


def _number(text: str) -> float:
    bare = text.translate(_CURRENCY)
    return float(bare) if _NUMBER.fullmatch(bare) and abs(float(bare)) < np.inf else np.nan


def _days(texts: list[str], rows_with: IntArray) -> FloatArray:
    """Days since 1970-01-01 by the format that reads most rows."""
    is_like = np.fromiter((_DATE_LIKE.match(text) is not None for text in texts), dtype=np.bool_, count=len(texts))
    if rows_with[is_like].sum() < SAME_KIND_SHARE * rows_with.sum():
        return np.full(len(texts), np.nan)
    plain = pd.Series(texts, dtype=object).str.replace(r"^(\d{4})年(\d{1,2})月(\d{1,2})日", r"\1-\2-\3", regex=True)
    plain = plain.str.replace(r"^(\d{1,4})[/.](\d{1,2}|[a-z]{3})[/.](\d{1,4})", r"\1-\2-\3", regex=True)
    best, best_rows = np.full(len(texts), np.nan), 0
    for pattern, form in _DATE_FORMATS:
        matching = plain.str.fullmatch(pattern + _TIME).to_numpy(dtype=np.bool_)
        if int(rows_with[matching].sum()) <= best_rows:
            continue
        head = plain[matching].str.extract(f"^({pattern})", expand=False)
        stamps = pd.to_datetime(head, format=form, errors="coerce").to_numpy().astype("datetime64[D]")
        days = np.full(len(texts), np.nan)
        days[matching] = np.where(np.isnat(stamps), np.nan, stamps.astype(np.int64))
        # A number of eight digits is a date only within the years in which accounts are worked.
        days[(days < -25567) | (days > 47482)] = np.nan
        rows = int(rows_with[~np.isnan(days)].sum())
        if rows > best_rows:
            best, best_rows = days, rows
    return best
