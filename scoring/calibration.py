"""From a model's log-odds to a probability that means what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import expit

from scoring.inputs import BoolArray, FloatArray
from scoring.recalibration import fit_line

# Isotonic steps of few rows follow the noise: at 300 rows they cost ten times what a line costs (excess KL 0.032, 0.003).
MIN_ISOTONIC_ROWS: Final = 1_000
BOUND_POINTS: Final = 101
MAX_BOUND_ROWS: Final = 2_000


@dataclass(frozen=True)
class Calibration:
    """Platt's line, and where outcomes abound isotonic steps on top of it; Venn-Abers bounds for an honest interval.

    Attributes
    ----------
    intercept, slope : calibrated log-odds = intercept + slope * log-odds of the model, slope > 0
    steps : (x, probability) of the isotonic steps on calibrated log-odds, or None
    bounds : (x, low, high): Venn-Abers probabilities by calibrated log-odds, or None
    method : platt or isotonic
    """

    intercept: float
    slope: float
    steps: tuple[FloatArray, FloatArray] | None = None
    bounds: tuple[FloatArray, FloatArray, FloatArray] | None = None

    @property
    def method(self) -> str:
        """Name of what the probability comes from."""
        return "isotonic" if self.steps is not None else "platt"

    def log_odds(self, raw: FloatArray) -> FloatArray:
        """(n,) calibrated log-odds: the scale of points and reasons."""
        return np.asarray(self.intercept + self.slope * raw, dtype=np.float64)

    def probability(self, raw: FloatArray) -> FloatArray:
        """(n,) probability in (0, 1), never falling in `raw`."""
        z = self.log_odds(raw)
        if self.steps is None:
            return np.asarray(expit(z), dtype=np.float64)
        return np.interp(z, *self.steps)

    def interval(self, raw: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(n,) lower and upper Venn-Abers probability, NaN without bounds."""
        if self.bounds is None:
            unknown = np.full(len(raw), np.nan)
            return unknown, unknown
        x, low, high = self.bounds
        z = self.log_odds(raw)
        return np.interp(z, x, low), np.interp(z, x, high)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for storage."""
        plain = {
            name: [part.tolist() for part in parts] if parts is not None else None
            for name, parts in (("steps", self.steps), ("bounds", self.bounds))
        }
        return {"intercept": self.intercept, "slope": self.slope, **plain}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Calibration:
        """The calibration that `to_dict` described."""
        steps, bounds = (
            tuple(np.array(part) for part in stored[name]) if stored[name] is not None else None
            for name in ("steps", "bounds")
        )
        return cls(stored["intercept"], stored["slope"], steps, bounds)  # type: ignore[arg-type]


def calibrate(raw: FloatArray, is_positive: BoolArray) -> Calibration:
    """Calibration from predictions of rows that the model had not seen.

    Parameters
    ----------
    raw : (n,) log-odds out of fold
    is_positive : (n,) bool with both outcomes in it

    Notes
    -----
    Platt on the log-odds, its slope above 0 and held near 1 by a unit penalty; from `MIN_ISOTONIC_ROWS` rows isotonic
    regression of the same. The probability of a step is kept within half a row of 0 and 1.
    """
    line = fit_line(raw, is_positive, can_have_slope=True)
    z = line.intercept + line.slope * raw
    order = np.lexsort((is_positive, z))
    z, outcome = z[order], is_positive[order].astype(np.float64)
    steps = None
    # Imported where it is used: a night that only scores need not wait for it.
    from sklearn.isotonic import IsotonicRegression

    if len(z) >= MIN_ISOTONIC_ROWS:
        half = 0.5 / len(z)
        found = IsotonicRegression(y_min=half, y_max=1 - half, out_of_bounds="clip").fit(z, outcome)
        steps = (np.asarray(found.X_thresholds_, np.float64), np.asarray(found.y_thresholds_, np.float64))
    return Calibration(line.intercept, line.slope, steps, _bounds(z, outcome))


def _bounds(z: FloatArray, outcome: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Inductive Venn-Abers bounds at up to 101 quantiles of the calibration rows.

    The bounds at x are the isotonic values of x itself, once added to the rows as a negative and once as a positive (Vovk,
    Petej and Fedorova 2015). The package `venn-abers` is not used: importing it switches numpy's warnings off in the whole
    process, and it has no wheel.
    """
    points = np.unique(np.quantile(z, np.linspace(0, 1, BOUND_POINTS)))
    # Beyond some thousand rows the bounds move by less than a thousandth: neighbours are taken together.
    cell = np.arange(len(z)) * min(len(z), MAX_BOUND_ROWS) // len(z)
    weight = np.bincount(cell).astype(np.float64)
    x, y = np.bincount(cell, z) / weight, np.bincount(cell, outcome) / weight
    x, y, weight = _merged(x, y, weight)
    low, high = (np.array([_added(x, y, weight, point, said) for point in points.tolist()]) for said in (0.0, 1.0))
    return points, np.maximum.accumulate(low), np.maximum.accumulate(high)


def _merged(x: FloatArray, y: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rows of equal x as one, at their mean: a step cannot run between them."""
    distinct, place = np.unique(x, return_inverse=True)
    total = np.asarray(np.bincount(place, weight), dtype=np.float64)
    return distinct, np.bincount(place, y * weight) / total, total


def _added(x: FloatArray, y: FloatArray, weight: FloatArray, point: float, said: float) -> float:
    """Isotonic value at a point that is added with an outcome to rows of distinct, rising x."""
    at = int(np.searchsorted(x, point))
    if at < len(x) and x[at] == point:
        y, weight = y.copy(), weight.copy()
        y[at] = (y[at] * weight[at] + said) / (weight[at] + 1)
        weight[at] += 1
    else:
        y, weight = np.insert(y, at, said), np.insert(weight, at, 1.0)
    return float(isotonic_regression(y, weights=weight).x[at])


def cross_fitted(raw: FloatArray, is_positive: BoolArray, parts: int = 5) -> FloatArray:
    """(n,) calibrated log-odds of each row by a line fitted to the other rows, so that it can be judged.

    Rows are dealt out in order of their log-odds, which does not depend on the order in which they came.
    """
    out = np.array(raw, dtype=np.float64)
    order = np.lexsort((is_positive, raw))
    part = np.empty(len(raw), dtype=np.int64)
    part[order] = np.arange(len(raw)) % parts
    for at in range(parts):
        train = part != at
        if 0 < int(is_positive[train].sum()) < int(train.sum()):
            line = fit_line(raw[train], is_positive[train], can_have_slope=True)
            out[~train] = line.intercept + line.slope * raw[~train]
    return out
