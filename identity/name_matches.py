"""Proposals from names: equal ones that are rare may join, ones that are merely alike are for a person to see."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from identity.block import blocks_of, pairs_within, similar_name_keys
from identity.cluster import NAME, NAME_ALONE, Clusters
from identity.compare import DIFFERENT, EXTENSION, NEAR, compare_names, differ_by_spelling
from identity.evidence import Evidence, Part, Proposal
from identity.normalise import NAME_EN, Prepared


class NameMatches:
    """Accounts that share a name, and accounts whose names are alike.

    Attributes
    ----------
    set_aside : reason, key, size and note of the names and words under which too many accounts meet
    """

    def __init__(self, prepared: Prepared, clusters: Clusters, evidence: Evidence) -> None:
        self._names = prepared.names
        self._clusters, self._evidence, self._rules = clusters, evidence, evidence.rules
        self.set_aside: list[tuple[str, str, int, str]] = []

    def propose_equal(self) -> Iterator[Proposal]:
        """Pairs of accounts with an equal name, with what supports and what contradicts it."""
        table = pd.DataFrame(
            {
                "name_key": self._names["name_key"].to_numpy(),
                "root": [self._clusters.find(row) for row in self._names["row"]],
                "row": self._names["row"].to_numpy(),
                "kind": self._names["kind"].to_numpy(),
            }
        )
        table = table.sort_values(["name_key", "root", "kind", "row"], kind="stable")
        table = table.drop_duplicates(["name_key", "root"])
        limit = int(self._rules["max_accounts_per_name"])
        for (key,), members in blocks_of(table, ("name_key",), ("root", "row", "kind")):
            if len(members) > limit:
                note = "so many accounts have this name that it joins none of them"
                self.set_aside.append(("name_with_many_accounts", key, len(members), note))
            else:
                yield from self._propose_name(key, members)

    def _propose_name(self, key: str, members: list[tuple[int, ...]]) -> Iterator[Proposal]:
        rules = self._rules
        pairs = list(combinations(members, 2))
        against = [self._clusters.contradiction(one[0], other[0], NAME) for one, other in pairs]
        is_known_twice = any(
            reason and max(one[2], other[2]) <= NAME_EN for reason, (one, other) in zip(against, pairs, strict=True)
        )
        information = self._evidence.name_information(key)
        for reason, ((root, row, kind), (other_root, other_row, other_kind)) in zip(against, pairs, strict=True):
            left, right = self._clusters.facts(root), self._clusters.facts(other_root)
            support = [
                *self._evidence.countries(left.countries, right.countries, by_rarity=True),
                *self._evidence.legal_forms(left.legal_forms, right.legal_forms),
                *self._evidence.places(left, right),
            ]
            parts: list[Part] = [(f"name {key}", rules["name_base"]), ("rarity of the name", information), *support]
            if max(kind, other_kind) > NAME_EN:
                parts.append(("the name is an alias", rules["name_is_alias"]))
            if is_known_twice:
                parts.append(("several companies have this name", rules["name_known_twice"]))
            if reason:
                parts.append((reason, rules["name_contradicted"]))
            elif left.domains and right.domains and left.domains.isdisjoint(right.domains):
                parts.append(("domains alike but for the ending", rules["domain_label_agrees"]))
            if left.duns and right.duns and left.duns.isdisjoint(right.duns):
                parts.append(("different D-U-N-S numbers", rules["identifier_differs"]))
            yield Proposal.of(parts, row, other_row, "name", NAME if support else NAME_ALONE)

    def propose_similar(self) -> Iterator[Proposal]:
        """Pairs of accounts whose main or English names are alike and not equal."""
        table = self._names[self._names["kind"] <= NAME_EN].sort_values(["name_key", "kind", "row"], kind="stable")
        table = table.drop_duplicates("name_key")
        keys: list[str] = table["name_key"].tolist()
        texts: list[str] = table["normalised_name"].tolist()
        rows: list[int] = table["row"].tolist()
        members, words = similar_name_keys(zip(keys, texts, strict=True))
        pairs = pairs_within(members, words, int(self._rules["max_names_per_word"]))
        if len(pairs.set_aside):
            note = f"{len(pairs.set_aside)} words that these names share are too common to look for similar names"
            self.set_aside.append(("word_of_many_names", "", int(pairs.set_aside["size"].sum()), note))
        left, right = pairs.left.tolist(), pairs.right.tolist()
        compared = compare_names(
            [keys[at] for at in left],
            [texts[at] for at in left],
            [keys[at] for at in right],
            [texts[at] for at in right],
            self._evidence.rarity,
            self._rules["similar_name_minimum"],
        )
        is_alike = compared.similarity >= self._rules["similar_name_minimum"]
        for at in np.flatnonzero(is_alike & np.isin(compared.relation, (NEAR, EXTENSION, DIFFERENT))):
            row, other = rows[left[at]], rows[right[at]]
            if not differ_by_spelling(texts[left[at]], texts[right[at]]):
                continue
            if self._clusters.find(row) == self._clusters.find(other) or self._clusters.contradiction(row, other, NAME):
                continue
            one, two = self._clusters.facts(row), self._clusters.facts(other)
            similarity = float(compared.similarity[at])
            key, other_key = keys[left[at]], keys[right[at]]
            information = min(self._evidence.name_information(key), self._evidence.name_information(other_key))
            parts: list[Part] = [
                (f"names {key} and {other_key}", self._rules["name_base"]),
                ("rarity of the names", information),
                (f"similarity {similarity:.2f}", self._rules["name_letter_differs"] * (1 - similarity)),
                ("one name is longer", self._rules["name_word_extra"] * float(compared.extra[at])),
                *self._evidence.countries(one.countries, two.countries),
                *self._evidence.legal_forms(one.legal_forms, two.legal_forms),
                *self._evidence.places(one, two),
            ]
            yield Proposal.of(parts, row, other, "similar_name", NAME_ALONE)
