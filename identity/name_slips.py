"""What a slip of the pen between two names or two words costs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from identity.rarity import Floats
from identity.runs import Ints
from identity.text import UNSPACED

Texts = NDArray[np.object_]

_SHORTEST: Final = 4
_TWO_SLIPS: Final = 10
_MOST_SLIPS: Final = 2
_LONG_WORD: Final = 7
_WHOLE: Final = 0.6
# By the letters of the shorter text, up to the last of these, from which on it stays the same.
_COST: Final = np.array([np.nan] * _SHORTEST + [6.0, 5.0, 3.5, 2.5, 2.0, 1.5, 1.0, 1.0, 0.6])
# Fewer than four where the rest of the name is common words (吉亀印刷, 吉吉亀印刷): it takes facts to believe that slip.
_COST_UNSPACED: Final = np.array([np.nan, 7.0, 6.0, 5.5, 5.0, 4.5, 3.5, 3.0, 2.0, 1.5, 1.0])
_KANJI_CHANGED: Final = 2.0
_KANJI: Final = re.compile("[\u3400-\u9fff]")


def lengths_of(texts: Sequence[str] | Texts) -> Ints:
    """(n,) number of characters of each text."""
    return np.fromiter(map(len, texts), np.int64, count=len(texts))


def slip_weights(
    texts: Texts, others: Texts, whole: Ints | None = None, letters_that_tell: Callable[[str, str], int] | None = None
) -> Floats:
    """(n,) log-odds, < 0, that a slip costs which may lie between two keys or words; NaN if more than a slip lies between them.

    One letter may be wrong, two from ten letters on. The shorter the text, the likelier it is another one.

    Parameters
    ----------
    whole : (n,) letters of the names in which the words stand: a slip in one word of a long name is one; None for whole names
    letters_that_tell : of two texts that are near each other, how many letters of the shorter one tell it from others; None for
        all
    """
    lengths, other_lengths = lengths_of(texts), lengths_of(others)
    shorter = np.minimum(lengths, other_lengths)
    allowed = _allowed(shorter)
    result = np.full(len(texts), np.nan)
    # The letters that one has more are so many slips.
    at = np.flatnonzero((shorter >= _SHORTEST) & (np.abs(lengths - other_lengths) <= allowed))
    distance = cpdist(texts[at], others[at], scorer=OSA.distance, score_cutoff=_MOST_SLIPS, dtype=np.int64)
    near = distance <= allowed[at]
    at, distance = at[near], distance[near]
    if letters_that_tell is not None:
        pairs = zip(texts[at], others[at], strict=True)
        shorter[at] = [letters_that_tell(text, other) for text, other in pairs]
        near = distance <= _allowed(shorter[at])
        at, distance = at[near], distance[near]
    unspaced = np.array([UNSPACED.search(text) is not None for text in texts[at]], dtype=bool)
    letters = shorter[at]
    if whole is not None:
        # A short word is another word, however long the name (Sanko, Sankyo).
        letters = np.where(letters < _LONG_WORD, letters, np.maximum(letters, (whole[at] * _WHOLE).astype(np.int64)))
    cost = np.where(
        unspaced,
        _COST_UNSPACED[np.minimum(shorter[at], len(_COST_UNSPACED) - 1)],
        _COST[np.minimum(letters, len(_COST) - 1)],
    )
    kanji = np.flatnonzero(unspaced)
    cost[kanji] += [
        _KANJI_CHANGED if _is_kanji_changed(text, other) else 0.0
        for text, other in zip(texts[at[kanji]], others[at[kanji]], strict=True)
    ]
    result[at] = -cost - 1.0 * (distance - 1)
    return result


def _allowed(letters: Ints) -> Ints:
    return np.where(letters < _TWO_SLIPS, 1, _MOST_SLIPS)


def singular(word: str) -> str:
    """Word without the ending of an English plural."""
    if len(word) > 4 and word.isascii():
        if word.endswith("ies"):
            return word[:-3] + "y"
        if word.endswith("s") and not word.endswith("ss"):
            return word[:-1]
    return word


def _is_kanji_changed(key: str, other_key: str) -> bool:
    return _KANJI.search("".join(set(key) ^ set(other_key))) is not None
