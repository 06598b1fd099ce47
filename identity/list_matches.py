"""Matching of a list of which nothing is known but what stands in it: every pair that shares a key is weighed by all its fields.

Unlike the nightly run, a name that is merely alike may join here; how sure a join has to be follows from the share of joins that
are to be right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from identity.accounts import NAMED_DOMAIN, NONE, Accounts
from identity.domain_matches import DomainNames, propose_named
from identity.evidence import Evidence, Places, Proposals, probability
from identity.list_candidates import ListCandidates, ListPairs
from identity.list_evidence import ListColumns, more_facts, phone_areas, phone_tails, places_of, weigh
from identity.match import Decided, Matches, apply_proposals, join_decided, join_identifiers
from identity.name_evidence import NameWeights
from identity.name_relations import BRANCH, EQUAL, OTHER_SCRIPT
from identity.normalise import Flags, Prepared
from identity.overrides import Decisions
from identity.rarity import Floats
from identity.rules import IdentityRules
from identity.runs import Ints

_LEAST_ODDS: Final = -1.0


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
    tails, places = phone_tails(prepared), places_of(prepared)
    facts = {"phone_tail": tails.codes, "place": places.codes, "phone_area": phone_areas(prepared).codes}
    evidence = Evidence(prepared, rules)
    matches = Matches(Accounts(prepared, decisions.different, facts | more_facts(columns)), evidence)
    join_decided(matches, decisions)
    join_identifiers(prepared, matches)
    apply_proposals(propose_named(prepared, matches.accounts, evidence), matches, rules)
    shared_domains = DomainNames(prepared, matches.accounts, evidence)
    matches.shared_domains.update(shared_domains.shared)

    candidates = ListCandidates(prepared, matches, rules, is_against)
    pairs = candidates.pairs(is_against is not None)
    weights = NameWeights(prepared, evidence)
    proposals, relation = weigh(pairs, prepared, matches, evidence, weights, columns, is_against is not None)
    log_odds = proposals.log_odds
    if is_against is not None:
        rivals = Rivals(log_odds, pairs, relation)
        log_odds = log_odds + np.where(rivals.is_only, rules["list_only_candidate"], 0.0)
        chance = rivals.probability(log_odds)
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


class Rivals:
    """Candidates of the same record, of which one at most is right; several records may be one company of the other list.

    Attributes
    ----------
    is_only : (n,) whether neither side of a pair has another candidate that is worth a thought
    """

    def __init__(self, log_odds: Floats, pairs: ListPairs, relation: Ints) -> None:
        self._left = pairs.left
        closeness = np.where(relation == EQUAL, 0, np.where(relation <= BRANCH, 1, 2))
        # Where a closer name speaks at least as strongly, a name is no candidate.
        self._is_beaten = _has_closer(pairs.left, closeness, log_odds)
        # A longer name that another record carries stands for that one.
        self._is_taken = (closeness == 2) & _has_closer(pairs.right, closeness, log_odds)
        worth = (log_odds > _LEAST_ODDS) & ~self._is_beaten & ((log_odds > 0) | (relation != OTHER_SCRIPT))
        left = np.bincount(pairs.left[worth & ~self._is_taken], minlength=int(pairs.left.max(initial=0)) + 1)
        right = np.bincount(pairs.right[worth], minlength=int(pairs.right.max(initial=0)) + 1)
        self.is_only: Flags = worth & ~self._is_taken & (left[pairs.left] == 1) & (right[pairs.right] == 1)

    def probability(self, log_odds: Floats) -> Floats:
        """(n,) probabilities, 0 to 1: odds over one plus the odds of all candidates of the record; 0 for names that are none."""
        odds = np.exp(np.clip(log_odds, -50, 50))
        competes = np.where(self._is_beaten | self._is_taken | (log_odds <= 0), 0.0, odds)
        total = np.bincount(self._left, weights=competes, minlength=int(self._left.max(initial=0)) + 1)
        return np.where(self._is_beaten, 0.0, odds / (1 + total[self._left] - competes + odds))


def _has_closer(group: Ints, closeness: Ints, log_odds: Floats) -> Flags:
    """(n,) whether the group of each pair has one with a closer name whose evidence is for it and at least as strong."""
    result = np.zeros(len(group), dtype=bool)
    best = np.zeros(int(group.max(initial=0)) + 1)
    for step in (0, 1):
        of_step = closeness == step
        np.maximum.at(best, group[of_step], log_odds[of_step])
        farther = closeness > step
        result[farther] |= (best[group[farther]] > 0) & (log_odds[farther] <= best[group[farther]])
    return result


def _join(
    matches: Matches, proposals: Proposals, log_odds: Floats, chance: Floats, threshold: float, rules: IdentityRules
) -> None:
    """Join from the surest pair on; two groups only if all pairs between them speak for it together."""
    left, right = proposals.left, proposals.right
    order = np.flatnonzero(chance >= min(threshold, rules["review_probability"]))
    # Pairs stand in the order of their accounts.
    order = order[np.argsort(-chance[order], kind="stable")]
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
    size = int(max(left.max(), right.max())) + 1
    edges = coo_array((np.ones(len(sure), np.int8), (left[sure], right[sure])), shape=(size, size))
    count, component = connected_components(edges, directed=False)
    sizes = np.bincount(component, minlength=count)
    # Two accounts need no closer look; nor does a group of which every pair is sure.
    inside = np.bincount(component[left[sure]], minlength=count)
    full = inside == sizes * (sizes - 1) // 2
    simple = full[component[left[sure]]]
    kept = [np.flatnonzero(simple)]
    closer = np.flatnonzero(~simple)
    if len(closer):
        wanted = np.zeros(count, dtype=bool)
        wanted[component[left[sure[closer]]]] = True
        within = np.flatnonzero((component[left] == component[right]) & wanted[component[left]])
        between: dict[int, dict[int, float]] = defaultdict(dict)
        for a, b, odds in zip(left[within].tolist(), right[within].tolist(), log_odds[within].tolist(), strict=True):
            between[a][b] = between[b][a] = max(odds, between[a].get(b, -np.inf))
        group: dict[int, set[int]] = {}
        taken = []
        for at in closer.tolist():
            a, b = int(left[sure[at]]), int(right[sure[at]])
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
