"""Logistic regression that is pulled towards a prior: under recalibration, the prior-mean model and ridge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from scoring.inputs import BoolArray, FloatArray

MAX_STEPS = 100  # converges in under ten; the rest is for separated data, where the penalty bounds the weights
TOLERANCE = 1e-10


@dataclass(frozen=True)
class Line:
    """Log-odds of a positive = intercept + columns @ weights."""

    intercept: float
    weights: FloatArray

    def log_odds(self, columns: FloatArray) -> FloatArray:
        """(n,) log-odds of rows of (n, k) columns."""
        return np.asarray(self.intercept + columns @ self.weights, dtype=np.float64)


def fit(
    columns: FloatArray,
    is_positive: BoolArray,
    prior: FloatArray | float = 0.0,
    penalty: FloatArray | float = 0.0,
    offset: FloatArray | float = 0.0,
    start: Line | None = None,
) -> Line:
    """Weights that minimise  -log likelihood + sum_j penalty_j / 2 (weight_j - prior_j)^2,  the intercept free.

    Parameters
    ----------
    columns : (n, k) float, finite; k may be 0
    is_positive : (n,) bool with both outcomes in it
    prior, penalty : (k,) or one number for all columns
    offset : (n,) fixed part of the log-odds
    start : where to begin, such as the line of the neighbouring penalty

    Raises
    ------
    ValueError
        If only one outcome occurs: the intercept would be infinite.

    Notes
    -----
    Newton's method, a step being halved until the objective falls. The objective is convex, so the answer depends on neither
    `start` nor the order of the rows beyond rounding.
    """
    count, size = columns.shape
    positives = int(is_positive.sum())
    if not 0 < positives < count:
        raise ValueError(f"{positives} positives among {count} rows were seen. Expected: both outcomes.")
    wanted = is_positive.astype(np.float64)
    centre, pull = np.broadcast_to(prior, size).astype(np.float64), np.broadcast_to(penalty, size).astype(np.float64)
    fixed = np.broadcast_to(offset, count).astype(np.float64)
    weights = centre.copy() if start is None else start.weights.copy()
    rate = positives / count
    intercept = float(np.log(rate / (1 - rate))) if start is None else start.intercept

    def objective(level: float, slopes: FloatArray) -> float:
        z = level + columns @ slopes + fixed
        return float((np.logaddexp(0.0, z) - wanted * z).sum() + 0.5 * (pull * (slopes - centre) ** 2).sum())

    now = objective(intercept, weights)
    for _ in range(MAX_STEPS):
        p = expit(intercept + columns @ weights + fixed)
        spread = np.maximum(p * (1 - p), 1e-12)
        error = p - wanted
        gradient = np.append(columns.T @ error + pull * (weights - centre), error.sum())
        hessian = np.empty((size + 1, size + 1))
        hessian[:size, :size] = (columns * spread[:, None]).T @ columns + np.diag(pull)
        hessian[:size, size] = hessian[size, :size] = columns.T @ spread
        hessian[size, size] = spread.sum()
        # A column that is constant in this part of the rows has nothing to say without a penalty.
        step = np.linalg.lstsq(hessian, gradient, rcond=1e-12)[0]
        length = 1.0
        while length > 1e-6:
            candidate = weights - length * step[:size], intercept - length * float(step[size])
            after = objective(candidate[1], candidate[0])
            if after <= now:
                break
            length /= 2
        else:
            break
        weights, intercept = candidate
        if now - after <= TOLERANCE * (abs(now) + 1) and float(np.abs(length * step).max()) < 1e-8:
            break
        now = after
    return Line(intercept, weights)


def log_loss(log_odds: FloatArray, is_positive: BoolArray) -> FloatArray:
    """(n,) loss of each row in nats, finite for any finite log-odds."""
    return np.asarray(np.logaddexp(0.0, log_odds) - is_positive * log_odds, dtype=np.float64)


def path(
    columns: FloatArray, is_positive: BoolArray, prior: FloatArray | float, penalties: Sequence[float]
) -> list[Line]:
    """Lines for several penalties, the strongest first in time, in the order of `penalties`."""
    lines: dict[float, Line] = {}
    start = None
    for penalty in sorted(set(penalties), reverse=True):
        start = lines[penalty] = fit(columns, is_positive, prior, penalty, start=start)
    return [lines[penalty] for penalty in penalties]
