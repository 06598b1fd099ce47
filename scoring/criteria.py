"""The ideal customer profile as checked rules: which rows of icp_criteria an account matches."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

from scoring.inputs import BoolArray, FloatArray, IntArray, floats
from scoring.rules import RuleError, RuleTable, folded

OPERATORS: Final = ("between", "equals", "in", "has_technology", "missing")


def read_criteria(rows: pd.DataFrame) -> Criteria:
    """Checked criteria from the rows of `icp_criteria`."""
    return Criteria(rows)


class Criteria:
    """Checked ICP criteria in order of their key."""

    def __init__(self, rows: pd.DataFrame) -> None:
        table = RuleTable(
            "icp_criteria",
            rows.assign(
                **{column: rows[column].map(_plain) for column in ("value_min", "value_max") if column in rows.columns}
            ),
            ["criterion", "attribute", "operator", "value_min", "value_max", "value_text"],
            ["points", "label_en", "label_ja"],
        )
        if not len(table):
            raise RuleError(table.file, "2", "criterion", "the file has no rows", "at least one criterion")
        self.table = table
        self.criteria = table.texts("criterion")
        self.row_attributes = table.texts("attribute")
        self.operators = table.texts("operator", allowed=OPERATORS)
        self.points = table.numbers("points", -100, 100, unit="points, +10 doubles the odds")
        self.lows = table.numbers("value_min", -np.inf, np.inf, required=False)
        self.highs = table.numbers("value_max", -np.inf, np.inf, required=False)
        self.values = [
            [part for part in map(folded, text.split("|")) if part]
            for text in table.texts("value_text", required=False)
        ]
        self.labels = list(zip(table.texts("label_en"), table.texts("label_ja"), strict=True))
        self.attributes = sorted(set(self.row_attributes))
        self._check()

    def _check(self) -> None:
        attribute_of: dict[str, str] = {}
        for at, operator in enumerate(self.operators):
            name = self.criteria[at]
            if attribute_of.setdefault(name, self.row_attributes[at]) != self.row_attributes[at]:
                raise self.table.fail(
                    at, "attribute", f"one attribute per criterion, '{attribute_of[name]}' for '{name}'"
                )
            if operator == "between":
                if np.isnan(self.lows[at]) and np.isnan(self.highs[at]):
                    raise self.table.fail(at, "value_min", "a lower or an upper end for 'between'")
                if self.lows[at] >= self.highs[at]:
                    raise self.table.fail(at, "value_max", f"a number above value_min ({self.lows[at]:g})")
            elif operator != "missing" and not self.values[at]:
                raise self.table.fail(at, "value_text", f"values separated by | for '{operator}'")
        for name in sorted(set(self.criteria)):
            self._check_no_overlap([at for at, criterion in enumerate(self.criteria) if criterion == name])

    def _check_no_overlap(self, positions: list[int]) -> None:
        bands = sorted(
            (
                -np.inf if np.isnan(self.lows[at]) else self.lows[at],
                np.inf if np.isnan(self.highs[at]) else self.highs[at],
                at,
            )
            for at in positions
            if self.operators[at] == "between"
        )
        for (_, end, _), (begin, _, at) in pairwise(bands):
            if begin < end:
                raise self.table.fail(at, "value_min", f"{end:g} or more, the end of the band below")
        seen: set[str] = set()
        for at in positions:
            if self.operators[at] in ("in", "equals"):
                for value in self.values[at]:
                    if value in seen:
                        raise self.table.fail(at, "value_text", f"each value once per criterion; '{value}' is repeated")
                    seen.add(value)

    def key(self, at: int) -> str:
        """Name of a row that does not depend on the other rows."""
        low, high = ("" if np.isnan(value) else f"{value:g}" for value in (self.lows[at], self.highs[at]))
        what = f"{low}..{high}" if self.operators[at] == "between" else "|".join(self.values[at])
        return ":".join([self.criteria[at], self.operators[at], what]).rstrip(":")

    def evaluate(self, rows: pd.DataFrame) -> tuple[list[BoolArray], dict[str, BoolArray]]:
        """Which accounts match each row of the file, and which lack each attribute."""
        numbers: dict[str, FloatArray] = {}
        texts: dict[str, tuple[IntArray, list[str]]] = {}
        is_missing: dict[str, BoolArray] = {}
        for name in self.attributes:
            operators = {self.operators[at] for at in range(len(self.table)) if self.row_attributes[at] == name}
            if "between" in operators:
                numbers[name] = floats(rows, name)
                is_missing[name] = np.isnan(numbers[name])
            else:
                texts[name] = folded_codes(rows[name])
                is_missing[name] = texts[name][0] < 0
        matches: list[BoolArray] = []
        for at, operator in enumerate(self.operators):
            name = self.row_attributes[at]
            if operator == "missing":
                matches.append(is_missing[name])
            elif operator == "between":
                low = -np.inf if np.isnan(self.lows[at]) else self.lows[at]
                high = np.inf if np.isnan(self.highs[at]) else self.highs[at]
                matches.append((numbers[name] >= low) & (numbers[name] < high))
            else:
                if name in numbers:
                    raise self.table.fail(
                        at, "operator", f"'between' or 'missing': '{name}' is compared as a number elsewhere"
                    )
                position, values = texts[name]
                matched = _has_any(values, self.values[at], is_list=operator == "has_technology")
                matches.append(np.append(matched, False)[position])
        return matches, is_missing


def _plain(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    return f"{value:.15g}" if isinstance(value, (int, float)) else str(value)


def folded_codes(values: pd.Series) -> tuple[IntArray, list[str]]:
    """Position of each value among the distinct folded texts, -1 where null or blank."""
    raw_code, raw = pd.factorize(values.astype("str"))
    distinct = [folded(text) for text in raw]
    names = sorted({text for text in distinct if text})
    place = {text: at for at, text in enumerate(names)}
    by_raw = np.array([place.get(text, -1) for text in distinct] + [-1], dtype=np.int64)
    return by_raw[raw_code], names


def _has_any(values: list[str], wanted: list[str], *, is_list: bool) -> BoolArray:
    """Whether each text is (or, for a `|` list, has an item that is) one of the wanted."""
    if not is_list:
        return np.isin(np.array(values, dtype=object), wanted) if values else np.zeros(0, dtype=np.bool_)
    pattern = re.compile(rf"(?:^|\|)\s*(?:{'|'.join(map(_item_pattern, wanted))})\s*(?:\||$)")
    return np.fromiter((pattern.search(text) is not None for text in values), dtype=np.bool_, count=len(values))


def _item_pattern(text: str) -> str:
    """Pattern of one list item: `*` is any text, but a word beside it stays whole (`*sso*` is not in `crossover`)."""
    parts = [re.escape(part) for part in text.split("*")]
    for at, part in enumerate(parts):
        before = r"(?<!\w)" if at > 0 and re.match(r"\w", part) else ""
        after = r"(?!\w)" if at < len(parts) - 1 and re.search(r"\w$", part) else ""
        parts[at] = before + part + after
    return "[^|]*".join(parts)
