"""The public entry: company records in, accounts with permanent ids out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order

from identity import tables
from identity.accounts import NAMED_DOMAIN, NONE, Accounts
from identity.collection import without_collection
from identity.evidence import RULES, Statistics
from identity.match import DIFFERENT, REVIEW, SAME, Decided, Matches, match_records, strongest_first
from identity.normalise import prepare
from identity.overrides import Decisions, read_decisions
from identity.persist import Assignment, Clusters, assign_account_ids
from identity.prepared import Prepared
from identity.rules import IdentityRules, Override
from identity.runs import Ints as Rows
from identity.runs import order_of, ranks_in_runs, run_sizes, run_starts, searched

_DIGITS: Final = 6
_FIRST_RECORD: Final = "first_record"


@dataclass(frozen=True)
class Resolution:
    """What one run found; tables as the warehouse holds them, each sorted by its key.

    Attributes
    ----------
    record_keys : one row per record: its keys and what is wrong with it
    members : one row per record: its account, and the record, rule and confidence (0 to 1) by which it is there.
        The first record of an account has the rule `first_record` and no matched record.
    candidates : pairs with a decision same (joined), review (ask a person) or different (equal keys that a fact contradicts);
        score is a probability, 0 to 1
    history : changes since the previous members; empty when nothing changed. Append it.
    aliases : all ids that stand for another one. Replace the table with it.
    set_aside : what was not compared, with the reason and how many records or names it concerns
    """

    record_keys: pa.Table
    members: pa.Table
    candidates: pa.Table
    history: pa.Table
    aliases: pa.Table
    set_aside: pa.Table


@dataclass(frozen=True)
class Outcome:
    """What was decided about records, before it is written into tables.

    Attributes
    ----------
    same : the joins; a forest over the rows
    candidates : the strongest pair of each two accounts that were not joined, strongest first
    is_review : (n,) whether a candidate is a question for a person; otherwise a fact keeps it apart
    """

    prepared: Prepared
    matches: Matches
    clusters: Clusters
    assignment: Assignment
    same: Decided
    candidates: Decided
    is_review: NDArray[np.bool_]


@without_collection
def resolve(
    records: pa.Table | pd.DataFrame,
    previous_members: pa.Table | pd.DataFrame | None,
    rules: IdentityRules,
    as_of_date: date,
    previous_aliases: pa.Table | pd.DataFrame | None = None,
    statistics: Statistics | None = None,
) -> Resolution:
    """Accounts of company records, under ids that stay.

    Parameters
    ----------
    records : columns of `identity.company_records`; only record_id is required
    previous_members : record_id, account_id, as_of_date of an earlier run, of records that are gone too; None at the first run.
        Of several rows for a record the latest counts.
    rules : thresholds, legal forms, domains, placeholders and what people decided
    as_of_date : day of new memberships, aliases and events
    previous_aliases : alias_account_id, account_id, as_of_date of an earlier run; without it, ids that were merged away before
        are forgotten
    statistics : what is rare, as an earlier run learned it; None learns it from these records

    Raises
    ------
    RuleError
        If decisions of people contradict each other.
    ValueError
        If record_id is missing or empty.

    Notes
    -----
    The order of rows does not matter, nor do repeated rows. The same records, rules and previous tables give the same tables
    and no history.
    """
    prepared = prepare(records, rules)
    decisions = read_decisions(rules.overrides, prepared.record_ids)
    before, since = read_members(previous_members)
    found = decide(prepared, rules, decisions, before, read_aliases(previous_aliases), as_of_date, statistics)
    set_aside = list(found.matches.set_aside)
    if prepared.duplicate_rows:
        set_aside.append(repeated_records(prepared.duplicate_rows))
    set_aside += [waiting_override(override) for override in decisions.unknown]
    asked, over_limit = best_candidates(candidate_pairs(found), int(rules["max_candidates_per_record"]))
    if over_limit:
        set_aside.append(candidates_over_limit(over_limit, int(rules["max_candidates_per_record"])))
    candidates = pa.concat_tables([asked, join_rows(found)])
    return Resolution(
        record_keys=record_keys(found),
        members=member_rows(found, before, since, as_of_date),
        candidates=candidates.take(
            pc.sort_indices(
                candidates,
                sort_keys=[
                    ("left_record_id", "ascending"),
                    ("right_record_id", "ascending"),
                    ("rule", "ascending"),
                    ("score", "descending"),
                ],
            )
        ).combine_chunks(),
        history=history_rows(found, as_of_date),
        aliases=alias_rows(found),
        set_aside=tables.build_set_aside(set_aside),
    )


def decide(
    prepared: Prepared,
    rules: IdentityRules,
    decisions: Decisions,
    before: Mapping[str, str],
    aliases: Mapping[str, tuple[str, date]],
    as_of_date: date,
    statistics: Statistics | None = None,
    alike: tuple[Rows, Rows] | None = None,
) -> Outcome:
    """Accounts of prepared records, and the pairs about which there is something to say.

    Parameters
    ----------
    before : account of each record in an earlier run, also of records that are gone
    aliases : alias -> (account_id, day)
    statistics : what is rare, as an earlier run learned it; None learns it from these records
    alike : pairs of names (places in `prepared.name_keys`) that are alike, where they are known; None looks for them
    """
    previous_accounts = [before.get(record_id) for record_id in prepared.record_ids] if before else []
    matches = match_records(prepared, rules, decisions, previous_accounts, statistics, alike)
    clusters = clusters_of(prepared, matches.accounts)
    assignment = assign_account_ids(clusters, before, aliases, as_of_date)
    asked, kept_apart = Decided.concatenate(matches.review), Decided.concatenate(matches.different)
    is_review = np.repeat([True, False], [len(asked), len(kept_apart)])
    both = Decided.concatenate([asked, kept_apart])
    order = _strongest_of_accounts(both, is_review, matches.accounts)
    same = Decided.concatenate(matches.same)
    return Outcome(prepared, matches, clusters, assignment, same, both.take(order), is_review[order])


def waiting_override(override: Override) -> tuple[str, str, int, str]:
    """What is set aside of a decision about a record that is not there."""
    text = f"line {override.row} of account_overrides.csv: {override.decision} waits for a record that is not there"
    return ("override_without_record", f"{override.left_record} {override.right_record}", 1, text)


def repeated_records(count: int) -> tuple[str, str, int, str]:
    """What is set aside of rows whose record_id stands on another row too."""
    return ("repeated_record_id", "", count, "one row per record_id was kept")


def candidates_over_limit(count: int, limit: int) -> tuple[str, str, int, str]:
    """What is set aside of candidates that nobody could read."""
    return ("candidate_over_limit", "", count, f"more than {limit} candidates for one account; the best were kept")


def clusters_of(prepared: Prepared, accounts: Accounts) -> Clusters:
    """Accounts numbered in the order of their first records: CRM records come first, then the oldest, then the smallest id."""
    order = np.lexsort((np.arange(len(prepared)), prepared.first_seen_date, ~prepared.is_crm, accounts.root))
    starts = run_starts(accounts.root[order])
    firsts = order[starts]
    by_first = np.argsort(firsts, kind="stable")
    rank = np.empty(len(firsts), np.int64)
    rank[by_first] = np.arange(len(firsts))
    cluster = np.empty(len(order), np.int64)
    cluster[order] = np.repeat(rank, run_sizes(starts, len(order)))
    return Clusters(prepared.record_ids, cluster, firsts[by_first], prepared.is_crm)


def read_members(members: pa.Table | pd.DataFrame | None) -> tuple[dict[str, str], dict[str, date]]:
    """Account of each record by its latest membership, and the day of that one."""
    if members is None or not len(members):
        return {}, {}
    table = members.to_pandas() if isinstance(members, pa.Table) else members
    days = _days(table["as_of_date"]) if "as_of_date" in table.columns else [date.min] * len(table)
    table = pd.DataFrame({"record_id": table["record_id"], "account_id": table["account_id"], "day": days})
    if table["record_id"].duplicated().any():
        table = table.sort_values(["record_id", "day", "account_id"], kind="stable").drop_duplicates(
            "record_id", keep="last"
        )
    ids = table["record_id"].tolist()
    return (
        dict(zip(ids, table["account_id"].tolist(), strict=True)),
        dict(zip(ids, table["day"].tolist(), strict=True)),
    )


def read_aliases(aliases: pa.Table | pd.DataFrame | None) -> dict[str, tuple[str, date]]:
    """Account that each alias stands for, and the day on which it became one."""
    if aliases is None or not len(aliases):
        return {}
    table = aliases.to_pandas() if isinstance(aliases, pa.Table) else aliases
    rows = zip(table["alias_account_id"], table["account_id"], _days(table["as_of_date"]), strict=True)
    return {alias: (account, day) for alias, account, day in rows}


def _days(values: pd.Series) -> list[date]:
    known: dict[object, date] = {}
    return [known[value] if value in known else known.setdefault(value, _to_date(value)) for value in values.tolist()]


def _to_date(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else pd.Timestamp(str(value)).date()


def member_rows(found: Outcome, before: Mapping[str, str], since: Mapping[str, date], as_of_date: date) -> pa.Table:
    """Rows of `account_members`: the account of each record, and why it is there."""
    prepared, same, clusters, assignment = found.prepared, found.same, found.clusters, found.assignment
    size = len(prepared)
    edge = links(size, same, clusters.firsts)
    is_first = edge < 0
    other = np.where(is_first, -1, 0)
    linked = np.flatnonzero(~is_first)
    other[linked] = np.where(same.right[edge[linked]] == linked, same.left[edge[linked]], same.right[edge[linked]])
    confidence = np.ones(size)
    confidence[linked] = np.round(same.probability[edge[linked]], _DIGITS)
    rules = np.full(size, len(RULES))
    rules[linked] = same.rule[edge[linked]]
    account_ids = pa.array(assignment.account_ids, pa.string()).take(pa.array(clusters.cluster))
    record_ids = pa.array(prepared.record_ids, pa.string())
    days = [as_of_date] * size
    if before:
        pairs = zip(prepared.record_ids, account_ids.to_pylist(), strict=True)
        days = [since[record] if before.get(record) == account else as_of_date for record, account in pairs]
    columns = [
        record_ids,
        account_ids,
        tables.coded(prepared.columns["source"]),
        pa.array([*RULES, _FIRST_RECORD], pa.string()).take(pa.array(rules)),
        record_ids.take(pa.array(np.maximum(other, 0), mask=other < 0)),
        pa.array(confidence),
        pa.array(days, pa.date32()),
    ]
    return pa.table(columns, schema=tables.ACCOUNT_MEMBERS)


def links(size: int, same: Decided, firsts: Rows) -> NDArray[np.int64]:
    """Return the join by which each row hangs on the first row of its account, -1 for that row; joins form a forest."""
    if not size:
        return np.zeros(0, np.int64)
    # One more node, tied to every first row, is where the walk through all accounts begins.
    left = np.r_[same.left, np.full(len(firsts), size)]
    right = np.r_[same.right, firsts]
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(size + 1, size + 1)).tocsr()
    _, towards = breadth_first_order(graph, size, directed=False)
    towards = towards[:size].astype(np.int64)
    keys = np.minimum(same.left, same.right) * size + np.maximum(same.left, same.right)
    order = order_of(keys)
    result = np.full(size, -1, np.int64)
    hanging = np.flatnonzero(towards != size)
    wanted = np.minimum(hanging, towards[hanging]) * size + np.maximum(hanging, towards[hanging])
    result[hanging] = order[searched(keys[order], wanted)]
    return result


def join_rows(found: Outcome) -> pa.Table:
    """Rows of `match_candidates` for the pairs that were joined."""
    return _pair_rows(found, found.same, pa.repeat(SAME, len(found.same)))


def candidate_pairs(found: Outcome) -> pa.Table:
    """Rows of `match_candidates` for pairs of accounts that were not joined, with the accounts and the exact probability."""
    pairs = found.candidates
    decisions = pa.array([DIFFERENT, REVIEW], pa.string()).take(pa.array(found.is_review.astype(np.int64)))
    accounts = pa.array(found.assignment.account_ids, pa.string())
    low, high = np.minimum(pairs.left, pairs.right), np.maximum(pairs.left, pairs.right)
    table = _pair_rows(found, pairs, decisions)
    for name, row in (("left_account_id", low), ("right_account_id", high)):
        table = table.append_column(name, accounts.take(pa.array(found.clusters.cluster[row])))
    return table.append_column("probability", pa.array(pairs.probability))


def best_candidates(pairs: pa.Table, limit: int) -> tuple[pa.Table, int]:
    """Rows of `match_candidates` for the best candidates of each account, and how many more there were.

    Parameters
    ----------
    pairs : as of `candidate_pairs`, in any order
    limit : pairs that are shown for one account; a pair is shown if it is among the best of both its accounts
    """
    table = pairs.select(tables.MATCH_CANDIDATES.names)
    left, right = _numbers(pairs["left_record_id"], pairs["right_record_id"])
    one, other = _numbers(pairs["left_account_id"], pairs["right_account_id"])
    rule = pc.index_in(pairs["rule"].combine_chunks(), value_set=pa.array(RULES, pa.string()))
    order = strongest_first(
        left,
        right,
        rule.to_numpy(zero_copy_only=False).astype(np.int8),
        pairs["probability"].to_numpy(),
        lambda at: pairs["evidence"].take(pa.array(at)).combine_chunks(),
    )
    kept = order[_are_best(one[order], other[order], limit)]
    return table.take(pa.array(kept)), len(order) - len(kept)


def _numbers(left: pa.ChunkedArray, right: pa.ChunkedArray) -> tuple[Rows, Rows]:
    """Two columns of texts as numbers in the order of the texts."""
    both = pa.chunked_array([*left.chunks, *right.chunks], pa.string()).combine_chunks()
    ranks = pc.rank(both, sort_keys="ascending", tiebreaker="dense") if len(both) else pa.array([], pa.uint64())
    numbers = ranks.to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers[: len(left)], numbers[len(left) :]


def _pair_rows(found: Outcome, pairs: Decided, decisions: pa.Array) -> pa.Table:
    low, high = np.minimum(pairs.left, pairs.right), np.maximum(pairs.left, pairs.right)
    record_ids = pa.array(found.prepared.record_ids, pa.string())
    return pa.table(
        [
            record_ids.take(pa.array(low)),
            record_ids.take(pa.array(high)),
            pa.array(RULES, pa.string()).take(pa.array(pairs.rule)),
            pa.array(np.round(pairs.probability, _DIGITS)),
            decisions,
            pairs.evidence,
        ],
        schema=tables.MATCH_CANDIDATES,
    )


def limit_candidates(
    pairs: Decided,
    is_review: NDArray[np.bool_],
    accounts: Accounts,
    limit: int,
    set_aside: list[tuple[str, str, int, str]],
) -> Rows:
    """Places of the best candidate of each pair of accounts that is among the best few of both its accounts."""
    order = _strongest_of_accounts(pairs, is_review, accounts)
    kept: Rows = order[_are_best(accounts.root[pairs.left[order]], accounts.root[pairs.right[order]], limit)]
    if len(kept) < len(order):
        set_aside.append(candidates_over_limit(len(order) - len(kept), limit))
    return kept


def _strongest_of_accounts(pairs: Decided, is_review: NDArray[np.bool_], accounts: Accounts) -> Rows:
    """Places of the strongest pair of each two accounts that nothing contradicts where it is a question; strongest first."""
    one, other = accounts.root[pairs.left], accounts.root[pairs.right]
    low, high = np.minimum(one, other), np.maximum(one, other)
    order = strongest_first(
        pairs.left, pairs.right, pairs.rule, pairs.probability, lambda at: pairs.evidence.take(pa.array(at))
    )
    order = order[low[order] != high[order]]
    if len(order):
        gone = np.zeros(len(pairs), dtype=bool)
        asked = np.flatnonzero(is_review)
        gone[asked] = accounts.contradictions(low[asked], high[asked], NAMED_DOMAIN) != NONE
        order = order[~gone[order]]
    _, first = np.unique(low[order] * len(accounts.root) + high[order], return_index=True)
    strongest: Rows = order[np.sort(first)]
    return strongest


def _are_best(one: Rows, other: Rows, limit: int) -> NDArray[np.bool_]:
    """Whether each pair, strongest first, is among the best few of both its accounts."""
    place = np.r_[np.arange(len(one)), np.arange(len(one))]
    account = np.r_[one, other]
    by_account = np.lexsort((place, account))
    rank = np.empty(len(account), np.int64)
    rank[by_account] = ranks_in_runs(run_sizes(run_starts(account[by_account]), len(account)))
    best: NDArray[np.bool_] = np.maximum(rank[: len(one)], rank[len(one) :]) < limit
    return best


def record_keys(found: Outcome) -> pa.Table:
    """Rows of `record_keys`: what each record was compared by."""
    prepared, matches = found.prepared, found.matches
    kinds = tables.coded(prepared.columns["domain_kind"]).to_numpy(zero_copy_only=False)
    shared = np.isin(prepared.columns["domain"].codes, np.array(sorted(matches.shared_domains), np.int64))
    keys = pa.array(prepared.name_keys, pa.string())
    columns = {
        "record_id": pa.array(prepared.record_ids, pa.string()),
        "name_key": keys.take(pa.array(np.maximum(prepared.main_name, 0), mask=prepared.main_name < 0)),
        "registrable_domain": tables.coded(prepared.columns["domain"]),
        "domain_kind": pa.array(np.where(shared & (kinds == "company"), "shared", kinds), pa.string()),
    }
    for name in tables.RECORD_KEYS.names:
        if name not in columns:
            columns[name] = tables.coded(prepared.columns[name])
    return pa.table([columns[name] for name in tables.RECORD_KEYS.names], schema=tables.RECORD_KEYS)


def alias_rows(found: Outcome) -> pa.Table:
    """Rows of `account_aliases`: every id that stands for another one."""
    aliases = found.assignment.aliases
    names = sorted(aliases)
    return tables.build(
        tables.ACCOUNT_ALIASES,
        {
            "alias_account_id": names,
            "account_id": [aliases[alias][0] for alias in names],
            "as_of_date": [aliases[alias][1] for alias in names],
        },
    )


def history_rows(found: Outcome, as_of_date: date) -> pa.Table:
    """Rows of `account_id_history` for what changed."""
    events = found.assignment.events
    event, account_id, other_account_id, record_id, note = zip(*events, strict=True) if events else [()] * 5
    table = tables.build(
        tables.ACCOUNT_ID_HISTORY,
        {
            "event_id": [event.event_id(as_of_date) for event in events],
            "as_of_date": [as_of_date] * len(events),
            "event": event,
            "account_id": account_id,
            "other_account_id": other_account_id,
            "record_id": record_id,
            "note": note,
        },
    )
    return table.sort_by("event_id").combine_chunks()
