"""Proposals from company domains: one name on one domain, then what else uses the domain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from typing import Final

import pandas as pd

from identity.block import blocks_of, pairs_within
from identity.cluster import DOMAIN, NAMED_DOMAIN, Clusters, label_of
from identity.compare import DIFFERENT, EQUAL, EXTENSION, NEAR, NamePairs, compare_names, is_label, speaks_for_domain
from identity.evidence import Evidence, Part, Proposal
from identity.normalise import NAME_EN, Prepared

# Anchors of one name on one domain that are compared with each other; two that contradict are enough.
_MOST_ANCHORS: Final = 20
_PART_OF_LABEL: Final = 5


def propose_named(prepared: Prepared, clusters: Clusters, evidence: Evidence) -> Iterator[Proposal]:
    """Records with one company domain and one name, or a name that the other lists as its alias."""
    rules, records = evidence.rules, prepared.records
    countries = records["country"].tolist()
    is_anchor = ((records["provider"] != "") | (records["corporate_number"] != "")).tolist()
    table = prepared.domains.merge(prepared.names, on="row")
    order = ["domain", "name_key", "kind", "is_primary", "row"]
    table = table.sort_values(order, ascending=[True, True, True, False, True])
    table = table.drop_duplicates(["domain", "name_key", "row"])
    for (domain, key), members in blocks_of(table, ("domain", "name_key"), ("row", "kind")):
        for (row, kind), (other, other_kind) in _star(members, countries, is_anchor, clusters):
            is_alias = max(kind, other_kind) > NAME_EN
            name = (f"alias {key}", rules["name_alias"]) if is_alias else (f"name {key}", rules["name_equal_on_domain"])
            parts = [(f"domain {domain}", rules["domain_agrees"]), name]
            parts += evidence.countries({countries[row]} - {""}, {countries[other]} - {""})
            yield Proposal.of(parts, row, other, "domain_and_alias" if is_alias else "domain_and_name", NAMED_DOMAIN)


def _star(
    members: list[tuple[int, ...]], countries: list[str], is_anchor: list[bool], clusters: Clusters
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Pairs of the first member with each other one: as many joins as needed, and no more.

    Where the facts tell several companies of this name on this domain apart, members go by country instead; one without a
    country could be any of them and is left alone.
    """
    anchors = [row for row, *_ in members if is_anchor[row]][:_MOST_ANCHORS]
    if not any(clusters.contradiction(one, other, NAMED_DOMAIN) for one, other in combinations(anchors, 2)):
        yield from ((members[0], member) for member in members[1:])
        return
    by_country: dict[str, list[tuple[int, ...]]] = defaultdict(list)
    for member in members:
        if countries[member[0]]:
            by_country[countries[member[0]]].append(member)
    for country in sorted(by_country):
        here = by_country[country]
        yield from ((here[0], member) for member in here[1:])


class DomainNames:
    """Different names on one domain, after records with equal names on it have been joined.

    Attributes
    ----------
    shared : domains that several companies use
    set_aside : key and size of the domains with too many names to be compared; they are shared as well
    """

    def __init__(self, prepared: Prepared, clusters: Clusters, evidence: Evidence) -> None:
        self._clusters, self._evidence, self._rules = clusters, evidence, evidence.rules
        records = prepared.records
        table = prepared.domains
        # A record under a placeholder name is nobody's: its domain may have been typed to fill a field too.
        table = table[~records["is_placeholder"].to_numpy(dtype=bool)[table["row"]]]
        groups = pd.DataFrame(
            {
                "domain": table["domain"].to_numpy(),
                "name_key": records["name_key"].to_numpy()[table["row"]],
                "root": [clusters.find(row) for row in table["row"]],
                "row": table["row"].to_numpy(),
                "is_primary": table["is_primary"].to_numpy(),
            }
        )
        groups = groups.sort_values(
            ["domain", "name_key", "root", "is_primary", "row"], ascending=[True, True, True, False, True]
        )
        groups = groups.drop_duplicates(["domain", "name_key", "root"]).reset_index(drop=True)
        self._domain: list[str] = groups["domain"].tolist()
        self._root: list[int] = groups["root"].tolist()
        self._row: list[int] = groups["row"].tolist()
        self._is_primary: list[bool] = groups["is_primary"].tolist()
        self._key: list[str] = groups["name_key"].tolist()
        self._name: list[str] = records["normalised_name"].to_numpy()[groups["row"]].tolist()

        pairs = pairs_within(groups.index.to_series(), groups["domain"], int(self._rules["max_names_per_domain"]))
        self._left, self._right = pairs.left.tolist(), pairs.right.tolist()
        self.set_aside = list(zip(pairs.set_aside["key"], pairs.set_aside["size"], strict=True))
        self._compared: NamePairs = compare_names(
            [self._key[at] for at in self._left],
            [self._name[at] for at in self._left],
            [self._key[at] for at in self._right],
            [self._name[at] for at in self._right],
            evidence.rarity,
        )
        self.shared = {domain for domain, _ in self.set_aside} | self._find_shared()

    def propose(self) -> Iterator[Proposal]:
        """Pairs of accounts that use one domain under two names."""
        for at, (left, right) in enumerate(zip(self._left, self._right, strict=True)):
            if self._clusters.find(self._root[left]) == self._clusters.find(self._root[right]):
                continue
            relation, extra = int(self._compared.relation[at]), float(self._compared.extra[at])
            if relation == DIFFERENT and self._domain[left] in self.shared:
                continue
            parts = self._parts(left, right, relation, extra)
            yield Proposal.of(parts, self._row[left], self._row[right], "domain", DOMAIN)

    def _find_shared(self) -> set[str]:
        """Find the domains that several companies use.

        One provider, or two corporate numbers, tell two companies apart there; or at least `shared_domain_names` names in one
        script are clearly different from each other.
        """
        shared: set[str] = set()
        different: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        for at, (one, other) in enumerate(zip(self._left, self._right, strict=True)):
            domain = self._domain[one]
            if self._root[one] == self._root[other] or domain in shared:
                continue
            if self._clusters.contradiction(self._root[one], self._root[other], NAMED_DOMAIN):
                shared.add(domain)
            # A name that only repeats the domain is no second name.
            elif self._compared.relation[at] == DIFFERENT and not (
                is_label(self._key[one], domain) or is_label(self._key[other], domain)
            ):
                different[domain][one].add(other)
                different[domain][other].add(one)
        least = int(self._rules["shared_domain_names"])
        return shared | {domain for domain, nodes in different.items() if _mutually_different(nodes) >= least}

    def _parts(self, left: int, right: int, relation: int, extra: float) -> list[Part]:
        rules, domain = self._rules, self._domain[left]
        is_shared = domain in self.shared
        key, other_key = self._key[left], self._key[right]
        if relation == DIFFERENT and _is_part_of_label(key, other_key, domain):
            relation = NEAR
        if relation == EXTENSION and is_label(key, domain) and is_label(other_key, domain):
            # Green.io and Green of green.io
            relation = NEAR
        parts: list[Part] = [
            (f"domain {domain} of several companies", rules["shared_domain_agrees"])
            if is_shared
            else (f"domain {domain}", rules["domain_agrees"])
        ]
        if relation in (EQUAL, NEAR):
            parts.append(("names alike", rules["name_near"]))
        elif relation == EXTENSION:
            parts.append(("one name is longer", rules["name_word_extra"] * extra))
        elif relation == DIFFERENT and (is_label(key, domain) or is_label(other_key, domain)):
            parts.append(("one name is only the domain", rules["name_is_domain"]))
        elif relation == DIFFERENT:
            parts.append(("names differ", rules["name_different"]))
        elif is_shared or any(speaks_for_domain(self._name[at], label_of(domain)) for at in (left, right)):
            parts.append(("names in two scripts", 0.0))
        else:
            parts.append(("names in two scripts, the domain is like neither", rules["name_unlike_domain"]))
        if not (self._is_primary[left] and self._is_primary[right]):
            parts.append(("the domain is a second one", rules["second_domain"]))
        one, other = self._clusters.facts(self._root[left]), self._clusters.facts(self._root[right])
        if relation == EXTENSION and one.providers and other.providers:
            # KFC and KFC Ireland: a list that gives a longer name may well mean the subsidiary.
            parts.append(("two lists name it differently", rules["listed_name_longer"]))
        return [
            *parts,
            *self._evidence.countries(one.countries, other.countries),
            *self._evidence.legal_forms(one.legal_forms, other.legal_forms),
            *self._evidence.places(one, other),
        ]


def _mutually_different(different: dict[int, set[int]]) -> int:
    """Size of a set of names that are all different from each other, found greedily; at least 1."""
    chosen: list[int] = []
    for node in sorted(different, key=lambda node: (-len(different[node]), node)):
        if all(other in different[node] for other in chosen):
            chosen.append(node)
    return len(chosen)


def _is_part_of_label(key: str, other_key: str, domain: str) -> bool:
    """Whether one name is just the domain and holds the other: Tiempo of tiempoapp.com, where another says Tiempoapp."""
    short, long = sorted((key, other_key), key=lambda text: (len(text), text))
    return is_label(long, domain) and len(short) >= _PART_OF_LABEL and short in long
