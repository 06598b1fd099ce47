"""What two names may be to each other, and a table of pairs that is filled verdict by verdict."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from identity.rarity import Floats
from identity.runs import Ints

# From the closest to the farthest.
(
    EQUAL,
    REORDERED,
    READ_ALIKE,
    SLIP,
    SHORTENED,
    BRANCH,
    LONGER,
    LONGER_IN_FRONT,
    LETTERS_LEFT_OUT,
    PARTLY,
    OTHER_WORDS,
    OTHER_SCRIPT,
    NAMELESS,
) = range(13)
RELATIONS: Final = (
    "names equal",
    "names in another order",
    "names read alike",
    "names a slip apart",
    "one name is shortened",
    "one name is a branch's",
    "one name is longer",
    "one name has more in front",
    "one name leaves letters out",
    "names agree in part",
    "names differ",
    "names in two scripts",
    "one has no name",
)


class Verdicts:
    """Log-odds and relations of pairs of names, each settled once.

    Attributes
    ----------
    weight, relation : (n,) log-odds, and places in `RELATIONS`; of open pairs 0 and EQUAL
    open : places of the pairs that are not settled yet, ascending
    """

    def __init__(self, size: int) -> None:
        self.weight: Floats = np.zeros(size)
        self.relation: Ints = np.full(size, EQUAL, np.int64)
        self.open: Ints = np.arange(size)

    def settle(self, is_settled: NDArray[np.bool_], weight: float | Floats, relation: int | Ints) -> None:
        """Settle those of the open pairs whose flag is set; arrays hold a value for each open pair."""
        at, size = self.open[is_settled], len(self.open)
        self.weight[at] = np.broadcast_to(weight, size)[is_settled]
        self.relation[at] = np.broadcast_to(relation, size)[is_settled]
        self.open = self.open[~is_settled]
