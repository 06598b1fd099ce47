"""What the words say that only one of two names has."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from identity.name_relations import BRANCH, LONGER
from identity.rarity import Floats, NameRarity
from identity.rules import IdentityRules
from identity.runs import Ints

# From this share on, names have other words.
MOSTLY_APART: Final = 0.75
_BRANCH_WEIGHT: Final = -0.5
# Words of sites weigh less than those that a longer form of the name has (company, Inc).
_SITE_WEIGHT: Final = -0.25
_PLACE_WORDS: Final = 3
# Many pairs of names differ in the same words (systems, holdings): what was found for so many of them is kept.
_KEPT: Final = 200_000


class ExtraWords:
    """Weighs words that one name has more than the other."""

    def __init__(self, rarity: NameRarity, rules: IdentityRules) -> None:
        self._rarity, self._rules = rarity, rules
        self._information: dict[str, float] = {}
        self.weigh = lru_cache(_KEPT)(self._weigh)

    def information(self, word: str) -> float:
        """Natural logarithm of how many names there are per name with this word, >= 0."""
        found = self._information.get(word)
        if found is None:
            found = self._information[word] = self._rarity.information(word, False)
        return found

    def is_common(self, word: str) -> bool:
        """Whether many companies have the word in their names."""
        return self._rarity.prior_share(word) > 0

    def _weigh(self, words: tuple[str, ...], unspaced: bool) -> tuple[float, int]:
        """Log-odds and relation: the worst of the words that are known, else by how many and how rare they are."""
        known = [self._known(word) for word in words if not word.isdigit()] or [None]
        if all(weight is not None for weight in known):
            worst = min(weight for weight in known if weight is not None)
            return worst, BRANCH if worst >= _BRANCH_WEIGHT else LONGER
        worst = min((weight for weight in known if weight is not None), default=0.0)
        best = max((weight for weight in known if weight is not None), default=_BRANCH_WEIGHT)
        if worst >= _BRANCH_WEIGHT and best >= _SITE_WEIGHT and known.count(None) <= _PLACE_WORDS:
            # 'Werk Amberg' is longer by a place besides the word that says what it is.
            return worst, BRANCH
        rarity = 0.0 if unspaced else sum(map(self.information, words))
        return min(worst, self._rules["name_extra_word"]) + self._rules["name_extra_rare"] * rarity, LONGER

    def _known(self, word: str) -> float | None:
        known = self._rules.extra_words
        weight = known.get(word)
        if weight is None and not word.isascii():
            ends = (word[start:] for start in range(1, len(word)))
            weight = min((known[end] for end in ends if end in known and not end.isascii()), default=None)
        return weight


def shares_apart(apart: Floats | Ints, total: Floats | Ints) -> Floats:
    """(n,) share of the parts of two names, 0 to 1, that only one of them has; 1 if they have none."""
    shares: Floats = np.where(total > 0, apart / np.where(total > 0, total, 1), 1.0)
    return shares
