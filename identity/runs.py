"""Integer arrays as sorted runs: distinct values, where runs start, the pairs within them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

# Bits of a number without its sign.
_BITS: Final = 63


def order_of(*columns: NDArray[np.integer]) -> Ints:
    """Order of rows by columns of integers, the first column first; equal rows stay as they stand.

    Sorts numbers that hold the columns and the place of the row: numpy sorts numbers eight times as fast as places. Columns that
    do not fit into one number are sorted by numpy's own way.
    """
    size = len(columns[0])
    if not size:
        return np.zeros(0, np.int64)
    lowest = [int(column.min()) for column in columns]
    widths = [(int(column.max()) - low).bit_length() for column, low in zip(columns, lowest, strict=True)]
    place_bits = (size - 1).bit_length()
    if sum(widths) + place_bits > _BITS:
        return np.lexsort(columns[::-1])
    keys = np.zeros(size, np.int64)
    for column, low, width in zip(columns, lowest, widths, strict=True):
        keys <<= width
        keys |= column.astype(np.int64) - low
    keys <<= place_bits
    keys |= np.arange(size)
    keys.sort()
    keys &= (1 << place_bits) - 1
    return keys


def numbered(values: NDArray[np.integer]) -> tuple[Ints, Ints, Ints]:
    """Distinct values, ascending; which of them each value is; and the place of the first of each. As `np.unique`, but faster."""
    order = order_of(values)
    ordered: Ints = values[order].astype(np.int64)
    first = is_first(ordered)
    number = np.empty(len(values), np.int64)
    number[order] = np.cumsum(first) - 1
    return ordered[first], number, order[first]


def searched(values: Ints, wanted: Ints) -> Ints:
    """As `np.searchsorted`, but in the order of the numbers wanted: a search that jumps about waits for memory each time."""
    order = order_of(wanted)
    result = np.empty(len(wanted), np.int64)
    result[order] = np.searchsorted(values, wanted[order])
    return result


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
