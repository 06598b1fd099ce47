"""What two names say for and against one company when nothing but a list is given.

Words that agree, slips, extra words, other words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from identity.common_ends import common_ends
from identity.compare import digits_of, similarities, sounds_alike
from identity.evidence import Evidence
from identity.extra_words import ExtraWords
from identity.letter_evidence import LetterEvidence
from identity.name_relations import EQUAL, NAMELESS, OTHER_SCRIPT, OTHER_WORDS, READ_ALIKE, Verdicts
from identity.name_slips import lengths_of
from identity.parallel import map_in_parts
from identity.prepared import Flags, Prepared
from identity.rarity import Floats
from identity.runs import Ints
from identity.short_names import LONGEST_INITIALS
from identity.text import SCRIPT_BITS
from identity.word_evidence import WordEvidence

_ROMAN_NUMERALS: Final = frozenset(("ii", "iii", "iv", "vi", "vii", "viii", "ix", "xi", "xii"))
_LAST_NUMERALS: Final = _ROMAN_NUMERALS | {"i", "v", "x"}
# Less alike than this, two names have no words in common but perhaps a short one.
_LEAST_ALIKE: Final = 0.4
_WORTH_A_PROCESS: Final = 20_000
# Letters times letters of the pairs that are looked at together: a bound on memory, whatever the names.
_TOGETHER: Final = 100_000_000


class NameWeights:
    """Weighs pairs of names in log-odds.

    Parameters
    ----------
    evidence : how rare names and words are, and the rules

    Attributes
    ----------
    lengths : (number of names,) characters of their keys
    """

    def __init__(self, prepared: Prepared, evidence: Evidence) -> None:
        self._prepared, self._evidence, self.rules = prepared, evidence, evidence.rules
        extra, self._common_ends = ExtraWords(evidence.rarity, evidence.rules), common_ends(evidence.rules)
        self._words = WordEvidence(extra, evidence.rules)
        self._letters = LetterEvidence(extra, self._common_ends, evidence.rules)
        self._keys = np.array(prepared.name_keys, dtype=object)
        self.lengths = lengths_of(self._keys)
        numbers: dict[str, int] = {"": 0}
        self._numbers = np.array(
            [
                numbers.setdefault(_numbers(key, text), len(numbers))
                for key, text in zip(prepared.name_keys, prepared.name_texts, strict=True)
            ],
            np.int64,
        )

    def weigh(self, one: Ints, other: Ints) -> tuple[Floats, Ints]:
        """(n,) log-odds and relations of pairs of names, by their codes; -1 is no name.

        Each pair once, the smaller code first: what is asked for is weighed, however often.
        """
        weights, relations = np.zeros(len(one)), np.full(len(one), EQUAL, np.int64)
        equal = (one == other) & (one >= 0)
        weights[equal] = self.rules["list_name_base"] + self._evidence.name_information[one[equal]]
        relations[one < 0] = NAMELESS
        rest = np.flatnonzero(~equal & (one >= 0))
        closer = self._look_from_afar(one[rest], other[rest], rest, weights, relations)
        wanted = rest[closer]
        mine, theirs = one[wanted], other[wanted]

        def relate(places: Sequence[int]) -> Verdicts:
            at = np.asarray(places, np.int64)
            found = Verdicts(len(at))
            for part in _batches(self.lengths[mine[at]] * self.lengths[theirs[at]]):
                related = self._relate(mine[at[part]], theirs[at[part]])
                found.weight[part], found.relation[part] = related.weight, related.relation
            return found

        parts = map_in_parts(relate, range(len(wanted)), _WORTH_A_PROCESS)
        weights[wanted] = np.concatenate([part.weight for part in parts])
        relations[wanted] = np.concatenate([part.relation for part in parts])
        return weights, relations

    def chance_of_both(self, one: Ints, other: Ints) -> Floats:
        """(n,) log-odds by how rare the more common name of each pair is; 0 where one is none."""
        # How often one name is carried twice says nothing of two names.
        chance = np.append(self._evidence.chance_information, 0.0)
        weight: Floats = np.minimum(chance[one], chance[other])
        return weight

    def _relate(self, one: Ints, other: Ints) -> Verdicts:
        """Weights and relations of pairs of names that have something in common."""
        prepared, keys = self._prepared, self._keys
        found = Verdicts(len(one))
        # A number that only one name has is a word more.
        number, other_number = self._numbers[one], self._numbers[other]
        is_numbered = (number > 0) & (other_number > 0) & (number != other_number)
        found.settle(is_numbered, self.rules["name_number_differs"], OTHER_WORDS)

        base = self.rules["list_name_base"] + self.chance_of_both(one, other)
        is_readable = (prepared.name_scripts[one] & prepared.name_scripts[other]) > 0
        unspaced, other_unspaced = self._evidence.is_unspaced[one], self._evidence.is_unspaced[other]

        at = found.open
        of_letters = ((unspaced & other_unspaced) | ((unspaced | other_unspaced) & is_readable))[at]
        places = at[of_letters]
        related = self._letters.relate(keys[one[places]], keys[other[places]], base[places])
        found.settle(of_letters, *_spread(of_letters, related))

        at = found.open
        of_words = (~unspaced & ~other_unspaced & is_readable)[at]
        places = at[of_words]
        names, flat = np.unique(np.r_[one[places], other[places]], return_inverse=True)
        related = self._words.relate(
            [prepared.name_texts[name] for name in names.tolist()],
            keys[names],
            flat[: len(places)],
            flat[len(places) :],
            base[places],
        )
        found.settle(of_words, *_spread(of_words, related))

        at = found.open
        texts = prepared.name_texts
        is_alike = np.array(
            [
                sounds_alike(keys[left], texts[left], keys[right], texts[right], self._common_ends.romanised)
                for left, right in zip(one[at].tolist(), other[at].tolist(), strict=True)
            ],
            dtype=bool,
        )
        found.settle(is_alike, base[at] + self.rules["name_sounds_alike"], READ_ALIKE)
        found.settle(np.ones(len(found.open), dtype=bool), 0.0, OTHER_SCRIPT)
        return found

    def _look_from_afar(self, one: Ints, other: Ints, rest: Ints, weights: Floats, relations: Ints) -> Ints:
        """Settle pairs of names that have nothing in common, all at once; the places of those that want a closer look."""
        scripts = self._prepared.name_scripts
        mine, theirs = scripts[one], scripts[other]
        han, kana = SCRIPT_BITS["han"], SCRIPT_BITS["kana"]
        mine, theirs = np.where(mine & kana, mine | han, mine), np.where(theirs & kana, theirs | han, theirs)
        apart = (mine & theirs) == 0
        # Kanji are not read aloud, so nothing more can be said.
        silent = apart & (((scripts[one] | scripts[other]) & han) > 0)
        weights[rest[silent]], relations[rest[silent]] = 0.0, OTHER_SCRIPT
        keys = self._keys
        alike = similarities(keys[one], keys[other], _LEAST_ALIKE) >= _LEAST_ALIKE
        unlike = np.flatnonzero(~apart & ~alike)
        closer = np.ones(len(one), dtype=bool)
        closer[silent] = False
        closer[unlike] = [_may_be_short_for(a, b) for a, b in zip(keys[one[unlike]], keys[other[unlike]], strict=True)]
        settled = rest[unlike[~closer[unlike]]]
        weights[settled], relations[settled] = self.rules["name_other_words"], OTHER_WORDS
        return np.flatnonzero(closer)


def _batches(sizes: Ints) -> Iterator[Ints]:
    """Places in a row whose sizes add up to what fits in memory."""
    number = np.cumsum(sizes) // _TOGETHER
    for one in np.unique(number).tolist():
        yield np.flatnonzero(number == one)


def _spread(is_related: Flags, related: Verdicts) -> tuple[Floats, Ints]:
    """Weights and relations of the pairs whose flag is set, among those of all pairs."""
    weight, relation = np.zeros(len(is_related)), np.zeros(len(is_related), np.int64)
    weight[is_related], relation[is_related] = related.weight, related.relation
    return weight, relation


def _may_be_short_for(key: str, other_key: str) -> bool:
    """Whether one of two keys is a part of the other, or short enough to be its initials."""
    short, long = (key, other_key) if len(key) < len(other_key) else (other_key, key)
    return short in long or (
        len(short) <= LONGEST_INITIALS and short.isascii() and long.isascii() and short[0] == long[0]
    )


def _numbers(key: str, text: str) -> str:
    """Digits of a name, or its Roman numerals; a single letter is one at the end only, elsewhere it may be an initial."""
    if not key.isalpha():
        digits = digits_of(key)
        if digits:
            return digits
    head, _, last = text.rpartition(" ")
    if last in _LAST_NUMERALS and head:
        return last
    return (
        " ".join(word for word in head.split(" ") if word in _ROMAN_NUMERALS)
        if " i" in head or " v" in head or " x" in head
        else ""
    )
