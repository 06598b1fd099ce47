"""From fit points to a probability: intercept, and slope where outcomes allow, refitted on worked accounts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scoring.inputs import NO_DATE, BoolArray, FloatArray, day, days, flags
from scoring.parameters import Parameters

POINTS_PER_DOUBLING = 10.0  # the scale itself: +10 points = odds doubled
NEWTON_STEPS = 60  # converges in under ten; the rest is for quasi-separated data, where the penalty bounds the slope
SLOPE_PENALTY = 1.0  # (slope - 1)^2 / 2, so that perfectly separated wins cannot send the slope to infinity
MIN_SLOPE = 0.05


@dataclass(frozen=True)
class Cohort:
    """Accounts whose outcome is known: worked, and followed for the whole horizon.

    Attributes
    ----------
    is_member : (n,) bool per account
    is_won : (n,) bool per account; meaningful where `is_member`
    """

    is_member: BoolArray
    is_won: BoolArray

    @property
    def member_count(self) -> int:
        """Accounts in the cohort."""
        return int(self.is_member.sum())

    @property
    def win_count(self) -> int:
        """Cohort accounts won within the horizon."""
        return int((self.is_member & self.is_won).sum())


@dataclass(frozen=True)
class Recalibration:
    """Log-odds of a win = intercept + slope * (points - base) * ln 2 / 10."""

    intercept: float
    slope: float


def worked_cohort(rows: pd.DataFrame, as_of: dt.date, horizon_days: int) -> Cohort:
    """Outcome of every account that was first worked at least `horizon_days` ago.

    Parameters
    ----------
    rows : account_360 rows with first_worked_date, first_won_date, is_customer

    Notes
    -----
    Won within the horizon of the first sales touch is a positive, followed that long without is a negative. An account that
    was worked more recently is left out even when it is already won: keeping only its win would tilt the rate upwards. So is
    a customer from before it was worked, or whose win the log does not show. An account nobody worked is unlabelled.
    """
    worked, won, today = days(rows["first_worked_date"]), days(rows["first_won_date"]), day(as_of)
    has_worked = (worked != NO_DATE) & (worked <= today)
    has_won = (won != NO_DATE) & (won <= today)
    was_customer = (has_won & (won < worked)) | (flags(rows, "is_customer") & ~has_won)
    matured = has_worked & (today - np.where(has_worked, worked, today) >= horizon_days)
    within = has_won & (np.where(has_won, won, 0) - np.where(has_worked, worked, 0) <= horizon_days)
    return Cohort(is_member=matured & ~was_customer, is_won=within)


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
    wins = int((member & cohort.is_won).sum())
    losses = int(member.sum()) - wins
    needed = parameters.fit_min_wins_for_intercept
    if wins < needed or losses < needed:
        return None, (
            f"fit_probability is not published: {wins} wins and {losses} other outcomes among worked, matured accounts; "
            f"{needed} of each are needed."
        )
    offset = np.log(2.0) / POINTS_PER_DOUBLING * points_above_base[member]
    won = cohort.is_won[member].astype(np.float64)
    order = np.lexsort((won, offset))
    offset, won = offset[order], won[order]
    if wins < parameters.fit_min_wins_for_slope or offset[0] == offset[-1]:
        return Recalibration(_intercept(offset, won), 1.0), "intercept refitted"
    intercept, slope = _line(offset, won)
    return Recalibration(intercept, slope), "intercept and slope refitted"


def _intercept(offset: FloatArray, won: FloatArray) -> float:
    rate = float(won.mean())
    value = float(np.log(rate / (1 - rate)) - offset.mean())
    for _ in range(NEWTON_STEPS):
        p = 1 / (1 + np.exp(-(value + offset)))
        step = float((won - p).sum() / np.maximum((p * (1 - p)).sum(), 1e-12))
        value += float(np.clip(step, -2, 2))
        if abs(step) < 1e-13:
            break
    return value


def _line(offset: FloatArray, won: FloatArray) -> tuple[float, float]:
    intercept, slope = _intercept(offset, won), 1.0
    for _ in range(NEWTON_STEPS):
        p = 1 / (1 + np.exp(-(intercept + slope * offset)))
        weight = p * (1 - p)
        gradient = np.array([(won - p).sum(), ((won - p) * offset).sum() - SLOPE_PENALTY * (slope - 1)])
        cross = (weight * offset).sum()
        hessian = np.array([[weight.sum(), cross], [cross, (weight * offset * offset).sum() + SLOPE_PENALTY]])
        step = np.clip(np.linalg.solve(hessian, gradient), -1, 1)
        intercept, slope = intercept + float(step[0]), max(slope + float(step[1]), MIN_SLOPE)
        if float(np.abs(step).max()) < 1e-12:
            break
    if slope == MIN_SLOPE:
        intercept = _intercept(MIN_SLOPE * offset, won)
    return intercept, slope
