"""How well the values of a column tell two outcomes apart, from counts alone, and whether chance could do as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special, stats

from scoring.inputs import FloatArray, IntArray

FOLDS: Final = 5
PRIOR_ROWS: Final = 5.0  # rows of the base rate that each value's rate is shrunk by
POOLED_ROWS: Final = 20  # values with fewer rows are one value: their own rates are noise


@dataclass(frozen=True)
class Separation:
    """Area under the ROC curve, at least 0.5, and a bound on the chance of seeing it without any signal.

    Attributes
    ----------
    auc : 0.5 to 1, the better of the two directions where both are allowed
    chance : 0 to 1
    """

    auc: float
    chance: float


NO_SEPARATION: Final = Separation(0.5, 1.0)


def separation(positives: FloatArray | IntArray, negatives: FloatArray | IntArray, *, both: bool = True) -> Separation:
    """Separation by values that are given in rising order.

    Parameters
    ----------
    positives, negatives : (k,) rows of each value with either outcome
    both : whether falling values may speak for the outcome as well

    Notes
    -----
    AUC counts ties half. The bound is Bernstein's inequality for the mean rank of the rarer outcome, with the variance of drawing
    without replacement (Hoeffding 1963): unlike the normal approximation of Mann-Whitney's test it holds where one value is rare
    and the rest are ties.
    """
    with_outcome, without = float(positives.sum()), float(negatives.sum())
    if not with_outcome or not without:
        return NO_SEPARATION
    below = np.cumsum(negatives) - negatives / 2
    auc = float((positives * below).sum() / (with_outcome * without))
    if auc < 0.5 and not both:
        return NO_SEPARATION
    total = with_outcome + without
    rows = positives + negatives
    rank = (np.cumsum(rows) - rows / 2) / total - 0.5
    rarer = min(with_outcome, without)
    distance = abs(auc - 0.5) * (total - rarer) / total
    variance = float((rows * rank**2).sum() / total) / rarer * (total - rarer) / max(total - 1, 1)
    spread = 2 * variance + 2 / 3 * float(np.abs(rank[rows > 0]).max(initial=0.0)) * distance / rarer
    chance = 2 * float(np.exp(-(distance**2) / spread)) if spread > 0 else 1.0
    return Separation(max(auc, 1 - auc), min(1.0, chance))


def separation_by_rates(positives: IntArray, negatives: IntArray) -> Separation:
    """Separation by the rate of each value, judged on rows that did not make the rate.

    Parameters
    ----------
    positives, negatives : (k,) rows of each value with either outcome; in one fixed order, which is that of the draws

    Notes
    -----
    Rows of one value and outcome cannot be told apart, so dealing rows to folds at random is drawing, value by value, how many of
    the outcomes each fold gets: a hypergeometric number. Values with fewer than `POOLED_ROWS` rows (a twentieth of a small table)
    are pooled: an id has no rate. Only one direction counts: without a signal, rates of the other folds are slightly lower where
    the outcome is there.
    """
    rows = positives + negatives
    pooled = rows < max(3, min(POOLED_ROWS, int(rows.sum()) // 20))
    with_outcome = np.append(positives[~pooled], positives[pooled].sum())
    without = np.append(negatives[~pooled], negatives[pooled].sum())
    dealt_with, dealt_without = _dealt(with_outcome, without)
    learned_with = with_outcome[:, None] - dealt_with
    learned_rows = learned_with + without[:, None] - dealt_without
    base = learned_with.sum(axis=0) / np.maximum(learned_rows.sum(axis=0), 1)
    rates = (learned_with + PRIOR_ROWS * base) / (learned_rows + PRIOR_ROWS)
    order = np.argsort(rates.ravel(), kind="stable")
    values, starts = np.unique(np.round(rates.ravel()[order], 12), return_index=True)
    if len(values) < 2:
        return NO_SEPARATION
    return separation(
        np.add.reduceat(dealt_with.ravel()[order], starts),
        np.add.reduceat(dealt_without.ravel()[order], starts),
        both=False,
    )


def chance_of_fill(positives: int, all_positives: int, negatives: int, all_negatives: int) -> float:
    """Chance of a difference of two shares as large as this or larger without any signal: Fisher's exact test."""
    table = [[positives, all_positives - positives], [negatives, all_negatives - negatives]]
    return float(stats.fisher_exact(table).pvalue)


def chance_of_copy(positives: int, negatives: int) -> float:
    """Chance that two values, one as frequent as the outcome, fall on it exactly: two of all ways to choose the rows."""
    rows, chosen = positives + negatives, min(positives, negatives)
    ways = special.gammaln(rows + 1) - special.gammaln(chosen + 1) - special.gammaln(rows - chosen + 1)
    return float(min(1.0, 2 * np.exp(-ways)))


def _dealt(with_outcome: IntArray, without: IntArray) -> tuple[IntArray, IntArray]:
    """(k, folds) rows of each value and fold with and without the outcome, folds of about equal size."""
    random = np.random.Generator(np.random.PCG64(0))
    rows = with_outcome + without
    # The first fold to get a row moves on from value to value, so that rare values do not all fall into one.
    first = np.cumsum(rows) - rows
    sizes = rows[:, None] // FOLDS + ((np.arange(FOLDS) - first[:, None]) % FOLDS < rows[:, None] % FOLDS)
    dealt = np.zeros_like(sizes)
    left, rows_left = with_outcome.astype(np.int64), rows.astype(np.int64)
    for fold in range(FOLDS):
        dealt[:, fold] = random.hypergeometric(left, rows_left - left, sizes[:, fold])
        left, rows_left = left - dealt[:, fold], rows_left - sizes[:, fold]
    return dealt, sizes - dealt
