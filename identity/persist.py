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
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from identity.runs import Ints, is_first

_ID_LETTERS: Final = 16


class Event(NamedTuple):
    """A change of an account: created, merged, split, joined or moved."""

    event: str
    account_id: str
    other_account_id: str
    record_id: str
    note: str

    def event_id(self, as_of_date: date) -> str:
        """Id that is the same whenever the same change is found for the same day; an account is created once."""
        if self.event == "created":
            return f"evt_{self.account_id.removeprefix('acc_')}"
        text = f"{as_of_date.isoformat()}\x1f{self.event}\x1f{self.account_id}\x1f{self.other_account_id}\x1f{self.record_id}"
        return "evt_" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_ID_LETTERS]


@dataclass(frozen=True)
class Assignment:
    """Account of each cluster, aliases after today, and what changed.

    Attributes
    ----------
    account_ids : account_id of each cluster, in the order given
    aliases : alias -> (account_id that stands for it now, day on which it became an alias)
    events : each once; only the merges if no others were asked for
    """

    account_ids: list[str]
    aliases: dict[str, tuple[str, date]]
    events: list[Event]


@dataclass(frozen=True)
class Clusters:
    """Records of today by account.

    Attributes
    ----------
    record_ids : (n,)
    cluster : (n,) number of each record's cluster
    firsts : first record of each cluster, as a place in `record_ids`; the smaller its record_id, the smaller the number of the
        cluster
    is_crm : (n,) whether the record stands in the CRM
    """

    record_ids: Sequence[str]
    cluster: Ints
    firsts: Ints
    is_crm: NDArray[np.bool_]


def assign_account_ids(
    clusters: Clusters,
    previous: Mapping[str, str],
    previous_aliases: Mapping[str, tuple[str, date]],
    as_of_date: date,
    with_events: bool = True,
) -> Assignment:
    """Permanent account ids of clusters.

    Parameters
    ----------
    clusters : today's
    previous : record_id -> account_id of the last run; of records that are gone too
    previous_aliases : alias -> (account_id, day)
    as_of_date : day of new aliases
    with_events : whether to say what changed; a list has no history

    Notes
    -----
    An old id goes to the cluster that holds most of its records, then to the one with the smaller first record. Of several ids
    that go to one cluster the one with most CRM records there survives, as it is already written there, then the one with most
    records, then the smallest.
    """
    aliases = {alias: (resolve_alias(alias, previous_aliases), day) for alias, (_, day) in previous_aliases.items()}
    old = _OldAccounts(clusters, previous, aliases)
    size = len(clusters.firsts)
    first_ids = [clusters.record_ids[first] for first in clusters.firsts.tolist()]
    survivor = np.full(size, -1, np.int64)
    merged: list[tuple[int, int]] = []
    for account, at in old.claims(clusters):
        if survivor[at] < 0:
            survivor[at] = account
        else:
            merged.append((account, at))
    taken = set(previous.values()) | set(aliases) | {target for target, _ in aliases.values()}
    is_new = survivor < 0
    new_ids = iter(_new_ids([first_ids[at] for at in np.flatnonzero(is_new).tolist()], taken))
    account_ids = [old.ids[account] if account >= 0 else next(new_ids) for account in survivor.tolist()]
    events = []
    for account, at in merged:
        absorbed = old.ids[account]
        aliases[absorbed] = (account_ids[at], as_of_date)
        events.append(Event("merged", account_ids[at], absorbed, first_ids[at], f"{absorbed} is an alias now"))
    # An alias of an id that has just become an alias resolves to the survivor at once.
    aliases = {alias: (resolve_alias(alias, aliases), day) for alias, (_, day) in aliases.items()}
    if with_events:
        events += _events(clusters, first_ids, account_ids, survivor, old, aliases)
    return Assignment(account_ids, aliases, list(dict.fromkeys(events)))


def resolve_alias(account_id: str, aliases: Mapping[str, tuple[str, date]]) -> str:
    """Return the account that an id stands for now; the id itself if it is no alias."""
    seen = set()
    while account_id in aliases and account_id not in seen:
        seen.add(account_id)
        account_id = aliases[account_id][0]
    return account_id


class _OldAccounts:
    """Accounts of the last run.

    Attributes
    ----------
    ids : ascending
    of_record : (n,) place of each record's account in `ids`, -1 for a new record
    """

    def __init__(
        self, clusters: Clusters, previous: Mapping[str, str], aliases: Mapping[str, tuple[str, date]]
    ) -> None:
        before = [previous.get(record) for record in clusters.record_ids] if previous else []
        if aliases:
            before = [old if old is None or old not in aliases else aliases[old][0] for old in before]
        self.ids: list[str] = sorted({old for old in before if old is not None})
        number = {account: at for at, account in enumerate(self.ids)}
        self.of_record = np.full(len(clusters.record_ids), -1, np.int64)
        if before:
            self.of_record[:] = [-1 if account is None else number[account] for account in before]

    def claims(self, clusters: Clusters) -> list[tuple[int, int]]:
        """(old account, cluster to which it goes), the survivor of each cluster before those that it absorbs."""
        known = self.of_record >= 0
        span = len(clusters.firsts) or 1
        keys = self.of_record[known] * span + clusters.cluster[known]
        pairs, place, counts = np.unique(keys, return_inverse=True, return_counts=True)
        crm_counts = np.bincount(place, weights=clusters.is_crm[known], minlength=len(pairs)).astype(np.int64)
        account, at = pairs // span, pairs % span
        order = np.lexsort((at, -counts, account))
        winner = order[is_first(account[order])]
        winner = winner[np.lexsort((account[winner], -counts[winner], -crm_counts[winner], at[winner]))]
        return list(zip(account[winner].tolist(), at[winner].tolist(), strict=True))


def _new_ids(first_records: Sequence[str], taken: set[str]) -> list[str]:
    """Ids of new accounts, in the order of their first records."""
    ids = [_id_of(record, 0) for record in first_records]
    if taken.isdisjoint(ids) and len(set(ids)) == len(ids):
        return ids
    # The id of the first record may be in use by another part of a split account.
    for at, record in enumerate(first_records):
        attempt = 0
        while ids[at] in taken:
            attempt += 1
            ids[at] = _id_of(record, attempt)
        taken.add(ids[at])
    return ids


def _id_of(first_record: str, attempt: int) -> str:
    text = first_record if not attempt else f"{first_record}\x1f{attempt}"
    return "acc_" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_ID_LETTERS]


def _events(
    clusters: Clusters,
    first_ids: Sequence[str],
    account_ids: Sequence[str],
    survivor: Ints,
    old: _OldAccounts,
    aliases: Mapping[str, tuple[str, date]],
) -> list[Event]:
    cluster, before = clusters.cluster, old.of_record
    is_old, has_origin = survivor >= 0, np.zeros(len(survivor), dtype=bool)
    has_origin[cluster[before >= 0]] = True
    is_created, is_split = ~is_old & ~has_origin, ~is_old & has_origin
    sizes = np.bincount(cluster, minlength=len(survivor))
    events = [
        Event("created", account_ids[at], "", first_ids[at], f"{sizes[at]} records")
        for at in np.flatnonzero(is_created).tolist()
    ]
    left = Counter(
        (int(cluster[at]), int(before[at])) for at in np.flatnonzero((before >= 0) & is_split[cluster]).tolist()
    )
    for (at, number), count in left.items():
        origin = old.ids[number]
        now = aliases[origin][0] if origin in aliases else origin
        events.append(Event("split", now, account_ids[at], first_ids[at], f"{count} of its records left {origin}"))
    for at in np.flatnonzero((before < 0) & ~is_created[cluster]).tolist():
        events.append(Event("joined", account_ids[cluster[at]], "", clusters.record_ids[at], "new record"))
    strays = np.flatnonzero((before >= 0) & is_old[cluster] & (before != survivor[cluster]))
    for at in strays.tolist():
        origin, account_id = old.ids[before[at]], account_ids[cluster[at]]
        if origin not in aliases or aliases[origin][0] != account_id:
            events.append(Event("moved", account_id, origin, clusters.record_ids[at], f"came from {origin}"))
    return events
