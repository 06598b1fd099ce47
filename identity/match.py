"""The matching policy: what merges by itself, what a person is asked, what is set aside.

Identifiers first, then company domains, then rare names, then names that are merely alike, which never merge by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity.accounts import DECIDED, IDENTIFIER, NAMED_DOMAIN, NONE, REASONS, Accounts
from identity.domain_matches import DomainNames, propose_named
from identity.evidence import RULE_CODE, Evidence, Places, Proposals, Statistics, probability
from identity.name_matches import NameMatches, compare_alike, find_alike
from identity.overrides import Decisions
from identity.prepared import Prepared
from identity.rarity import Floats
from identity.region import ComparedNames
from identity.rules import IdentityRules
from identity.runs import Ints as Rows
from identity.runs import is_first

SAME, REVIEW, DIFFERENT = "same", "review", "different"
# Equal valid identifiers are wrong only where somebody typed another company's number.
_IDENTIFIER_PROBABILITY: Final = {"corporate_number": 0.999, "lei": 0.999, "duns": 0.995}


@dataclass(frozen=True)
class Decided:
    """Pairs of rows with what was decided about them: joined, a question for a person, or equal keys that a fact contradicts."""

    left: Rows
    right: Rows
    rule: NDArray[np.int8]
    probability: Floats
    evidence: pa.Array

    @classmethod
    def concatenate(cls, parts: Sequence[Decided]) -> Decided:
        """All pairs of several tables, in order."""
        if not parts:
            none = np.zeros(0, np.int64)
            return cls(none, none, none.astype(np.int8), none.astype(np.float64), pa.array([], pa.string()))
        return cls(
            np.concatenate([part.left for part in parts]),
            np.concatenate([part.right for part in parts]),
            np.concatenate([part.rule for part in parts]),
            np.concatenate([part.probability for part in parts]),
            pa.concat_arrays([part.evidence for part in parts]),
        )

    def take(self, at: Places) -> Decided:
        """Return the pairs at the places given."""
        return Decided(
            self.left[at], self.right[at], self.rule[at], self.probability[at], self.evidence.take(pa.array(at))
        )

    def __len__(self) -> int:
        return len(self.left)


@dataclass
class Matches:
    """What the policy made of the records.

    Attributes
    ----------
    accounts : the records' accounts
    evidence : what was known about what is rare
    same : the joins that made them; a forest over the rows
    review, different : pairs that were not joined, more than a person can read
    shared_domains : codes of company domains that several companies use
    set_aside : reason, key, size, note
    compared_names : names for which alike ones were looked for, None if none were
    """

    accounts: Accounts
    evidence: Evidence
    same: list[Decided] = field(default_factory=list)
    review: list[Decided] = field(default_factory=list)
    different: list[Decided] = field(default_factory=list)
    shared_domains: set[int] = field(default_factory=set)
    set_aside: list[tuple[str, str, int, str]] = field(default_factory=list)
    compared_names: ComparedNames | None = None


def match_records(
    prepared: Prepared,
    rules: IdentityRules,
    decisions: Decisions,
    previous_accounts: Sequence[str | None],
    statistics: Statistics | None = None,
    alike: tuple[Rows, Rows] | None = None,
) -> Matches:
    """Accounts of the records by the policy; the same whatever the order in which the records came.

    Parameters
    ----------
    previous_accounts : account of each row before, None if it had none; empty at the first run. Two rows that were together
        stay together on a little less evidence, so that one new record does not move old ones by shifting what is rare.
    statistics : what is rare, as an earlier run learned it; None learns it from these records
    alike : pairs of names (places in `prepared.name_keys`) that are alike, where they are known; None looks for them
    """
    evidence = Evidence(prepared, rules, statistics)
    matches = Matches(Accounts(prepared, decisions.different), evidence)
    with ThreadPoolExecutor(max_workers=1) as beside:
        # Sorting and comparing leave the interpreter free, so the other core can do it meanwhile.
        names = (
            beside.submit(find_alike, prepared, evidence)
            if alike is None
            else beside.submit(compare_alike, prepared, evidence, *alike)
        )
        undecided = _match_surely(prepared, rules, decisions, matches)
        similar = NameMatches(prepared, matches.accounts, evidence)
        apply_proposals(similar.propose_similar(names.result()), matches, rules, may_join=False)
        matches.compared_names = names.result().compared
    matches.set_aside.extend(similar.set_aside)
    _keep_together(matches, rules, previous_accounts, undecided)
    return matches


def _match_surely(
    prepared: Prepared, rules: IdentityRules, decisions: Decisions, matches: Matches
) -> list[tuple[Proposals, Places]]:
    """Join by decisions, identifiers, domains and equal names; the proposals that further evidence may still join."""
    evidence = matches.evidence
    join_decided(matches, decisions)
    join_identifiers(prepared, matches)
    apply_proposals(propose_named(prepared, matches.accounts, evidence), matches, rules)

    domain_names = DomainNames(prepared, matches.accounts, evidence)
    matches.shared_domains.update(domain_names.shared)
    for code, size in domain_names.large:
        note = "so many names use this domain that only records with an equal name on it were joined"
        domain = prepared.columns["domain"].values[code]
        matches.set_aside.append(("domain_with_many_names", domain, int(size), note))
    undecided = [apply_proposals(domain_names.propose(), matches, rules)]

    name_matches = NameMatches(prepared, matches.accounts, evidence)
    undecided.append(apply_proposals(name_matches.propose_equal(), matches, rules))
    matches.set_aside.extend(name_matches.set_aside)
    return undecided


def join_decided(matches: Matches, decisions: Decisions) -> None:
    """Join what a person decided to be one; the joins are added to `matches.same`."""
    pairs = np.array(decisions.same, np.int64).reshape(-1, 2)
    edges, _ = matches.accounts.join(pairs[:, 0], pairs[:, 1], np.full(len(pairs), DECIDED, np.int8))
    words = pa.repeat("a person decided that they are one", len(edges))
    rule = np.full(len(edges), RULE_CODE["override_same"], np.int8)
    matches.same.append(Decided(pairs[edges, 0], pairs[edges, 1], rule, np.ones(len(edges)), words))


def join_identifiers(prepared: Prepared, matches: Matches) -> None:
    """Join the records with equal identifiers; joins and contradicted pairs are added to `matches`."""
    for name, certainty in _IDENTIFIER_PROBABILITY.items():
        column = prepared.columns[name]
        rows = np.flatnonzero(column.codes >= 0)
        rows = rows[np.argsort(column.codes[rows], kind="stable")]
        codes = column.codes[rows]
        _, first, place = np.unique(codes, return_index=True, return_inverse=True)
        is_pair = first[place] != np.arange(len(rows))
        left, right = rows[first][place][is_pair], rows[is_pair]
        edges, refused = matches.accounts.join(left, right, np.full(len(left), IDENTIFIER, np.int8))
        values = pa.array(column.values, pa.string()).take(pa.array(codes[is_pair]))
        words = pc.binary_join_element_wise(f"equal {name}", values, " ")
        found = Decided(left, right, np.full(len(left), RULE_CODE[name], np.int8), np.full(len(left), certainty), words)
        matches.same.append(found.take(edges))
        matches.different.append(_with_reasons(found, refused))


def _with_reasons(found: Decided, refused: NDArray[np.int8]) -> Decided:
    at = np.flatnonzero(refused != NONE)
    reasons = pa.array([REASONS[code] for code in refused[at].tolist()], pa.string())
    taken = found.take(at)
    evidence = pc.binary_join_element_wise(taken.evidence, reasons, "; ")
    return Decided(taken.left, taken.right, taken.rule, taken.probability, evidence)


def apply_proposals(
    proposals: Proposals, matches: Matches, rules: IdentityRules, may_join: bool = True
) -> tuple[Proposals, Places]:
    """Join what the rules call the same, from the strongest to the weakest; ask about the rest, whose places are returned."""
    accounts = matches.accounts
    log_odds = proposals.log_odds
    chance = probability(log_odds)
    order = strongest_first(proposals.left, proposals.right, proposals.rule, log_odds, proposals.evidence)
    order = order[chance[order] >= rules["review_probability"]]
    is_sure = chance[order] >= rules["same_probability"] if may_join else np.zeros(len(order), dtype=bool)
    sure, unsure = order[is_sure], order[~is_sure]
    edges, refused = accounts.join(proposals.left[sure], proposals.right[sure], proposals.kind[sure])
    matches.same.append(_decided(proposals, chance, sure[edges]))
    stopped = np.flatnonzero(refused != NONE)
    if len(stopped):
        at = sure[stopped]
        found = _with_reasons(_decided(proposals, chance, at), refused[stopped])
        apart = accounts.contradictions(found.left, found.right, NAMED_DOMAIN) != NONE
        matches.different.append(found.take(np.flatnonzero(apart)))
        matches.review.append(found.take(np.flatnonzero(~apart)))
    left, right = proposals.left[unsure], proposals.right[unsure]
    asked = accounts.root[left] != accounts.root[right]
    asked[asked] = accounts.contradictions(left[asked], right[asked], NAMED_DOMAIN) == NONE
    at = unsure[asked]
    # What may not join is never shown as surer than what joins.
    matches.review.append(_decided(proposals, np.minimum(chance, rules["same_probability"]), at))
    return proposals, at


def strongest_first(
    left: Rows, right: Rows, rule: NDArray[np.int8], strength: Floats, evidence: Callable[[Places], pa.Array]
) -> Rows:
    """Order of pairs from the strongest to the weakest, then by rows, rule and evidence.

    It does not depend on the order or the number of the pairs: a run over some of the records orders theirs in the same way.
    """
    low, high = np.minimum(left, right), np.maximum(left, right)
    order = np.lexsort((rule, high, low, -strength))
    keys = [values[order] for values in (strength, low, high, rule)]
    first = is_first(*keys)
    if first.all():
        return order
    # Two rows may meet twice, on two domains or under two names.
    tied = ~first | np.append(~first[1:], False)
    at = order[tied]
    texts = evidence(at).to_pylist()
    groups = np.cumsum(first)[tied].tolist()
    order[tied] = at[sorted(range(len(at)), key=lambda place: (groups[place], texts[place]))]
    return order


def _decided(proposals: Proposals, chance: Floats, at: Places) -> Decided:
    left, right = proposals.left[at], proposals.right[at]
    return Decided(
        np.minimum(left, right), np.maximum(left, right), proposals.rule[at], chance[at], proposals.evidence(at)
    )


def _keep_together(
    matches: Matches,
    rules: IdentityRules,
    previous_accounts: Sequence[str | None],
    undecided: Sequence[tuple[Proposals, Places]],
) -> None:
    """Join rows that were one account before where the evidence has become only a little weaker.

    So one new record does not move old ones by shifting what is rare. This comes last: records that are joined without it are
    joined for their own reasons, and a rerun finds the same reasons.
    """
    known: dict[str, int] = {}
    before = np.array(
        [-1 if account is None else known.setdefault(account, len(known)) for account in previous_accounts], np.int64
    )
    if not known:
        return
    found = []
    for proposals, at in undecided:
        left, right, log_odds = proposals.left[at], proposals.right[at], proposals.log_odds[at]
        stays = probability(log_odds + rules["already_together"]) >= rules["same_probability"]
        stays &= (before[left] >= 0) & (before[left] == before[right])
        kept = at[stays]
        found.append(
            (_decided(proposals, probability(proposals.log_odds), kept), proposals.kind[kept], log_odds[stays])
        )
    pairs = Decided.concatenate([pairs for pairs, _, _ in found])
    kind = np.concatenate([kinds for _, kinds, _ in found])
    log_odds = np.concatenate([odds for _, _, odds in found])
    order = strongest_first(pairs.left, pairs.right, pairs.rule, log_odds, lambda at: pairs.evidence.take(pa.array(at)))
    pairs = pairs.take(order)
    edges, _ = matches.accounts.join(pairs.left, pairs.right, kind[order])
    joined = pairs.take(edges)
    note = f"; one account before {rules['already_together']:+.1f}"
    evidence = pc.binary_join_element_wise(joined.evidence, note, "")
    matches.same.append(Decided(joined.left, joined.right, joined.rule, joined.probability, evidence))
