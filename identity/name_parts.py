"""Names as their parts (words, pairs of letters), and the parts that only one of two names has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity.lines import points_of
from identity.name_slips import lengths_of
from identity.prepared import Flags
from identity.rarity import Floats
from identity.runs import Ints, ranks_in_runs, run_sizes, run_starts

# Words that say nothing of a company.
SAY_NOTHING: Final = ("and", "the", "of", "")
_SAY_NOTHING: Final = pa.array(SAY_NOTHING, pa.large_string())


@dataclass(frozen=True)
class Parts:
    """Parts of many names, one after the other.

    Attributes
    ----------
    code : (m,) each part as a number from 0 on
    starts : (n + 1,) the parts of name i are those from starts[i] up to starts[i + 1]
    rank : (m,) how many equal parts stand before this one in the same name
    """

    code: Ints
    starts: Ints
    rank: Ints

    @classmethod
    def of(cls, code: Ints, counts: Ints) -> Parts:
        """Parts by their codes and the number that each name has."""
        name = np.repeat(np.arange(len(counts)), counts)
        order = np.lexsort((np.arange(len(code)), code, name))
        runs = run_starts(name[order], code[order])
        rank = np.empty(len(code), np.int64)
        rank[order] = ranks_in_runs(run_sizes(runs, len(code)))
        return cls(code, np.r_[0, np.cumsum(counts)], rank)

    def counts(self) -> Ints:
        """(n,) number of parts of each name."""
        return np.diff(self.starts)


@dataclass(frozen=True)
class PartsOfPairs:
    """Parts of one side of pairs of names, in the order in which they stand.

    Attributes
    ----------
    pair, code : (m,)
    is_only : (m,) whether the other side has no such part (left)
    """

    pair: Ints
    code: Ints
    is_only: Flags


def sums_of_pairs(pair: Ints, values: Floats, pairs: int) -> Floats:
    """(pairs,) sums of the values of each pair."""
    sums: Floats = np.bincount(pair, weights=values, minlength=pairs).astype(np.float64)
    return sums


def compare_parts(parts: Parts, left: Ints, right: Ints) -> tuple[PartsOfPairs, PartsOfPairs]:
    """Parts of both sides of pairs of names; of a part that one side has more often the last ones are only there."""
    span = int(parts.code.max(initial=0)) + 1
    most = int(parts.rank.max(initial=0)) + 1
    sides = []
    for name in (left, right):
        counts = parts.counts()[name]
        at = np.repeat(parts.starts[name], counts) + ranks_in_runs(counts)
        pair = np.repeat(np.arange(len(name)), counts)
        sides.append((pair, parts.code[at], (pair * most + parts.rank[at]) * span + parts.code[at]))
    (pair, code, key), (other_pair, other_code, other_key) = sides
    return (
        PartsOfPairs(pair, code, np.isin(key, other_key, assume_unique=True, invert=True)),
        PartsOfPairs(other_pair, other_code, np.isin(other_key, key, assume_unique=True, invert=True)),
    )


def words_of_names(texts: Sequence[str]) -> tuple[Parts, list[str]]:
    """Words of names without those that say nothing, and the vocabulary whose places are their codes."""
    lists = pc.split_pattern(pa.array(texts, pa.large_string()), " ")
    flat, parents = pc.list_flatten(lists), pc.list_parent_indices(lists)
    kept = pc.invert(pc.is_in(flat, value_set=_SAY_NOTHING))
    encoded = flat.filter(kept).dictionary_encode()
    counts = np.bincount(parents.filter(kept).to_numpy(), minlength=len(texts)).astype(np.int64)
    code = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return Parts.of(code, counts), encoded.dictionary.to_pylist()


def letter_pairs_of_names(keys: Sequence[str]) -> Parts:
    """Pairs of neighbouring letters of keys; of a single letter itself."""
    points, sizes = points_of("".join(keys)).astype(np.int64), lengths_of(keys)
    counts = np.maximum(sizes - 1, np.minimum(sizes, 1))
    first = np.repeat(np.cumsum(sizes) - sizes, counts) + ranks_in_runs(counts)
    second = np.where(np.repeat(sizes, counts) > 1, points[np.minimum(first + 1, max(len(points) - 1, 0))], 0)
    _, code = np.unique(points[first] << 21 | second, return_inverse=True)
    return Parts.of(code.astype(np.int64), counts)
