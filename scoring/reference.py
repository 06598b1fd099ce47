"""The frozen reference population: what share of it a score beats, the same until the next version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from scoring.inputs import FloatArray, dates, day, days, require

SCORES = ("engagement", "fit", "intent")
# 1,001 order statistics place any score within 0.05% of its true share, which is finer than a day's change of one account.
POSITIONS = 1001


def version_of(as_of: dt.date, fit_method: str = "rules") -> str:
    """Reference version that a day belongs to: the calendar quarter, as `2026Q4`, and where fit is learned its model."""
    quarter = f"{as_of.year}Q{(as_of.month + 2) // 3}"
    return quarter if fit_method == "rules" else f"{quarter} {fit_method}"


def freeze(scores: Mapping[str, FloatArray], as_of: dt.date, version: str | None = None) -> pd.DataFrame:
    """Quantile grid of today's scores, to be kept as the reference population.

    Parameters
    ----------
    scores : score name (fit, intent, engagement) -> values of all accounts; NaN is left out
    version : name of the population, the quarter of `as_of` by default

    Returns
    -------
    reference_version, score, position (0..), value, frozen_on; a score without any value has no rows.
    """
    parts = []
    for name in sorted(scores):
        grid = _order_statistics(np.asarray(scores[name], dtype=np.float64))
        parts.append(pd.DataFrame({"score": name, "position": np.arange(len(grid)), "value": grid}))
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"score": [], "position": [], "value": []})
    rows.insert(0, "reference_version", version or version_of(as_of))
    rows["frozen_on"] = dates(np.full(len(rows), day(as_of)))
    return rows.astype({"reference_version": "str", "score": "str", "position": "int64", "value": "float64"})


def in_force(history: pd.DataFrame | None, as_of: dt.date, fit_method: str = "rules") -> pd.DataFrame | None:
    """Reference rows of the quarter of `as_of` that were frozen on or before it; None when there are none yet.

    Parameters
    ----------
    history : rows of `reference_population`, any number of versions
    fit_method : what fit points come from; those of another method are another scale, and have a population of their own
    """
    if history is None or not len(history):
        return None
    require(history, "reference_population", ["reference_version", "score", "position", "value", "frozen_on"])
    version, is_fit = history["reference_version"], (history["score"] == "fit").to_numpy()
    wanted = np.where(
        is_fit, (version == version_of(as_of, fit_method)).to_numpy(), (version == version_of(as_of)).to_numpy()
    )
    rows = history[wanted & (days(history["frozen_on"]) <= day(as_of))]
    return rows.sort_values(["score", "position"]).reset_index(drop=True) if len(rows) else None


def share(values: FloatArray, reference: pd.DataFrame, score: str) -> FloatArray:
    """Share of the reference population below each value, half of the ties counted as below.

    Parameters
    ----------
    values : scores on their own scale, NaN allowed
    reference : rows of one version, as from `freeze` or `in_force`
    score : fit, intent or engagement

    Returns
    -------
    (n,) float in [0, 1]: 0 below the population, 1 above it, straight lines between its order statistics; NaN where the
    value is NaN or the reference has no rows for this score.
    """
    grid = np.sort(reference.loc[(reference["score"] == score).to_numpy(), "value"].to_numpy(dtype=np.float64))
    if not len(grid):
        return np.full(len(values), np.nan)
    # Numbers too small to be divided by are no distances.
    points, first, count = np.unique(_flushed(grid), return_index=True, return_counts=True)
    middle = (first + count / 2) / len(grid)
    out = np.interp(_flushed(values), points, middle, left=0.0, right=1.0)
    return np.where(np.isnan(values), np.nan, out)


def _flushed(values: FloatArray) -> FloatArray:
    return np.where(np.abs(values) < np.finfo(np.float64).tiny, 0.0, values)


def _order_statistics(values: FloatArray) -> FloatArray:
    known = np.sort(values[~np.isnan(values)])
    if len(known) <= POSITIONS:
        return known
    return known[((np.arange(POSITIONS) + 0.5) / POSITIONS * len(known)).astype(np.int64)]
