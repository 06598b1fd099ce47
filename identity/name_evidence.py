"""What two names say for and against one company when nothing but a list is given.

Words that agree, slips, extra words, other words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from rapidfuzz.distance import OSA

from identity.compare import digits_of, similarities, sounds_alike
from identity.evidence import Evidence
from identity.normalise import Flags, Prepared
from identity.parallel import map_in_parts
from identity.rarity import Floats
from identity.runs import Ints, distinct
from identity.text import SCRIPT_BITS, UNSPACED, scripts_of

EQUAL, REORDERED, SLIP, SHORTENED, BRANCH, LONGER, PARTLY, OTHER_WORDS, OTHER_SCRIPT, NAMELESS = range(10)
RELATIONS: Final = (
    "names equal",
    "names in another order",
    "names a slip apart",
    "one name is shortened",
    "one name is a branch's",
    "one name is longer",
    "names agree in part",
    "names differ",
    "names in two scripts",
    "one has no name",
)
_KANJI_CHANGED: Final = 2.0
# What a slip costs by the letters of the shorter text.
_SLIP: Final = {4: 6.0, 5: 5.0, 6: 3.5, 7: 2.5, 8: 2.0, 9: 1.5, 10: 1.0, 11: 1.0}
_SLIP_UNSPACED: Final = {4: 5.0, 5: 4.5, 6: 3.5, 7: 3.0, 8: 2.0, 9: 1.5}
_SLIP_BESIDE: Final = -2.0
_WHOLE: Final = 0.6
_TWO_SLIPS: Final = 10
_LONG_WORD: Final = 7
_LEAST_APART: Final = 0.35
_LEAST_APART_UNSPACED: Final = 0.6
_BRANCH_WEIGHT: Final = -0.5
_NUMBER_OF_WORD: Final = -0.5
_KANJI_NUMBERS: Final = frozenset("一二三四五六七八九十")
_ROMAN_NUMERALS: Final = frozenset(("ii", "iii", "iv", "vi", "vii", "viii", "ix", "xi", "xii"))
_LAST_NUMERALS: Final = _ROMAN_NUMERALS | {"i", "v", "x"}
# Less alike than this, two names have no words in common but perhaps a short one.
_LEAST_ALIKE: Final = 0.4
_LONGEST_INITIALS: Final = 6
_WORTH_A_PROCESS: Final = 20_000
# Many pairs of names differ in the same words (systems, holdings): what was found for so many of them is kept.
_KEPT: Final = 200_000


@dataclass(frozen=True)
class _Spelled:
    """Words of a name without those that say nothing: as they stand, in order, and how rare each is, plus 1."""

    words: tuple[str, ...]
    ordered: tuple[str, ...]
    rarity: tuple[float, ...]


class NameWeights:
    """Weighs pairs of names in log-odds.

    Parameters
    ----------
    evidence : how rare names and words are, and the rules
    """

    def __init__(self, prepared: Prepared, evidence: Evidence) -> None:
        self._prepared, self._evidence, self.rules = prepared, evidence, evidence.rules
        self._extra_words = evidence.rules.extra_words
        self._word_information: dict[str, float] = {}
        self._listing_ends: dict[str, list[tuple[str, str]]] = {}
        for end, full in evidence.rules.listing_ends:
            self._listing_ends.setdefault(end[-1:], []).append((end, full))
        self._keys = np.array(prepared.name_keys, dtype=object)
        numbers: dict[str, int] = {"": 0}
        self._numbers = np.array(
            [
                numbers.setdefault(_numbers(key, text), len(numbers))
                for key, text in zip(prepared.name_keys, prepared.name_texts, strict=True)
            ],
            np.int64,
        )
        self._spelled = lru_cache(_KEPT)(self._spell)
        self._rest = lru_cache(_KEPT)(self._pair_words)
        self._extra_once = lru_cache(_KEPT)(self._extra)

    def weigh(self, left: Ints, right: Ints) -> tuple[Floats, Ints]:
        """(n,) log-odds and relations of pairs of names, by their codes; -1 is no name."""
        span = len(self._prepared.name_keys) + 1
        low, high = np.minimum(left, right) + 1, np.maximum(left, right) + 1
        pairs = distinct(low * span + high)
        weights, relations = np.zeros(len(pairs)), np.full(len(pairs), EQUAL, np.int64)
        one, other = pairs // span - 1, pairs % span - 1
        equal = (one == other) & (one >= 0)
        weights[equal] = self.rules["list_name_base"] + self._evidence.name_information[one[equal]]
        relations[one < 0] = NAMELESS
        rest = np.flatnonzero(~equal & (one >= 0))
        closer = self._look_from_afar(one[rest], other[rest], rest, weights, relations)
        wanted = rest[closer]
        mine, theirs = one[wanted], other[wanted]

        def relate(places: Sequence[int]) -> tuple[Floats, Ints]:
            part = np.asarray(places, np.int64)
            return self._relate_all(mine[part], theirs[part])

        related = map_in_parts(relate, range(len(wanted)), _WORTH_A_PROCESS)
        weights[wanted] = np.concatenate([weight for weight, _ in related])
        relations[wanted] = np.concatenate([relation for _, relation in related])
        place = np.searchsorted(pairs, low * span + high)
        return weights[place], relations[place]

    def _relate_all(self, one: Ints, other: Ints) -> tuple[Floats, Ints]:
        keys, texts, scripts = self._prepared.name_keys, self._prepared.name_texts, self._prepared.name_scripts
        # How often one name is carried twice says nothing of two names.
        chance = self._evidence.chance_information
        base = self.rules["list_name_base"] + np.minimum(chance[one], chance[other])
        weights, relations = np.zeros(len(one)), np.full(len(one), OTHER_SCRIPT, np.int64)
        # A number that only one name has is a word more.
        number, other_number = self._numbers[one], self._numbers[other]
        is_numbered = (number > 0) & (other_number > 0) & (number != other_number)
        weights[is_numbered], relations[is_numbered] = self.rules["name_number_differs"], OTHER_WORDS
        unspaced, other_unspaced = self._evidence.is_unspaced[one], self._evidence.is_unspaced[other]
        is_readable = (scripts[one] & scripts[other]) > 0
        of_letters = ~is_numbered & ((unspaced & other_unspaced) | ((unspaced | other_unspaced) & is_readable))
        of_words = ~is_numbered & ~unspaced & ~other_unspaced & is_readable
        of_sound = ~(is_numbered | of_letters | of_words)

        def enter(chosen: Flags, relate: Callable[[int, int, float], tuple[float, int]]) -> None:
            names = zip(one[chosen].tolist(), other[chosen].tolist(), base[chosen].tolist(), strict=True)
            found = [relate(left, right, start) for left, right, start in names]
            weights[chosen] = [weight for weight, _ in found]
            relations[chosen] = [relation for _, relation in found]

        enter(of_letters, lambda left, right, start: self._relate_unspaced(keys[left], keys[right], start))
        enter(
            of_words,
            lambda left, right, start: self._relate_words(texts[left], texts[right], keys[left], keys[right], start),
        )
        enter(
            of_sound,
            lambda left, right, start: (
                (start + self.rules["name_sounds_alike"], SLIP)
                if sounds_alike(keys[left], texts[left], keys[right], texts[right])
                else (0.0, OTHER_SCRIPT)
            ),
        )
        return weights, relations

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

    def _spell(self, text: str) -> _Spelled:
        words = _words(text)
        return _Spelled(words, tuple(sorted(words)), tuple(self._information(word) + 1 for word in words))

    def _relate_words(self, text: str, other_text: str, key: str, other_key: str, base: float) -> tuple[float, int]:
        rules = self.rules
        one, other = self._spelled(text), self._spelled(other_text)
        if one.ordered == other.ordered:
            return base + rules["name_reordered"], REORDERED
        mine, theirs = one.words, other.words
        only, other_only = _without(mine, theirs), _without(theirs, mine)
        slip = slip_weight(key, other_key) if len(mine) != len(theirs) and only and other_only else None
        if slip is not None:
            # Words run together or torn apart: the letters count.
            return base + slip, SLIP
        # Where a rare word agrees, a slip in another word is one, however short the word.
        agree = any(len(word) >= 5 and word not in only and not self._is_common(word) for word in mine)
        only, other_only, cost, relation = self._rest(only, other_only, min(len(key), len(other_key)), agree)
        if not only and not other_only:
            return base + cost, relation
        if _is_in_initials(mine, theirs) or _is_in_initials(theirs, mine):
            return base + rules["name_is_initials"], SHORTENED
        if not only or not other_only:
            weight, relation = self._extra_once(only or other_only, False)
            return base + cost + weight, relation
        apart = sum([self._information(word) + 1 for word in (*only, *other_only)])
        return self._other_words(apart, sum(one.rarity + other.rarity), cost, _LEAST_APART)

    def _pair_words(
        self, only: tuple[str, ...], other_only: tuple[str, ...], whole: int, agree: bool
    ) -> tuple[tuple[str, ...], tuple[str, ...], float, int]:
        """Words of two names that are left when slips and shortened words are taken away, what those cost, and the relation."""
        mine, theirs, slips = _pair_slips(only, other_only, whole, self._is_common)
        cost = 0.0 + sum([max(slip, _SLIP_BESIDE) for slip in slips] if agree else slips)
        mine, theirs, shortened = self._pair_shortened(mine, theirs)
        if shortened:
            return tuple(mine), tuple(theirs), cost + shortened * self.rules["name_word_shortened"], SHORTENED
        return tuple(mine), tuple(theirs), cost, SLIP

    def _relate_unspaced(self, key: str, other_key: str, base: float) -> tuple[float, int]:
        short, long = (key, other_key) if (len(key), key) <= (len(other_key), other_key) else (other_key, key)
        if len(key) == len(other_key) and (set(key) ^ set(other_key)) & _KANJI_NUMBERS:
            return self.rules["name_number_differs"], OTHER_WORDS
        if self._is_listing_short(short, long):
            return base + self.rules["name_word_shortened"], SHORTENED
        slip = slip_weight(key, other_key)
        if slip is not None:
            return base + slip, SLIP
        if len(short) >= 2 and (long.startswith(short) or long.endswith(short)):
            rest = long[len(short) :] if long.startswith(short) else long[: -len(short)]
            weight, relation = self._extra_once((rest,), True)
            return base + weight, relation
        if len(short) >= 3 and long[0] == short[0] and _is_subsequence(short, long):
            return base + self.rules["name_letters_left_out"], SHORTENED
        if _written_otherwise(key, other_key):
            return self.rules["name_written_otherwise"], OTHER_SCRIPT
        mine, theirs = _grams(key), _grams(other_key)
        apart = len(_without(mine, theirs)) + len(_without(theirs, mine))
        return self._other_words(apart, len(mine) + len(theirs), 0.0, _LEAST_APART_UNSPACED)

    def _is_listing_short(self, short: str, long: str) -> bool:
        """Whether a stock exchange would shorten the longer name to the shorter (西松建, 西松建設)."""
        for end, full in self._listing_ends.get(short[-1:], ()):
            if short.endswith(end) and len(short) > len(end) and long == short[: -len(end)] + full:
                return True
        return False

    def _extra(self, words: Sequence[str], unspaced: bool) -> tuple[float, int]:
        """Weight of words that only one name has: the worst of those that are known, else by how many and how rare they are."""
        known = [self._known_extra(word) for word in words if not word.isdigit()] or [None]
        if all(weight is not None for weight in known):
            worst = min(weight for weight in known if weight is not None)
            return worst, BRANCH if worst >= _BRANCH_WEIGHT else LONGER
        rarity = sum(map(self._information, words)) if not unspaced else 0.0
        worst = min((weight for weight in known if weight is not None), default=0.0)
        if worst >= _BRANCH_WEIGHT and any(weight is not None for weight in known):
            # 'Werk Amberg' is longer by a place besides the word that says what it is.
            return worst, BRANCH
        return min(worst, self.rules["name_extra_word"]) + self.rules["name_extra_rare"] * rarity, LONGER

    def _known_extra(self, word: str) -> float | None:
        weight = self._extra_words.get(word)
        if weight is None and not word.isascii():
            ends = (word[start:] for start in range(1, len(word)))
            found = [self._extra_words[end] for end in ends if end in self._extra_words and not end.isascii()]
            weight = min(found) if found else None
        return weight

    def _other_words(self, apart: float, total: float, cost: float, least: float) -> tuple[float, int]:
        """Weight and relation by how much of the words of two names only one of them has."""
        share = apart / total if total else 1.0
        return self.rules["name_other_words"] * max(share, least) + cost, OTHER_WORDS if share > 0.75 else PARTLY

    def _information(self, word: str) -> float:
        found = self._word_information.get(word)
        if found is None:
            found = self._word_information[word] = self._evidence.rarity.information(word, False)
        return found

    def _pair_shortened(self, only: Sequence[str], other_only: Sequence[str]) -> tuple[list[str], list[str], int]:
        """Take away pairs of a word and its beginning (pharma, pharmaceutical) where the word is a common one."""
        mine, theirs, count = list(only), list(other_only), 0
        for word in list(mine):
            for twin in theirs:
                short, long = sorted((word, twin), key=len)
                if len(short) >= 3 and long.startswith(short) and len(long) - len(short) >= 2 and self._is_common(long):
                    mine.remove(word)
                    theirs.remove(twin)
                    count += 1
                    break
        return mine, theirs, count

    def _is_common(self, word: str) -> bool:
        return self._evidence.rarity.prior_share(word) > 0


def slip_weight(key: str, other_key: str, whole: int = 0) -> float | None:
    """Log-odds, <= 0, that a slip costs which may lie between two keys or words; None if more than a slip lies between them.

    One letter may be wrong, two from ten letters on. The shorter the text, the likelier it is another one; `whole` is the length
    of the names in which the words stand, as a slip in one word of a long name is one.
    """
    shorter = min(len(key), len(other_key))
    if shorter < 4:
        return None
    allowed = 1 if shorter < _TWO_SLIPS else 2
    distance = OSA.distance(key, other_key, score_cutoff=allowed)
    if distance > allowed:
        return None
    if UNSPACED.search(key):
        cost = _SLIP_UNSPACED.get(shorter, 1.0) + (_KANJI_CHANGED if _changed_kanji(key, other_key) else 0.0)
    else:
        # A short word is another word, however long the name (Sanko, Sankyo).
        cost = _SLIP.get(shorter if shorter < _LONG_WORD else max(shorter, int(whole * _WHOLE)), 0.6)
    return -cost - 1.0 * (distance - 1)


def _pair_slips(
    only: Sequence[str], other_only: Sequence[str], whole: int, is_common: Callable[[str], bool]
) -> tuple[list[str], list[str], list[float]]:
    """Take away pairs of words that a slip lies between; two common words are two words (northwestern, southwestern)."""
    mine, theirs, costs = list(only), list(other_only), []
    for word in list(mine):
        twin = next((twin for twin in theirs if _singular(twin) == _singular(word)), None)
        if twin is not None:
            mine.remove(word)
            theirs.remove(twin)
            costs.append(_NUMBER_OF_WORD)
    for word in list(mine):
        twins = [twin for twin in theirs if not (is_common(word) and is_common(twin))]
        found = [(weight, twin) for twin in twins if (weight := slip_weight(word, twin, whole)) is not None]
        if found:
            weight, twin = max(found)
            mine.remove(word)
            theirs.remove(twin)
            costs.append(weight)
    return mine, theirs, costs


def _singular(word: str) -> str:
    if len(word) > 4 and word.isascii():
        if word.endswith("ies"):
            return word[:-3] + "y"
        if word.endswith("s") and not word.endswith("ss"):
            return word[:-1]
    return word


def _written_otherwise(key: str, other_key: str) -> bool:
    """Whether the names differ only where one is written in kana and the other in kanji (フジモリ園芸, 藤森園芸)."""
    start = next(
        (at for at, (a, b) in enumerate(zip(key, other_key, strict=False)) if a != b), min(len(key), len(other_key))
    )
    mine, theirs = key[start:], other_key[start:]
    while mine and theirs and mine[-1] == theirs[-1]:
        mine, theirs = mine[:-1], theirs[:-1]
    scripts = scripts_of(mine), scripts_of(theirs)
    return set(scripts) == {SCRIPT_BITS["kana"], SCRIPT_BITS["han"]}


def _changed_kanji(key: str, other_key: str) -> bool:
    apart = set(key) ^ set(other_key)
    return any("\u3400" <= char <= "\u9fff" for char in apart)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.split() if word not in ("and", "the", "of"))


def _grams(key: str) -> tuple[str, ...]:
    return tuple(key[at : at + 2] for at in range(len(key) - 1)) or (key,)


def _without(words: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    rest, left = list(others), []
    for word in words:
        if word in rest:
            rest.remove(word)
        else:
            left.append(word)
    return tuple(left)


def _is_subsequence(short: str, long: str) -> bool:
    letters = iter(long)
    return all(letter in letters for letter in short)


def _is_in_initials(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether the words are the others with several of them as initials, perhaps with that of a legal form (NPCL, MTR Foods)."""
    if len(others) < len(words) + 2:
        return False
    for at, word in enumerate(words):
        rest = len(words) - at - 1
        spelled = others[at : len(others) - rest]
        if 3 <= len(word) <= _LONGEST_INITIALS and len(spelled) >= 3:
            initials = "".join(other[0] for other in spelled)
            if (
                word[: len(initials)] == initials
                and len(word) <= len(initials) + 1
                and tuple(words[:at]) == tuple(others[:at])
                and tuple(words[at + 1 :]) == tuple(others[len(others) - rest :])
            ):
                return True
    return False


def _may_be_short_for(key: str, other_key: str) -> bool:
    """Whether one of two keys is a part of the other, or short enough to be its initials."""
    short, long = (key, other_key) if len(key) < len(other_key) else (other_key, key)
    return short in long or (
        len(short) <= _LONGEST_INITIALS and short.isascii() and long.isascii() and short[0] == long[0]
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
