"""How unlike many pairs of texts are at least, told from the letters that each has, before the texts themselves are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity.runs import Ints

# One bit for each letter; the letters beyond share them.
_BITS: Final = 64
# Far more than the rounding of a similarity.
_ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class Letters:
    """The letters of many texts; a space is none.

    Attributes
    ----------
    lengths : (n,) characters of each text, with its spaces
    counts : (n,) its letters
    sets : (n,) which letters it has, as bits; two letters may share one
    first : (n,) its first character; 0 of an empty text
    """

    lengths: Ints
    counts: Ints
    sets: NDArray[np.uint64]
    first: NDArray[np.uint32]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Letters:
        """Letters of texts."""
        points = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
        lengths = pc.utf8_length(pa.array(texts, pa.string())).to_numpy(zero_copy_only=False).astype(np.int64)
        used = np.flatnonzero(np.bincount(points))
        bits = np.zeros(int(points.max(initial=0)) + 1, np.uint64)
        bits[used] = np.uint64(1) << (np.arange(len(used)) % _BITS).astype(np.uint64)
        bits[[point for point in used.tolist() if chr(point).isspace()]] = 0
        counts, sets, first = (
            np.zeros(len(texts), np.int64),
            np.zeros(len(texts), np.uint64),
            np.zeros(len(texts), np.uint32),
        )
        has_any = lengths > 0
        if has_any.any():
            starts = (np.cumsum(lengths) - lengths)[has_any]
            of_point = bits[points]
            sets[has_any] = np.bitwise_or.reduceat(of_point, starts)
            counts[has_any] = np.add.reduceat((of_point > 0).astype(np.int64), starts)
            first[has_any] = points[starts]
        return cls(lengths, counts, sets, first)

    def may_be_alike(self, one: Ints, other: Ints, least: float) -> NDArray[np.bool_]:
        """Whether the normalised Indel similarity of two texts, 0 to 1, may be at least so much; also of their words in order.

        Each letter that only one of them has is to be taken away or put in.
        """
        longer = self.counts[one] - self.counts[other]
        only, other_only = self._only(one, other)
        edits = np.maximum(2 * only - longer, 2 * other_only + longer)
        may: NDArray[np.bool_] = edits <= (1 - least + _ROUNDING) * (self.lengths[one] + self.lengths[other])
        return may

    def may_be_edits_apart(self, one: Ints, other: Ints, most: int) -> NDArray[np.bool_]:
        """Whether so many edits, each of one letter or of two that stand side by side, may make one text of the other."""
        longer = np.abs(self.counts[one] - self.counts[other])
        only, other_only = self._only(one, other)
        may: NDArray[np.bool_] = np.maximum(np.maximum(only, other_only), longer) <= most
        return may

    def may_begin(self, short: Ints, long: Ints) -> NDArray[np.bool_]:
        """Whether the one text may be the beginning of the other."""
        is_missing = (self.sets[short] & ~self.sets[long]) > 0
        may: NDArray[np.bool_] = ~is_missing & (self.first[short] == self.first[long])
        return may

    def _only(self, one: Ints, other: Ints) -> tuple[Ints, Ints]:
        """How many letters at least only the one or only the other text has."""
        mine, theirs = self.sets[one], self.sets[other]
        return np.bitwise_count(mine & ~theirs).astype(np.int64), np.bitwise_count(theirs & ~mine).astype(np.int64)
