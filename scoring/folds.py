"""Parts of the training rows that are judged by models which never saw them, nor a company of the same group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from scoring.inputs import BoolArray, IntArray

FOLDS: Final = 5
REPEATS: Final = 2
# From here on the losses of so many rows are known well without repeats, and a hundred fits of each rung would take minutes.
LARGE_ROWS: Final = 5_000
LARGE_FOLDS: Final = 3
MIN_ORIGINS: Final = 3
MIN_TRAIN_POSITIVES: Final = 30
MIN_TEST_POSITIVES: Final = 10
_QUARTER_DAYS: Final = 91


@dataclass(frozen=True)
class Split:
    """Positions of the rows to learn from and of those to judge."""

    train: IntArray
    test: IntArray


def grouped_folds(groups: Sequence[str], is_positive: BoolArray, count: int, repeat: int) -> list[Split]:
    """`count` parts of whole groups, groups with a positive dealt out evenly.

    Parameters
    ----------
    groups : (n,) group of each row; a group is never on both sides
    repeat : another number deals in another order

    Notes
    -----
    The order is that of a hash of the group's name, so it depends neither on the order of the rows nor on a random state.
    """
    code, names = pd.factorize(np.asarray(groups, dtype=object))
    hashes = pd.util.hash_array(np.asarray(names, dtype=object), hash_key=f"abm360 {repeat:09d}")
    has_positive = np.bincount(code, is_positive, len(names)) > 0
    order = np.lexsort((np.asarray(names, dtype=str), hashes, ~has_positive))
    part = np.empty(len(names), dtype=np.int64)
    part[order] = np.arange(len(names)) % count
    of_row = part[code]
    return [Split(np.flatnonzero(of_row != at), np.flatnonzero(of_row == at)) for at in range(count)]


def rolling_origins(
    index_days: IntArray, horizon_days: int, groups: Sequence[str], is_positive: BoolArray
) -> list[Split]:
    """Quarter after quarter, judged by what was known when it began; [] where there are fewer than three such quarters.

    Notes
    -----
    A row may be learned from once its horizon has passed. A quarter counts where at least `MIN_TRAIN_POSITIVES` rows of either
    outcome can be learned from and `MIN_TEST_POSITIVES` judged.
    """
    code, _ = pd.factorize(np.asarray(groups, dtype=object))
    splits = []
    for start in range(int(index_days.min()), int(index_days.max()) + 1, _QUARTER_DAYS):
        is_test = (index_days >= start) & (index_days < start + _QUARTER_DAYS)
        is_train = (index_days + horizon_days <= start) & ~np.isin(code, np.unique(code[is_test]))
        learned, judged = is_positive[is_train], is_positive[is_test]
        # Either outcome may be the rare one.
        if (
            min(learned.sum(), (~learned).sum()) >= MIN_TRAIN_POSITIVES
            and min(judged.sum(), (~judged).sum()) >= MIN_TEST_POSITIVES
        ):
            splits.append(Split(np.flatnonzero(is_train), np.flatnonzero(is_test)))
    return splits if len(splits) >= MIN_ORIGINS else []


def outer_splits(
    index_days: IntArray, horizon_days: int, groups: Sequence[str], is_positive: BoolArray
) -> tuple[list[Split], str]:
    """Splits by which the rungs of the ladder are compared, and how they came about."""
    rolling = rolling_origins(index_days, horizon_days, groups, is_positive)
    if rolling:
        return rolling, f"{len(rolling)} quarters in turn, each judged by what was known when it began"
    folds, repeats = (LARGE_FOLDS, 1) if len(groups) > LARGE_ROWS else (FOLDS, REPEATS)
    folds = min(folds, int(is_positive.sum()), int((~is_positive).sum()))
    splits = [split for repeat in range(repeats) for split in grouped_folds(groups, is_positive, folds, repeat)]
    return [split for split in splits if _has_both(is_positive, split.train)], (
        f"{folds}-fold cross-validation, {repeats} times, accounts of one ultimate parent together"
    )


def inner_splits(groups: Sequence[str], is_positive: BoolArray) -> Iterator[Split]:
    """Splits by which one rung is tuned; a single one where rows abound."""
    splits = grouped_folds(groups, is_positive, FOLDS, REPEATS)
    usable = [split for split in splits if _has_both(is_positive, split.train) and len(split.test)]
    return iter(usable[:1] if len(groups) > LARGE_ROWS else usable)


def _has_both(is_positive: BoolArray, rows: IntArray) -> bool:
    return 0 < int(is_positive[rows].sum()) < len(rows)
