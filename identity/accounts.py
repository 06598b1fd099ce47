"""Accounts as sets of records that grow by joins and refuse a join that the facts of the two sets contradict.

Most joins meet no contradiction anywhere near; they are made all at once. Only where the facts of a whole neighbourhood could
contradict each other are they made one by one, from the strongest to the weakest. Both ways give the same accounts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from identity.domains import label_of
from identity.prepared import Coded, Flags, Prepared
from identity.prepared import Ints as Ints32
from identity.runs import Ints as Rows
from identity.runs import distinct, order_of, ranks_in_runs, run_sizes, run_starts

# Kinds of join, from the one that only a person's opposite decision stops to the one that any contradiction stops.
DECIDED, IDENTIFIER, NAMED_DOMAIN, DOMAIN, NAME, NAME_ALONE = range(6)

NONE: Final = 0
REFUSED_BY_PERSON: Final = 1
OTHER_CORPORATE_NUMBER: Final = 2
OTHER_LEI: Final = 3
LISTED_TWICE: Final = 4
OTHER_COUNTRY: Final = 5
OTHER_DOMAIN: Final = 6
NAME_ONLY: Final = 7
REASONS: Final = (
    "",
    "a person decided that they differ",
    "different corporate numbers",
    "different LEI",
    "one provider lists them as two companies",
    "different countries",
    "different domains",
    "nothing but the name ties two listed companies",
)

_OF_RECORDS: Final = (
    "corporate_number",
    "lei",
    "duns",
    "country",
    "legal_form",
    "address",
    "postal_code",
    "phone",
    "provider",
    "branch",
)
NEITHER, SHARED, DISJOINT = 0, 1, -1


def label_codes(domains: Sequence[str]) -> Rows:
    """(n,) numbers of the parts of domains before the first dot; equal parts share one."""
    labels = pa.array([label_of(domain) for domain in domains], pa.string())
    codes: Rows = labels.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


@dataclass(frozen=True)
class FactTable:
    """Values of one kind that the accounts hold: those of an account stand at `starts[root]` up to `starts[root + 1]`, sorted."""

    starts: Rows
    values: Rows

    @classmethod
    def of(cls, roots: Rows, values: Rows, size: int) -> FactTable:
        """Values, each beside its account, of accounts below `size`."""
        span = int(values.max(initial=0)) + 1
        found = distinct(roots * span + values)
        counts = np.bincount(found // span, minlength=size)
        return cls(np.r_[0, np.cumsum(counts)], found % span)

    def counts(self, roots: Rows) -> Rows:
        """Return how many values each account holds."""
        return self.starts[roots + 1] - self.starts[roots]

    def of_each(self, roots: Rows) -> tuple[Rows, Rows]:
        """Place of an account in `roots`, and a value of it: for every value of every account, in order."""
        counts = self.counts(roots)
        place = np.repeat(np.arange(len(roots)), counts)
        return place, self.values[self.starts[roots][place] + ranks_in_runs(counts)]

    def shared(self, left: Rows, right: Rows) -> tuple[NDArray[np.int8], Rows, Rows]:
        """Whether two accounts share a value, and all that they share.

        Returns
        -------
        (n,) NEITHER where one of them has none, SHARED or DISJOINT; places of pairs, ascending, with a value that they share
        """
        left_count, right_count = self.counts(left), self.counts(right)
        relation = np.zeros(len(left), np.int8)
        relation[(left_count > 0) & (right_count > 0)] = DISJOINT
        single = np.flatnonzero((left_count == 1) & (right_count == 1))
        mine = self.values[self.starts[left[single]]]
        equal = mine == self.values[self.starts[right[single]]]
        at, values = single[equal], mine[equal]
        several = np.flatnonzero((relation == DISJOINT) & (left_count + right_count > 2))
        if len(several):
            place, value = self.of_each(left[several])
            # Values stand sorted within sorted accounts, so each is found by both at once.
            span = int(self.values.max()) + 1
            keys = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts)) * span + self.values
            wanted = right[several[place]] * span + value
            found = np.flatnonzero(keys[np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)] == wanted)
            at, values = np.r_[at, several[place[found]]], np.r_[values, value[found]]
            order = order_of(at)
            at, values = at[order], values[order]
        relation[at] = SHARED
        return relation, at, values


class Accounts:
    """Sets of rows of the records, at first one row each; the smallest row of a set, its root, stands for it.

    Parameters
    ----------
    prepared : the records
    different : pairs of rows that a person keeps apart
    more_facts : further kinds of facts, (n,) codes of each row, -1 where it has none
    """

    def __init__(
        self,
        prepared: Prepared,
        different: Iterable[tuple[int, int]] = (),
        more_facts: Mapping[str, Ints32] | None = None,
    ) -> None:
        self._prepared = prepared
        self._size = len(prepared)
        self.root: Rows = np.arange(self._size, dtype=np.int64)
        labels = label_codes(prepared.columns["domain"].values)
        rows = prepared.domain_row.astype(np.int64)
        self._records: dict[str, tuple[Rows, Rows]] = {
            "domain": (rows, prepared.domain_code.astype(np.int64)),
            "label": (rows, labels[prepared.domain_code] if len(rows) else rows),
        }
        for name in _OF_RECORDS:
            codes = prepared.columns[name].codes
            having = np.flatnonzero(codes >= 0)
            self._records[name] = (having, codes[having].astype(np.int64))
        for name, codes in (more_facts or {}).items():
            having = np.flatnonzero(codes >= 0)
            self._records[name] = (having, codes[having].astype(np.int64))
        self._different = [(int(left), int(right)) for left, right in different]
        self._facts: dict[str, FactTable] = {}
        self._provider_rows: Rows | None = None

    def kinds(self) -> list[str]:
        """Return the kinds of facts that accounts may hold."""
        return list(self._records)

    def column(self, kind: str) -> Coded:
        """Return the column whose codes the facts of a kind are."""
        return self._prepared.columns[kind]

    def facts(self, kind: str) -> FactTable:
        """Values of one kind that each account holds."""
        if kind not in self._facts:
            rows, codes = self._records[kind]
            self._facts[kind] = FactTable.of(self.root[rows], codes, self._size)
        return self._facts[kind]

    def share(self, kind: str, left: Rows, right: Rows) -> tuple[NDArray[np.int8], Rows]:
        """Whether two accounts (roots) share a value of a kind, and the first they share in the order of texts (-1 if none).

        Returns
        -------
        (n,) NEITHER where one of them has none, SHARED or DISJOINT; (n,) codes
        """
        relation, at, values = self.facts(kind).shared(left, right)
        first = np.full(len(left), -1, np.int64)
        first[at] = values
        starts = run_starts(at)
        sizes = run_sizes(starts, len(at))
        for start, size in zip(starts[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
            # By text, as codes are numbered anew in every run.
            first[at[start]] = min(values[start : start + size].tolist(), key=self._value_of(kind))
        return relation, first

    def _value_of(self, kind: str) -> Callable[[int], str]:
        column = self._prepared.columns.get(kind)
        return column.values.__getitem__ if column else "{:020}".format

    def has(self, kind: str, roots: Rows) -> Flags:
        """Whether each account holds a value of a kind."""
        return self.facts(kind).counts(roots) > 0

    def contradictions(self, left: Rows, right: Rows, kind: int) -> NDArray[np.int8]:
        """Why the accounts of two rows may not be joined by this kind of join, as places in `REASONS`; NONE if they may."""
        one, other = self.root[left], self.root[right]
        reasons = np.zeros(len(one), np.int8)

        def refuse(where: Flags, reason: int) -> None:
            reasons[where & (reasons == NONE)] = reason

        if self._different:
            apart = {(int(self.root[a]), int(self.root[b])) for a, b in self._different}
            apart |= {(b, a) for a, b in apart}
            refuse(
                np.array([(a, b) in apart for a, b in zip(one.tolist(), other.tolist(), strict=True)], dtype=bool),
                REFUSED_BY_PERSON,
            )
        if kind == DECIDED:
            return reasons
        refuse(self.share("corporate_number", one, other)[0] == DISJOINT, OTHER_CORPORATE_NUMBER)
        if kind == IDENTIFIER:
            return reasons
        refuse(self.share("lei", one, other)[0] == DISJOINT, OTHER_LEI)
        refuse(self._are_listed_twice(one, other), LISTED_TWICE)
        if kind == NAMED_DOMAIN:
            return reasons
        refuse(self.share("country", one, other)[0] == DISJOINT, OTHER_COUNTRY)
        if kind >= NAME:
            unlike = self.share("domain", one, other)[0] == DISJOINT
            unlike[unlike] = self.share("label", one[unlike], other[unlike])[0] == DISJOINT
            refuse(unlike, OTHER_DOMAIN)
        if kind == NAME_ALONE:
            # Two lists of the world's companies share many names by chance; a record of our own does not.
            refuse(self.has("provider", one) & self.has("provider", other), NAME_ONLY)
        return reasons

    def conflicts(self, group: Rows, rows: Rows, size: int, kind: int) -> Flags:
        """Whether the accounts of the rows of each group could contradict each other by this kind of join.

        False is certain; True means that a closer look is due.

        Parameters
        ----------
        group : (n,) number of the group, below `size`, of each row
        """
        pairs = distinct(group * self._size + self.root[rows])
        group, roots = pairs // self._size, pairs % self._size
        result = np.zeros(size, dtype=bool)
        if self._different:
            apart = self.root[np.array(self._different, np.int64).ravel()]
            result[group[np.isin(roots, apart)]] = True
        if kind == DECIDED:
            return result
        result |= self._has_several("corporate_number", group, roots, size)
        if kind == IDENTIFIER:
            return result
        result |= self._has_several("lei", group, roots, size)
        result |= self._has_repeated("provider", group, roots, size)
        if kind == NAMED_DOMAIN:
            return result
        result |= self._has_several("country", group, roots, size)
        if kind >= NAME:
            result |= self._has_several("label", group, roots, size)
        if kind == NAME_ALONE:
            result |= np.bincount(group[self.has("provider", roots)], minlength=size) > 1
        return result

    def join(self, left: Rows, right: Rows, kind: NDArray[np.int8]) -> tuple[Rows, NDArray[np.int8]]:
        """Join the accounts of pairs of rows, the first pair first.

        Returns
        -------
        places of the pairs by which accounts were joined, ascending; and for every pair why it was refused (places in `REASONS`),
        NONE if the two are one account now
        """
        one, other = self.root[left], self.root[right]
        refused = np.zeros(len(left), np.int8)
        open_pairs = np.flatnonzero(one != other)
        if not len(open_pairs):
            return open_pairs, refused
        low, high = np.minimum(one, other)[open_pairs], np.maximum(one, other)[open_pairs]
        nodes, places = np.unique(np.r_[low, high], return_inverse=True)
        low_at, high_at = places[: len(low)], places[len(low) :]
        count, component = connected_components(
            coo_array((np.ones(len(low)), (low_at, high_at)), shape=(len(nodes), len(nodes))), directed=False
        )
        strictest = np.zeros(count, np.int8)
        np.maximum.at(strictest, component[low_at], kind[open_pairs])
        is_unsafe = np.zeros(count, dtype=bool)
        for one_kind in np.unique(strictest).tolist():
            of_kind = np.flatnonzero(strictest[component] == one_kind)
            is_unsafe |= self.conflicts(component[of_kind].astype(np.int64), nodes[of_kind], count, one_kind)
        unsafe = is_unsafe[component[low_at]]
        joined = [_spanning(low_at[~unsafe], high_at[~unsafe], open_pairs[~unsafe], len(nodes))]
        if unsafe.any():
            in_turn = open_pairs[unsafe]
            made = self._join_in_turn(one[in_turn], other[in_turn], kind[in_turn], refused, in_turn)
            joined.append(in_turn[made])
        edges = np.sort(np.concatenate(joined))
        self._weld(left[edges], right[edges])
        return edges, refused

    def _weld(self, left: Rows, right: Rows) -> None:
        one, other = self.root[left], self.root[right]
        graph = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(self._size, self._size))
        _, label = connected_components(graph, directed=False)
        label = label[self.root]
        first = np.full(int(label.max()) + 1, self._size, np.int64)
        np.minimum.at(first, label, np.arange(self._size))
        self.root = first[label]
        self._facts.clear()
        self._provider_rows = None

    def _has_several(self, kind: str, group: Rows, roots: Rows, size: int) -> Flags:
        members, values = self.facts(kind).of_each(roots)
        if not len(values):
            return np.zeros(size, dtype=bool)
        span = int(values.max()) + 1
        found = distinct(group[members] * span + values)
        return np.bincount(found // span, minlength=size) > 1

    def _has_repeated(self, kind: str, group: Rows, roots: Rows, size: int) -> Flags:
        members, values = self.facts(kind).of_each(roots)
        result = np.zeros(size, dtype=bool)
        if len(values):
            span = int(values.max()) + 1
            found, counts = np.unique(group[members] * span + values, return_counts=True)
            result[found[counts > 1] // span] = True
        return result

    def _are_listed_twice(self, one: Rows, other: Rows) -> Flags:
        result = np.zeros(len(one), dtype=bool)
        for at in np.flatnonzero(self.share("provider", one, other)[0] == SHARED).tolist():
            result[at] = self._is_listed_twice(self._listings(int(one[at])), self._listings(int(other[at])))
        return result

    def _listings(self, root: int) -> dict[int, int]:
        """Return the first row of each provider in an account."""
        facts = self.facts("provider")
        if self._provider_rows is None:
            rows, codes = self._records["provider"]
            span = int(codes.max()) + 1 if len(codes) else 1
            _, first = np.unique(self.root[rows] * span + codes, return_index=True)
            self._provider_rows = rows[first]
        at = slice(int(facts.starts[root]), int(facts.starts[root + 1]))
        return dict(zip(facts.values[at].tolist(), self._provider_rows[at].tolist(), strict=True))

    def _is_listed_twice(self, one: dict[int, int], other: dict[int, int]) -> bool:
        return any(
            provider in other and not self._is_same_listing(row, other[provider]) for provider, row in one.items()
        )

    def _is_same_listing(self, row: int, twin: int) -> bool:
        """Two rows of one provider are one company only under the same name on the same domain in no two countries."""
        name, country = self._prepared.main_name, self._prepared.columns["country"].codes
        return (
            name[row] == name[twin] >= 0
            and (country[row] == country[twin] or country[row] < 0 or country[twin] < 0)
            and not set(self._domains_of(row)).isdisjoint(self._domains_of(twin))
        )

    def _domains_of(self, row: int) -> list[int]:
        rows = self._prepared.domain_row
        found: list[int] = self._prepared.domain_code[
            np.searchsorted(rows, row) : np.searchsorted(rows, row, side="right")
        ].tolist()
        return found

    def _join_in_turn(
        self, one: Rows, other: Rows, kind: NDArray[np.int8], refused: NDArray[np.int8], places: Rows
    ) -> list[int]:
        sets: dict[int, _Set] = {}
        made = []
        apart: dict[int, set[int]] = {}
        for left, right in self._different:
            apart.setdefault(int(self.root[left]), set()).add(int(self.root[right]))
            apart.setdefault(int(self.root[right]), set()).add(int(self.root[left]))

        def find(root: int) -> _Set:
            found = sets.get(root)
            if found is None:
                found = _Set(
                    {root},
                    {name: self._fact_set(name, root) for name in _CONTRADICTING},
                    self._listings(root),
                    set(apart.get(root, ())),
                )
                sets[root] = found
            return found

        for at, (left, right, how) in enumerate(zip(one.tolist(), other.tolist(), kind.tolist(), strict=True)):
            mine, theirs = find(left), find(right)
            if mine is theirs:
                continue
            reason = self._contradiction(mine, theirs, how)
            if reason:
                refused[places[at]] = reason
                continue
            keep, lose = (mine, theirs) if len(mine.roots) >= len(theirs.roots) else (theirs, mine)
            keep.absorb(lose)
            for root in lose.roots:
                sets[root] = keep
            made.append(at)
        return made

    def _fact_set(self, kind: str, root: int) -> set[int]:
        facts = self.facts(kind)
        return set(facts.values[facts.starts[root] : facts.starts[root + 1]].tolist())

    def _contradiction(self, one: _Set, other: _Set, kind: int) -> int:
        if not one.apart.isdisjoint(other.roots):
            return REFUSED_BY_PERSON
        if kind == DECIDED:
            return NONE
        if one.differs(other, "corporate_number"):
            return OTHER_CORPORATE_NUMBER
        if kind == IDENTIFIER:
            return NONE
        if one.differs(other, "lei"):
            return OTHER_LEI
        if self._is_listed_twice(one.listings, other.listings):
            return LISTED_TWICE
        if kind == NAMED_DOMAIN:
            return NONE
        if one.differs(other, "country"):
            return OTHER_COUNTRY
        if kind >= NAME and one.differs(other, "domain") and one.differs(other, "label"):
            return OTHER_DOMAIN
        if kind == NAME_ALONE and one.listings and other.listings:
            return NAME_ONLY
        return NONE


_CONTRADICTING: Final = ("corporate_number", "lei", "country", "domain", "label")


@dataclass
class _Set:
    """An account while its joins are made one by one."""

    roots: set[int]
    facts: dict[str, set[int]]
    listings: dict[int, int]
    apart: set[int] = field(default_factory=set)

    def differs(self, other: _Set, kind: str) -> bool:
        mine, theirs = self.facts[kind], other.facts[kind]
        return bool(mine) and bool(theirs) and mine.isdisjoint(theirs)

    def absorb(self, other: _Set) -> None:
        self.roots = self.roots | other.roots
        for kind, values in other.facts.items():
            self.facts[kind] = self.facts[kind] | values
        for provider, row in other.listings.items():
            self.listings[provider] = min(row, self.listings.get(provider, row))
        self.apart |= other.apart


def _spanning(low: Rows, high: Rows, places: Rows, nodes: int) -> Rows:
    """Places of the pairs that connect all the nodes which the pairs connect, the earliest possible ones."""
    if not len(low):
        return places
    # The first pair between two nodes is the one that counts; places ascend.
    _, first = np.unique(low * nodes + high, return_index=True)
    low, high, places = low[first], high[first], places[first]
    weights = places.astype(np.float64) + 1
    tree = minimum_spanning_tree(coo_array((weights, (low, high)), shape=(nodes, nodes)))
    return np.asarray(tree.data, dtype=np.float64).astype(np.int64) - 1
