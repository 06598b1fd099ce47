"""Account ids that never move: accounts of today are matched to the accounts of before.

A new account takes its id from its first record. A merge keeps one id and makes the other an alias that resolves for ever. A
split leaves the id with the part that holds more of the old account.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

_ID_LETTERS: Final = 16


@dataclass(frozen=True, order=True)
class Event:
    """A change of an account: created, merged, split, joined or moved."""

    event: str
    account_id: str
    other_account_id: str
    record_id: str
    note: str

    def event_id(self, as_of_date: date) -> str:
        """Id that is the same whenever the same change is found for the same day."""
        parts = (as_of_date.isoformat(), self.event, self.account_id, self.other_account_id, self.record_id)
        return "evt_" + hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:_ID_LETTERS]


@dataclass(frozen=True)
class Assignment:
    """Account of each cluster, aliases after today, and what changed.

    Attributes
    ----------
    account_ids : account_id of each cluster, in the order given
    aliases : alias -> (account_id that stands for it now, day on which it became an alias)
    events : sorted
    """

    account_ids: list[str]
    aliases: dict[str, tuple[str, date]]
    events: list[Event]


def assign_account_ids(
    clusters: Sequence[Sequence[str]],
    previous: Mapping[str, str],
    previous_aliases: Mapping[str, tuple[str, date]],
    is_crm: Mapping[str, bool],
    as_of_date: date,
) -> Assignment:
    """Permanent account ids of clusters.

    Parameters
    ----------
    clusters : record_ids of each cluster, its first record first
    previous : record_id -> account_id of the last run; of records that are gone too
    previous_aliases : alias -> (account_id, day)
    is_crm : record_id -> whether the record stands in the CRM; in a merge the id that the CRM knows survives
    as_of_date : day of new aliases

    Notes
    -----
    An old id goes to the cluster that holds most of its records, then to the one with the smaller first record. Of several ids
    that go to one cluster the one with most CRM records there survives, then the one with most records, then the smallest.
    """
    aliases = {alias: (resolve_alias(alias, previous_aliases), day) for alias, (_, day) in previous_aliases.items()}
    records = [record for cluster in clusters for record in cluster]
    sizes = np.array([len(cluster) for cluster in clusters], np.int64)
    cluster = np.repeat(np.arange(len(clusters)), sizes)
    accounts, before = _numbered([previous.get(record) for record in records], aliases)
    crm = np.array([bool(is_crm.get(record)) for record in records], dtype=bool)
    # Where two clusters are equally good, the one with the smaller first record is the better one.
    rank = np.empty(len(clusters), np.int64)
    rank[sorted(range(len(clusters)), key=lambda at: clusters[at][0])] = np.arange(len(clusters))

    survivor = np.full(len(clusters), -1, np.int64)
    merged: list[tuple[int, int]] = []
    for account, at in _claims(before, cluster, crm, rank):
        if survivor[at] < 0:
            survivor[at] = account
        else:
            merged.append((account, int(at)))
    taken = set(previous.values()) | set(aliases) | {target for target, _ in aliases.values()}
    account_ids = [accounts[account] if account >= 0 else "" for account in survivor.tolist()]
    is_old = survivor >= 0
    for at in sorted(np.flatnonzero(~is_old).tolist(), key=lambda at: int(rank[at])):
        account_ids[at] = _new_id(clusters[at], taken)
        taken.add(account_ids[at])
    events = []
    for account, at in merged:
        absorbed = accounts[account]
        aliases[absorbed] = (account_ids[at], as_of_date)
        events.append(Event("merged", account_ids[at], absorbed, clusters[at][0], f"{absorbed} is an alias now"))
    # An alias of an id that has just become an alias resolves to the survivor at once.
    direct = {alias: target for alias, (target, _) in aliases.items()}
    aliases = {alias: (_follow(target, direct), day) for alias, (target, day) in aliases.items()}
    events += _events(clusters, account_ids, is_old, cluster, before, accounts, survivor, records, aliases)
    return Assignment(account_ids, aliases, sorted(set(events)))


def resolve_alias(account_id: str, aliases: Mapping[str, tuple[str, date]]) -> str:
    """Return the account that an id stands for now; the id itself if it is no alias."""
    seen = set()
    while account_id in aliases and account_id not in seen:
        seen.add(account_id)
        account_id = aliases[account_id][0]
    return account_id


def _follow(account_id: str, direct: Mapping[str, str]) -> str:
    seen = set()
    while account_id in direct and account_id not in seen:
        seen.add(account_id)
        account_id = direct[account_id]
    return account_id


def _numbered(
    before: Sequence[str | None], aliases: Mapping[str, tuple[str, date]]
) -> tuple[list[str], NDArray[np.int64]]:
    """Old accounts in the order of their ids, and the number of each record's, -1 for a new record."""
    current = [aliases[account][0] if account in aliases else account for account in before]
    accounts = sorted({account for account in current if account is not None})
    number = {account: at for at, account in enumerate(accounts)}
    return accounts, np.array([-1 if account is None else number[account] for account in current], np.int64)


def _claims(
    before: NDArray[np.int64], cluster: NDArray[np.int64], crm: NDArray[np.bool_], rank: NDArray[np.int64]
) -> list[tuple[int, int]]:
    """(old account, cluster to which it goes), the survivor of each cluster before those that it absorbs."""
    known = before >= 0
    span = len(rank) or 1
    pairs, place, counts = np.unique(before[known] * span + cluster[known], return_inverse=True, return_counts=True)
    crm_counts = np.bincount(place, weights=crm[known], minlength=len(pairs)).astype(np.int64)
    account, at = pairs // span, pairs % span
    order = np.lexsort((rank[at], -counts, account))
    first = np.ones(len(order), dtype=bool)
    first[1:] = account[order][1:] != account[order][:-1]
    winner = order[first]
    winner = winner[np.lexsort((account[winner], -counts[winner], -crm_counts[winner], at[winner]))]
    return list(zip(account[winner].tolist(), at[winner].tolist(), strict=True))


def _new_id(records: Sequence[str], taken: set[str]) -> str:
    # The id of the first record may be in use by another part of a split account.
    attempt = 0
    while True:
        text = records[0] if not attempt else f"{records[0]}\x1f{attempt}"
        account_id = "acc_" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_ID_LETTERS]
        if account_id not in taken:
            return account_id
        attempt += 1


def _events(
    clusters: Sequence[Sequence[str]],
    account_ids: Sequence[str],
    is_old: NDArray[np.bool_],
    cluster: NDArray[np.int64],
    before: NDArray[np.int64],
    accounts: Sequence[str],
    survivor: NDArray[np.int64],
    records: Sequence[str],
    aliases: Mapping[str, tuple[str, date]],
) -> list[Event]:
    has_origin = np.zeros(len(clusters), dtype=bool)
    has_origin[cluster[before >= 0]] = True
    events = [
        Event("created", account_ids[at], "", clusters[at][0], f"{len(clusters[at])} records")
        for at in np.flatnonzero(~is_old & ~has_origin).tolist()
    ]
    origins: dict[int, Counter[int]] = {}
    is_split = ~is_old & has_origin
    for at in np.flatnonzero((before >= 0) & is_split[cluster]).tolist():
        origins.setdefault(int(cluster[at]), Counter())[int(before[at])] += 1
    for at, counts in origins.items():
        for number, count in counts.items():
            origin = accounts[number]
            now = aliases[origin][0] if origin in aliases else origin
            note = f"{count} of its records left {origin}"
            events.append(Event("split", now, account_ids[at], clusters[at][0], note))
    is_created = ~is_old & ~has_origin
    for at in np.flatnonzero((before < 0) & ~is_created[cluster]).tolist():
        events.append(Event("joined", account_ids[cluster[at]], "", records[at], "new record"))
    strays = np.flatnonzero((before >= 0) & is_old[cluster] & (before != survivor[cluster]))
    for at in strays.tolist():
        origin, account_id = accounts[before[at]], account_ids[cluster[at]]
        if origin not in aliases or aliases[origin][0] != account_id:
            events.append(Event("moved", account_id, origin, records[at], f"came from {origin}"))
    return events
