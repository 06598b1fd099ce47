"""From fit points to a probability: intercept, and slope where outcomes allow, refitted on worked accounts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoring import logistic
from scoring.inputs import BoolArray, FloatArray
from scoring.labels import Cohort
from scoring.parameters import Parameters

POINTS_PER_DOUBLING = 10.0  # the scale itself: +10 points = odds doubled
SLOPE_PENALTY = 1.0  # (slope - 1)^2 / 2, so that perfectly separated wins cannot send the slope to infinity
MIN_SLOPE = 0.05


@dataclass(frozen=True)
class Recalibration:
    """Log-odds of a win = intercept + slope * (points - base) * ln 2 / 10."""

    intercept: float
    slope: float


def recalibrate(
    points_above_base: FloatArray, cohort: Cohort, parameters: Parameters
) -> tuple[Recalibration | None, str]:
    """Fitted line and what was fitted; (None, why not) when outcomes are too few.

    Parameters
    ----------
    points_above_base : (n,) unclipped sum of points per account, NaN where no attribute is known

    Returns
    -------
    Intercept only (slope 1) below `fit_min_wins_for_slope` wins; above, a slope > 0 as well, held near 1 by a unit penalty.
    """
    member = cohort.is_member & ~np.isnan(points_above_base)
    wins = int((member & cohort.is_positive).sum())
    losses = int(member.sum()) - wins
    needed = parameters.fit_min_wins_for_intercept
    if wins < needed or losses < needed:
        return None, (
            f"fit_probability is not published: {wins} wins and {losses} other outcomes among worked, matured accounts; "
            f"{needed} of each are needed."
        )
    offset = np.log(2.0) / POINTS_PER_DOUBLING * points_above_base[member]
    line = fit_line(offset, cohort.is_positive[member], can_have_slope=wins >= parameters.fit_min_wins_for_slope)
    return line, "intercept refitted" if line.slope == 1.0 else "intercept and slope refitted"


def fit_line(offset: FloatArray, is_positive: BoolArray, *, can_have_slope: bool) -> Recalibration:
    """Intercept and slope of outcomes on expert log-odds.

    Parameters
    ----------
    offset : (n,) expert log-odds above an average account
    is_positive : (n,) bool with both outcomes in it
    can_have_slope : whether there are outcomes enough to correct the spread; otherwise the slope is 1
    """
    # Rows in one order, so that sums do not depend on the order in which they came.
    order = np.lexsort((is_positive, offset))
    offset, is_positive = offset[order], is_positive[order]
    nothing = np.zeros((len(offset), 0))
    if not can_have_slope or offset[0] == offset[-1]:
        return Recalibration(logistic.fit(nothing, is_positive, offset=offset).intercept, 1.0)
    found = logistic.fit(offset[:, None], is_positive, 1.0, SLOPE_PENALTY)
    slope = float(found.weights[0])
    if slope >= MIN_SLOPE:
        return Recalibration(found.intercept, slope)
    return Recalibration(logistic.fit(nothing, is_positive, offset=MIN_SLOPE * offset).intercept, MIN_SLOPE)
