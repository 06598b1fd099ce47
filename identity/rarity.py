"""How rare a name is: how many other companies carry it by chance, learned from the records themselves."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from identity.names import UNSPACED

_START: Final = "\x02"
_END: Final = "\x03"
# Weight of what follows what against how frequent a word is alone; half each, as neither is right by itself.
_CHAIN: Final = 0.5
_UNSEEN: Final = 0.5
# Share of names that two or more companies carry, before the data speak: 4 of 100 one-word names (10 of very short ones)
# and 2 of 100 longer ones among 15,000 brands with domains; 1 of 100 of 7,000 Japanese companies with corporate numbers.
_PRIOR_SHARES: Final = ((5, 0.1), (9, 0.05), (10**6, 0.02))
_PRIOR_SHARE_LONG: Final = 0.02
_PRIOR_SHARE_UNSPACED: Final = 0.02
# The prior counts as so many names.
_PRIOR_WEIGHT: Final = 50
_LONGEST: Final = 12
_UNKNOWN_NAMES: Final = 1000


class NameRarity:
    """Chance model of names: a chain of words, or of characters where a script writes no spaces.

    Parameters
    ----------
    names : (name_key, normalised_name) of all distinct keys; how often a name occurs does not matter, only how its words
        are spread over different names. Holdings, Japan, 日本 and Bank become cheap by themselves.
    company_counts : name_key -> number of companies that are known to be different (by domain, corporate number or provider)
        under this name, >= 1; keys of which nothing is known are left out
    """

    def __init__(self, names: Iterable[tuple[str, str]], company_counts: Mapping[str, int] | None = None) -> None:
        self._pairs: Counter[tuple[str, str]] = Counter()
        self._words: Counter[str] = Counter()
        self._followed: Counter[str] = Counter()
        self._names = Counter[bool]()
        self._total = Counter[bool]()
        known: Counter[tuple[bool, int, int]] = Counter()
        repeated: Counter[tuple[bool, int, int]] = Counter()
        counts = company_counts or {}
        for key, normalised in names:
            unspaced, parts = split_name(key, normalised)
            self._names[unspaced] += 1
            self._total[unspaced] += len(parts) + 1
            previous = _START
            for part in (*parts, _END):
                # Both kinds of chain share the counters; start and end are counted apart for each kind.
                left, right = _tag(previous, unspaced), _tag(part, unspaced)
                self._pairs[left, right] += 1
                self._followed[left] += 1
                self._words[right] += 1
                previous = part
            if key in counts:
                shape = _shape(unspaced, parts, key)
                known[shape] += 1
                repeated[shape] += counts[key] > 1
        self._shares = {
            shape: (repeated[shape] + _PRIOR_WEIGHT * _prior(shape)) / (known[shape] + _PRIOR_WEIGHT) for shape in known
        }

    def expected_count(self, key: str, normalised: str) -> float:
        """Return the number of other companies that carry this name by chance, > 0.

        The larger of two estimates: what the chain of its words gives among as many names as there are (the name itself left out
        of the counts), and how often names of its shape (script, number of words, letters) are known to be carried twice.
        Above 1 the name tells little; far below 1 two records of this name are most likely one company.
        """
        unspaced, parts = split_name(key, normalised)
        total = max(self._total[unspaced], 1)
        expected = float(max(self._names[unspaced], 1))
        previous = _START
        for part in (*parts, _END):
            left, right = _tag(previous, unspaced), _tag(part, unspaced)
            alone = max(self._words[right] - 1, _UNSEEN) / total
            others = self._followed[left] - 1
            after = max(self._pairs[left, right] - 1, 0) / others if others > 0 else 0.0
            expected *= _CHAIN * after + (1 - _CHAIN) * alone
            previous = part
        shape = _shape(unspaced, parts, key)
        return max(expected, self._shares.get(shape, _prior(shape)))

    def information(self, word: str, unspaced: bool) -> float:
        """Natural logarithm of how many names there are per name with this word (character if unspaced), >= 0.

        A thousand names that never met the word, and one that did, are added: among ten names no word is known to be common.
        """
        names, with_word = self._names[unspaced] + _UNKNOWN_NAMES, self._words[_tag(word, unspaced)] + 1
        return max(0.0, math.log(names / with_word))


def split_name(key: str, normalised: str) -> tuple[bool, tuple[str, ...]]:
    """Whether the name is written without spaces, and its parts: characters then, words otherwise."""
    if UNSPACED.search(key):
        return True, tuple(key)
    return False, tuple(word for word in normalised.split() if word != "and")


def _tag(part: str, unspaced: bool) -> str:
    return f"\x01{part}" if unspaced else part


def _shape(unspaced: bool, parts: tuple[str, ...], key: str) -> tuple[bool, int, int]:
    """Script kind, number of words (up to 3), letters of a name that is one word (up to 12)."""
    words = 1 if unspaced else min(len(parts), 3)
    return unspaced, words, min(len(key), _LONGEST) if words == 1 else 0


def _prior(shape: tuple[bool, int, int]) -> float:
    unspaced, words, letters = shape
    if unspaced:
        return _PRIOR_SHARE_UNSPACED
    if words > 1:
        return _PRIOR_SHARE_LONG
    return next(share for longest, share in _PRIOR_SHARES if letters <= longest)
