"""The matching policy: what merges by itself, what a person is asked, what is set aside.

Identifiers first, then company domains, then rare names, then names that are merely alike, which never merge by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from identity.block import blocks_of
from identity.cluster import DECIDED, IDENTIFIER, NAMED_DOMAIN, Clusters, Edge
from identity.compare import probability
from identity.domain_matches import DomainNames, propose_named
from identity.evidence import Evidence, Proposal
from identity.name_matches import NameMatches
from identity.normalise import Prepared
from identity.overrides import Decisions
from identity.rules import IdentityRules

# Equal valid identifiers are wrong only where somebody typed another company's number.
_IDENTIFIER_PROBABILITY: Final = {"corporate_number": 0.999, "lei": 0.999, "duns": 0.995}


@dataclass(frozen=True)
class Candidate:
    """Two rows that were not joined: a person is asked (review), or a fact contradicts their equal keys (different)."""

    left: int
    right: int
    rule: str
    probability: float
    decision: str
    evidence: str


@dataclass(frozen=True)
class Matches:
    """What the policy made of the records.

    Attributes
    ----------
    clusters : accounts, with the joins that made them
    candidates : pairs that were not joined, in no order, more than a person can read
    shared_domains : company domains that several companies use
    set_aside : reason, key, size, note
    undecided : proposals behind the candidates for review that further evidence may still join
    """

    clusters: Clusters
    candidates: list[Candidate] = field(default_factory=list)
    shared_domains: set[str] = field(default_factory=set)
    set_aside: list[tuple[str, str, int, str]] = field(default_factory=list)
    undecided: list[Proposal] = field(default_factory=list)


def match_records(
    prepared: Prepared, rules: IdentityRules, decisions: Decisions, previous_accounts: Sequence[str | None]
) -> Matches:
    """Accounts of the records by the policy; the same whatever the order in which the records came.

    Parameters
    ----------
    previous_accounts : account of each row before, None if it had none. Two rows that were together stay together on a little
        less evidence, so that one new record does not move old ones by shifting what is rare.
    """
    matches = Matches(Clusters(prepared, decisions.different))
    evidence = Evidence(prepared, rules)
    for left, right in decisions.same:
        matches.clusters.join(Edge(left, right, "override_same", 1.0, "a person decided that they are one"), DECIDED)
    _join_identifiers(prepared, matches)
    _apply(propose_named(prepared, matches.clusters, evidence), matches, rules)

    domain_names = DomainNames(prepared, matches.clusters, evidence)
    matches.shared_domains.update(domain_names.shared)
    for domain, size in domain_names.set_aside:
        note = "so many names use this domain that only records with an equal name on it were joined"
        matches.set_aside.append(("domain_with_many_names", domain, int(size), note))
    _apply(domain_names.propose(), matches, rules)

    name_matches = NameMatches(prepared, matches.clusters, evidence)
    _apply(name_matches.propose_equal(), matches, rules)
    _apply(name_matches.propose_similar(), matches, rules, may_join=False)
    matches.set_aside.extend(name_matches.set_aside)
    _keep_together(matches, rules, previous_accounts)
    return matches


def _join_identifiers(prepared: Prepared, matches: Matches) -> None:
    for column, certainty in _IDENTIFIER_PROBABILITY.items():
        table = prepared.records.loc[prepared.records[column] != "", [column]].sort_values(column, kind="stable")
        for (value,), members in blocks_of(table.assign(row=table.index), (column,), ("row",)):
            for (row,) in members[1:]:
                edge = Edge(members[0][0], row, column, certainty, f"equal {column} {value}")
                refused = matches.clusters.join(edge, IDENTIFIER)
                if refused:
                    matches.candidates.append(
                        Candidate(edge.left, row, column, certainty, "different", f"{edge.evidence}; {refused}")
                    )


def _apply(proposals: Iterable[Proposal], matches: Matches, rules: IdentityRules, may_join: bool = True) -> None:
    """Join what the rules call the same, from the strongest to the weakest; ask about the rest."""
    clusters, candidates = matches.clusters, matches.candidates
    for found in sorted(proposals, key=_strength):
        chance = probability(found.log_odds)
        if chance < rules["review_probability"] or clusters.find(found.left) == clusters.find(found.right):
            continue
        left, right = sorted((found.left, found.right))
        if chance < rules["same_probability"] or not may_join:
            if not clusters.contradiction(left, right, NAMED_DOMAIN):
                score = min(chance, rules["same_probability"])
                candidates.append(Candidate(left, right, found.rule, score, "review", found.evidence))
                if may_join:
                    matches.undecided.append(found)
            continue
        refused = clusters.join(Edge(left, right, found.rule, chance, found.evidence), found.kind)
        if refused:
            decision = "different" if clusters.contradiction(left, right, NAMED_DOMAIN) else "review"
            candidates.append(Candidate(left, right, found.rule, chance, decision, f"{found.evidence}; {refused}"))


def _keep_together(matches: Matches, rules: IdentityRules, previous_accounts: Sequence[str | None]) -> None:
    """Join rows that were one account before where the evidence has become only a little weaker.

    So one new record does not move old ones by shifting what is rare. This comes last: records that are joined without it are
    joined for their own reasons, and a rerun finds the same reasons.
    """
    for found in sorted(matches.undecided, key=_strength):
        account = previous_accounts[found.left]
        if account is None or account != previous_accounts[found.right]:
            continue
        if probability(found.log_odds + rules["already_together"]) >= rules["same_probability"]:
            evidence = f"{found.evidence}; one account before {rules['already_together']:+.1f}"
            left, right = sorted((found.left, found.right))
            matches.clusters.join(Edge(left, right, found.rule, probability(found.log_odds), evidence), found.kind)


def _strength(found: Proposal) -> tuple[float, int, int, str, str]:
    return -found.log_odds, found.left, found.right, found.rule, found.evidence
