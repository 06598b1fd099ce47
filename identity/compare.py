"""Evidence that two records are one company, as natural log-odds that add up.

A pair of names is first put into one relation; the weight of each relation and of every other agreement or disagreement is a row
of `seeds/rules/identity_parameters.csv`. probability = 1 / (1 + exp(-sum)).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Indel, JaroWinkler
from rapidfuzz.fuzz import partial_ratio

from identity.rarity import NameRarity, split_name
from identity.text import SCRIPT_BITS, scripts_of, transliterate

# Relations of two names, best first.
EQUAL, NEAR, EXTENSION, INCOMPARABLE, DIFFERENT = range(5)

# A spelling apart: at most one letter in ten. Shorter keys have too few letters to tell a slip from another name.
_NEAR_RATIO: Final = 0.9
_NEAR_LETTERS: Final = 6
_NEAR_ROMANISED: Final = 0.85
_SPELLING: Final = 0.9
_LABEL_WORD: Final = 3
_LABEL_RATIO: Final = 80
_KANA: Final = SCRIPT_BITS["kana"]
_HAN: Final = SCRIPT_BITS["han"]
_WORKERS: Final = 2
# First letters that may be written for one sound (Century, センチュリー; Umbrella, アンブレラ).
_SOUND_OF_FIRST: Final = str.maketrans("eiouywckqxzglvfd", "aaaaaassssjjrbht")

Texts = Sequence[str] | NDArray[np.object_]


@dataclass(frozen=True)
class NamePairs:
    """Relations of pairs of names.

    Attributes
    ----------
    relation : (n,) EQUAL, NEAR, EXTENSION, INCOMPARABLE or DIFFERENT
    similarity : (n,) normalised Indel similarity of the keys, 0 to 1
    extra : (n,) information of the words that only one name has, in nats, >= 0; 0 unless the relation is EXTENSION
    """

    relation: NDArray[np.int64]
    similarity: NDArray[np.float64]
    extra: NDArray[np.float64]


def compare_names(
    left_keys: Texts,
    left_names: Texts,
    right_keys: Texts,
    right_names: Texts,
    rarity: NameRarity,
    least_similarity: float = 0.0,
) -> NamePairs:
    """Relation of each left name to the right name at the same place.

    Parameters
    ----------
    left_keys, right_keys : (n,) name keys; '' cannot be compared with anything
    left_names, right_names : (n,) normalised names
    rarity : says how much a word tells
    least_similarity : 0 to 1; pairs less alike than this are called DIFFERENT without a closer look

    Notes
    -----
    EQUAL: equal keys. NEAR: at most one letter in ten differs and no digit, or the romanised forms of two scripts are alike,
    or one is the initials of the other. EXTENSION: one has all words of the other and more. INCOMPARABLE: no script in common.
    Anything else DIFFERENT. Symmetric.
    """
    size = len(left_keys)
    relation = np.full(size, DIFFERENT, np.int64)
    extra = np.zeros(size)
    if not size:
        return NamePairs(relation, extra, extra)
    similarity = similarities(left_keys, right_keys, least_similarity)
    for at in np.flatnonzero(similarity >= least_similarity).tolist():
        key, other_key = left_keys[at], right_keys[at]
        if not key or not other_key:
            relation[at] = INCOMPARABLE
        elif key == other_key:
            relation[at] = EQUAL
        else:
            relation[at], extra[at] = _relate(
                key, left_names[at], other_key, right_names[at], float(similarity[at]), rarity
            )
    return NamePairs(relation, similarity, extra)


def similarities(left: Texts, right: Texts, least: float = 0.0) -> NDArray[np.float64]:
    """(n,) normalised Indel similarity of the texts at each place, 0 to 1; 0 where it is less than `least`."""
    return process.cpdist(
        left, right, scorer=Indel.normalized_similarity, score_cutoff=least or None, dtype=np.float64, workers=_WORKERS
    )


def _relate(
    key: str, name: str, other_key: str, other_name: str, ratio: float, rarity: NameRarity
) -> tuple[int, float]:
    words = extra_words(key, name, other_key, other_name)
    if words is not None:
        unspaced = split_name(key, name)[0] or split_name(other_key, other_name)[0]
        return EXTENSION, sum(rarity.information(word, unspaced) for word in words)
    if _is_near(key, other_key, ratio) or is_initials(name, other_key) or is_initials(other_name, key):
        return NEAR, 0.0
    if not _scripts(key) & _scripts(other_key):
        return (NEAR if sounds_alike(key, name, other_key, other_name) else INCOMPARABLE), 0.0
    return DIFFERENT, 0.0


def differ_by_spelling(name: str, other_name: str) -> bool:
    """Whether two names differ in one word only, and there only in its spelling; True for unspaced scripts."""
    unspaced, words = split_name(name, name)
    other_unspaced, other_words = split_name(other_name, other_name)
    if unspaced or other_unspaced:
        return True
    only, other_only = (set(words) - set(other_words)), (set(other_words) - set(words))
    if not only or not other_only:
        return True
    return JaroWinkler.similarity(" ".join(sorted(only)), " ".join(sorted(other_only))) >= _SPELLING


def extra_words(key: str, name: str, other_key: str, other_name: str) -> tuple[str, ...] | None:
    """Words (characters in unspaced scripts) that the longer name has more; None if neither contains the other."""
    unspaced, parts = split_name(key, name)
    other_unspaced, other_parts = split_name(other_key, other_name)
    if unspaced or other_unspaced:
        short, long = sorted((key, other_key), key=lambda text: (len(text), text))
        if len(short) >= 2 and (long.startswith(short) or long.endswith(short)):
            return tuple(long[len(short) :] if long.startswith(short) else long[: -len(short)])
        return None
    short_parts, long_parts = sorted((parts, other_parts), key=lambda words: (len(words), words))
    rest = list(long_parts)
    for word in short_parts:
        if word not in rest:
            return None
        rest.remove(word)
    return tuple(rest)


@lru_cache(maxsize=200_000)
def romanise(name: str) -> str:
    """Write a name in Latin letters, doubled ones once: from kana, Cyrillic, Greek, Georgian; '' from other scripts."""
    letters = [char for char in transliterate(name) if char.isascii() and char.isalnum()]
    return "".join(char for at, char in enumerate(letters) if not at or char != letters[at - 1])


def sounds_alike(
    key: str, name: str, other_key: str, other_name: str, common_end: Callable[[str, str], int] = lambda one, other: 0
) -> bool:
    """Whether the romanised forms are alike; False where one cannot be romanised.

    Parameters
    ----------
    common_end : letters of the common words with which two romanised names end; they do not tell one name from another
    """
    left, right = romanise(name), romanise(other_name)
    end = common_end(left, right)
    left, right = left[: len(left) - end], right[: len(right) - end]
    return (
        len(left) >= 4
        and len(right) >= 4
        and left[0].translate(_SOUND_OF_FIRST) == right[0].translate(_SOUND_OF_FIRST)
        and JaroWinkler.similarity(left, right) >= 0.88
        and (Indel.normalized_similarity(left, right) >= _NEAR_ROMANISED)
    )


@lru_cache(maxsize=200_000)
def _scripts(key: str) -> int:
    scripts = scripts_of(key)
    # A company writes its name in kana or in kanji, not in both: two such names can be compared, and differ.
    return scripts | _HAN if scripts & _KANA else scripts


def speaks_for_domain(name: str, label: str) -> bool:
    """Whether the part of a domain before its first dot is recognisably made of this name (Hinoya curry of hinoya.jp)."""
    label = label.replace("-", "")
    words = [word for word in name.split() if word.isascii()] or romanise(name).split()
    joined = "".join(words)
    if len(label) < 2 or len(joined) < 2:
        return False
    initials = "".join(word[0] for word in words)
    return (
        any(len(word) >= _LABEL_WORD and word in label for word in words)
        or (len(label) >= _LABEL_WORD and label in joined)
        or (len(initials) > 1 and initials == label)
        or (min(len(label), len(joined)) >= _LABEL_WORD and partial_ratio(label, joined) >= _LABEL_RATIO)
    )


def is_label(key: str, domain: str) -> bool:
    """Whether a name is just the domain: 'Getpebble' of getpebble.com says nothing that the domain does not."""
    label = domain.partition(".")[0].replace("-", "")
    return len(key) >= _LABEL_WORD and key in (label, domain.replace(".", "").replace("-", ""))


def digits_of(text: str) -> str:
    """Return the digits of a text, in order."""
    return "".join(char for char in text if char.isdigit())


def _is_near(key: str, other_key: str, ratio: float) -> bool:
    return (
        ratio >= _NEAR_RATIO
        and min(len(key), len(other_key)) >= _NEAR_LETTERS
        and digits_of(key) == digits_of(other_key)
    )


def is_initials(name: str, other_key: str) -> bool:
    """Whether a key is the initials of a name of three words or more; words of up to three letters may be left out."""
    if not 3 <= len(other_key) <= 6:
        return False
    words = name.split()
    if len(words) < 3:
        return False
    return "".join(word[0] for word in words) == other_key or (
        "".join(word[0] for word in words if len(word) > 3) == other_key
    )
