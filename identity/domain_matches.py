"""Proposals from company domains: one name on one domain, then what else uses the domain."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

import numpy as np
import pyarrow as pa

from identity.accounts import DOMAIN, NAMED_DOMAIN, NONE, Accounts
from identity.block import pairs_within
from identity.compare import DIFFERENT, EQUAL, EXTENSION, NEAR, compare_names, is_label, speaks_for_domain
from identity.domains import label_of
from identity.evidence import RULE_CODE, Evidence, Part, Places, Proposals, chosen, constant, named
from identity.prepared import NAME_EN, Flags, Prepared
from identity.runs import Ints as Rows
from identity.runs import distinct, is_first, pairs_in_runs, ranks_in_runs

_PART_OF_LABEL: Final = 5


def propose_named(prepared: Prepared, accounts: Accounts, evidence: Evidence) -> Proposals:
    """Records with one company domain and one name, or a name that the other lists as its alias: as many pairs as join them all.

    Where the facts tell several companies of a name on a domain apart, members go by country instead; one without a country
    could be any of them and is left alone.
    """
    rules = evidence.rules
    row, name, kind, domain, is_primary = _names_on_domains(prepared)
    countries = prepared.columns["country"]
    span = len(prepared.name_keys) or 1
    block = domain * span + name
    order = np.lexsort((row, ~is_primary, kind, block))
    row, kind, block = row[order], kind[order], block[order]
    _, starts, number, sizes = np.unique(block, return_index=True, return_inverse=True, return_counts=True)
    shared = sizes[number] > 1
    is_anchor = (prepared.columns["provider"].codes >= 0) | (prepared.columns["corporate_number"].codes >= 0)
    anchors = np.flatnonzero(shared & is_anchor[row])
    conflicts = accounts.conflicts(number[anchors], row[anchors], len(starts), NAMED_DOMAIN)
    several = np.zeros(len(starts), dtype=bool)
    for at in np.flatnonzero(conflicts).tolist():
        members = distinct(row[starts[at] : starts[at] + sizes[at]])
        members = members[is_anchor[members]]
        one, other = pairs_in_runs(members, np.array([len(members)]))
        several[at] = bool((accounts.contradictions(one, other, NAMED_DOMAIN) != NONE).any())
    # A star around the first member of each block, or around the first of each country in it.
    country = np.where(several[number], countries.codes[row].astype(np.int64) + 1, 0)
    kept = np.flatnonzero(shared & ~(several[number] & (country == 0)))
    centre_key = number[kept] * (len(countries.values) + 2) + country[kept]
    _, first, place = np.unique(centre_key, return_index=True, return_inverse=True)
    centre = kept[first][place]
    is_pair = row[centre] != row[kept]
    left, right = row[centre][is_pair], row[kept][is_pair]
    is_alias = np.maximum(kind[centre], kind[kept])[is_pair] > NAME_EN
    domain_code, name_code = block[kept][is_pair] // span, block[kept][is_pair] % span
    weight = np.where(is_alias, rules["name_alias"], rules["name_equal_on_domain"])
    return Proposals(
        left,
        right,
        np.where(is_alias, RULE_CODE["domain_and_alias"], RULE_CODE["domain_and_name"]).astype(np.int8),
        np.full(len(left), NAMED_DOMAIN, np.int8),
        [
            Part(
                np.full(len(left), rules["domain_agrees"]),
                named("domain", prepared.columns["domain"].values, domain_code),
            ),
            Part(np.where(is_alias, np.nan, weight), named("name", prepared.name_keys, name_code)),
            Part(np.where(is_alias, weight, np.nan), named("alias", prepared.name_keys, name_code)),
            *_record_countries(evidence, accounts, left, right),
        ],
    )


def _names_on_domains(prepared: Prepared) -> tuple[Rows, Rows, Rows, Rows, Flags]:
    """Every usable name of a record beside every company domain of it."""
    counts = np.bincount(prepared.domain_row, minlength=len(prepared))
    starts = np.cumsum(counts) - counts
    repeats = counts[prepared.name_row]
    at = np.repeat(np.arange(len(prepared.name_row)), repeats)
    row = prepared.name_row[at].astype(np.int64)
    place = starts[row] + ranks_in_runs(repeats)
    return (
        row,
        prepared.name_code[at].astype(np.int64),
        prepared.name_kind[at].astype(np.int64),
        prepared.domain_code[place].astype(np.int64),
        prepared.domain_is_primary[place],
    )


def _record_countries(evidence: Evidence, accounts: Accounts, left: Rows, right: Rows) -> list[Part]:
    """Countries of the two records themselves: in a block of one name and domain the account has not been put together yet."""
    column = accounts.column("country")
    one, other = column.codes[left].astype(np.int64), column.codes[right].astype(np.int64)
    known = (one >= 0) & (other >= 0)

    def both(at: Places) -> pa.Array:
        texts = chosen(column.values, one[at]).to_pylist(), chosen(column.values, other[at]).to_pylist()
        return pa.array([f"countries {min(pair)} and {max(pair)}" for pair in zip(*texts, strict=True)], pa.string())

    return [
        Part(
            np.where(known & (one == other), evidence.rules["country_agrees"], np.nan),
            named("country", column.values, one),
        ),
        Part(np.where(known & (one != other), evidence.rules["country_differs"], np.nan), both),
    ]


class DomainNames:
    """Different names on one domain, after records with equal names on it have been joined.

    Attributes
    ----------
    shared : codes of domains that several companies use
    large : codes and numbers of names of the domains with too many names to be compared; they are shared as well
    """

    def __init__(self, prepared: Prepared, accounts: Accounts, evidence: Evidence) -> None:
        self._prepared, self._accounts, self._evidence, self._rules = prepared, accounts, evidence, evidence.rules
        # A record under a placeholder name is nobody's: its domain may have been typed to fill a field too.
        usable = ~prepared.is_placeholder[prepared.domain_row]
        row = prepared.domain_row[usable].astype(np.int64)
        domain = prepared.domain_code[usable].astype(np.int64)
        primary = prepared.domain_is_primary[usable]
        # A domain of one account tells nothing, but that it has too many names.
        limit, known = int(self._rules["max_names_per_domain"]), len(prepared.columns["domain"].values)
        rows_of, found = np.bincount(domain, minlength=known), distinct(domain * len(prepared) + accounts.root[row])
        accounts_of = np.bincount(found // (len(prepared) or 1), minlength=known)
        kept = ((accounts_of > 1) | (rows_of > limit))[domain]
        row, domain, primary = row[kept], domain[kept], primary[kept]
        name, root = prepared.main_name[row].astype(np.int64), accounts.root[row]
        order = np.lexsort((row, ~primary, root, name, domain))
        row, domain, primary, name, root = row[order], domain[order], primary[order], name[order], root[order]
        first = is_first(domain, name, root)
        self._domain, self._root, self._row = domain[first], root[first], row[first]
        self._is_primary, self._name = primary[first], name[first]

        pairs = pairs_within(np.arange(len(self._row)), self._domain, limit)
        differ = self._root[pairs.left] != self._root[pairs.right]
        self._left, self._right = pairs.left[differ], pairs.right[differ]
        self.large = list(zip(pairs.large_keys.tolist(), pairs.large_sizes.tolist(), strict=True))
        # A name that cannot be used is still shown as what it says.
        shown = prepared.columns["normalised_name"]
        names = self._name.tolist()
        readable = chosen(shown.values, shown.codes[self._row].astype(np.int64)).to_pylist()
        self._key = np.array([prepared.name_keys[name] if name >= 0 else "" for name in names], dtype=object)
        self._text = np.array(
            [prepared.name_texts[name] if name >= 0 else text for name, text in zip(names, readable, strict=True)],
            dtype=object,
        )
        compared = compare_names(
            self._key[self._left],
            self._text[self._left],
            self._key[self._right],
            self._text[self._right],
            evidence.rarity,
        )
        self._relation, self._extra = compared.relation, compared.extra
        self._domains = prepared.columns["domain"].values
        self.shared = {domain for domain, _ in self.large} | self._find_shared()

    def propose(self) -> Proposals:
        """Pairs of accounts that use one domain under two names."""
        is_shared = np.isin(self._domain[self._left], np.array(sorted(self.shared), np.int64))
        at = np.flatnonzero(~((self._relation == DIFFERENT) & is_shared))
        left, right, shared = self._left[at], self._right[at], is_shared[at]
        relation, extra = self._relation[at].copy(), self._extra[at]
        says_domain = np.zeros(len(at), dtype=bool)
        tied = np.zeros(len(at), dtype=bool)
        for place in np.flatnonzero(np.isin(relation, (DIFFERENT, EXTENSION))).tolist():
            domain = self._domains[self._domain[left[place]]]
            key, other_key = self._key[left[place]], self._key[right[place]]
            labels = is_label(key, domain), is_label(other_key, domain)
            says_domain[place] = any(labels)
            # Tiempo of tiempoapp.com, where another says Tiempoapp; Green.io and Green of green.io
            if _is_part_of_label(key, other_key, domain) if relation[place] == DIFFERENT else all(labels):
                relation[place] = NEAR
        not_comparable = ~np.isin(relation, (EQUAL, NEAR, EXTENSION, DIFFERENT))
        for place in np.flatnonzero(not_comparable & ~shared).tolist():
            label = label_of(self._domains[self._domain[left[place]]])
            tied[place] = any(speaks_for_domain(self._text[one], label) for one in (left[place], right[place]))
        one, other = self._root[left], self._root[right]
        listed = self._accounts.has("provider", one) & self._accounts.has("provider", other)
        rules, domain_code = self._rules, self._domain[left]
        alike, longer, differs = np.isin(relation, (EQUAL, NEAR)), relation == EXTENSION, relation == DIFFERENT
        second = ~(self._is_primary[left] & self._is_primary[right])

        def part(where: Flags, weight: float, words: str) -> Part:
            return Part(np.where(where, weight, np.nan), constant(words))

        parts = [
            Part(np.where(shared, np.nan, rules["domain_agrees"]), named("domain", self._domains, domain_code)),
            Part(
                np.where(shared, rules["shared_domain_agrees"], np.nan),
                named("domain of several companies", self._domains, domain_code),
            ),
            part(alike, rules["name_near"], "names alike"),
            Part(np.where(longer, rules["name_word_extra"] * extra, np.nan), constant("one name is longer")),
            part(differs & says_domain, rules["name_is_domain"], "one name is only the domain"),
            part(differs & ~says_domain, rules["name_different"], "names differ"),
            part(not_comparable & (shared | tied), 0.0, "names in two scripts"),
            part(
                not_comparable & ~shared & ~tied,
                rules["name_unlike_domain"],
                "names in two scripts, the domain is like neither",
            ),
            part(second, rules["second_domain"], "the domain is a second one"),
            # KFC and KFC Ireland: a list that gives a longer name may well mean the subsidiary.
            part(longer & listed, rules["listed_name_longer"], "two lists name it differently"),
            *self._evidence.countries(self._accounts, one, other),
            *self._evidence.legal_forms(self._accounts, one, other),
            *self._evidence.places(self._accounts, one, other),
        ]
        return Proposals(
            self._row[left],
            self._row[right],
            np.full(len(left), RULE_CODE["domain"], np.int8),
            np.full(len(left), DOMAIN, np.int8),
            parts,
        )

    def _find_shared(self) -> set[int]:
        """Find the domains that several companies use.

        One provider, or two corporate numbers, tell two companies apart there; or at least `shared_domain_names` names in one
        script are clearly different from each other.
        """
        left, right = self._left, self._right
        apart = self._accounts.contradictions(self._row[left], self._row[right], NAMED_DOMAIN) != NONE
        shared: set[int] = set(self._domain[left[apart]].tolist())
        different: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        for at in np.flatnonzero((self._relation == DIFFERENT) & ~apart).tolist():
            one, other = int(left[at]), int(right[at])
            domain = int(self._domain[one])
            if domain in shared:
                continue
            # A name that only repeats the domain is no second name.
            name = self._domains[domain]
            if not (is_label(self._key[one], name) or is_label(self._key[other], name)):
                different[domain][one].add(other)
                different[domain][other].add(one)
        least = int(self._rules["shared_domain_names"])
        return shared | {domain for domain, nodes in different.items() if self._mutually_different(nodes) >= least}

    def _mutually_different(self, different: dict[int, set[int]]) -> int:
        """Size of a set of names that are all different from each other, found greedily; at least 1."""
        chosen: list[int] = []
        for node in sorted(different, key=lambda node: (-len(different[node]), int(self._row[node]))):
            if all(other in different[node] for other in chosen):
                chosen.append(node)
        return len(chosen)


def _is_part_of_label(key: str, other_key: str, domain: str) -> bool:
    """Whether one name is just the domain and holds the other: Tiempo of tiempoapp.com, where another says Tiempoapp."""
    short, long = sorted((key, other_key), key=lambda text: (len(text), text))
    return is_label(long, domain) and len(short) >= _PART_OF_LABEL and short in long
