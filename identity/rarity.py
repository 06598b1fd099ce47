"""How rare a name is: how many other companies carry it by chance, learned from the records themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity.text import UNSPACED

Floats = NDArray[np.float64]

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
_MOST_WORDS: Final = 3
_UNKNOWN_NAMES: Final = 1000
# Companies that a list is drawn from, as it were: a name made of common words only is carried by several of so many.
_COMPANIES_AROUND: Final = 1_000
# At least one in ten of the names made of common words only is carried by another company too.
_COMMON_WORDS_ONLY: Final = 0.1


class NameRarity:
    """Chance model of names: a chain of words, or of characters where a script writes no spaces.

    Parameters
    ----------
    keys, texts : (n,) distinct name keys with their readable names; how often a name occurs does not matter, only how its words
        are spread over different names. Holdings, Japan, 日本 and Bank become cheap by themselves.
    company_counts : (n,) number of companies that are known to be different (by domain, corporate number or provider) under
        each name; 0 where nothing is known
    common : words that many companies have in their names, with the share that has them, 0 to 1; of unspaced scripts, parts of
        names

    Attributes
    ----------
    expected_count : (n,) other companies that carry the name by chance, > 0. The larger of two estimates: what the chain of its
        words gives among as many names as there are (the name itself left out of the counts), and how often names of its shape
        (script, number of words, letters) are known to be carried twice. Above 1 the name tells little; far below 1 two records
        of this name are most likely one company.
    chance_count : (n,) the first of the two estimates alone
    """

    def __init__(
        self,
        keys: Sequence[str],
        texts: Sequence[str],
        company_counts: NDArray[np.int64] | None = None,
        common: Mapping[str, float] | None = None,
    ) -> None:
        self._common = common or {}
        counts = np.zeros(len(keys), np.int64) if company_counts is None else company_counts
        self._unspaced = np.array([UNSPACED.search(key) is not None for key in keys], dtype=bool)
        spaced, unspaced = np.flatnonzero(~self._unspaced), np.flatnonzero(self._unspaced)
        self._words = _Chain(*_words([texts[at] for at in spaced.tolist()]))
        self._characters = _Chain(*_characters([keys[at] for at in unspaced.tolist()]))
        expected = np.zeros(len(keys))
        expected[spaced] = self._words.expected_count
        expected[unspaced] = self._characters.expected_count
        lengths = np.array([len(key) for key in keys], dtype=np.int64)
        words = np.ones(len(keys), np.int64)
        words[spaced] = np.minimum(self._words.lengths, _MOST_WORDS)
        shapes = (self._unspaced * (_MOST_WORDS + 1) + words) * (_LONGEST + 1) + np.where(
            words == 1, np.minimum(lengths, _LONGEST), 0
        )
        priors = np.select(
            [self._unspaced, words > 1, *(lengths <= longest for longest, _ in _PRIOR_SHARES)],
            [_PRIOR_SHARE_UNSPACED, _PRIOR_SHARE_LONG, *(share for _, share in _PRIOR_SHARES)],
            0.0,
        )
        size = (2 * _MOST_WORDS + 2) * (_LONGEST + 1)
        known = np.bincount(shapes[counts > 0], minlength=size)
        repeated = np.bincount(shapes[counts > 1], minlength=size)
        shares = (repeated[shapes] + _PRIOR_WEIGHT * priors) / (known[shapes] + _PRIOR_WEIGHT)
        self.chance_count: Floats = expected
        self.expected_count: Floats = np.maximum(expected, shares)
        if common:
            for at in range(len(keys)):
                share = _common_share(keys[at], texts[at] if not self._unspaced[at] else "", common)
                if share:
                    for estimate in (self.expected_count, self.chance_count):
                        estimate[at] = max(estimate[at], _COMPANIES_AROUND * share, _COMMON_WORDS_ONLY)

    def prior_share(self, word: str) -> float:
        """Share of the names of all companies that have this word, 0 to 1, as far as it is a common one; otherwise 0."""
        return self._common.get(word, 0.0)

    def information(self, word: str, unspaced: bool) -> float:
        """Natural logarithm of how many names there are per name with this word (character if unspaced), >= 0.

        A thousand names that never met the word, and one that did, are added: among ten names no word is known to be common.
        """
        chain = self._characters if unspaced else self._words
        return max(0.0, float(np.log((chain.names + _UNKNOWN_NAMES) / (chain.frequency.get(word, 0) + 1))))


class _Chain:
    """What follows what in many names.

    Parameters
    ----------
    parts : (m,) codes of the words of all names, one after the other
    lengths : (n,) number of words of each name
    vocabulary : the words
    """

    def __init__(self, parts: NDArray[np.int64], lengths: NDArray[np.int64], vocabulary: Sequence[str]) -> None:
        self.names, self.lengths, self._vocabulary = len(lengths), lengths, vocabulary
        size = len(vocabulary) + 2
        start, end = size - 2, size - 1
        # Each name is its words between a start and an end: one link more than words.
        links = lengths + 1
        first = np.cumsum(links) - links
        left, right = np.full(int(links.sum()), start), np.full(int(links.sum()), end)
        inner = np.ones(len(left), dtype=bool)
        inner[first + lengths] = False
        right[inner] = parts
        inner = np.ones(len(left), dtype=bool)
        inner[first] = False
        left[inner] = parts
        self._counts = np.bincount(right, minlength=size)
        followed = np.bincount(left, minlength=size)
        _, place, pairs = np.unique(left * size + right, return_inverse=True, return_counts=True)
        total = max(len(right), 1)
        alone = np.maximum(self._counts[right] - 1, _UNSEEN) / total
        others = followed[left] - 1
        after = np.where(others > 0, np.maximum(pairs[place] - 1, 0) / np.maximum(others, 1), 0.0)
        logs = np.log(_CHAIN * after + (1 - _CHAIN) * alone)
        sums = np.add.reduceat(logs, first) if len(first) else np.zeros(0)
        self.expected_count: Floats = max(self.names, 1) * np.exp(sums)

    @cached_property
    def frequency(self) -> dict[str, int]:
        """How often each word stands in the names."""
        return dict(zip(self._vocabulary, self._counts.tolist(), strict=False))


def _common_share(key: str, text: str, common: Mapping[str, float]) -> float:
    """Share of companies that have a name made of common words only, as if words stood together by chance; 0 for other names."""
    share = 1.0
    if text:
        for word in text.split(" "):
            if word != "and":
                if word not in common:
                    return 0.0
                share *= common[word]
        return share
    at = 0
    while at < len(key):
        size = next((size for size in range(min(8, len(key) - at), 0, -1) if key[at : at + size] in common), 0)
        if not size:
            return 0.0
        share *= common[key[at : at + size]]
        at += size
    return share


def split_name(key: str, normalised: str) -> tuple[bool, tuple[str, ...]]:
    """Whether the name is written without spaces, and its parts: characters then, words otherwise."""
    if UNSPACED.search(key):
        return True, tuple(key)
    return False, tuple(word for word in normalised.split() if word != "and")


def _words(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    lists = pc.split_pattern(pa.array(texts, pa.string()), " ")
    flat = pc.list_flatten(lists)
    parents = pc.list_parent_indices(lists).to_numpy()
    encoded = flat.dictionary_encode()
    vocabulary: list[str] = encoded.dictionary.to_pylist()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    skipped = np.array([word in ("and", "") for word in vocabulary], dtype=bool)
    kept = ~skipped[codes] if len(codes) else np.zeros(0, dtype=bool)
    return codes[kept], np.bincount(parents[kept], minlength=len(texts)).astype(np.int64), vocabulary


def _characters(keys: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    points = np.frombuffer("".join(keys).encode("utf-32-le"), np.uint32)
    vocabulary, codes = np.unique(points, return_inverse=True)
    return (
        codes.astype(np.int64),
        np.array([len(key) for key in keys], dtype=np.int64),
        [chr(point) for point in vocabulary.tolist()],
    )
