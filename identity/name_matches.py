"""Proposals from names: equal ones that are rare may join, ones that are merely alike are for a person to see."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity.accounts import DISJOINT, NAME, NAME_ALONE, NONE, REASONS, Accounts, Rows
from identity.block import pairs_within, similar_name_keys
from identity.compare import DIFFERENT, EXTENSION, NEAR, compare_names, differ_by_spelling
from identity.evidence import RULE_CODE, Evidence, Part, Places, Proposals, chosen, constant, named
from identity.normalise import NAME_EN, Prepared
from identity.rarity import Floats
from identity.runs import is_first, pairs_in_runs, run_sizes, run_starts

_PAIRS_AT_ONCE = 1_000_000


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

    def propose_similar(self) -> Proposals:
        """Pairs of accounts whose main or English names are alike and not equal."""
        prepared, accounts, rules = self._prepared, self._accounts, self._rules
        first_row, names = self._first_rows()
        members, words = similar_name_keys(
            [prepared.name_keys[code] for code in names.tolist()], [prepared.name_texts[code] for code in names.tolist()]
        )
        pairs = pairs_within(members, words, int(rules["max_names_per_word"]))
        if len(pairs.large_keys):
            note = f"{len(pairs.large_keys)} words that these names share are too common to look for similar names"
            self.set_aside.append(("word_of_many_names", "", int(pairs.large_sizes.sum()), note))
        left, right, similarity, extra = self._alike(names[pairs.left], names[pairs.right])
        row, other_row = first_row[left], first_row[right]
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

    def _first_rows(self) -> tuple[Rows, Rows]:
        """First row of each name among the main and English ones (-1 for other names), and the codes of those names."""
        prepared = self._prepared
        own = prepared.name_kind <= NAME_EN
        name, kind, row = prepared.name_code[own], prepared.name_kind[own], prepared.name_row[own]
        order = np.lexsort((row, kind, name))
        codes, first = np.unique(name[order], return_index=True)
        first_row = np.full(len(prepared.name_keys), -1, np.int64)
        first_row[codes] = row[order][first]
        return first_row, codes.astype(np.int64)

    def _alike(self, left: Rows, right: Rows) -> tuple[Rows, Rows, Floats, Floats]:
        """Pairs of names that are alike enough to be shown, with their similarity and the information of extra words."""
        least = self._rules["similar_name_minimum"]
        keys = np.array(self._prepared.name_keys, dtype=object)
        texts = np.array(self._prepared.name_texts, dtype=object)
        found = [(left[:0], right[:0], np.zeros(0), np.zeros(0))]
        for start in range(0, len(left), _PAIRS_AT_ONCE):
            one, other = left[start : start + _PAIRS_AT_ONCE], right[start : start + _PAIRS_AT_ONCE]
            compared = compare_names(keys[one], texts[one], keys[other], texts[other], self._evidence.rarity, least)
            shown = (compared.similarity >= least) & np.isin(compared.relation, (NEAR, EXTENSION, DIFFERENT))
            at = np.array(
                [at for at in np.flatnonzero(shown).tolist() if differ_by_spelling(texts[one[at]], texts[other[at]])],
                dtype=np.int64,
            )
            found.append((one[at], other[at], compared.similarity[at], compared.extra[at]))
        left, right, similarity, extra = (np.concatenate(values) for values in zip(*found, strict=True))
        return left, right, similarity, extra

    def _both_names(self, left: Rows, right: Rows):  # type: ignore[no-untyped-def]
        keys = self._prepared.name_keys

        def text(at: Places) -> pa.Array:
            return pc.binary_join_element_wise("names", chosen(keys, left[at]), "and", chosen(keys, right[at]), " ")

        return text


def _similarity_words(similarity: Floats):  # type: ignore[no-untyped-def]
    return lambda at: pa.array([f"similarity {value:.2f}" for value in similarity[at].tolist()], pa.string())
