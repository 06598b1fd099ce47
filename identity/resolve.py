"""The public entry: company records in, accounts with permanent ids out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd
import pyarrow as pa

from identity import tables
from identity.cluster import NAMED_DOMAIN, Edge
from identity.match import Candidate, Matches, match_records
from identity.normalise import Prepared, prepare
from identity.overrides import read_decisions
from identity.persist import Assignment, assign_account_ids
from identity.rules import IdentityRules


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


def resolve(
    records: pa.Table | pd.DataFrame,
    previous_members: pa.Table | pd.DataFrame | None,
    rules: IdentityRules,
    as_of_date: date,
    previous_aliases: pa.Table | pd.DataFrame | None = None,
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
    decisions = read_decisions(rules.overrides, prepared.records["record_id"])
    before, since = _read_members(previous_members)
    previous_accounts = [before.get(record_id) for record_id in prepared.records["record_id"]]
    matches = match_records(prepared, rules, decisions, previous_accounts)
    clusters = _ordered_clusters(prepared, matches)
    record_ids = prepared.records["record_id"].tolist()
    sources = prepared.records["source"].tolist()
    assignment = assign_account_ids(
        [[record_ids[row] for row in rows] for rows in clusters],
        before,
        _read_aliases(previous_aliases),
        {record_id: source == "salesforce" for record_id, source in zip(record_ids, sources, strict=True)},
        as_of_date,
    )
    set_aside = list(matches.set_aside)
    if prepared.duplicate_rows:
        set_aside.append(("repeated_record_id", "", prepared.duplicate_rows, "one row per record_id was kept"))
    for override in decisions.unknown:
        text = f"line {override.row} of account_overrides.csv: {override.decision} waits for a record that is not there"
        set_aside.append(("override_without_record", f"{override.left_record} {override.right_record}", 1, text))
    candidates = _limit_candidates(matches, rules, set_aside)
    return Resolution(
        record_keys=_record_keys(prepared, matches),
        members=_members(prepared, matches, clusters, assignment, before, since, as_of_date),
        candidates=_candidates(candidates, matches, record_ids),
        history=_history(assignment, as_of_date),
        aliases=tables.build(
            tables.ACCOUNT_ALIASES,
            {
                "alias_account_id": sorted(assignment.aliases),
                "account_id": [assignment.aliases[alias][0] for alias in sorted(assignment.aliases)],
                "as_of_date": [assignment.aliases[alias][1] for alias in sorted(assignment.aliases)],
            },
        ),
        set_aside=_set_aside(set_aside),
    )


def _read_members(members: pa.Table | pd.DataFrame | None) -> tuple[dict[str, str], dict[str, date]]:
    if members is None or not len(members):
        return {}, {}
    table = members.to_pandas() if isinstance(members, pa.Table) else members
    if "as_of_date" in table.columns:
        table = table.assign(as_of_date=table["as_of_date"].map(_to_date))
    else:
        table = table.assign(as_of_date=date.min)
    table = table.sort_values(["record_id", "as_of_date", "account_id"], kind="stable").drop_duplicates(
        "record_id", keep="last"
    )
    ids = table["record_id"].tolist()
    return dict(zip(ids, table["account_id"].tolist(), strict=True)), dict(
        zip(ids, table["as_of_date"].tolist(), strict=True)
    )


def _read_aliases(aliases: pa.Table | pd.DataFrame | None) -> dict[str, tuple[str, date]]:
    if aliases is None or not len(aliases):
        return {}
    table = aliases.to_pandas() if isinstance(aliases, pa.Table) else aliases
    rows = zip(table["alias_account_id"], table["account_id"], table["as_of_date"], strict=True)
    return {alias: (account, _to_date(day)) for alias, account, day in rows}


def _to_date(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else pd.Timestamp(str(value)).date()


def _ordered_clusters(prepared: Prepared, matches: Matches) -> list[list[int]]:
    """Rows of each account, its first record first; accounts in the order of their first records' ids."""
    records = prepared.records
    order = records.sort_values(["source_order", "first_seen_date", "record_id"], kind="stable").index
    clusters: dict[int, list[int]] = defaultdict(list)
    for row in order:
        clusters[matches.clusters.find(row)].append(row)
    return sorted(clusters.values(), key=lambda rows: rows[0])


def _members(
    prepared: Prepared,
    matches: Matches,
    clusters: list[list[int]],
    assignment: Assignment,
    before: dict[str, str],
    since: dict[str, date],
    as_of_date: date,
) -> pa.Table:
    record_ids, sources = prepared.records["record_id"].tolist(), prepared.records["source"].tolist()
    links = _links(clusters, matches.clusters.edges)
    account_of = {row: assignment.account_ids[at] for at, rows in enumerate(clusters) for row in rows}
    columns: dict[str, list[object]] = {name: [] for name in tables.ACCOUNT_MEMBERS.names}
    for row, record_id in enumerate(record_ids):
        edge = links.get(row)
        account_id = account_of[row]
        columns["record_id"].append(record_id)
        columns["account_id"].append(account_id)
        columns["source"].append(sources[row])
        columns["match_rule"].append(edge.rule if edge else "first_record")
        columns["matched_record_id"].append(
            record_ids[edge.left if edge.right == row else edge.right] if edge else None
        )
        columns["confidence"].append(round(edge.probability, 6) if edge else 1.0)
        columns["as_of_date"].append(since[record_id] if before.get(record_id) == account_id else as_of_date)
    return tables.build(tables.ACCOUNT_MEMBERS, columns)


def _links(clusters: list[list[int]], edges: list[Edge]) -> dict[int, Edge]:
    """Return the join by which each row hangs on the first row of its account; joins form a tree, so there is one way."""
    neighbours: dict[int, list[tuple[int, Edge]]] = defaultdict(list)
    for edge in edges:
        neighbours[edge.left].append((edge.right, edge))
        neighbours[edge.right].append((edge.left, edge))
    links: dict[int, Edge] = {}
    for rows in clusters:
        seen, queue = {rows[0]}, [rows[0]]
        while queue:
            for other, edge in neighbours.get(queue.pop(), ()):
                if other not in seen:
                    seen.add(other)
                    links[other] = edge
                    queue.append(other)
    return links


def _limit_candidates(
    matches: Matches, rules: IdentityRules, set_aside: list[tuple[str, str, int, str]]
) -> list[Candidate]:
    """Best candidates of each pair of accounts, and at most a few for each record."""
    limit = int(rules["max_candidates_per_record"])
    find = matches.clusters.find
    kept: list[Candidate] = []
    pairs: set[tuple[int, int]] = set()
    per_row: dict[int, int] = defaultdict(int)
    dropped = 0
    for candidate in sorted(matches.candidates, key=lambda c: (-c.probability, c.left, c.right, c.rule, c.evidence)):
        one, other = sorted((find(candidate.left), find(candidate.right)))
        if one == other or (one, other) in pairs:
            continue
        if candidate.decision == "review" and matches.clusters.contradiction(one, other, NAMED_DOMAIN):
            continue
        if per_row[one] >= limit or per_row[other] >= limit:
            dropped += 1
            continue
        pairs.add((one, other))
        per_row[one] += 1
        per_row[other] += 1
        kept.append(candidate)
    if dropped:
        set_aside.append(
            ("candidate_over_limit", "", dropped, f"more than {limit} candidates for one account; the best were kept")
        )
    return kept


def _candidates(candidates: list[Candidate], matches: Matches, record_ids: list[str]) -> pa.Table:
    rows = [(c.left, c.right, c.rule, c.probability, c.decision, c.evidence) for c in candidates]
    rows += [(e.left, e.right, e.rule, e.probability, "same", e.evidence) for e in matches.clusters.edges]
    texts = sorted(
        (*sorted((record_ids[left], record_ids[right])), rule, round(score, 6), decision, evidence)
        for left, right, rule, score, decision, evidence in rows
    )
    columns = list(zip(*texts, strict=True)) or [()] * len(tables.MATCH_CANDIDATES.names)
    return tables.build(tables.MATCH_CANDIDATES, dict(zip(tables.MATCH_CANDIDATES.names, columns, strict=True)))


def _record_keys(prepared: Prepared, matches: Matches) -> pa.Table:
    frame = prepared.records[tables.RECORD_KEYS.names].copy()
    shared = (frame["domain_kind"] == "company") & frame["registrable_domain"].isin(matches.shared_domains)
    frame.loc[shared, "domain_kind"] = "shared"
    return tables.build(tables.RECORD_KEYS, {name: frame[name].tolist() for name in frame.columns})


def _history(assignment: Assignment, as_of_date: date) -> pa.Table:
    events = sorted(assignment.events, key=lambda event: event.event_id(as_of_date))
    return tables.build(
        tables.ACCOUNT_ID_HISTORY,
        {
            "event_id": [event.event_id(as_of_date) for event in events],
            "as_of_date": [as_of_date] * len(events),
            "event": [event.event for event in events],
            "account_id": [event.account_id for event in events],
            "other_account_id": [event.other_account_id for event in events],
            "record_id": [event.record_id for event in events],
            "note": [event.note for event in events],
        },
    )


def _set_aside(rows: list[tuple[str, str, int, str]]) -> pa.Table:
    columns = list(zip(*sorted(rows), strict=True)) or [()] * len(tables.SET_ASIDE.names)
    return tables.build(tables.SET_ASIDE, dict(zip(tables.SET_ASIDE.names, columns, strict=True)))
