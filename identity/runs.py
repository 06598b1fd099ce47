"""Integer arrays as sorted runs: distinct values, where runs start, the pairs within them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def distinct(values: Ints) -> Ints:
    """Distinct values, ascending. Sorts; numpy's own hashes first, which takes several times as long on large arrays."""
    values = np.sort(values)
    return values[is_first(values)]


def is_first(*columns: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Whether each row of sorted columns differs from the row before it."""
    result = np.ones(len(columns[0]), dtype=bool)
    if len(result):
        result[1:] = False
        for column in columns:
            result[1:] |= column[1:] != column[:-1]
    return result


def run_starts(*columns: NDArray[np.generic]) -> Ints:
    """Where each run of equal rows of sorted columns begins."""
    return np.flatnonzero(is_first(*columns))


def run_sizes(starts: Ints, length: int) -> Ints:
    """Sizes of the runs that begin at `starts` and fill an array of a length."""
    sizes: Ints = np.diff(np.r_[starts, length])
    return sizes


def ranks_in_runs(sizes: Ints) -> Ints:
    """Place of each member within its run, from 0."""
    return np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def pairs_in_runs(members: Ints, sizes: Ints) -> tuple[Ints, Ints]:
    """All pairs within each run of members; the runs follow each other and have the sizes given."""
    ends = np.repeat(np.cumsum(sizes), sizes)
    # Each member is paired with those behind it in its run.
    behind = ends - np.arange(len(members)) - 1
    first = np.repeat(np.arange(len(members)), behind)
    return members[first], members[first + 1 + ranks_in_runs(behind)]
