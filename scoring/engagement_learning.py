"""Weights of touch types learned from the company's own outcomes, never negative and pulled towards the expert's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit

from scoring import engagement, logistic
from scoring.engagement_panel import EngagementPanel, engagement_panel
from scoring.folds import FOLDS, LARGE_FOLDS, Split, grouped_folds
from scoring.inputs import BoolArray, FloatArray, IntArray
from scoring.ladder import paired
from scoring.outcome_panel import LARGE_PANEL_ROWS, Panel, too_few
from scoring.parameters import Parameters
from scoring.recalibration import fit_line

PENALTIES: Final = (1.0, 3.0, 10.0, 30.0, 100.0)
INNER_FOLDS: Final = 3  # by which the penalty is chosen; more of them choose the same and take longer
_SCALE_LIMIT: Final = 12.0  # of ln k; the prior on it ends far earlier
_TOLERANCE: Final = {"maxiter": 500, "ftol": 1e-11, "gtol": 1e-7}


@dataclass(frozen=True)
class WeightFit:
    """Log-odds of an outcome = intercept + columns @ weights, weights >= 0; the expert's weights were multiplied by `scale`."""

    intercept: float
    weights: FloatArray
    scale: float

    def log_odds(self, columns: FloatArray) -> FloatArray:
        """(n,) log-odds of rows of (n, k) columns."""
        return logistic.Line(self.intercept, self.weights).log_odds(columns)


@dataclass(frozen=True)
class LearnedWeights:
    """What the outcomes say about the weights.

    Attributes
    ----------
    table : touch_type, expert, learned, proposed, touched_row_count, positive_account_count; in order of touch_type.
        `learned` is on the scale of `expert` (points of one fresh touch), NaN where there was nothing to learn from; `proposed`
        is `learned` rounded to a tenth where the change is adopted, else `expert`
    penalty : strength of the pull towards the expert that cross-validation chose; NaN where nothing was learned
    gain, score_gain : (mean, standard error) in nats per row by which the log loss on accounts not learned from falls against the
        expert's weights: of the sum of logarithms that is learned, and of the engagement score itself with the learned weights
    is_adopted : whether the weights are worth changing
    verdict : one sentence
    notes : sentences about the rows
    """

    table: pd.DataFrame
    penalty: float
    gain: tuple[float, float]
    score_gain: tuple[float, float]
    is_adopted: bool
    verdict: str
    notes: tuple[str, ...]


def learn(
    account_360: pd.DataFrame,
    touch_days: pd.DataFrame,
    touch_types: pd.DataFrame,
    role_weights: pd.DataFrame,
    parameters: Parameters,
    as_of: dt.date,
) -> LearnedWeights:
    """Weights per touch type from first qualified opportunities after month ends, and whether they beat the expert's.

    Parameters
    ----------
    account_360 : account_id and the columns of `outcome_panel.COLUMNS`
    touch_days, touch_types, role_weights : as for `engagement.score`

    Raises
    ------
    RuleError, InputError
        If a rule or a table cannot be used.

    Notes
    -----
    One column per touch type: z = log1p(sum over persons of role weight x min(cap, decayed count)) at the month end. A type that
    the expert gives nothing is no column: opens stay at 0. Minimised is -log likelihood + penalty/2 sum sd^2 (w - k expert)^2 +
    (ln k)^2 / 8 with w >= 0. The comparison is nested: the penalty is chosen among the rows that are learned from, accounts of
    one ultimate parent stay together, and the expert's weights get an intercept and a slope fitted to the same rows (Platt).
    Adopted is what is better by more than one standard error and makes the score itself no worse.
    """
    known = engagement_panel(account_360, touch_days, touch_types, role_weights, parameters, as_of)
    types, panel = known.types, known.panel
    columns = known.counts()
    learned = np.flatnonzero((types.weights > 0) & (columns != 0).any(axis=0))
    touched = len(np.unique(panel.account[panel.is_positive & (columns[:, learned] > 0).any(axis=1)]))
    reason = too_few(panel, parameters)
    if not reason and touched < parameters.outcome_min_accounts:
        reason = (
            f"{touched} accounts showed a touch worth something before their first qualified opportunity; "
            f"{parameters.outcome_min_accounts} are needed."
        )
    if reason:
        return _unlearned(types, columns, panel, f"Keep the expert's weights: {reason}")

    expert = types.weights / types.weights.max()
    chosen = columns[:, learned]
    splits = _splits(panel.groups, panel.is_positive, LARGE_FOLDS if len(panel) > LARGE_PANEL_ROWS else FOLDS)
    losses, fits = _compare(chosen, panel, expert[learned], splits)
    gain = paired(losses["expert"] - losses["learned"], panel.groups)
    penalty = choose_penalty(chosen, panel.is_positive, panel.groups, expert[learned])
    whole = fit_weights(chosen, panel.is_positive, expert[learned], penalty)
    points = np.full(len(types.names), np.nan)
    points[learned] = in_points(whole, types.weights[learned])

    score_gain = (np.nan, np.nan)
    if gain[0] > gain[1]:
        score_gain = _score_gain(known, learned, fits, splits)
    is_adopted = gain[0] > gain[1] and score_gain[0] >= 0
    verdict = _verdict(gain, score_gain, is_adopted)
    return LearnedWeights(
        _table(types, columns, panel, points, is_adopted),
        penalty,
        gain,
        score_gain,
        is_adopted,
        verdict,
        (panel.sentence, *known.touches.notes),
    )


def fit_weights(
    columns: FloatArray,
    is_positive: BoolArray,
    expert: FloatArray,
    penalty: float,
    start: WeightFit | None = None,
) -> WeightFit:
    """Weights >= 0 that minimise  -log likelihood + penalty/2 sum sd_j^2 (w_j - k expert_j)^2 + (ln k)^2/8.

    Parameters
    ----------
    columns : (n, k) float, finite
    is_positive : (n,) bool with both outcomes in it
    expert : (k,) > 0
    penalty : > 0
    start : where to begin, such as the fit of the neighbouring penalty

    Raises
    ------
    ValueError
        If only one outcome occurs, or an expert weight is not above 0: such a type is never learned.

    Notes
    -----
    The scale k is free, as the expert knows proportions and not log-odds. Solved by L-BFGS-B with the gradient below. A column
    that is constant here keeps k times the expert's weight.
    """
    positives, count = int(is_positive.sum()), len(columns)
    if not 0 < positives < count:
        raise ValueError(f"{positives} positives among {count} rows were seen. Expected: both outcomes.")
    if not (expert > 0).all():
        raise ValueError(f"An expert weight of {expert.min():g} was seen. Expected: above 0.")
    rows, times, wins = _distinct(columns, is_positive)
    # Moments of whole sorted columns do not depend on the order of the rows.
    mean = (times @ rows) / count
    variance = times @ (rows - mean) ** 2 / count
    moves = variance > 0
    x, prior = rows[:, moves], expert[moves]
    spread = np.sqrt(variance[moves])
    pull = penalty * variance[moves]
    size = int(moves.sum())
    if start is None:
        line = fit_line(columns @ expert, is_positive, can_have_slope=True)
        first = np.concatenate(([line.intercept], line.slope * prior, [np.log(line.slope)]))
    else:
        first = np.concatenate(([start.intercept], start.weights[moves], [np.log(start.scale)]))
    # Weights are searched in units of one standard deviation, which spares the search most of its steps.
    unit = np.concatenate(([1.0], 1 / spread, [1.0]))

    def objective(scaled: FloatArray) -> tuple[float, FloatArray]:
        values = scaled * unit
        level, weights, log_scale = values[0], values[1:-1], values[-1]
        scale = np.exp(log_scale)
        z = level + x @ weights
        error = times * expit(z) - wins
        away = weights - scale * prior
        loss = float(times @ np.logaddexp(0.0, z) - wins @ z)
        loss += float(0.5 * (pull * away**2).sum() + log_scale**2 / 8)
        gradient = np.empty(size + 2)
        gradient[0] = error.sum()
        gradient[1:-1] = x.T @ error + pull * away
        gradient[-1] = -scale * (pull * away * prior).sum() + log_scale / 4
        return loss, gradient * unit

    bounds = [(None, None), *[(0.0, None)] * size, (-_SCALE_LIMIT, _SCALE_LIMIT)]
    found = minimize(objective, first / unit, jac=True, method="L-BFGS-B", bounds=bounds, options=_TOLERANCE)
    values = found.x * unit
    scale = float(np.exp(values[-1]))
    weights = scale * expert
    weights[moves] = values[1:-1]
    return WeightFit(float(values[0]), weights, scale)


def choose_penalty(columns: FloatArray, is_positive: BoolArray, groups: Sequence[str], expert: FloatArray) -> float:
    """Strength of the pull by cross-validated log loss; the strongest among equals, and where nothing can be split."""
    losses = np.zeros(len(PENALTIES))
    for split in _splits(groups, is_positive, INNER_FOLDS)[: 1 if len(columns) > LARGE_PANEL_ROWS else INNER_FOLDS]:
        start = None
        for at in reversed(range(len(PENALTIES))):
            start = fit_weights(columns[split.train], is_positive[split.train], expert, PENALTIES[at], start)
            losses[at] += logistic.log_loss(start.log_odds(columns[split.test]), is_positive[split.test]).sum()
    return PENALTIES[max(range(len(PENALTIES)), key=lambda at: (-losses[at], PENALTIES[at]))]


def in_points(fitted: WeightFit, expert_points: FloatArray) -> FloatArray:
    """Learned weights in points of one fresh touch, scaled so that their sum is that of the expert's: E50 keeps its meaning."""
    total = float(fitted.weights.sum())
    return np.asarray(fitted.weights * (expert_points.sum() / total) if total > 0 else expert_points, dtype=np.float64)


def _splits(groups: Sequence[str], is_positive: BoolArray, folds: int) -> list[Split]:
    splits = grouped_folds(groups, is_positive, folds, 0)
    return [split for split in splits if len(split.test) and 0 < int(is_positive[split.train].sum()) < len(split.train)]


def _compare(
    columns: FloatArray, panel: Panel, expert: FloatArray, splits: Sequence[Split]
) -> tuple[dict[str, FloatArray], list[WeightFit]]:
    """Losses of each row by weights learned without it and by the expert's with Platt's line, and the fit of each split."""
    losses = {name: np.zeros(len(panel)) for name in ("expert", "learned")}
    fits = []
    for split in splits:
        train, test = split.train, split.test
        outcome = panel.is_positive[train]
        groups = [panel.groups[at] for at in train.tolist()]
        penalty = choose_penalty(columns[train], outcome, groups, expert)
        fits.append(fit_weights(columns[train], outcome, expert, penalty))
        losses["learned"][test] = logistic.log_loss(fits[-1].log_odds(columns[test]), panel.is_positive[test])
        line = fit_line(columns[train] @ expert, outcome, can_have_slope=True)
        said = line.intercept + line.slope * (columns[test] @ expert)
        losses["expert"][test] = logistic.log_loss(said, panel.is_positive[test])
    return losses, fits


def _score_gain(
    known: EngagementPanel, learned: IntArray, fits: Sequence[WeightFit], splits: Sequence[Split]
) -> tuple[float, float]:
    """Gain of the engagement score itself: its person cap and breadth are not part of what was learned."""
    panel, types = known.panel, known.types
    before, after = np.zeros(len(panel)), np.zeros(len(panel))
    plain = known.log_odds(types)
    for fitted, split in zip(fits, splits, strict=True):
        weights = types.weights.copy()
        weights[learned] = in_points(fitted, types.weights[learned])
        for log_odds, out in ((plain, before), (known.log_odds(replace(types, weights=weights)), after)):
            line = fit_line(log_odds[split.train], panel.is_positive[split.train], can_have_slope=True)
            said = line.intercept + line.slope * log_odds[split.test]
            out[split.test] = logistic.log_loss(said, panel.is_positive[split.test])
    return paired(before - after, panel.groups)


def _distinct(columns: FloatArray, is_positive: BoolArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rows in one order, the untouched ones (most of them) as a single one; how many rows each is, and how many are positive."""
    silent = ~columns.any(axis=1)
    order = np.flatnonzero(~silent)
    order = order[np.lexsort((is_positive[order], *columns[order].T))]
    rows, times = columns[order], np.ones(len(order))
    wins = is_positive[order].astype(np.float64)
    if silent.any():
        rows = np.vstack((np.zeros(columns.shape[1]), rows))
        times = np.append(float(silent.sum()), times)
        wins = np.append(float((silent & is_positive).sum()), wins)
    return rows, times, wins


def _unlearned(types: engagement.TouchTypes, columns: FloatArray, panel: Panel, verdict: str) -> LearnedWeights:
    nothing = np.full(len(types.names), np.nan)
    table = _table(types, columns, panel, nothing, is_adopted=False)
    return LearnedWeights(table, np.nan, (np.nan, np.nan), (np.nan, np.nan), False, verdict, (panel.sentence,))


def _table(
    types: engagement.TouchTypes, columns: FloatArray, panel: Panel, points: FloatArray, is_adopted: bool
) -> pd.DataFrame:
    touched = columns > 0
    reached = [len(np.unique(panel.account[panel.is_positive & touched[:, at]])) for at in range(len(types.names))]
    usable = is_adopted & ~np.isnan(points)
    return pd.DataFrame(
        {
            "touch_type": types.names,
            "expert": types.weights,
            "learned": points,
            "proposed": np.where(usable, np.round(np.nan_to_num(points), 1), types.weights),
            "touched_row_count": touched.sum(axis=0),
            "positive_account_count": np.array(reached, dtype=np.int64),
        }
    )


def _verdict(gain: tuple[float, float], score_gain: tuple[float, float], is_adopted: bool) -> str:
    numbers = f"the log loss on accounts not learned from changes by {-gain[0]:+.5f} nats per row (standard error {gain[1]:.5f})"
    if is_adopted:
        return (
            f"Change the weights: {numbers}, that of the engagement score itself by {-score_gain[0]:+.5f} "
            f"(standard error {score_gain[1]:.5f})."
        )
    if gain[0] > gain[1]:
        return (
            f"Keep the expert's weights: {numbers}, but the engagement score itself gets worse with them, by "
            f"{-score_gain[0]:.5f} (standard error {score_gain[1]:.5f})."
        )
    return f"Keep the expert's weights: {numbers}; less than one standard error better is no reason to change."
