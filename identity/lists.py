"""名寄せ of any list of companies: find duplicates in one list, or link it to another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from identity import tables
from identity.collection import without_collection
from identity.list_evidence import ListColumns
from identity.list_matches import match_list
from identity.match import Decided, Matches
from identity.normalise import Coded, Prepared, encode_texts, prepare
from identity.overrides import read_decisions
from identity.persist import Assignment, assign_account_ids
from identity.resolve import clusters_of, limit_candidates, links, read_members, repeated_records
from identity.rules import IdentityRules
from identity.runs import Ints

_SAME, _REVIEW, _DIFFERENT = range(3)
_DECISIONS: Final = ("same", "review", "different")
_DIGITS: Final = 6


@dataclass(frozen=True)
class ListResolution:
    """What was found in a list.

    Attributes
    ----------
    records : one row per record of the list, in the order of record_id: account_id, cluster (the first record of its account),
        decision (same: one account with another record; review: a person should look; different: neither), probability of that
        decision (0 to 1), matched_record_id, evidence, and what is wrong with the record
    review : pairs to decide, best first, in the columns of `seeds/rules/account_overrides.csv`
    set_aside : what was not compared, with the reason and how many records or names it concerns
    threshold : probability from which on two records were joined
    """

    records: pa.Table
    review: pa.Table
    set_aside: pa.Table
    threshold: float


@without_collection
def resolve_list(
    records: pa.Table | pd.DataFrame,
    rules: IdentityRules,
    as_of_date: date,
    against: pa.Table | pd.DataFrame | None = None,
    precision: float | None = None,
    also: Sequence[str] = (),
    previous: pa.Table | pd.DataFrame | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> ListResolution:
    """Accounts of a list of companies of which nothing else is known.

    Parameters
    ----------
    records : record_id, and at least one of company_name, domain, corporate_number, lei, duns; further columns as in
        `identity.company_records`, and email
    against : a list that the records are linked to, with the same columns; None to find duplicates within the records.
        Each of its accounts may have an account_id of its own.
    precision : share of the joins that is expected to be right; None takes `list_precision_target` of the rules
    also : names of further columns whose equal values speak for one company
    previous : record_id and account_id of an earlier answer, which keep their ids
    say : is told what is being done

    Raises
    ------
    RuleError
        If decisions of people contradict each other.
    ValueError
        If record_id is missing or empty, or stands in both lists, or a column of `also` is missing.
    """
    target = rules["list_precision_target"] if precision is None else precision
    table, is_against_id = _both(records, against)
    say(f"normalise {len(table):,} records")
    prepared = prepare(table, rules)
    columns = _list_columns(table, prepared, also)
    is_against = (
        np.array([record in is_against_id for record in prepared.record_ids], dtype=bool)
        if against is not None
        else None
    )
    decisions = read_decisions(rules.overrides, prepared.record_ids)
    say(f"compare {len(prepared.name_keys):,} names")
    matches, threshold = match_list(prepared, rules, decisions, columns, target, is_against)
    say("name the accounts")
    set_aside = list(matches.set_aside)
    if prepared.duplicate_rows:
        set_aside.append(repeated_records(prepared.duplicate_rows))
    found = clusters_of(prepared, matches.accounts)
    before, _ = read_members(previous)
    before = _given_ids(against) | before
    assignment = assign_account_ids(found, before, {}, as_of_date, with_events=False)
    same = Decided.concatenate(matches.same)
    asked = Decided.concatenate([*matches.review, *matches.different])
    limit = int(rules["max_candidates_per_record"])
    is_review = np.arange(len(asked)) < sum(len(part) for part in matches.review)
    kept = limit_candidates(asked, is_review, matches.accounts, limit, set_aside)
    review = asked.take(kept[is_review[kept]])
    return ListResolution(
        _records(prepared, matches, same, review, found.cluster, found.firsts, assignment, is_against),
        _review_rows(prepared, review, as_of_date),
        tables.build_set_aside(set_aside),
        threshold,
    )


def _both(records: pa.Table | pd.DataFrame, against: pa.Table | pd.DataFrame | None) -> tuple[pa.Table, frozenset[str]]:
    """One table of both lists; the ids of the second."""
    one = (
        records if isinstance(records, pa.Table) else pa.Table.from_pandas(records.astype(object), preserve_index=False)
    )
    if against is None:
        return one, frozenset()
    other = (
        against if isinstance(against, pa.Table) else pa.Table.from_pandas(against.astype(object), preserve_index=False)
    )
    ids = frozenset(map(str, other["record_id"].to_pylist())) if "record_id" in other.column_names else frozenset()
    twice = sorted(ids & set(map(str, one["record_id"].to_pylist() if "record_id" in one.column_names else [])))
    if twice:
        raise ValueError(
            f"record_id {twice[0]!r} stands in both lists ({len(twice)} do).\n"
            "A record of one list needs another id than those of the other; put a word in front of them."
        )
    as_text = [table.cast(pa.schema([(name, pa.string()) for name in table.column_names])) for table in (one, other)]
    return pa.concat_tables(as_text, promote_options="default"), ids


def _list_columns(table: pa.Table, prepared: Prepared, also: Sequence[str]) -> ListColumns:
    missing = [name for name in also if name not in table.column_names]
    if missing:
        raise ValueError(f"no column {missing[0]}; the list has {', '.join(table.column_names)}.")
    order = _order(table, prepared) if also or "email" in table.column_names else np.zeros(0, np.int64)

    def column(name: str) -> Coded:
        return encode_texts(
            [str(value or "").strip().casefold() for value in table[name].take(pa.array(order)).to_pylist()]
        )

    email = column("email") if "email" in table.column_names else None
    return ListColumns(email, {name: column(name) for name in also})


def _order(table: pa.Table, prepared: Prepared) -> Ints:
    """Place in the table of each prepared record."""
    places = {str(record): at for at, record in reversed(list(enumerate(table["record_id"].to_pylist())))}
    return np.array([places[record] for record in prepared.record_ids], dtype=np.int64)


def _given_ids(against: pa.Table | pd.DataFrame | None) -> dict[str, str]:
    if against is None:
        return {}
    table = against if isinstance(against, pa.Table) else pa.Table.from_pandas(against, preserve_index=False)
    if "account_id" not in table.column_names:
        return {}
    pairs = zip(table["record_id"].to_pylist(), table["account_id"].to_pylist(), strict=True)
    return {str(record): str(account) for record, account in pairs if account}


def _records(
    prepared: Prepared,
    matches: Matches,
    same: Decided,
    review: Decided,
    cluster: Ints,
    firsts: Ints,
    assignment: Assignment,
    is_against: np.ndarray | None,
) -> pa.Table:
    size = len(prepared)
    edge = links(size, same, firsts)
    other, chance = np.full(size, -1, np.int64), np.zeros(size)
    evidence = pa.array([None] * size, pa.string())
    linked = np.flatnonzero(edge >= 0)
    other[linked] = np.where(same.right[edge[linked]] == linked, same.left[edge[linked]], same.right[edge[linked]])
    chance[linked] = same.probability[edge[linked]]
    # The first record of an account is in it by its surest link.
    surest = _surest(size, same)
    heads = np.flatnonzero((edge < 0) & (surest >= 0))
    other[heads] = np.where(same.right[surest[heads]] == heads, same.left[surest[heads]], same.right[surest[heads]])
    chance[heads] = same.probability[surest[heads]]
    place = np.where(edge >= 0, edge, surest)
    texts = same.evidence.take(pa.array(np.maximum(place, 0), mask=place < 0)) if len(same) else evidence

    decision = np.where(other >= 0, _SAME, _DIFFERENT)
    asked = _surest_of_accounts(matches, review)
    best = asked[matches.accounts.root] if len(review) else np.full(size, -1, np.int64)
    is_asked = (decision == _DIFFERENT) & (best >= 0)
    decision[is_asked] = _REVIEW
    partner_of = _partner(matches, review, best, np.arange(size))
    other[is_asked] = partner_of[is_asked]
    chance[is_asked] = review.probability[best[is_asked]]
    chance[decision == _DIFFERENT] = 1.0
    if len(review):
        asked_texts = review.evidence.take(pa.array(np.maximum(best, 0), mask=best < 0))
        texts = pc.if_else(pa.array(is_asked), asked_texts, texts)
    ids = pa.array(prepared.record_ids, pa.string())
    table = pa.table(
        {
            "record_id": ids,
            "account_id": pa.array(assignment.account_ids, pa.string()).take(pa.array(cluster)),
            "cluster": ids.take(pa.array(firsts[cluster])),
            "decision": pa.array(_DECISIONS, pa.string()).take(pa.array(decision)),
            "probability": pa.array(np.round(chance, _DIGITS)),
            "matched_record_id": ids.take(pa.array(np.maximum(other, 0), mask=other < 0)),
            "evidence": texts,
            "issues": tables.coded(prepared.columns["issues"]),
        }
    )
    return table if is_against is None else table.filter(pa.array(~is_against))


def _surest(size: int, pairs: Decided) -> Ints:
    """Place of the surest pair of each row, -1 if it is in none."""
    surest_first = np.argsort(-pairs.probability, kind="stable")
    result = np.full(size, -1, np.int64)
    # Of several pairs of a row the last one put there stays, so the surest comes last.
    rows = np.stack((pairs.left[surest_first], pairs.right[surest_first]), axis=1).ravel()
    result[rows[::-1]] = np.repeat(surest_first, 2)[::-1]
    return result


def _surest_of_accounts(matches: Matches, pairs: Decided) -> Ints:
    """Place of the surest pair of each account, by its root, -1 if it is in none."""
    root = matches.accounts.root
    moved = Decided(root[pairs.left], root[pairs.right], pairs.rule, pairs.probability, pairs.evidence)
    return _surest(len(root), moved)


def _partner(matches: Matches, pairs: Decided, best: Ints, rows: Ints) -> Ints:
    """Record on the other side of the best pair of each row's account."""
    if not len(pairs):
        return np.full(len(rows), -1, np.int64)
    root = matches.accounts.root
    at = np.maximum(best, 0)
    return np.where(root[pairs.left[at]] == root[rows], pairs.right[at], pairs.left[at])


def _review_rows(prepared: Prepared, review: Decided, as_of_date: date) -> pa.Table:
    order = np.lexsort((review.right, review.left, -review.probability))
    shown = review.take(order)
    return review_rows(
        [prepared.record_ids[row] for row in shown.left.tolist()],
        [prepared.record_ids[row] for row in shown.right.tolist()],
        shown.probability.tolist(),
        shown.evidence.to_pylist(),
        as_of_date,
    )


def review_rows(
    left: Sequence[str], right: Sequence[str], probability: Sequence[float], evidence: Sequence[str], as_of_date: date
) -> pa.Table:
    """Pairs in the columns of `seeds/rules/account_overrides.csv`; a person puts same, different or parent into `decision`."""
    notes = [f"{chance:.3f} {text}" for chance, text in zip(probability, evidence, strict=True)]
    return pa.table(
        {
            "decision": pa.array(["" for _ in left], pa.string()),
            "left_record": pa.array(left, pa.string()),
            "right_record": pa.array(right, pa.string()),
            "decided_by": pa.array(["" for _ in left], pa.string()),
            "decided_on": pa.array([as_of_date.isoformat() for _ in left], pa.string()),
            "note": pa.array(notes, pa.string()),
        }
    )


def counts(resolution: ListResolution) -> Mapping[str, int]:
    """Records, accounts, and records by decision."""
    decisions = resolution.records["decision"].to_pylist()
    return {
        "records": len(decisions),
        "accounts": len(resolution.records["account_id"].unique()),
        **{decision: decisions.count(decision) for decision in _DECISIONS},
    }
