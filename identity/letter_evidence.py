"""What two names say for and against one company where a script writes no spaces: by their letters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity.common_ends import CommonEnds
from identity.extra_words import MOSTLY_APART, ExtraWords, shares_apart
from identity.name_parts import compare_parts, letter_pairs_of_names
from identity.name_relations import (
    LETTERS_LEFT_OUT,
    LONGER_IN_FRONT,
    OTHER_SCRIPT,
    OTHER_WORDS,
    PARTLY,
    SHORTENED,
    SLIP,
    Verdicts,
)
from identity.name_slips import Texts, lengths_of, slip_weights
from identity.prepared import Flags
from identity.rarity import Floats
from identity.rules import IdentityRules
from identity.short_names import ListingEnds, is_short_for
from identity.text import SCRIPT_BITS, scripts_of

_KANJI_NUMBERS: Final = "一二三四五六七八九十"
_KANJI_NUMBER: Final = f"[{_KANJI_NUMBERS}]"
_LEAST_APART: Final = 0.6


class LetterEvidence:
    """Weighs pairs of names of which at least one is written without spaces."""

    def __init__(self, extra: ExtraWords, common_ends: CommonEnds, rules: IdentityRules) -> None:
        self._extra, self._common_ends, self._rules = extra, common_ends, rules
        self._listing_ends = ListingEnds(rules.listing_ends)
        self._letters_left_out = sorted({len(full) - len(end) for end, full in rules.listing_ends})

    def relate(self, keys: Texts, others: Texts, base: Floats) -> Verdicts:
        """Weight and relation of the keys at each place; `base` is what equal names as rare as these two would weigh."""
        rules, found = self._rules, Verdicts(len(keys))
        is_other_short = np.array(
            [(len(one), one) > (len(other), other) for one, other in zip(keys, others, strict=True)], dtype=bool
        )
        short, long = np.where(is_other_short, others, keys), np.where(is_other_short, keys, others)
        letters, more = lengths_of(short), lengths_of(long) - lengths_of(short)

        has_number = _match(keys, _KANJI_NUMBER) | _match(others, _KANJI_NUMBER)
        is_numbered = _confirmed(has_number & (more == 0), _differ_in_a_number, short, long)
        found.settle(is_numbered, rules["name_number_differs"], OTHER_WORDS)

        at = found.open
        has_end = np.array([self._listing_ends.may_end(text) for text in short[at]], dtype=bool)
        is_listing = _confirmed(
            has_end & np.isin(more[at], self._letters_left_out), self._is_listing_short, short[at], long[at]
        )
        found.settle(is_listing, base[at] + rules["name_word_shortened"], SHORTENED)

        at = found.open
        # Two short names in front of the same long ending (ホールディングス) are two names.
        slip = slip_weights(keys[at], others[at], letters_that_tell=self._common_ends.letters_that_tell)
        is_slip = ~np.isnan(slip)
        found.settle(is_slip, base[at] + slip, SLIP)

        self._settle_longer(found, short, long, base)

        at = found.open
        is_left_out = _confirmed(letters[at] >= 3, self._leaves_letters_out, short[at], long[at])
        found.settle(is_left_out, base[at] + rules["name_letters_left_out"], LETTERS_LEFT_OUT)

        at = found.open
        is_otherwise = _confirmed(np.ones(len(at), dtype=bool), _are_written_otherwise, short[at], long[at])
        found.settle(is_otherwise, rules["name_written_otherwise"], OTHER_SCRIPT)

        share = _shares_apart(keys[found.open], others[found.open])
        found.settle(
            np.ones(len(share), dtype=bool),
            rules["name_other_words"] * np.maximum(share, _LEAST_APART),
            np.where(share > MOSTLY_APART, OTHER_WORDS, PARTLY),
        )
        return found

    def _settle_longer(self, found: Verdicts, short: Texts, long: Texts, base: Floats) -> None:
        """Settle names that begin or end with the other."""
        for test, is_behind in ((str.startswith, True), (str.endswith, False)):
            at = found.open
            is_longer = np.array(
                [len(one) > 1 and test(other, one) for one, other in zip(short[at], long[at], strict=True)], dtype=bool
            )
            rests = [
                other[len(one) :] if is_behind else other[: -len(one)]
                for one, other in zip(short[at[is_longer]], long[at[is_longer]], strict=True)
            ]
            weight, relation = np.zeros(len(at)), np.zeros(len(at), np.int64)
            # 日本郵船 is 郵船; アズマハウス is not ハウス.
            extra = [
                self._extra.weigh((rest,), True)
                if is_behind or self._common_ends.is_common(rest)
                else (self._rules["name_more_in_front"], LONGER_IN_FRONT)
                for rest in rests
            ]
            weight[is_longer], relation[is_longer] = [one for one, _ in extra], [how for _, how in extra]
            found.settle(is_longer, base[at] + weight, relation)

    def _leaves_letters_out(self, short: str, long: str) -> bool:
        """Whether letters of the longer name are left out in the shorter, perhaps with its end cut short (三菱ケミG)."""
        if is_short_for(short, long):
            return True
        for core, full in self._listing_ends.spelled_out(short):
            if len(core) > 1 and long.endswith(full):
                return is_short_for(core, long[: -len(full)])
        return False

    def _is_listing_short(self, short: str, long: str) -> bool:
        """Whether a stock exchange would shorten the longer name to the shorter (西松建, 西松建設)."""
        return any(core and long == core + full for core, full in self._listing_ends.spelled_out(short))


def _confirmed(is_likely: Flags, test: Callable[[str, str], bool], short: Texts, long: Texts) -> Flags:
    """Flags of the pairs for which a test that is dear holds too."""
    result = is_likely.copy()
    result[is_likely] = [test(one, other) for one, other in zip(short[is_likely], long[is_likely], strict=True)]
    return result


def _match(texts: Texts, pattern: str) -> Flags:
    found: Flags = pc.match_substring_regex(pa.array(texts, pa.string()), pattern).to_numpy(zero_copy_only=False)
    return found


def _differ_in_a_number(key: str, other_key: str) -> bool:
    return not (set(key) ^ set(other_key)).isdisjoint(_KANJI_NUMBERS)


def _are_written_otherwise(key: str, other_key: str) -> bool:
    """Whether the names differ only where one is written in kana and the other in kanji (フジモリ園芸, 藤森園芸)."""
    # Most pairs fail at their first or last letters, and those that do are many.
    if any(
        one != other and not _is_kana_and_kanji(one, other)
        for one, other in ((key[0], other_key[0]), (key[-1], other_key[-1]))
    ):
        return False
    start = next(
        (at for at, (a, b) in enumerate(zip(key, other_key, strict=False)) if a != b), min(len(key), len(other_key))
    )
    mine, theirs = key[start:], other_key[start:]
    while mine and theirs and mine[-1] == theirs[-1]:
        mine, theirs = mine[:-1], theirs[:-1]
    return _is_kana_and_kanji(mine, theirs)


def _is_kana_and_kanji(text: str, other: str) -> bool:
    return {scripts_of(text), scripts_of(other)} == {SCRIPT_BITS["kana"], SCRIPT_BITS["han"]}


def _shares_apart(keys: Texts, others: Texts) -> Floats:
    """Share of the pairs of letters of two keys that only one of them has, 0 to 1."""
    parts = letter_pairs_of_names([*keys, *others])
    size = len(keys)
    sides = compare_parts(parts, np.arange(size), np.arange(size, 2 * size))
    apart = sum(np.bincount(side.pair[side.is_only], minlength=size).astype(float) for side in sides)
    total = sum(np.bincount(side.pair, minlength=size).astype(float) for side in sides)
    return shares_apart(np.asarray(apart), np.asarray(total))
