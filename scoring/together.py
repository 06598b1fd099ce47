"""How well the columns of any table tell the outcome together, on rows that were not learned from."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from scoring.inputs import BoolArray, FloatArray, IntArray
from scoring.outcome_counts import OutcomeCounts, count_outcomes
from scoring.separation import FOLDS, POOLED_ROWS, PRIOR_ROWS

QUANTILES: Final = 20
# Beyond so many rows the AUC is known to the third digit.
MAX_ROWS: Final = 200_000
MIN_ROWS_OF_EACH_OUTCOME: Final = 30  # below, one AUC differs from the next by more than what is looked for


def auc_together(rows: pd.DataFrame, is_positive: BoolArray) -> float:
    """Area under the ROC curve of a logistic model of all columns, 0 to 1; NaN with too few rows of an outcome or no column.

    Parameters
    ----------
    rows : (n, k) columns of any type, without those that are refused
    is_positive : (n,) bool

    Notes
    -----
    Every value (every twentieth of the numbers) is worth the log-odds of its rate in the other folds; a logistic regression
    weighs the columns. Rows are ordered by what stands in them and then dealt to folds at random; of a table with more than
    `MAX_ROWS` rows every second, third, ... is looked at. So the order of the rows does not matter.
    """
    outcome = np.asarray(is_positive, dtype=np.bool_)
    if min(outcome.sum(), (~outcome).sum()) < MIN_ROWS_OF_EACH_OUTCOME or not rows.shape[1]:
        return float("nan")
    hashes = np.zeros(len(rows), dtype=np.uint64)
    codes = []
    for at in range(rows.shape[1]):
        code, names = _grouped(count_outcomes(rows.iloc[:, at], outcome))
        codes.append(code)
        hashes = hashes * np.uint64(1_099_511_628_211) + names[code]
    # Rows of one hash and outcome are alike, so which of them falls into which fold cannot be seen.
    order = np.lexsort((outcome, hashes))[:: -(-len(rows) // MAX_ROWS)]
    outcome, fold = outcome[order], np.random.Generator(np.random.PCG64(0)).permutation(len(order)) % FOLDS
    table = np.column_stack([code[order] for code in codes])
    log_odds = np.zeros(len(order))
    for part in range(FOLDS):
        train = fold != part
        known, unseen = _weights_of_evidence(table, outcome, train)
        spread = known.std(axis=0)
        useful = spread > 1e-9
        if not useful.any():
            continue
        model = LogisticRegression(max_iter=1_000)
        model.fit(known[:, useful] / spread[useful], outcome[train])
        log_odds[~train] = model.decision_function(unseen[:, useful] / spread[useful])
    return float(roc_auc_score(outcome, np.round(log_odds, 9)))


def _grouped(counts: OutcomeCounts) -> tuple[IntArray, np.ndarray[tuple[int], np.dtype[np.uint64]]]:
    """Group of each row (values, or bins of numbers; rare values are one, missing cells one), and a hash of each group's name."""
    rows_with = counts.positives + counts.negatives
    if counts.kind in ("number", "date") and len(rows_with) > QUANTILES:
        known = np.flatnonzero(~np.isnan(counts.numbers))
        order = known[np.argsort(counts.numbers[known], kind="stable")]
        ends = np.cumsum(rows_with[order])
        group = np.full(len(rows_with) + 1, QUANTILES + 1, dtype=np.int64)
        group[order] = np.minimum((ends - rows_with[order] / 2) * QUANTILES // max(int(ends[-1]), 1), QUANTILES - 1)
    else:
        group = np.append(
            np.where(rows_with >= POOLED_ROWS, np.arange(len(rows_with)), len(rows_with)), len(rows_with) + 1
        )
    names = pd.util.hash_array(np.arange(int(group.max()) + 2, dtype=np.int64))
    return group[counts.code], names


def _weights_of_evidence(table: IntArray, outcome: BoolArray, train: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Log-odds of each cell's group among the rows to learn from, less those of all; for these rows and for the others."""
    base = float(outcome[train].mean())
    known, unseen = np.empty((int(train.sum()), table.shape[1])), np.empty((int((~train).sum()), table.shape[1]))
    for at in range(table.shape[1]):
        column = table[:, at]
        size = int(column.max()) + 1
        rows = np.bincount(column[train], minlength=size)
        rate = (np.bincount(column[train], outcome[train], size) + PRIOR_ROWS * base) / (rows + PRIOR_ROWS)
        weight = np.log(rate / (1 - rate)) - np.log(base / (1 - base))
        known[:, at], unseen[:, at] = weight[column[train]], weight[column[~train]]
    return known, unseen
