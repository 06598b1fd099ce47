"""Accounts as sets of records that grow by joins and refuse a join that the facts of the two sets contradict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from identity.normalise import Prepared

# Kinds of join, from the one that only a person's opposite decision stops to the one that any contradiction stops.
DECIDED, IDENTIFIER, NAMED_DOMAIN, DOMAIN, NAME, NAME_ALONE = range(6)
REFUSED_BY_PERSON: Final = "a person decided that they differ"


@dataclass(frozen=True)
class Edge:
    """A join that was made: the two rows, the rule, the probability (0 to 1) and the evidence in words."""

    left: int
    right: int
    rule: str
    probability: float
    evidence: str


@dataclass
class Facts:
    """What the records of one account say together."""

    rows: list[int]
    corporate_numbers: set[str] = field(default_factory=set)
    leis: set[str] = field(default_factory=set)
    countries: set[str] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)
    legal_forms: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    postal_codes: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)
    duns: set[str] = field(default_factory=set)
    providers: dict[str, int] = field(default_factory=dict)
    apart: set[int] = field(default_factory=set)

    def absorb(self, other: Facts) -> None:
        """Take over the facts of a smaller account."""
        self.rows.extend(other.rows)
        for name in _SETS:
            mine: set[object] = getattr(self, name)
            mine |= getattr(other, name)
        for provider, row in other.providers.items():
            self.providers.setdefault(provider, row)


_SETS: Final = (
    "corporate_numbers",
    "leis",
    "countries",
    "domains",
    "legal_forms",
    "addresses",
    "postal_codes",
    "phones",
    "duns",
    "apart",
)


class Clusters:
    """Sets of rows of `prepared.records`, at first one row each.

    Parameters
    ----------
    prepared : the records
    different : pairs of rows that a person keeps apart
    """

    def __init__(self, prepared: Prepared, different: Iterable[tuple[int, int]] = ()) -> None:
        records = prepared.records
        self._parent = list(range(len(records)))
        self._facts: dict[int, Facts] = {}
        self._columns = {
            "corporate_numbers": records["corporate_number"].tolist(),
            "leis": records["lei"].tolist(),
            "countries": records["country"].tolist(),
            "legal_forms": records["legal_form"].tolist(),
            "addresses": records["address_key"].tolist(),
            "postal_codes": records["postal_key"].tolist(),
            "phones": records["phone_key"].tolist(),
            "duns": records["duns"].tolist(),
        }
        self._provider = records["provider"].tolist()
        self._name_key = records["name_key"].tolist()
        self._domains: dict[int, list[str]] = defaultdict(list)
        for row, domain in zip(prepared.domains["row"], prepared.domains["domain"], strict=True):
            self._domains[row].append(domain)
        self._apart: dict[int, set[int]] = defaultdict(set)
        for left, right in different:
            self._apart[left].add(right)
            self._apart[right].add(left)
        self.edges: list[Edge] = []

    def find(self, row: int) -> int:
        """Return the row that stands for the account of a row."""
        root = row
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[row] != root:
            self._parent[row], row = root, self._parent[row]
        return root

    def facts(self, row: int) -> Facts:
        """Return what the account of a row says; do not change it."""
        root = self.find(row)
        if root not in self._facts:
            facts = Facts([root])
            for name, column in self._columns.items():
                if column[root]:
                    getattr(facts, name).add(column[root])
            facts.domains.update(self._domains.get(root, ()))
            if self._provider[root]:
                facts.providers[self._provider[root]] = root
            facts.apart.update(self._apart.get(root, ()))
            self._facts[root] = facts
        return self._facts[root]

    def contradiction(self, left: int, right: int, kind: int) -> str:
        """Why the accounts of two rows may not be joined by this kind of join; '' if they may."""
        one, other = self.facts(left), self.facts(right)
        if len(one.rows) > len(other.rows):
            one, other = other, one
        if one.apart and any(self.find(row) == self.find(other.rows[0]) for row in one.apart):
            return REFUSED_BY_PERSON
        if kind == DECIDED:
            return ""
        if _are_disjoint(one.corporate_numbers, other.corporate_numbers):
            return "different corporate numbers"
        if kind == IDENTIFIER:
            return ""
        if _are_disjoint(one.leis, other.leis):
            return "different LEI"
        for provider, row in one.providers.items():
            twin = other.providers.get(provider)
            if twin is not None and not self._is_same_listing(row, twin):
                return f"{provider} lists them as two companies"
        if kind == NAMED_DOMAIN:
            return ""
        if _are_disjoint(one.countries, other.countries):
            return "different countries"
        if kind >= NAME and _are_disjoint(one.domains, other.domains) and not _labels_meet(one.domains, other.domains):
            return "different domains"
        if kind == NAME_ALONE and one.providers and other.providers:
            # Two lists of the world's companies share many names by chance; a record of our own does not.
            return "nothing but the name ties two listed companies"
        return ""

    def join(self, edge: Edge, kind: int) -> str:
        """Join the accounts of two rows; '' if they are one account now, otherwise why not."""
        left, right = self.find(edge.left), self.find(edge.right)
        if left == right:
            return ""
        reason = self.contradiction(left, right, kind)
        if reason:
            return reason
        keep, lose = self.facts(left), self.facts(right)
        if len(keep.rows) < len(lose.rows):
            left, right, keep, lose = right, left, lose, keep
        keep.absorb(lose)
        self._parent[right] = left
        del self._facts[right]
        self.edges.append(edge)
        return ""

    def _is_same_listing(self, row: int, twin: int) -> bool:
        """Two rows of one provider are one company only under the same name on the same domain in no two countries."""
        countries = self._columns["countries"]
        return (
            self._name_key[row] == self._name_key[twin] != ""
            and bool(set(self._domains.get(row, ())) & set(self._domains.get(twin, ())))
            and (countries[row] == countries[twin] or not countries[row] or not countries[twin])
        )


def label_of(domain: str) -> str:
    """Return the part of a registrable domain before its first dot."""
    return domain.partition(".")[0]


def _are_disjoint(one: set[str], other: set[str]) -> bool:
    return bool(one) and bool(other) and one.isdisjoint(other)


def _labels_meet(one: set[str], other: set[str]) -> bool:
    return not {label_of(domain) for domain in one}.isdisjoint(label_of(domain) for domain in other)
