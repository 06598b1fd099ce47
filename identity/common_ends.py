"""What unspaced names have in common with very many others: 工業, ホールディングス at their ends."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Final

from identity.compare import romanise
from identity.rules import IdentityRules
from identity.text import UNSPACED

_LONGEST: Final = 12
_LONGEST_ROMANISED: Final = 24
_KEPT: Final = 200_000


@lru_cache(maxsize=2)
def common_ends(rules: IdentityRules) -> CommonEnds:
    """Common ends by the rules; candidates and evidence look at the same names, so they share what was found."""
    return CommonEnds(rules.common_words)


class CommonEnds:
    """Finds the common words at the ends of name keys.

    Parameters
    ----------
    common_words : words that many companies have in their names, as they are written in keys
    """

    def __init__(self, common_words: Collection[str]) -> None:
        self._ends = frozenset(word for word in common_words if len(word) > 1 and UNSPACED.search(word))
        self._romanised = frozenset(romanise(word) for word in common_words) - {""}
        self.start = lru_cache(_KEPT)(self._start)

    def _start(self, key: str) -> int:
        """Place from which on a key is made of common words only; at least one letter stands before it."""
        return self.starts(key)[-1]

    def starts(self, key: str) -> list[int]:
        """Places from which on a key is made of no common words, of one, of two, and so on: descending from its end."""
        found = [len(key)]
        while True:
            end = found[-1]
            begin = next((begin for begin in range(max(1, end - _LONGEST), end - 1) if key[begin:end] in self._ends), 0)
            if not begin:
                return found
            found.append(begin)

    def is_common(self, word: str) -> bool:
        """Whether a text is one of the common words."""
        return word in self._ends

    def front(self, key: str) -> int:
        """Letters of the common word with which a key begins; two or more letters stand behind it. 0 if there is none."""
        longest = min(_LONGEST, len(key) - 2)
        return next((size for size in range(longest, 1, -1) if key[:size] in self._ends), 0)

    def romanised(self, name: str, other_name: str) -> int:
        """Letters of the common words with which two romanised names both end; each has letters before them."""
        end = 0
        while True:
            longest = min(_LONGEST_ROMANISED, len(name) - end - 1, len(other_name) - end - 1)
            more = next(
                (
                    size
                    for size in range(longest, 1, -1)
                    if (part := name[len(name) - end - size : len(name) - end]) in self._romanised
                    and other_name.endswith(part + name[len(name) - end :])
                ),
                0,
            )
            if not more:
                return end
            end += more

    def letters_that_tell(self, key: str, other_key: str) -> int:
        """Letters of the shorter of two keys without the common words with which both end."""
        start, other_start = self.start(key), self.start(other_key)
        if key[start:] == other_key[other_start:]:
            return min(start, other_start)
        return min(len(key), len(other_key))
