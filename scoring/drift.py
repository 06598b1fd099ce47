"""Drift: how far today's population has moved from the one that was frozen, in bins of what it held then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from scoring.criteria import folded_codes, read_criteria
from scoring.features import read_features
from scoring.inputs import FloatArray, IntArray, dates, day, days, require
from scoring.outcome_counts import items_of
from scoring.parameters import Parameters
from scoring.reference import version_of

SMOOTHING: Final = 0.5  # added to the count of each bin, so that an empty one costs something finite
SIMULATIONS: Final = 2_000
MISSING_BIN: Final = -1
MAX_CATEGORIES: Final = 19  # the rarer ones are one bin
REFERENCE_COLUMNS: Final = (
    "reference_version",
    "feature",
    "kind",
    "bin",
    "upper_bound",
    "value",
    "account_count",
    "frozen_on",
)


@dataclass(frozen=True)
class Bins:
    """How the values of one feature are counted.

    Attributes
    ----------
    kind : number, category, or list (items between `|`, each counted wherever it occurs)
    upper_bounds : (b - 1,) rising; a number falls into the first bin whose bound it does not exceed, else into the last
    values : (c,) folded texts; every other text falls into one bin behind them
    """

    kind: str
    upper_bounds: FloatArray
    values: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bins without the one of missing values."""
        return (len(self.upper_bounds) if self.kind == "number" else len(self.values)) + 1

    def count(self, values: pd.Series) -> IntArray:
        """(size + 1,) rows of each bin, missing ones last."""
        if self.kind == "number":
            number = pd.to_numeric(values).to_numpy(dtype=np.float64, na_value=np.nan)
            known = number[~np.isnan(number)]
            counts = np.bincount(np.searchsorted(self.upper_bounds, known, side="left"), minlength=self.size)
            return np.append(counts, len(number) - len(known)).astype(np.int64)
        code, texts = folded_codes(values)
        rows_with = np.bincount(code[code >= 0], minlength=len(texts))
        place = {value: at for at, value in enumerate(self.values)}
        counts = np.zeros(self.size + 1, dtype=np.int64)
        for text, rows in zip(texts, rows_with.tolist(), strict=True):
            for item in items_of(text) if self.kind == "list" else (text,):
                counts[place.get(item, self.size - 1)] += rows
        counts[-1] = int((code < 0).sum())
        return counts


def psi(reference: IntArray | FloatArray, today: IntArray | FloatArray) -> float:
    """Population stability index between the counts of two populations over the same bins, 0 for equal shares and no upper end.

    Parameters
    ----------
    reference, today : (b,) or (s, b) rows of each bin; with two dimensions one index per row

    Notes
    -----
    sum (q - p) ln(q / p) over shares of counts to which 0.5 is added; the symmetric Kullback-Leibler divergence. A bin that
    is empty on both sides is left out.
    """
    return float(_psi(np.atleast_2d(reference).astype(np.float64), np.atleast_2d(today).astype(np.float64))[0])


def threshold(reference: IntArray, today_count: int, parameters: Parameters, seed: int = 0) -> float:
    """Index from which on drift is alarming: `drift_min_psi`, or more where the numbers are small and chance alone shows more.

    Parameters
    ----------
    reference : (b,) rows of each bin
    today_count : rows today
    seed : the same seed gives the same number

    Notes
    -----
    The percentile `drift_noise_percentile` of the index between two samples of these sizes out of one population, that of the
    reference. Without drift its mean is about (b - 1) (1 / n + 1 / m).
    """
    filled = np.sort(reference[reference > 0]).astype(np.float64)
    total = int(filled.sum())
    if len(filled) < 2 or not today_count:
        return parameters.drift_min_psi
    share = filled / total
    random = np.random.Generator(np.random.PCG64(seed))
    noise = _psi(
        random.multinomial(total, share, SIMULATIONS).astype(np.float64),
        random.multinomial(today_count, share, SIMULATIONS).astype(np.float64),
    )
    return max(parameters.drift_min_psi, float(np.quantile(noise, parameters.drift_noise_percentile)))


def watched_attributes(icp_criteria: pd.DataFrame, fit_features: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Columns of account_360 that fit reads, in order, and those of them that hold items between `|`.

    Raises
    ------
    RuleError
        If a rule cannot be used.
    """
    criteria, features = read_criteria(icp_criteria), read_features(fit_features)
    names = {*criteria.attributes, *(feature.source_column for feature in features)}
    lists = {feature.source_column for feature in features if feature.kind == "list"}
    lists |= {
        attribute
        for attribute, operator in zip(criteria.row_attributes, criteria.operators, strict=True)
        if operator == "has_technology"
    }
    return sorted(names), sorted(lists)


def freeze(
    features: Mapping[str, pd.Series],
    lists: Sequence[str],
    parameters: Parameters,
    as_of: dt.date,
    known: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Rows of feature_reference for features that the quarter has not frozen yet.

    Parameters
    ----------
    features : name -> values of all accounts, numbers or text
    lists : those of them that hold items between `|`
    known : rows of feature_reference in force, as from `in_force`

    Returns
    -------
    reference_version, feature, kind, bin (0.., -1 for missing), upper_bound (null for the last bin), value (null for the bin of
    all other texts), account_count, frozen_on. A feature without any value is frozen on its first day with one.
    """
    frozen = set() if known is None else set(known["feature"])
    parts = []
    for name in sorted(set(features) - frozen):
        values = features[name]
        if not values.notna().any():
            continue
        bins = _learn(values, name in lists, parameters)
        counts = bins.count(values)
        if not counts[:-1].any():
            continue
        number = bins.kind == "number"
        others: list[str | None] = [None] * (bins.size - len(bins.values) + 1)
        parts.append(
            pd.DataFrame(
                {
                    "feature": name,
                    "kind": bins.kind,
                    "bin": np.append(np.arange(bins.size), MISSING_BIN),
                    "upper_bound": [*bins.upper_bounds.tolist(), np.nan, np.nan] if number else np.nan,
                    "value": pd.Series([*bins.values, *others], dtype="str"),
                    "account_count": counts,
                }
            )
        )
    if not parts:
        return _empty_reference()
    rows = pd.concat(parts, ignore_index=True)
    rows.insert(0, "reference_version", version_of(as_of))
    rows["frozen_on"] = dates(np.full(len(rows), day(as_of)))
    return rows.astype({"reference_version": "str", "feature": "str", "kind": "str", "bin": "int64"})


def in_force(history: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Rows of the quarter of `as_of` that were frozen on or before it, in order of feature and bin."""
    require(history, "feature_reference", REFERENCE_COLUMNS)
    if not len(history):
        return history
    is_known = (history["reference_version"] == version_of(as_of)).to_numpy() & (
        days(history["frozen_on"]) <= day(as_of)
    )
    return history[is_known].sort_values(["feature", "bin"], kind="stable").reset_index(drop=True)


def compare(reference: pd.DataFrame, features: Mapping[str, pd.Series], parameters: Parameters) -> pd.DataFrame:
    """How far each feature has moved since it was frozen.

    Parameters
    ----------
    reference : rows of feature_reference, as from `in_force`
    features : name -> values of all accounts today; one that was not frozen is left out

    Returns
    -------
    name, psi, threshold, is_alarm, reference_count, today_count, in order of name. Counts are accounts, or mentions of items and
    accounts without any for a list; its accounts mention several, so its alarm is a little too ready.
    """
    out = []
    for name, rows in reference.groupby("feature", sort=True):
        if name not in features:
            continue
        bins, frozen = _read(rows)
        today = bins.count(features[str(name)])
        if not today.any():  # no accounts have no distribution
            continue
        limit = threshold(frozen, int(today.sum()), parameters)
        found = psi(frozen, today)
        out.append((str(name), found, limit, found > limit, int(frozen.sum()), int(today.sum())))
    columns = ["name", "psi", "threshold", "is_alarm", "reference_count", "today_count"]
    return pd.DataFrame(out, columns=columns).astype(
        {"name": "str", "psi": "float64", "threshold": "float64", "is_alarm": "bool"}
    )


def _learn(values: pd.Series, is_list: bool, parameters: Parameters) -> Bins:
    if is_list or not (pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype)):
        return Bins("list" if is_list else "category", np.zeros(0), _most_frequent(values, is_list))
    number = pd.to_numeric(values).to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.sort(number[~np.isnan(number)])
    fine = len(known) >= parameters.drift_fine_bins_min_accounts
    count = parameters.drift_fine_bins if fine else parameters.drift_coarse_bins
    # Where many accounts share a value it is a bound once; the largest value bounds nothing.
    bounds = np.unique(known[(np.arange(1, count) * len(known)) // count]) if len(known) else known
    return Bins("number", bounds[bounds < known[-1]] if len(known) else bounds, ())


def _most_frequent(values: pd.Series, is_list: bool) -> tuple[str, ...]:
    code, texts = folded_codes(values)
    counts: dict[str, int] = {}
    for text, rows in zip(texts, np.bincount(code[code >= 0], minlength=len(texts)).tolist(), strict=True):
        for item in items_of(text) if is_list else (text,):
            counts[item] = counts.get(item, 0) + rows
    return tuple(sorted(sorted(counts, key=lambda text: (-counts[text], text))[:MAX_CATEGORIES]))


def _read(rows: pd.DataFrame) -> tuple[Bins, IntArray]:
    """Bins of one feature from its stored rows, and their counts with the missing ones last."""
    ordered = rows.sort_values("bin")
    filled = ordered[ordered["bin"] != MISSING_BIN]
    kind = str(filled["kind"].iloc[0])
    bounds = filled["upper_bound"].iloc[:-1].to_numpy(dtype=np.float64) if kind == "number" else np.zeros(0)
    values = () if kind == "number" else tuple(filled["value"].iloc[:-1].astype("str").tolist())
    missing = ordered.loc[ordered["bin"] == MISSING_BIN, "account_count"].sum()
    return Bins(kind, bounds, values), np.append(filled["account_count"], missing).astype(np.int64)


def _psi(reference: FloatArray, today: FloatArray) -> FloatArray:
    seen = (reference + today) > 0
    bins = seen.sum(axis=1, keepdims=True)
    reference, today = np.where(seen, reference + SMOOTHING, 0.0), np.where(seen, today + SMOOTHING, 0.0)
    if not bins.all():
        return np.zeros(len(reference))
    p = reference / reference.sum(axis=1, keepdims=True)
    q = today / today.sum(axis=1, keepdims=True)
    logs = np.log(np.where(seen, q, 1.0)) - np.log(np.where(seen, p, 1.0))
    return np.asarray(((q - p) * logs).sum(axis=1))


def _empty_reference() -> pd.DataFrame:
    text, whole = pd.Series([], dtype="str"), pd.Series([], dtype="int64")
    return pd.DataFrame(
        {
            "reference_version": text,
            "feature": text,
            "kind": text,
            "bin": whole,
            "upper_bound": pd.Series([], dtype="float64"),
            "value": text,
            "account_count": whole,
            "frozen_on": pd.Series([], dtype="datetime64[s]"),
        }
    )
