"""What a fit model looks at: rows of the ideal customer profile and registered features, as columns of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from scoring.criteria import Criteria, folded_codes
from scoring.inputs import NO_DATE, BoolArray, FloatArray, IntArray, floats, require
from scoring.rules import RuleTable, folded

KINDS: Final = ("number", "logarithm", "years_since", "category", "list", "flag")
PURPOSE: Final = "account_scoring"
# How a value on an earlier day can be rebuilt. `crm_current` cannot: a field of the CRM shows what stands there now.
REPLAYABLE: Final = ("provider_date", "install_date")
POINTS_TO_LOG_ODDS: Final = np.log(2.0) / 10.0  # +10 points double the odds


@dataclass(frozen=True)
class Feature:
    """One row of the registry."""

    name: str
    source_column: str
    kind: str
    monotone: int
    labels: tuple[str, str]


@dataclass(frozen=True)
class Column:
    """One column of a design.

    Attributes
    ----------
    key : stable name
    group : criterion or feature whose columns are shown to a seller as one reason
    source : `icp` or the kind of the feature
    detail : position among the criteria for `icp`, the source column for numbers, `source column=value` for categories and lists
    prior : expert weight in log-odds; 0 for a feature of which the expert said nothing
    centre, spread : mean and standard deviation in training; rows are shown to a linear model as (x - centre) / spread, unknown
        numbers at the centre
    monotone : -1, 0 or 1, for tree models
    """

    key: str
    group: str
    source: str
    detail: str
    prior: float
    centre: float
    spread: float
    monotone: int


@dataclass(frozen=True)
class Design:
    """Columns that were chosen in training and how to make them from any account table."""

    columns: tuple[Column, ...]

    def __len__(self) -> int:
        return len(self.columns)

    def linear(self, values: FloatArray) -> FloatArray:
        """(n, k) standardised columns without unknowns, for linear models."""
        centres = np.array([column.centre for column in self.columns])
        spreads = np.array([column.spread for column in self.columns])
        return np.asarray(np.nan_to_num((values - centres) / spreads, nan=0.0), dtype=np.float64)

    @property
    def priors(self) -> FloatArray:
        """(k,) expert weights on the standardised columns."""
        return np.array([column.prior * column.spread for column in self.columns])

    def to_dict(self) -> list[dict[str, Any]]:
        """Plain values for storage."""
        return [asdict(column) for column in self.columns]

    @classmethod
    def from_dict(cls, rows: Sequence[Mapping[str, Any]]) -> Design:
        """The design that `to_dict` described."""
        return cls(tuple(Column(**row) for row in rows))


def read_features(rows: pd.DataFrame) -> list[Feature]:
    """Registered features, in order of name.

    Raises
    ------
    RuleError
        If a row names no allowed kind, purpose or way to know the value on an earlier day.
    """
    columns = ["source_column", "kind", "monotone", "allowed_purpose", "known_at", "label_en", "label_ja"]
    table = RuleTable("fit_features", rows, ["feature"], columns)
    names, sources = table.texts("feature"), table.texts("source_column")
    kinds = table.texts("kind", allowed=KINDS)
    purposes, known = table.texts("allowed_purpose"), table.texts("known_at")
    signs = table.numbers("monotone", -1, 1)
    english, japanese = table.texts("label_en"), table.texts("label_ja")
    for at in range(len(table)):
        if purposes[at] != PURPOSE:
            raise table.fail(at, "allowed_purpose", f"{PURPOSE}: a fit model may look at nothing else")
        if known[at] not in REPLAYABLE:
            raise table.fail(
                at, "known_at", f"one of {', '.join(REPLAYABLE)}: what stood there before the outcome has to be known"
            )
        if signs[at] != int(signs[at]):
            raise table.fail(at, "monotone", "-1, 0 or 1")
        if signs[at] and kinds[at] in ("category", "list"):
            raise table.fail(at, "monotone", f"0: a {kinds[at]} has no direction")
    return [
        Feature(names[at], sources[at], kinds[at], int(signs[at]), (english[at], japanese[at]))
        for at in range(len(table))
    ]


def learn_design(
    rows: pd.DataFrame, index_years: FloatArray, criteria: Criteria, features: Sequence[Feature], min_rows: int
) -> Design:
    """Columns worth looking at among training rows.

    Parameters
    ----------
    rows : training accounts with every attribute of the criteria and source column of the features
    index_years : (n,) year of the day for which each row is rebuilt
    min_rows : a value with fewer rows, or whose absence has fewer, gets no column of its own

    Returns
    -------
    Every row of the criteria that gives points, in order, whatever its number of rows; then the features. A column that is
    constant here is left out: nothing can be learned from it.
    """
    require(rows, "training accounts", [*criteria.attributes, *(feature.source_column for feature in features)])
    candidates: list[Column] = []
    for at, operator in enumerate(criteria.operators):
        if operator == "missing" and criteria.points[at] == 0:
            continue
        name = criteria.criteria[at]
        # A direction is imposed on a tree only where the profile says that having something speaks for an account.
        sign = int(np.sign(criteria.points[at])) if operator == "has_technology" else 0
        candidates.append(
            Column(
                f"icp:{criteria.key(at)}",
                name,
                "icp",
                str(at),
                criteria.points[at] * POINTS_TO_LOG_ODDS,
                0.0,
                1.0,
                sign,
            )
        )
    by_attribute = {criteria.row_attributes[at]: criteria.criteria[at] for at in range(len(criteria.operators))}
    shared = {
        a
        for a in by_attribute
        if len({c for c, b in zip(criteria.criteria, criteria.row_attributes, strict=True) if b == a}) > 1
    }
    for feature in features:
        # One attribute is one reason, however many columns are made of it.
        group = by_attribute.get(feature.source_column, feature.name)
        group = feature.name if feature.source_column in shared else group
        for detail in _details(rows[feature.source_column], feature, min_rows):
            key = f"{feature.name}:{detail}" if detail else feature.name
            source_detail = f"{feature.source_column}={detail}" if detail else feature.source_column
            candidates.append(Column(key, group, feature.kind, source_detail, 0.0, 0.0, 1.0, feature.monotone))
    values = column_values(rows, index_years, criteria, candidates)
    columns = []
    for at, column in enumerate(candidates):
        known = values[:, at][~np.isnan(values[:, at])]
        # Sums of sorted values do not depend on the order of the rows.
        known = np.sort(known)
        spread = float(known.std()) if len(known) else 0.0
        if spread <= 1e-12 or (column.source != "icp" and len(known) < min_rows):
            continue
        columns.append(Column(**{**asdict(column), "centre": float(known.mean()), "spread": spread}))
    return Design(tuple(columns))


def column_values(
    rows: pd.DataFrame, index_years: FloatArray, criteria: Criteria, columns: Sequence[Column]
) -> FloatArray:
    """(n, k) values of columns, NaN where a number is unknown; 0 for a value or an item that is not there."""
    out = np.full((len(rows), len(columns)), np.nan)
    matches, _ = criteria.evaluate(rows)
    folded_texts: dict[str, tuple[IntArray, list[str]]] = {}
    for at, column in enumerate(columns):
        if column.source == "icp":
            out[:, at] = matches[int(column.detail)]
            continue
        source, _, value = column.detail.partition("=")
        if column.source in ("category", "list"):
            if source not in folded_texts:
                folded_texts[source] = folded_codes(rows[source])
            code, texts = folded_texts[source]
            wanted = [value in _items(text) if column.source == "list" else text == value for text in texts]
            out[:, at] = np.append(np.array(wanted, dtype=np.bool_), False)[code]
        else:
            out[:, at] = _numbers(rows, source, column.source, index_years)
    return out


def unknown_attributes(rows: pd.DataFrame, criteria: Criteria) -> BoolArray:
    """(n,) whether nothing of the ideal customer profile is known of a row."""
    _, is_missing = criteria.evaluate(rows)
    return np.asarray(np.logical_and.reduce([is_missing[name] for name in criteria.attributes]), dtype=np.bool_)


def years_of(index_days: IntArray) -> FloatArray:
    """Calendar year of days since 1970-01-01, NaN where unknown."""
    known = np.where(index_days == NO_DATE, 0, index_days).astype("datetime64[D]").astype("datetime64[Y]")
    return np.where(index_days == NO_DATE, np.nan, known.astype(np.int64) + 1970.0)


def _numbers(rows: pd.DataFrame, source: str, kind: str, index_years: FloatArray) -> FloatArray:
    if kind == "flag":
        return np.asarray(rows[source].astype("boolean").astype("Float64").to_numpy(np.float64, na_value=np.nan))
    value = floats(rows, source)
    value = np.where(np.isfinite(value), value, np.nan)
    if kind == "years_since":
        value = index_years - value
    if kind in ("years_since", "logarithm"):
        # Fewer than no employees, or a founding in the future, is a typing error.
        value = np.where(value < 0, np.nan, value)
    return np.log1p(value) if kind == "logarithm" else value


def _details(values: pd.Series, feature: Feature, min_rows: int) -> list[str]:
    """Values that get a column; [''] for a number."""
    if feature.kind not in ("category", "list"):
        return [""]
    code, texts = folded_codes(values)
    rows_with = np.bincount(code[code >= 0], minlength=len(texts))
    counts: dict[str, int] = {}
    for text, count in zip(texts, rows_with.tolist(), strict=True):
        for item in _items(text) if feature.kind == "list" else (text,):
            counts[item] = counts.get(item, 0) + count
    return sorted(item for item, count in counts.items() if min(count, len(values) - count) >= min_rows)


def _items(text: str) -> set[str]:
    return {item for item in (folded(part) for part in text.split("|")) if item}
