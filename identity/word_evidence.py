"""What two names of words say for and against one company: slips, shortened words, more words, other words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from identity.extra_words import MOSTLY_APART, ExtraWords, shares_apart
from identity.name_parts import Parts, PartsOfPairs, compare_parts, sums_of_pairs, words_of_names
from identity.name_relations import OTHER_WORDS, PARTLY, REORDERED, SHORTENED, SLIP, Verdicts
from identity.name_slips import Texts, lengths_of, singular, slip_weights
from identity.prepared import Flags
from identity.rarity import Floats
from identity.rules import IdentityRules
from identity.runs import Ints, ranks_in_runs
from identity.short_names import LONGEST_INITIALS

# A slip in one word costs no more than this where a rare word agrees.
_SLIP_BESIDE: Final = -2.0
_NUMBER_OF_WORD: Final = -0.5
_RARE_WORD: Final = 5
_LEAST_APART: Final = 0.35


@dataclass(frozen=True)
class _Vocabulary:
    """Words of the names, with what is known of each."""

    words: Texts
    length: Ints
    information: Floats
    is_common: Flags
    singular: Ints

    @classmethod
    def of(cls, words: Sequence[str], extra: ExtraWords) -> _Vocabulary:
        texts = np.array([*words, ""], dtype=object)[:-1]
        known: dict[str, int] = {}
        return cls(
            texts,
            lengths_of(texts),
            np.array([extra.information(word) for word in words], np.float64),
            np.array([extra.is_common(word) for word in words], dtype=bool),
            np.array([known.setdefault(singular(word), len(known)) for word in words], np.int64),
        )


class _OnlyWords:
    """Words that only one name of each pair has, in the order in which they stand.

    Attributes
    ----------
    pair, code : (m,) pair and word
    is_left : (m,) whether no word of the other name was found for it
    counts, starts : (n,) number of words of each pair, and place of the first
    """

    def __init__(self, side: PartsOfPairs, pairs: int) -> None:
        self._size = pairs
        self.pair, self.code = side.pair[side.is_only], side.code[side.is_only]
        self.is_left = np.ones(len(self.pair), dtype=bool)
        self.counts: Ints = np.bincount(self.pair, minlength=pairs)
        self.starts = np.cumsum(self.counts) - self.counts

    def left_counts(self) -> Ints:
        """(n,) number of words of each pair that are left."""
        counts: Ints = np.bincount(self.pair[self.is_left], minlength=self._size)
        return counts

    def left_sums(self, values: Floats) -> Floats:
        """(n,) sums of a value of each word over the words of each pair that are left."""
        at = np.flatnonzero(self.is_left)
        return sums_of_pairs(self.pair[at], values[self.code[at]], self._size)

    def left_words(self, vocabulary: _Vocabulary, pairs: Ints) -> list[tuple[str, ...]]:
        """Words of some pairs that are left."""
        words = vocabulary.words[self.code[self.is_left]].tolist()
        ends = np.cumsum(self.left_counts())
        starts = ends - self.left_counts()
        return [
            tuple(words[start:end]) for start, end in zip(starts[pairs].tolist(), ends[pairs].tolist(), strict=True)
        ]


class WordEvidence:
    """Weighs pairs of names whose words stand apart."""

    def __init__(self, extra: ExtraWords, rules: IdentityRules) -> None:
        self._extra, self._rules = extra, rules

    def relate(self, texts: Sequence[str], keys: Texts, left: Ints, right: Ints, base: Floats) -> Verdicts:
        """Weight and relation of pairs of names.

        Parameters
        ----------
        texts, keys : (m,) of names
        left, right : (n,) their places
        base : (n,) what equal names as rare as these two would weigh
        """
        parts, known = words_of_names(texts)
        vocabulary = _Vocabulary.of(known, self._extra)
        rules, size, counts = self._rules, len(left), parts.counts()
        found = Verdicts(size)
        mine, theirs = compare_parts(parts, left, right)
        only, other_only = _OnlyWords(mine, size), _OnlyWords(theirs, size)
        found.settle((only.counts == 0) & (other_only.counts == 0), base + rules["name_reordered"], REORDERED)

        # Words run together or torn apart: the letters count.
        at = found.open
        torn = (counts[left[at]] != counts[right[at]]) & (only.counts[at] > 0) & (other_only.counts[at] > 0)
        slip = np.full(len(at), np.nan)
        slip[torn] = slip_weights(keys[left[at[torn]]], keys[right[at[torn]]])
        found.settle(~np.isnan(slip), base[at] + slip, SLIP)

        cost, shortened = self._find_twins(found.open, only, other_only, mine, vocabulary, keys, (left, right))
        at = found.open
        rest, other_rest = only.left_counts(), other_only.left_counts()
        found.settle(
            (rest[at] == 0) & (other_rest[at] == 0),
            base[at] + cost[at],
            np.where(shortened[at] > 0, SHORTENED, SLIP),
        )

        at = found.open
        found.settle(
            _are_in_initials(parts, vocabulary, left[at], right[at]), base[at] + rules["name_is_initials"], SHORTENED
        )

        at = found.open
        is_longer = (rest[at] == 0) | (other_rest[at] == 0)
        more = zip(only.left_words(vocabulary, at), other_only.left_words(vocabulary, at), is_longer, strict=True)
        extra = [
            self._extra.weigh(words or other_words, False) if longer else (0.0, OTHER_WORDS)
            for words, other_words, longer in more
        ]
        weight = np.array([weight for weight, _ in extra], np.float64)
        found.settle(is_longer, base[at] + cost[at] + weight, np.array([how for _, how in extra], np.int64))

        at = found.open
        rarity = vocabulary.information + 1
        apart = only.left_sums(rarity) + other_only.left_sums(rarity)
        total = sums_of_pairs(mine.pair, rarity[mine.code], size) + sums_of_pairs(
            theirs.pair, rarity[theirs.code], size
        )
        share = shares_apart(apart[at], total[at])
        found.settle(
            np.ones(len(at), dtype=bool),
            rules["name_other_words"] * np.maximum(share, _LEAST_APART) + cost[at],
            np.where(share > MOSTLY_APART, OTHER_WORDS, PARTLY),
        )
        return found

    def _find_twins(
        self,
        pairs: Ints,
        only: _OnlyWords,
        other_only: _OnlyWords,
        mine: PartsOfPairs,
        vocabulary: _Vocabulary,
        keys: Texts,
        names: tuple[Ints, Ints],
    ) -> tuple[Floats, Ints]:
        """Find for words of the one name those of the other that are the same but for a slip, an ending or their length.

        They are taken from the words that are left.

        Returns
        -------
        what these cost each of all pairs, <= 0, and the number of shortened words
        """
        cost, shortened = np.zeros(len(only.counts)), np.zeros(len(only.counts), np.int64)
        times = only.counts[pairs] * other_only.counts[pairs]
        pair, rank = np.repeat(pairs, times), ranks_in_runs(times)
        one = only.starts[pair] + rank // np.maximum(other_only.counts[pair], 1)
        other = other_only.starts[pair] + rank % np.maximum(other_only.counts[pair], 1)
        word, other_word = only.code[one], other_only.code[other]
        is_same = vocabulary.singular[word] == vocabulary.singular[other_word]
        slip = np.full(len(pair), np.nan)
        # Two common words are two words (northwestern, southwestern).
        at = np.flatnonzero(~(vocabulary.is_common[word] & vocabulary.is_common[other_word]))
        whole = np.minimum(lengths_of(keys[names[0]]), lengths_of(keys[names[1]]))
        slip[at] = slip_weights(vocabulary.words[word[at]], vocabulary.words[other_word[at]], whole[pair[at]])
        is_short = _are_shortened(vocabulary, word, other_word)
        useful = np.flatnonzero(is_same | ~np.isnan(slip) | is_short)
        is_agreeing = _agree_in_a_rare_word(mine, only, vocabulary, len(cost))
        rows: dict[int, list[_Twins]] = defaultdict(list)
        columns = (one, other, is_same, slip, is_short, vocabulary.words[other_word])
        twins = map(_Twins._make, zip(*(values[useful].tolist() for values in columns), strict=True))
        for of, twin in zip(pair[useful].tolist(), twins, strict=True):
            rows[of].append(twin)
        for of, of_pair in rows.items():
            gone, costs, count = _take_twins(of_pair, bool(is_agreeing[of]))
            only.is_left[[twin.one for twin in gone]] = False
            other_only.is_left[[twin.other for twin in gone]] = False
            cost[of], shortened[of] = sum(costs) + count * self._rules["name_word_shortened"], count
        return cost, shortened


class _Twins(NamedTuple):
    """A word of the one name and one of the other: their places, and what makes one of the other.

    The slip is NaN if none lies between them.
    """

    one: int
    other: int
    is_same: bool
    slip: float
    is_shortened: bool
    other_text: str


def _take_twins(twins: Sequence[_Twins], is_agreeing: bool) -> tuple[list[_Twins], list[float], int]:
    """Choose twins so that each word has one at most: those that are taken, what slips cost, the number of shortened words."""
    taken: list[_Twins] = []
    mine: set[int] = set()
    theirs: set[int] = set()
    costs: list[float] = []

    def take(twin: _Twins) -> None:
        taken.append(twin)
        mine.add(twin.one)
        theirs.add(twin.other)

    for twin in twins:
        if twin.is_same and twin.one not in mine and twin.other not in theirs:
            take(twin)
            costs.append(_NUMBER_OF_WORD)
    for one in sorted({twin.one for twin in twins} - mine):
        near = [twin for twin in twins if twin.one == one and twin.other not in theirs and twin.slip == twin.slip]
        if near:
            best = max(near, key=lambda twin: (twin.slip, twin.other_text))
            take(best)
            # Where a rare word agrees, a slip in another word is one, however short the word.
            costs.append(max(best.slip, _SLIP_BESIDE) if is_agreeing else best.slip)
    slips = len(taken)
    for twin in twins:
        if twin.is_shortened and twin.one not in mine and twin.other not in theirs:
            take(twin)
    return taken, costs, len(taken) - slips


def _agree_in_a_rare_word(mine: PartsOfPairs, only: _OnlyWords, vocabulary: _Vocabulary, pairs: int) -> Flags:
    """(n,) whether the names of each pair share a word of five letters or more that is no common one."""
    span = len(vocabulary.words) or 1
    is_shared = ~np.isin(mine.pair * span + mine.code, only.pair * span + only.code)
    is_rare = (vocabulary.length >= _RARE_WORD) & ~vocabulary.is_common
    return np.bincount(mine.pair[is_shared & is_rare[mine.code]], minlength=pairs) > 0


def _are_shortened(vocabulary: _Vocabulary, word: Ints, other_word: Ints) -> Flags:
    """(n,) whether one word is the beginning of the other (pharma, pharmaceutical), and the longer one a common word."""
    is_other_long = vocabulary.length[word] <= vocabulary.length[other_word]
    short, long = np.where(is_other_long, word, other_word), np.where(is_other_long, other_word, word)
    letters = vocabulary.length[short]
    result: Flags = (letters >= 3) & (vocabulary.length[long] - letters >= 2) & vocabulary.is_common[long]
    texts = zip(vocabulary.words[long[result]], vocabulary.words[short[result]], strict=True)
    result[result] = [whole.startswith(beginning) for whole, beginning in texts]
    return result


def _are_in_initials(parts: Parts, vocabulary: _Vocabulary, left: Ints, right: Ints) -> Flags:
    """(n,) whether one name of each pair is the other with several words as initials."""
    counts = parts.counts()
    result: Flags = np.abs(counts[left] - counts[right]) >= 2
    starts, code = parts.starts, parts.code

    def words(name: int) -> list[str]:
        found: list[str] = vocabulary.words[code[starts[name] : starts[name + 1]]].tolist()
        return found

    result[result] = [
        _is_in_initials(*sorted((words(one), words(other)), key=len))
        for one, other in zip(left[result].tolist(), right[result].tolist(), strict=True)
    ]
    return result


def _is_in_initials(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether the words are the others with several of them as initials, perhaps with that of a legal form (NPCL, MTR Foods)."""
    for at, word in enumerate(words):
        rest = len(words) - at - 1
        spelled = others[at : len(others) - rest]
        if 3 <= len(word) <= LONGEST_INITIALS and len(spelled) >= 3:
            initials = "".join(other[0] for other in spelled)
            if (
                word[: len(initials)] == initials
                and len(word) <= len(initials) + 1
                and words[:at] == others[:at]
                and words[at + 1 :] == others[len(others) - rest :]
            ):
                return True
    return False
