"""Matching of a list of which nothing is known but what stands in it: every pair that shares a key is weighed by all its fields.

Unlike the nightly run, a name that is merely alike may join here; how sure a join has to be follows from the share of joins that
are to be right.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from identity.accounts import DISJOINT, NAMED_DOMAIN, NONE, SHARED, Accounts
from identity.block import pairs_within
from identity.domain_matches import DomainNames, propose_named
from identity.evidence import RULE_CODE, Evidence, Part, Places, Proposals, constant, named, probability
from identity.match import Decided, Matches, apply_proposals, join_decided, join_identifiers
from identity.name_evidence import (
    BRANCH,
    LONGER,
    NAMELESS,
    OTHER_SCRIPT,
    OTHER_WORDS,
    PARTLY,
    RELATIONS,
    SHORTENED,
    NameWeights,
)
from identity.name_matches import alike_pairs
from identity.normalise import ALIAS, KANA, NAME, Coded, Flags, Prepared
from identity.overrides import Decisions
from identity.rarity import Floats
from identity.rules import IdentityRules
from identity.runs import Ints, distinct, is_first, pairs_in_runs, ranks_in_runs, run_sizes, run_starts

_PHONE_TAIL: Final = 7
_ROOTS_PER_NAME: Final = 5
_NUMBER: Final = re.compile(r"\d+(?:-\d+)*")
_DIRECTIONS: Final = frozenset(("n", "s", "e", "w", "ne", "nw", "se", "sw", "no", "unit", "ste", "fl", "apt", "suite"))
_STREET_KINDS: Final = frozenset(
    ("st", "rd", "ave", "av", "blvd", "dr", "ln", "pl", "sq", "ct", "hwy", "pkwy", "bldg", "way")
)
_LEAST_ODDS: Final = -1.0


@dataclass(frozen=True)
class ListColumns:
    """Further columns of a list: an e-mail address, and columns whose equal values speak for one company.

    The latter are those that the user names.
    """

    email: Coded | None = None
    also: Mapping[str, Coded] = field(default_factory=dict)


def match_list(
    prepared: Prepared,
    rules: IdentityRules,
    decisions: Decisions,
    columns: ListColumns,
    precision: float,
    is_against: Flags | None = None,
) -> tuple[Matches, float]:
    """Accounts of a list, and the probability from which on two records were joined.

    Parameters
    ----------
    precision : share of the joins that is expected to be right, 0 to 1
    is_against : (n,) rows of the list that the others are linked to; None to find duplicates in one list

    Notes
    -----
    Log-odds of the fields add up to the probability of a pair; of a record that may be one of several of the other list, the
    probabilities compete. The threshold is the lowest at which the mean probability of the joins is still `precision`.
    """
    tails, places = _phone_tails(prepared), _places(prepared)
    facts = {"phone_tail": tails.codes, "place": places.codes, "phone_area": _phone_areas(prepared).codes}
    evidence = Evidence(prepared, rules)
    matches = Matches(Accounts(prepared, decisions.different, facts | _more_facts(columns)), evidence)
    join_decided(matches, decisions)
    join_identifiers(prepared, matches)
    apply_proposals(propose_named(prepared, matches.accounts, evidence), matches, rules)
    shared_domains = DomainNames(prepared, matches.accounts, evidence)
    matches.shared_domains.update(shared_domains.shared)

    candidates = _Candidates(prepared, matches, rules, is_against)
    pairs = candidates.pairs(is_against is not None)
    weights = NameWeights(prepared, evidence)
    proposals, relation = _weigh(pairs, prepared, matches, evidence, weights, columns)
    log_odds = proposals.log_odds
    if is_against is not None:
        log_odds = _as_short_names(log_odds, relation, matches.accounts, pairs, rules)
        log_odds = _only_candidates(log_odds, pairs, rules["list_only_candidate"])
        chance = _competing(log_odds, pairs, relation)
    else:
        chance = probability(log_odds)
    threshold = max(threshold_for(chance, precision), rules["list_least_probability"])
    _join(matches, proposals, log_odds, chance, threshold, rules)
    matches.set_aside.extend(candidates.set_aside)
    return matches, threshold


def threshold_for(chance: Floats, precision: float) -> float:
    """Lowest probability, at least one half, from which on pairs are right in at least `precision` of the cases.

    Right on average: the pairs at the threshold are the doubtful ones, those above it make up for them. Calibrated probabilities
    are taken for granted.
    """
    ordered = np.sort(chance[chance >= 0.5])[::-1]
    if not len(ordered):
        return 1.0
    means = np.cumsum(ordered) / np.arange(1, len(ordered) + 1)
    # All pairs of one probability are joined or none.
    enough = np.flatnonzero((means >= precision) & np.append(ordered[1:] != ordered[:-1], True))
    return float(ordered[enough[-1]]) if len(enough) else 1.0


@dataclass(frozen=True)
class _Pairs:
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
        place = np.minimum(np.searchsorted(self.kind_keys, wanted), max(len(self.kind_keys) - 1, 0))
        return np.where(name >= 0, self.kinds[place], NAME) if len(self.kinds) else np.zeros(len(root), np.int64)


class _Candidates:
    """Pairs of accounts that share a name, a word, a domain, a telephone number, an address or an e-mail address."""

    def __init__(self, prepared: Prepared, matches: Matches, rules: IdentityRules, is_against: Flags | None) -> None:
        self._prepared, self._accounts, self._rules, self._is_against = prepared, matches.accounts, rules, is_against
        self.set_aside: list[tuple[str, str, int, str]] = []

    def pairs(self, linking: bool) -> _Pairs:
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
        keys = distinct(left * size + right)
        low, high = keys // size, keys % size
        # Main names are compared for every pair, besides the names by which it was found.
        name_of = np.r_[np.searchsorted(keys, left * size + right), np.arange(len(keys))]
        return _Pairs(low, high, name_of, np.r_[name_left, main[low]], np.r_[name_right, main[high]], *self._kinds())

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
        names = np.arange(len(self._prepared.name_keys))
        least = 0.0 if linking else self._rules["list_similar_minimum"]
        one, other, large_keys, large_sizes = alike_pairs(
            self._prepared, names, least, int(self._rules["max_names_per_word"]), spelling_only=not linking
        )
        if large_keys:
            note = f"{large_keys} words that these names share are too common to look for similar names"
            self.set_aside.append(("word_of_many_names", "", large_sizes, note))
        again, twin = self._reordered()
        one, other = np.r_[one, again], np.r_[other, twin]
        name, root = self._roots_of_names()
        counts = np.minimum(np.bincount(name, minlength=len(self._prepared.name_keys)), _ROOTS_PER_NAME)
        starts = np.searchsorted(name, np.arange(len(counts)))
        # Every account of the one name with every account of the other.
        times = counts[one] * counts[other]
        at, rank = np.repeat(np.arange(len(one)), times), ranks_in_runs(times)
        left = root[starts[one[at]] + rank // counts[other[at]]]
        right = root[starts[other[at]] + rank % counts[other[at]]]
        return left, right, one[at], other[at]

    def _reordered(self) -> tuple[Ints, Ints]:
        """Pairs of names that have the same words in another order."""
        known: dict[str, int] = {}
        names, codes = [], []
        for code, text in enumerate(self._prepared.name_texts):
            if " " in text:
                names.append(code)
                codes.append(known.setdefault(" ".join(sorted(text.split(" "))), len(known)))
        pairs = pairs_within(names, codes, int(self._rules["max_names_per_word"]))
        return pairs.left, pairs.right

    def _kinds(self) -> tuple[Ints, Ints]:
        """Account and name as one number, sorted, and what the name is to the account.

        That is the best of NAME, NAME_EN, ALIAS, KANA, ROMAN.
        """
        keys = (
            self._accounts.root[self._prepared.name_row] * (len(self._prepared.name_keys) + 1)
            + self._prepared.name_code
        )
        order = np.lexsort((self._prepared.name_kind, keys))
        first = order[is_first(keys[order])]
        return keys[first], self._prepared.name_kind[first].astype(np.int64)

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


def _weigh(
    pairs: _Pairs,
    prepared: Prepared,
    matches: Matches,
    evidence: Evidence,
    weights: NameWeights,
    columns: ListColumns,
) -> tuple[Proposals, Ints]:
    accounts, rules = matches.accounts, evidence.rules
    left, right = pairs.left, pairs.right
    name, relation, name_left, name_right = _best_names(pairs, prepared, accounts, weights)
    is_branch = (relation == BRANCH) | accounts.has("branch", left) | accounts.has("branch", right)
    domain, code = accounts.share("domain", left, right)
    is_shared = np.isin(code, np.array(sorted(matches.shared_domains), np.int64))
    unlike = domain == DISJOINT
    unlike[unlike] = accounts.share("label", left[unlike], right[unlike])[0] == DISJOINT
    shared_only = is_shared & (domain == SHARED)
    values = prepared.columns["domain"].values
    parts = [
        Part(name, _names_in_words(prepared, relation, name_left, name_right)),
        Part(
            np.where(
                domain == SHARED,
                np.where(shared_only, rules["shared_domain_agrees"], rules["list_domain_agrees"]),
                np.nan,
            ),
            named("domain", values, code),
        ),
        Part(np.where(unlike, rules["list_domain_differs"], np.nan), constant("domains differ")),
        *_phone_parts(accounts, rules, prepared, left, right, is_branch),
        *_address_parts(accounts, rules, prepared, left, right, is_branch),
        *evidence.countries(accounts, left, right),
        *evidence.legal_forms(accounts, left, right),
        Part(
            np.where(
                (relation == LONGER) & accounts.has("legal_form", left) & accounts.has("legal_form", right),
                rules["list_formal_longer"],
                np.nan,
            ),
            constant("both names carry a legal form"),
        ),
        Part(
            np.where(
                np.isin(relation, (PARTLY, OTHER_WORDS))
                & accounts.has("legal_form", left)
                & accounts.has("legal_form", right),
                rules["list_formal_other"],
                np.nan,
            ),
            constant("both names carry a legal form"),
        ),
    ]
    duns = accounts.share("duns", left, right)[0]
    lei = accounts.share("lei", left, right)[0]
    parts.append(Part(np.where(lei == DISJOINT, rules["list_lei_differs"], np.nan), constant("different LEI")))
    parts.append(
        Part(np.where(duns == DISJOINT, rules["identifier_differs"], np.nan), constant("different D-U-N-S numbers"))
    )
    if columns.email is not None:
        email = accounts.share("email", left, right)[0]
        parts.append(Part(np.where(email == SHARED, rules["list_email_agrees"], np.nan), constant("e-mail address")))
    for label, column in columns.also.items():
        found, code = accounts.share(f"also:{label}", left, right)
        agrees = np.minimum(_rarity(column)[code], rules["list_also_agrees"])
        parts.append(Part(np.where(found == SHARED, agrees, np.nan), constant(label)))
        parts.append(
            Part(np.where(found == DISJOINT, rules["list_also_differs"], np.nan), constant(f"{label} differs"))
        )
    size = len(left)
    proposals = Proposals(
        left, right, np.full(size, RULE_CODE["list"], np.int8), np.full(size, NAMED_DOMAIN, np.int8), parts
    )
    return proposals, relation


def _best_names(
    pairs: _Pairs, prepared: Prepared, accounts: Accounts, weights: NameWeights
) -> tuple[Floats, Ints, Ints, Ints]:
    """Weight and relation of the best pair of names of each pair of accounts, and the names."""
    weight, relation = weights.weigh(pairs.name_left, pairs.name_right)
    size = len(prepared.name_keys)
    # The main names are the last ones.
    last = slice(len(weight) - len(pairs.left), None)
    main, main_relation = weight[last], relation[last]
    main_left, main_right = pairs.name_left[last], pairs.name_right[last]
    # A name in another language is tried where the main ones say nothing.
    of, one, other = pairs.name_of, pairs.name_left, pairs.name_right
    best = np.full(len(pairs.left), -np.inf)
    np.maximum.at(best, of, weight)
    open_pairs = np.flatnonzero(best <= 0)
    more = _other_names(pairs.left[open_pairs], pairs.right[open_pairs], prepared, accounts)
    if len(more[0]):
        more_weight, more_relation = weights.weigh(more[1], more[2])
        of, one, other = np.r_[of, open_pairs[more[0]]], np.r_[one, more[1]], np.r_[other, more[2]]
        weight, relation = np.r_[weight, more_weight], np.r_[relation, more_relation]
    kind = np.maximum(pairs.kind(pairs.left[of], one, size), pairs.kind(pairs.right[of], other, size))
    tells = ~np.isin(main_relation[of], (NAMELESS, OTHER_SCRIPT))
    scripts = prepared.name_scripts[np.maximum(main_left, 0)], prepared.name_scripts[np.maximum(main_right, 0)]
    # 興和 and 光和 are read alike and differ: where the names themselves can be compared, their readings say no more.
    is_reading = tells & (kind >= KANA) & (scripts[0] == scripts[1])[of]
    weight = np.where(is_reading, np.minimum(weight, main[of]), weight)
    # A former name is said to be the same company's.
    weight = weight + np.where(tells & (kind == ALIAS) & (main[of] < 0), weights.rules["list_alias_agrees"], 0.0)
    order = np.lexsort((other, one, -np.where(relation == NAMELESS, -100.0, weight), of))
    first = order[is_first(of[order])]
    return weight[first], relation[first], one[first], other[first]


def _other_names(left: Ints, right: Ints, prepared: Prepared, accounts: Accounts) -> tuple[Ints, Ints, Ints]:
    """All pairs of names of pairs of accounts of which at least one has several names."""
    span = len(prepared.name_keys) or 1
    found = distinct(accounts.root[prepared.name_row] * span + prepared.name_code)
    root, name = found // span, found % span
    starts = np.searchsorted(root, np.arange(len(prepared) + 1))
    counts = np.minimum(np.diff(starts), 8)
    times = counts[left] * counts[right]
    times[times == 1] = 0
    at, rank = np.repeat(np.arange(len(left)), times), ranks_in_runs(times)
    return (
        at,
        name[starts[left[at]] + rank // counts[right[at]]],
        name[starts[right[at]] + rank % counts[right[at]]],
    )


def _names_in_words(prepared: Prepared, relation: Ints, left: Ints, right: Ints) -> Callable[[Places], pa.Array]:
    def text(at: Places) -> pa.Array:
        keys = [*prepared.name_texts, "no name"]
        return pa.array(
            [
                f"{RELATIONS[how]}: {keys[one]}" if one == other else f"{RELATIONS[how]}: {keys[one]} / {keys[other]}"
                for how, one, other in zip(relation[at].tolist(), left[at].tolist(), right[at].tolist(), strict=True)
            ],
            pa.string(),
        )

    return text


def _crowd(accounts: Accounts, prepared: Prepared, kind: str, other_kind: str, code: Ints) -> Floats:
    """Log of how many users a value seems to have: a number by how many addresses it has, an address by how many numbers.

    A record that says nothing of the other kind counts by its name. The records of one company do not make a crowd.
    """
    facts, others = accounts.facts(kind), accounts.facts(other_kind)
    root = np.repeat(np.arange(len(prepared)), np.diff(facts.starts))
    first = (
        others.values[np.minimum(others.starts[root], max(len(others.values) - 1, 0))] if len(others.values) else root
    )
    names = np.full(len(prepared), -1, np.int64)
    names[accounts.root[::-1]] = prepared.main_name[::-1]
    span = int(others.values.max(initial=0)) + 1
    mark = np.where(others.counts(root) > 0, first, span + 1 + names[root])
    found = distinct(facts.values * (span + len(prepared.name_keys) + 2) + mark)
    counts = np.bincount(
        found // (span + len(prepared.name_keys) + 2),
        minlength=int(max(code.max(initial=0), facts.values.max(initial=0))) + 1,
    )
    return np.log(np.maximum(counts[np.maximum(code, 0)], 1))


def _phone_parts(
    accounts: Accounts, rules: IdentityRules, prepared: Prepared, left: Ints, right: Ints, is_branch: Flags
) -> list[Part]:
    # A branch has an address and a number of its own.
    phone = accounts.share("phone", left, right)[0]
    tail, tail_code = accounts.share("phone_tail", left, right)
    # A number without its area or country code is the same number; with two area codes it is not.
    agrees = phone == SHARED
    for at in np.flatnonzero(~agrees & (tail == SHARED)).tolist():
        agrees[at] = _is_end_of_other(_phones(accounts, int(left[at])), _phones(accounts, int(right[at])))
    crowd = _crowd(accounts, prepared, "phone_tail", "place", tail_code)
    return [
        Part(np.where(agrees, np.maximum(rules["list_phone_agrees"] - crowd, 0), np.nan), constant("telephone")),
        Part(
            np.where(~agrees & ~is_branch & (phone == DISJOINT), rules["list_phone_differs"], np.nan),
            constant("telephones differ"),
        ),
        Part(
            np.where(
                ~agrees & ~is_branch & (accounts.share("phone_area", left, right)[0] == DISJOINT),
                rules["list_phone_area_differs"],
                np.nan,
            ),
            constant("in two areas"),
        ),
    ]


def _phones(accounts: Accounts, root: int) -> list[str]:
    facts, values = accounts.facts("phone"), accounts.column("phone").values
    return [values[code].lstrip("0") for code in facts.values[facts.starts[root] : facts.starts[root + 1]].tolist()]


def _is_end_of_other(mine: Sequence[str], theirs: Sequence[str]) -> bool:
    return any(one.endswith(other) or other.endswith(one) for one in mine for other in theirs)


def _address_parts(
    accounts: Accounts, rules: IdentityRules, prepared: Prepared, left: Ints, right: Ints, is_branch: Flags
) -> list[Part]:
    address, code = accounts.share("address", left, right)
    place, place_code = accounts.share("place", left, right)
    postal, postal_code = accounts.share("postal_code", left, right)
    equal, near = address == SHARED, (address != SHARED) & (place == SHARED)
    values = prepared.columns["address"].values
    full = np.maximum(rules["list_address_agrees"] - _crowd(accounts, prepared, "address", "phone_tail", code), 0.3)
    part = np.maximum(
        rules["list_place_agrees"] - 0.5 * _crowd(accounts, prepared, "place", "phone_tail", place_code), 0.2
    )
    return [
        Part(np.where(equal, full, np.nan), named("address", values, code)),
        Part(np.where(near, part, np.nan), constant("same house number in the street")),
        Part(
            np.where(~equal & ~near & ~is_branch & (address == DISJOINT), rules["list_address_differs"], np.nan),
            constant("addresses differ"),
        ),
        Part(
            np.where(~equal & (postal == SHARED), rules["list_postal_code_agrees"], np.nan),
            named("postal code", prepared.columns["postal_code"].values, postal_code),
        ),
        Part(
            np.where(~equal & ~near & ~is_branch & (postal == DISJOINT), rules["list_postal_code_differs"], np.nan),
            constant("postal codes differ"),
        ),
    ]


def _rarity(column: Coded) -> Floats:
    """Log of how many rows there are per row with each value; 0 behind them for none."""
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.values))
    logs: Floats = np.log(max(int(counts.sum()), 1) / np.maximum(counts, 1))
    return np.append(logs, 0.0)


def _only_candidates(log_odds: Floats, pairs: _Pairs, bonus: float) -> Floats:
    """Log-odds with a bonus where neither side has another candidate that is worth a thought."""
    worth = log_odds > _LEAST_ODDS
    left = np.bincount(pairs.left[worth], minlength=int(pairs.left.max(initial=0)) + 1)
    right = np.bincount(pairs.right[worth], minlength=int(pairs.right.max(initial=0)) + 1)
    only = worth & (left[pairs.left] == 1) & (right[pairs.right] == 1)
    return log_odds + np.where(only, bonus, 0.0)


def _as_short_names(
    log_odds: Floats, relation: Ints, accounts: Accounts, pairs: _Pairs, rules: IdentityRules
) -> Floats:
    """Log-odds in which a longer name may be the full form of a short one that carries no legal form.

    In another list the short name would not stand for a company beside the one that is there; which of several it is, the
    competition of the candidates decides.
    """
    formal = accounts.has("legal_form", pairs.left) & accounts.has("legal_form", pairs.right)
    short = (relation == LONGER) & ~formal
    return np.where(short, np.maximum(log_odds, rules["list_short_name"]), log_odds)


def _competing(log_odds: Floats, pairs: _Pairs, relation: Ints) -> Floats:
    """Probabilities of the candidates of one record that can be one of them only, or none: odds over one plus all odds.

    Beside a candidate of the same name, longer names are no candidates. Several records may be one company of the other list.
    """
    odds = np.exp(np.clip(log_odds, -50, 50))
    has_same = np.zeros(int(pairs.left.max(initial=0)) + 1, dtype=bool)
    has_same[pairs.left[(relation <= SHORTENED) & (log_odds > 0)]] = True
    competes = np.where(has_same[pairs.left] & (relation > BRANCH), 0.0, odds)
    total = np.bincount(pairs.left, weights=competes, minlength=len(has_same))
    return np.where(competes > 0, odds / (1 + total[pairs.left]), 0.0)


def _join(
    matches: Matches, proposals: Proposals, log_odds: Floats, chance: Floats, threshold: float, rules: IdentityRules
) -> None:
    """Join from the surest pair on; two groups only if all pairs between them speak for it together."""
    left, right = proposals.left, proposals.right
    order = np.lexsort((right, left, -chance))
    order = order[chance[order] >= min(threshold, rules["review_probability"])]
    sure = order[chance[order] >= threshold]
    sure = sure[_hold_together(left, right, log_odds, sure, rules["list_pair_not_compared"])]
    edges, _ = matches.accounts.join(left[sure], right[sure], proposals.kind[sure])

    def decided(at: Places) -> Decided:
        return Decided(
            np.minimum(left, right)[at],
            np.maximum(left, right)[at],
            proposals.rule[at],
            chance[at],
            proposals.evidence(at),
        )

    matches.same.append(decided(sure[edges]))
    root = matches.accounts.root
    asked = order[root[left[order]] != root[right[order]]]
    apart = matches.accounts.contradictions(left[asked], right[asked], NAMED_DOMAIN) != NONE
    matches.review.append(decided(asked[~apart]))
    matches.different.append(decided(asked[apart]))


def _hold_together(left: Ints, right: Ints, log_odds: Floats, sure: Places, not_compared: float) -> Places:
    """Places in `sure` of the pairs that may join.

    A pair joins two groups if the log-odds of all pairs between them add up to more than 0. A pair that was not compared counts a
    little against it, so a weak bridge does not weld two strong groups.
    """
    if not len(sure):
        return sure
    nodes, flat = np.unique(np.r_[left, right], return_inverse=True)
    one, other = flat[: len(left)], flat[len(left) :]
    count, component = connected_components(
        coo_array((np.ones(len(sure)), (one[sure], other[sure])), shape=(len(nodes), len(nodes))), directed=False
    )
    sizes = np.bincount(component, minlength=count)
    # Two accounts need no closer look; nor does a group of which every pair is sure.
    inside = np.bincount(component[one[sure]], minlength=count)
    full = inside == sizes * (sizes - 1) // 2
    simple = full[component[one[sure]]]
    kept = [np.flatnonzero(simple)]
    closer = np.flatnonzero(~simple)
    if len(closer):
        wanted = np.zeros(count, dtype=bool)
        wanted[component[one[sure[closer]]]] = True
        within = np.flatnonzero((component[one] == component[other]) & wanted[component[one]])
        between: dict[int, dict[int, float]] = defaultdict(dict)
        for a, b, odds in zip(one[within].tolist(), other[within].tolist(), log_odds[within].tolist(), strict=True):
            between[a][b] = between[b][a] = max(odds, between[a].get(b, -np.inf))
        group: dict[int, set[int]] = {}
        taken = []
        for at in closer.tolist():
            a, b = int(one[sure[at]]), int(other[sure[at]])
            mine, theirs = group.setdefault(a, {a}), group.setdefault(b, {b})
            if mine is theirs or _cross(mine, theirs, between, not_compared) > 0:
                taken.append(at)
                if mine is not theirs:
                    mine |= theirs
                    for node in theirs:
                        group[node] = mine
        kept.append(np.array(taken, dtype=np.int64))
    return np.sort(np.concatenate(kept))


def _cross(mine: set[int], theirs: set[int], between: Mapping[int, Mapping[int, float]], not_compared: float) -> float:
    small, large = sorted((mine, theirs), key=len)
    known = [odds for node in small for other, odds in between[node].items() if other in large]
    return sum(known) + not_compared * (len(small) * len(large) - len(known))


def _more_facts(columns: ListColumns) -> dict[str, NDArray[np.int32]]:
    facts = {f"also:{name}": column.codes for name, column in columns.also.items()}
    if columns.email is not None:
        facts["email"] = columns.email.codes
    return facts


def _phone_tails(prepared: Prepared) -> Coded:
    phone = prepared.columns["phone"]
    known: dict[str, int] = {}
    tails = [known.setdefault(text[-_PHONE_TAIL:], len(known)) for text in phone.values]
    return Coded(np.array([*tails, -1], np.int32)[phone.codes], list(known))


def _phone_areas(prepared: Prepared) -> Coded:
    """First digits of a national number, none for a local one: they tell two areas apart, if not which."""
    phone = prepared.columns["phone"]
    known: dict[str, int] = {}
    areas = []
    for text in phone.values:
        number = text.lstrip("0")
        number = number[1:] if len(number) == 11 and number.startswith("1") else number
        areas.append(known.setdefault(number[:2], len(known)) if len(number) > _PHONE_TAIL + 1 else -1)
    return Coded(np.array([*areas, -1], np.int32)[phone.codes], list(known))


def _places(prepared: Prepared) -> Coded:
    """House number with the name of the street; in Japan with the last characters of the town."""
    address = prepared.columns["address"]
    known: dict[str, int] = {}
    codes = []
    for text in address.values:
        found = _NUMBER.search(text)
        place = ""
        if found and text.isascii():
            # 27 Mill Road, Hauptstr 27
            before = [word for word in text[: found.start()].split() if _is_street(word)]
            behind = [word for word in text[found.end() :].split() if _is_street(word)]
            street = before[-1] if before else behind[0] if behind else ""
            place = f"{found.group()} {street}" if street else ""
        elif found:
            town = text[: found.start()].replace(" ", "")
            place = f"{town[-3:]}{found.group()}" if town else ""
        codes.append(known.setdefault(place, len(known)) if place else -1)
    return Coded(np.array([*codes, -1], np.int32)[address.codes], list(known))


def _is_street(word: str) -> bool:
    return len(word) > 1 and not word.isdigit() and word not in _DIRECTIONS and word not in _STREET_KINDS
