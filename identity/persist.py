"""Account ids that never move: clusters of today are matched to the accounts of before.

A new account takes its id from its first record. A merge keeps one id and makes the other an alias that resolves for ever. A
split leaves the id with the part that holds more of the old account.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

_ID_LETTERS = 16


@dataclass(frozen=True)
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
        return "evt_" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:_ID_LETTERS]


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
    before = {record: aliases[account][0] if account in aliases else account for record, account in previous.items()}

    counts: dict[str, Counter[int]] = defaultdict(Counter)
    crm_counts: Counter[tuple[str, int]] = Counter()
    for position, records in enumerate(clusters):
        for record in records:
            account = before.get(record)
            if account is not None:
                counts[account][position] += 1
                crm_counts[account, position] += bool(is_crm.get(record))
    claims: dict[int, list[str]] = defaultdict(list)
    for account, positions in counts.items():
        winner = min(positions, key=lambda position: (-positions[position], clusters[position][0]))
        claims[winner].append(account)

    taken = set(before.values()) | set(aliases)
    account_ids = [""] * len(clusters)
    events: list[Event] = []
    for position in sorted(claims):
        claimed = sorted(
            claims[position],
            key=lambda account: (-crm_counts[account, position], -counts[account][position], account),
        )
        survivor = account_ids[position] = claimed[0]
        for absorbed in claimed[1:]:
            aliases[absorbed] = (survivor, as_of_date)
            events.append(Event("merged", survivor, absorbed, clusters[position][0], f"{absorbed} is an alias now"))
    for position in sorted(range(len(clusters)), key=lambda position: clusters[position][0]):
        if not account_ids[position]:
            account_ids[position] = _new_id(clusters[position], taken)
            taken.add(account_ids[position])
    # An alias of an id that has just become an alias resolves to the survivor at once.
    direct = {alias: target for alias, (target, _) in aliases.items()}
    aliases = {alias: (_follow(target, direct), day) for alias, (target, day) in aliases.items()}

    for position, records in enumerate(clusters):
        events.extend(_events_of(records, account_ids[position], before, aliases, position in claims))
    return Assignment(
        account_ids,
        aliases,
        sorted(set(events), key=lambda e: (e.event, e.account_id, e.other_account_id, e.record_id)),
    )


def resolve_alias(account_id: str, aliases: Mapping[str, tuple[str, date]]) -> str:
    """Return the account that an id stands for now; the id itself if it is no alias."""
    return _follow(account_id, {alias: target for alias, (target, _) in aliases.items()})


def _follow(account_id: str, direct: Mapping[str, str]) -> str:
    seen = set()
    while account_id in direct and account_id not in seen:
        seen.add(account_id)
        account_id = direct[account_id]
    return account_id


def _new_id(records: Sequence[str], taken: set[str]) -> str:
    # The id of the first record may be in use by another part of a split account.
    attempt = 0
    while True:
        text = records[0] if not attempt else f"{records[0]}\x1f{attempt}"
        account_id = "acc_" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_ID_LETTERS]
        if account_id not in taken:
            return account_id
        attempt += 1


def _events_of(
    records: Sequence[str],
    account_id: str,
    before: Mapping[str, str],
    aliases: Mapping[str, tuple[str, date]],
    is_old: bool,
) -> list[Event]:
    events = []
    origins: Counter[str] = Counter(before[record] for record in records if record in before)
    if not is_old:
        if origins:
            for origin in sorted(origins):
                note = f"{origins[origin]} of its records left {origin}"
                events.append(
                    Event("split", aliases[origin][0] if origin in aliases else origin, account_id, records[0], note)
                )
        else:
            events.append(Event("created", account_id, "", records[0], f"{len(records)} records"))
            return events
    for record in records:
        came_from = before.get(record)
        if came_from is None:
            events.append(Event("joined", account_id, "", record, "new record"))
        elif is_old and came_from != account_id and (came_from not in aliases or aliases[came_from][0] != account_id):
            events.append(Event("moved", account_id, came_from, record, f"came from {came_from}"))
    return events
