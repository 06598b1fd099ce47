"""Pairs of accounts of a list that may be one: those that share a name, a word, or a fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity.block import pairs_within
from identity.common_ends import common_ends
from identity.match import Matches
from identity.name_matches import alike_pairs
from identity.normalise import ALIAS, NAME, Flags, Prepared
from identity.rules import IdentityRules
from identity.runs import (
    Ints,
    distinct,
    is_first,
    numbered,
    pairs_in_runs,
    ranks_in_runs,
    run_sizes,
    run_starts,
    searched,
)
from identity.short_names import ListingEnds, short_form_pairs

_ROOTS_PER_NAME: Final = 5
# More than there are kinds of names.
_KINDS: Final = 8


@dataclass(frozen=True)
class ListPairs:
    """Pairs of accounts and of names.

    Accounts are roots, left < right; in linking, left is of the list and right of the one it is linked to.
    """

    left: Ints
    right: Ints
    name_of: Ints
    name_left: Ints
    name_right: Ints
    kind_keys: Ints
    kinds: Ints

    def kind(self, root: Ints, name: Ints, names: int) -> Ints:
        """What names are to accounts; NAME for no name."""
        wanted = root * (names + 1) + name
        place = np.minimum(searched(self.kind_keys, wanted), max(len(self.kind_keys) - 1, 0))
        return np.where(name >= 0, self.kinds[place], NAME) if len(self.kinds) else np.zeros(len(root), np.int64)


class ListCandidates:
    """Pairs of accounts that share a name, a word, a domain, a telephone number, an address or an e-mail address."""

    def __init__(self, prepared: Prepared, matches: Matches, rules: IdentityRules, is_against: Flags | None) -> None:
        self._prepared, self._accounts, self._rules, self._is_against = prepared, matches.accounts, rules, is_against
        self.set_aside: list[tuple[str, str, int, str]] = []

    def pairs(self, linking: bool) -> ListPairs:
        """All pairs, each once, with the names to compare."""
        prepared, accounts = self._prepared, self._accounts
        size = len(prepared)
        main = self._main_names()
        found: list[tuple[Ints, Ints, Ints, Ints]] = [self._by_name(), self._by_alike_names(linking)]
        for kind, values in self._fact_kinds():
            left, right = self._by_fact(kind, values)
            found.append((left, right, main[left], main[right]))
        left, right, name_left, name_right = (np.concatenate(part) for part in zip(*found, strict=True))
        # A record under a placeholder name is nobody's: its number and address may have been typed to fill a field too.
        nobody = np.ones(size, dtype=bool)
        nobody[accounts.root[~prepared.is_placeholder]] = False
        differ = (left != right) & ~nobody[left] & ~nobody[right]
        left, right, name_left, name_right = left[differ], right[differ], name_left[differ], name_right[differ]
        swap = left > right
        if self._is_against is not None:
            of_list, of_other = self._sides()
            across = (of_list[left] & of_other[right]) | (of_list[right] & of_other[left])
            both = of_list[left] & of_other[left] | of_list[right] & of_other[right]
            across &= ~both
            left, right, name_left, name_right, swap = (
                values[across] for values in (left, right, name_left, name_right, swap)
            )
            swap = of_other[left]
        left, right = np.where(swap, right, left), np.where(swap, left, right)
        name_left, name_right = np.where(swap, name_right, name_left), np.where(swap, name_left, name_right)
        keys, name_of, _ = numbered(left * size + right)
        low, high = keys // size, keys % size
        # Main names are compared for every pair, besides the other names by which it was found.
        is_other = (name_left != main[left]) | (name_right != main[right])
        return ListPairs(
            low,
            high,
            np.r_[name_of[is_other], np.arange(len(keys))],
            np.r_[name_left[is_other], main[low]],
            np.r_[name_right[is_other], main[high]],
            *self._kinds(),
        )

    def _sides(self) -> tuple[Flags, Flags]:
        size, root, against = len(self._prepared), self._accounts.root, self._is_against
        assert against is not None
        of_list, of_other = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
        of_list[root[~against]] = True
        of_other[root[against]] = True
        return of_list, of_other

    def _main_names(self) -> Ints:
        """Name of the first row of each account that has one."""
        result = np.full(len(self._prepared), -1, np.int64)
        rows = np.flatnonzero(self._prepared.main_name >= 0)[::-1]
        result[self._accounts.root[rows]] = self._prepared.main_name[rows]
        return result

    def _by_name(self) -> tuple[Ints, Ints, Ints, Ints]:
        name, root = self._roots_of_names()
        starts = run_starts(name)
        sizes = run_sizes(starts, len(name))
        limit = int(self._rules["max_accounts_per_name"])
        for start, size in zip(starts[sizes > limit].tolist(), sizes[sizes > limit].tolist(), strict=True):
            note = "so many accounts have this name that it joins none of them"
            self.set_aside.append(
                ("name_with_many_accounts", self._prepared.name_keys[int(name[start])], int(size), note)
            )
        kept = (sizes > 1) & (sizes <= limit)
        members = np.flatnonzero(np.repeat(kept, sizes))
        one, other = pairs_in_runs(members, sizes[kept])
        return root[one], root[other], name[one], name[other]

    def _roots_of_names(self) -> tuple[Ints, Ints]:
        """Accounts of each name, sorted by name."""
        span = len(self._prepared)
        found = distinct(
            self._prepared.name_code.astype(np.int64) * span + self._accounts.root[self._prepared.name_row]
        )
        return found // span, found % span

    def _by_alike_names(self, linking: bool) -> tuple[Ints, Ints, Ints, Ints]:
        least = 0.0 if linking else self._rules["list_similar_minimum"]
        one, other, large_keys, large_sizes = alike_pairs(
            self._prepared, least, int(self._rules["max_names_per_word"]), spelling_only=not linking
        )
        if large_keys:
            note = f"{large_keys} words that these names share are too common to look for similar names"
            self.set_aside.append(("word_of_many_names", "", large_sizes, note))
        again, twin = self._reordered()
        one, other = np.r_[one, again], np.r_[other, twin]
        if linking:
            short, long = self._by_short_names()
            one, other = np.r_[one, short], np.r_[other, long]
        name, root = self._roots_of_names()
        counts = np.minimum(np.bincount(name, minlength=len(self._prepared.name_keys)), _ROOTS_PER_NAME)
        starts = np.searchsorted(name, np.arange(len(counts)))
        # Every account of the one name with every account of the other.
        times = counts[one] * counts[other]
        at, rank = np.repeat(np.arange(len(one)), times), ranks_in_runs(times)
        left = root[starts[one[at]] + rank // counts[other[at]]]
        right = root[starts[other[at]] + rank % counts[other[at]]]
        return left, right, one[at], other[at]

    def _by_short_names(self) -> tuple[Ints, Ints]:
        """Pairs of names of which one may be short for the other; readings are not shortened."""
        prepared = self._prepared
        names = distinct(prepared.name_code[prepared.name_kind <= ALIAS].astype(np.int64))
        short, long, left_out = short_form_pairs(
            [prepared.name_keys[name] for name in names.tolist()],
            [prepared.name_texts[name] for name in names.tolist()],
            ListingEnds(self._rules.listing_ends),
            common_ends(self._rules),
            int(self._rules["max_names_per_word"]),
        )
        if left_out:
            note = f"{left_out} names may be short for too many others to compare them with all"
            self.set_aside.append(("short_name_of_many", "", left_out, note))
        return names[short], names[long]

    def _reordered(self) -> tuple[Ints, Ints]:
        """Pairs of names that have the same words in another order."""
        texts = self._prepared.name_texts
        lists = pc.split_pattern(pa.array(texts, pa.string()), " ")
        words = pc.list_flatten(lists).dictionary_encode()
        counts = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
        # The sum of what words are drawn to be is the same in every order, and hardly ever that of other words.
        drawn = np.random.default_rng(0).integers(1, 1 << 62, len(words.dictionary), np.uint64)
        ends = np.append(np.uint64(0), np.cumsum(drawn[words.indices.to_numpy(zero_copy_only=False)]))[
            np.cumsum(counts)
        ]
        _, number, _ = numbered(np.diff(ends, prepend=np.uint64(0)).view(np.int64))
        again = np.flatnonzero((np.bincount(number)[number] > 1) & (counts > 1)).tolist()
        known: dict[str, int] = {}
        codes = [known.setdefault(" ".join(sorted(texts[name].split(" "))), len(known)) for name in again]
        pairs = pairs_within(again, codes, int(self._rules["max_names_per_word"]))
        return pairs.left, pairs.right

    def _kinds(self) -> tuple[Ints, Ints]:
        """Account and name as one number, sorted, and what the name is to the account.

        That is the best of NAME, NAME_EN, ALIAS, KANA, ROMAN.
        """
        keys = (
            self._accounts.root[self._prepared.name_row] * (len(self._prepared.name_keys) + 1)
            + self._prepared.name_code
        )
        found = distinct(keys * _KINDS + self._prepared.name_kind)
        best = is_first(found // _KINDS)
        return found[best] // _KINDS, found[best] % _KINDS

    def _fact_kinds(self) -> list[tuple[str, Sequence[str]]]:
        return [
            ("domain", self._prepared.columns["domain"].values),
            ("phone_tail", ()),
            ("address", self._prepared.columns["address"].values),
            *((kind, ()) for kind in self._accounts.kinds() if kind.startswith("also:") or kind == "email"),
        ]

    def _by_fact(self, kind: str, values: Sequence[str]) -> tuple[Ints, Ints]:
        facts = self._accounts.facts(kind)
        root = np.repeat(np.arange(len(self._prepared)), np.diff(facts.starts))
        rule = "max_names_per_domain" if kind == "domain" else "max_accounts_per_place"
        pairs = pairs_within(root, facts.values, int(self._rules[rule]))
        for code, size in zip(pairs.large_keys.tolist(), pairs.large_sizes.tolist(), strict=True):
            note = f"so many accounts share this {kind.removeprefix('also:')} that it says nothing"
            self.set_aside.append((f"{kind}_of_many", values[code] if len(values) else "", int(size), note))
        return pairs.left, pairs.right
