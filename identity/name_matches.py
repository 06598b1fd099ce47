"""Proposals from names: equal ones that are rare may join, ones that are merely alike are for a person to see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import token_sort_ratio
from rapidfuzz.process import cpdist

from identity.accounts import DISJOINT, NAME, NAME_ALONE, NONE, REASONS, Accounts
from identity.block import choose_features, pairs_within, similar_name_keys
from identity.compare import DIFFERENT, EXTENSION, NEAR, compare_names, differ_by_spelling, similarities
from identity.evidence import RULE_CODE, Evidence, Part, Places, Proposals, chosen, constant, named
from identity.letters import Letters
from identity.prepared import NAME_EN, Prepared
from identity.rarity import Floats
from identity.region import ComparedNames
from identity.runs import Ints as Rows
from identity.runs import is_first, pairs_in_runs, run_sizes, run_starts

_PAIRS_AT_ONCE: Final = 1_000_000
_BEGINNING: Final = 6
_MOST_SLIPS: Final = 3
_SAME_WORDS: Final = 90


class NameMatches:
    """Accounts that share a name, and accounts whose names are alike.

    Attributes
    ----------
    set_aside : reason, key, size and note of the names and words under which too many accounts meet
    """

    def __init__(self, prepared: Prepared, accounts: Accounts, evidence: Evidence) -> None:
        self._prepared, self._accounts, self._evidence, self._rules = prepared, accounts, evidence, evidence.rules
        self.set_aside: list[tuple[str, str, int, str]] = []

    def propose_equal(self) -> Proposals:
        """Pairs of accounts with an equal name, with what supports and what contradicts it."""
        prepared, accounts, rules = self._prepared, self._accounts, self._rules
        name, kind = prepared.name_code.astype(np.int64), prepared.name_kind.astype(np.int64)
        row = prepared.name_row.astype(np.int64)
        root = accounts.root[row]
        order = np.lexsort((row, kind, root, name))
        name, kind, row, root = name[order], kind[order], row[order], root[order]
        first = is_first(name, root)
        name, kind, row, root = name[first], kind[first], row[first], root[first]
        starts = run_starts(name)
        codes, sizes = name[starts], run_sizes(starts, len(name))
        limit = int(rules["max_accounts_per_name"])
        for code, size in zip(codes[sizes > limit].tolist(), sizes[sizes > limit].tolist(), strict=True):
            note = "so many accounts have this name that it joins none of them"
            self.set_aside.append(("name_with_many_accounts", prepared.name_keys[code], size, note))
        compared = np.repeat((sizes > 1) & (sizes <= limit), sizes)
        members = np.flatnonzero(compared)
        left, right = pairs_in_runs(members, sizes[(sizes > 1) & (sizes <= limit)])
        against = accounts.contradictions(root[left], root[right], NAME)
        either = np.maximum(kind[left], kind[right])
        known_twice = np.zeros(len(prepared.name_keys), dtype=bool)
        known_twice[name[left][(against != NONE) & (either <= NAME_EN)]] = True
        code = name[left]
        one, other = root[left], root[right]
        support = [
            *self._evidence.countries(accounts, one, other, by_rarity=True),
            *self._evidence.legal_forms(accounts, one, other),
            *self._evidence.places(accounts, one, other),
        ]
        is_supported = np.zeros(len(left), dtype=bool)
        for part in support:
            is_supported |= ~np.isnan(part.weight)
        unlike = accounts.share("domain", one, other)[0] == DISJOINT
        other_duns = accounts.share("duns", one, other)[0] == DISJOINT
        size = len(left)
        parts = [
            Part(np.full(size, rules["name_base"]), named("name", prepared.name_keys, code)),
            Part(self._evidence.name_information[code], constant("rarity of the name")),
            *support,
            Part(np.where(either > NAME_EN, rules["name_is_alias"], np.nan), constant("the name is an alias")),
            Part(
                np.where(known_twice[code], rules["name_known_twice"], np.nan),
                constant("several companies have this name"),
            ),
            Part(
                np.where(against != NONE, rules["name_contradicted"], np.nan),
                lambda at: chosen(REASONS, against[at].astype(np.int64)),
            ),
            Part(
                np.where((against == NONE) & unlike, rules["domain_label_agrees"], np.nan),
                constant("domains alike but for the ending"),
            ),
            Part(np.where(other_duns, rules["identifier_differs"], np.nan), constant("different D-U-N-S numbers")),
        ]
        kinds = np.where(is_supported, NAME, NAME_ALONE).astype(np.int8)
        return Proposals(row[left], row[right], np.full(size, RULE_CODE["name"], np.int8), kinds, parts)

    def propose_similar(self, alike: AlikeNames) -> Proposals:
        """Pairs of accounts whose main or English names are alike and not equal."""
        accounts, rules = self._accounts, self._rules
        if alike.large_keys:
            self.set_aside.append(common_words(alike.large_keys, alike.large_sizes))
        left, right, similarity, extra = alike.left, alike.right, alike.similarity, alike.extra
        row, other_row = alike.first_row[left], alike.first_row[right]
        kept = accounts.root[row] != accounts.root[other_row]
        kept[kept] = accounts.contradictions(row[kept], other_row[kept], NAME) == NONE
        left, right, similarity, extra = left[kept], right[kept], similarity[kept], extra[kept]
        row, other_row = row[kept], other_row[kept]
        one, other = accounts.root[row], accounts.root[other_row]
        information = np.minimum(self._evidence.name_information[left], self._evidence.name_information[right])
        parts = [
            Part(np.full(len(row), rules["name_base"]), self._both_names(left, right)),
            Part(information, constant("rarity of the names")),
            Part(rules["name_letter_differs"] * (1 - similarity), _similarity_words(similarity)),
            Part(rules["name_word_extra"] * extra, constant("one name is longer")),
            *self._evidence.countries(accounts, one, other),
            *self._evidence.legal_forms(accounts, one, other),
            *self._evidence.places(accounts, one, other),
        ]
        size = len(row)
        return Proposals(
            row,
            other_row,
            np.full(size, RULE_CODE["similar_name"], np.int8),
            np.full(size, NAME_ALONE, np.int8),
            parts,
        )

    def _both_names(self, left: Rows, right: Rows) -> Callable[[Places], pa.Array]:
        keys = self._prepared.name_keys

        def text(at: Places) -> pa.Array:
            return pc.binary_join_element_wise("names", chosen(keys, left[at]), "and", chosen(keys, right[at]), " ")

        return text


@dataclass(frozen=True)
class AlikeNames:
    """Pairs of main or English names that are alike and not equal, whatever the accounts.

    Attributes
    ----------
    first_row : for each name the first row that has it as its main or English one, -1 if none has
    left, right : names
    similarity : 0 to 1
    extra : information of the words that only one has, nats
    large_keys, large_sizes : number of words under which too many names meet, and how many meet there
    compared : the names among which they were found; None if they were known before
    """

    first_row: Rows
    left: Rows
    right: Rows
    similarity: Floats
    extra: Floats
    large_keys: int
    large_sizes: int
    compared: ComparedNames | None = None


def find_alike(prepared: Prepared, evidence: Evidence) -> AlikeNames:
    """Names that are alike; it depends on the names only, so it can be done beside the matching by domains."""
    rules = evidence.rules
    names = first_rows(prepared)[1]
    compared = ComparedNames.of_codes(prepared, names)
    features = compared.features
    chosen = choose_features(features, evidence.feature_counts(features))
    limit = int(rules["max_names_per_word"])
    pairs = pairs_within(features.position[chosen], features.code[chosen], limit)
    at = alike_at(compared.keys, Letters.of(compared.keys), pairs.left, pairs.right, rules["similar_name_minimum"])
    left, right = names[pairs.left[at]], names[pairs.right[at]]
    alike = compare_alike(prepared, evidence, left, right, len(pairs.large_keys), int(pairs.large_sizes.sum()))
    return replace(alike, compared=compared)


def common_words(words: int, names: int) -> tuple[str, str, int, str]:
    """What is set aside of words under which too many names meet."""
    note = f"{words} words that these names share are too common to look for similar names"
    return ("word_of_many_names", "", names, note)


def alike_at(keys: Sequence[str], letters: Letters, left: Rows, right: Rows, least: float) -> Rows:
    """Places of the pairs of keys that are alike at least so much."""
    found, values = [np.zeros(0, np.int64)], np.array(keys, dtype=object)
    for start in range(0, len(left), _PAIRS_AT_ONCE):
        one, other = left[start : start + _PAIRS_AT_ONCE], right[start : start + _PAIRS_AT_ONCE]
        at = np.flatnonzero(letters.may_be_alike(one, other, least))
        found.append(start + at[similarities(values[one[at]], values[other[at]], least) >= least])
    return np.concatenate(found)


def compare_alike(
    prepared: Prepared, evidence: Evidence, one: Rows, other: Rows, large_keys: int = 0, large_sizes: int = 0
) -> AlikeNames:
    """Of pairs of names that are alike those that a person may take for one, compared."""
    keys = np.array(prepared.name_keys, dtype=object)
    texts = np.array(prepared.name_texts, dtype=object)
    swap = np.array([a > b for a, b in zip(keys[one], keys[other], strict=True)], dtype=bool)
    one, other = np.where(swap, other, one), np.where(swap, one, other)
    compared = compare_names(keys[one], texts[one], keys[other], texts[other], evidence.rarity)
    shown = np.flatnonzero(np.isin(compared.relation, (NEAR, EXTENSION, DIFFERENT)))
    at = np.array([at for at in shown.tolist() if differ_by_spelling(texts[one[at]], texts[other[at]])], dtype=np.int64)
    return AlikeNames(
        first_rows(prepared)[0],
        one[at],
        other[at],
        compared.similarity[at],
        compared.extra[at],
        large_keys,
        large_sizes,
    )


def alike_pairs(
    prepared: Prepared, least: float, max_names_per_word: int, spelling_only: bool = False
) -> tuple[Rows, Rows, int, int]:
    """Pairs of names that share a rare word or an end and are alike at least so much.

    With `spelling_only`, of these those that a slip or the order of words may explain, and those of which one begins with the
    other.

    Returns
    -------
    left and right names; number of words under which too many names meet, and how many meet there
    """
    pairs = pairs_within(*similar_name_keys(prepared.name_keys, prepared.name_texts), max_names_per_word)
    if spelling_only:
        at = _spelled_alike_at(prepared, pairs.left, pairs.right, least)
    else:
        at = alike_at(prepared.name_keys, Letters.of(prepared.name_keys), pairs.left, pairs.right, least)
    return pairs.left[at], pairs.right[at], len(pairs.large_keys), int(pairs.large_sizes.sum())


def _spelled_alike_at(prepared: Prepared, left: Rows, right: Rows, least: float) -> Rows:
    """Places of pairs of names that are at least so much alike and a few slips or the order of words apart, or begin alike."""
    keys, texts = np.array(prepared.name_keys, dtype=object), np.array(prepared.name_texts, dtype=object)
    is_found = np.zeros(len(left), dtype=bool)
    letters = Letters.of(prepared.name_keys)
    alike = alike_at(prepared.name_keys, letters, left, right, least)
    at = alike[letters.may_be_edits_apart(left[alike], right[alike], _MOST_SLIPS)]
    slips = cpdist(keys[left[at]], keys[right[at]], scorer=OSA.distance, score_cutoff=_MOST_SLIPS, workers=2)
    is_found[at[slips <= _MOST_SLIPS]] = True
    at = alike[~is_found[alike]]
    at = at[Letters.of(prepared.name_texts).may_be_alike(left[at], right[at], _SAME_WORDS / 100)]
    words = cpdist(texts[left[at]], texts[right[at]], scorer=token_sort_ratio, score_cutoff=_SAME_WORDS, workers=2)
    is_found[at[words >= _SAME_WORDS]] = True
    at = np.flatnonzero(~is_found)
    is_longer = letters.lengths[left[at]] > letters.lengths[right[at]]
    short, long = np.where(is_longer, right[at], left[at]), np.where(is_longer, left[at], right[at])
    may_begin = letters.may_begin(short, long)
    at, short, long = at[may_begin], short[may_begin], long[may_begin]
    is_found[at] = [_begins(a, b) for a, b in zip(keys[short], keys[long], strict=True)]
    return np.flatnonzero(is_found)


def _begins(short: str, long: str) -> bool:
    return long.startswith(short) and len(short) >= (_BEGINNING if short.isascii() else _BEGINNING // 2)


def first_rows(prepared: Prepared) -> tuple[Rows, Rows]:
    """First row of each name among the main and English ones (-1 for other names), and the codes of those names."""
    own = prepared.name_kind <= NAME_EN
    name, kind, row = prepared.name_code[own], prepared.name_kind[own], prepared.name_row[own]
    order = np.lexsort((row, kind, name))
    starts = run_starts(name[order])
    codes = name[order][starts].astype(np.int64)
    first_row = np.full(len(prepared.name_keys), -1, np.int64)
    first_row[codes] = row[order][starts]
    return first_row, codes


def _similarity_words(similarity: Floats) -> Callable[[Places], pa.Array]:
    return lambda at: pa.array([f"similarity {value:.2f}" for value in similarity[at].tolist()], pa.string())
