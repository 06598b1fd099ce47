"""Parents of accounts as of a date, from facts that contradict each other, go round in circles and end; places of records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from identity.addresses import address_keys, phone_keys, postal_keys

ACCOUNT_PARENTS: Final = pa.schema(
    [
        ("account_id", pa.string()),
        ("parent_account_id", pa.string()),
        ("ultimate_parent_account_id", pa.string()),
        ("level", pa.int64()),
        ("kind", pa.string()),
        ("valid_from_date", pa.date32()),
        ("valid_to_date", pa.date32()),
    ]
)
OWNERSHIP_OUTCOMES: Final = pa.schema(
    [
        ("child_record_id", pa.string()),
        ("parent_record_id", pa.string()),
        ("kind", pa.string()),
        ("valid_from_date", pa.date32()),
        ("valid_to_date", pa.date32()),
        ("account_id", pa.string()),
        ("parent_account_id", pa.string()),
        ("outcome", pa.string()),
    ]
)
RECORD_PLACES: Final = pa.schema(
    [(name, pa.string()) for name in ("record_id", "address_key", "postal_key", "phone_key")]
)

_DECIDED: Final = "decided"


@dataclass(frozen=True)
class Hierarchy:
    """Parents as of a day, and what became of each fact.

    Attributes
    ----------
    parents : Table(ACCOUNT_PARENTS), one row per account with a parent, sorted by account_id; level is the number of steps to
        the ultimate parent, >= 1
    outcomes : Table(OWNERSHIP_OUTCOMES), one row per fact and decision, sorted. `used` made a parent, `repeated` says what a
        used one says; not used because `not_yet`, `ended`, `superseded` (a later statement about the child names somebody
        else), `overruled` (a person decided), `circle`, `same_account`, `child_unknown`, `parent_unknown`
    """

    parents: pa.Table
    outcomes: pa.Table


class _Fact(NamedTuple):
    position: int
    account_id: str
    parent: str
    kind: str
    valid_from: date
    valid_to: date
    is_decided: bool


def account_parents(
    ownership: pa.Table | pd.DataFrame,
    account_of: Mapping[str, str],
    as_of_date: date,
    decided: Sequence[tuple[str, str]] = (),
) -> pa.Table:
    """Return the parent and the ultimate parent of each account that has one on a day; see `decide_hierarchy`."""
    return decide_hierarchy(ownership, account_of, as_of_date, decided).parents


def decide_hierarchy(
    ownership: pa.Table | pd.DataFrame,
    account_of: Mapping[str, str],
    as_of_date: date,
    decided: Sequence[tuple[str, str]] = (),
) -> Hierarchy:
    """Parents of accounts on a day, whatever the facts say and in whatever order.

    Parameters
    ----------
    ownership : child_record_id, parent_record_id, kind, valid_from_date (null: since ever), valid_to_date (null: open); a fact
        holds from its first day up to, not on, its last
    account_of : record_id -> account_id
    as_of_date : the day
    decided : (child record_id, parent record_id) that a person decided; holds on any day and before every fact

    Notes
    -----
    An account has one parent: the decided one, else that of the fact which began last, else the smaller id. A later statement
    ends an earlier one from its first day for good, also when it has ended itself, names a buyer that nobody describes, or
    says that the company bought itself: whoever sold owns no more. A fact that would close a circle with newer ones is left
    out, so of a circle the oldest fact goes. Each fact is looked at once; circles are found by union-find, so that a long
    chain costs no more than many short ones.
    """
    rows = _read_rows(ownership)
    outcomes = ["" for _ in range(len(rows) + len(decided))]
    candidates: list[_Fact] = []
    accounts: list[tuple[str | None, str | None]] = []
    statements: dict[str, dict[str, date]] = defaultdict(dict)
    for position, (child, parent, kind, valid_from, valid_to) in enumerate(rows):
        account, parent_account = account_of.get(child), account_of.get(parent)
        accounts.append((account, parent_account))
        begins, ends = valid_from or date.min, valid_to or date.max
        if account is None:
            outcomes[position] = "child_unknown"
            continue
        if begins > as_of_date:
            outcomes[position] = "not_yet"
            continue
        if ends <= begins:
            outcomes[position] = "ended"
            continue
        if parent_account != account or parent == child:
            said = statements[account]
            owner = parent_account or parent
            said[owner] = max(begins, said.get(owner, date.min))
        if parent_account is None:
            outcomes[position] = "parent_unknown"
        elif parent_account == account:
            outcomes[position] = "same_account"
        elif ends <= as_of_date:
            outcomes[position] = "ended"
        else:
            candidates.append(_Fact(position, account, parent_account, kind or "", begins, ends, False))
    for position, (child, parent) in enumerate(decided, start=len(rows)):
        account, parent_account = account_of.get(child), account_of.get(parent)
        accounts.append((account, parent_account))
        if account is None:
            outcomes[position] = "child_unknown"
        elif parent_account is None:
            outcomes[position] = "parent_unknown"
        elif account == parent_account:
            outcomes[position] = "same_account"
        else:
            candidates.append(_Fact(position, account, parent_account, _DECIDED, date.min, date.max, True))

    chosen = _choose(candidates, statements, outcomes)
    said_by = [*rows, *((child, parent, _DECIDED, None, None) for child, parent in decided)]
    told = [(*row, *pair, outcome) for row, pair, outcome in zip(said_by, accounts, outcomes, strict=True)]
    order = [(name, "ascending") for name in OWNERSHIP_OUTCOMES.names]
    return Hierarchy(_parents(chosen), _table(told, OWNERSHIP_OUTCOMES).sort_by(order))


def record_places(records: pa.Table) -> pa.Table:
    """Comparable place of each company record that names one: Table(RECORD_PLACES), sorted.

    Parameters
    ----------
    records : record_id, address, postal_code, phone
    """
    columns = [
        pc.fill_null(records[name].cast(pa.large_string()).combine_chunks(), "")
        for name in ("address", "postal_code", "phone")
    ]
    keys = [read(texts) for read, texts in zip((address_keys, postal_keys, phone_keys), columns, strict=True)]
    found = pa.table([records["record_id"].combine_chunks(), *keys], RECORD_PLACES.names)
    for at, key in enumerate(keys, start=1):
        found = found.set_column(at, RECORD_PLACES.names[at], pc.if_else(pc.equal(key, ""), None, key))
    has_place = pc.or_kleene(
        pc.is_valid(found["address_key"]),
        pc.or_kleene(pc.is_valid(found["postal_key"]), pc.is_valid(found["phone_key"])),
    )
    return found.filter(has_place).sort_by([(name, "ascending") for name in RECORD_PLACES.names]).cast(RECORD_PLACES)


def _choose(
    candidates: list[_Fact], statements: Mapping[str, Mapping[str, date]], outcomes: list[str]
) -> dict[str, _Fact]:
    """One fact per account, no circle; writes what became of the others into `outcomes`."""
    decided = {fact.account_id for fact in candidates if fact.is_decided}
    latest = {
        account: sorted(((day, owner) for owner, day in said.items()), reverse=True)[:2]
        for account, said in statements.items()
    }
    tops: dict[str, str] = {}
    chosen: dict[str, _Fact] = {}
    for fact in sorted(candidates, key=_precedence):
        first = chosen.get(fact.account_id)
        if fact.account_id in decided and not fact.is_decided:
            outcome = "overruled"
        elif not fact.is_decided and any(
            owner != fact.parent and day > fact.valid_from for day, owner in latest[fact.account_id]
        ):
            outcome = "superseded"
        elif first is not None:
            outcome = "repeated" if first.parent == fact.parent else "overruled" if fact.is_decided else "superseded"
        elif _top(fact.parent, tops) == fact.account_id:
            outcome = "circle"
        else:
            outcome = "used"
            chosen[fact.account_id] = fact
            tops[fact.account_id] = fact.parent
        outcomes[fact.position] = outcome
    return chosen


def _precedence(fact: _Fact) -> tuple[bool, int, str, str, str, date, int]:
    return (
        not fact.is_decided,
        -fact.valid_from.toordinal(),
        fact.account_id,
        fact.parent,
        fact.kind,
        fact.valid_to,
        fact.position,
    )


def _top(account: str, tops: dict[str, str]) -> str:
    """Top of the chain above an account; shortens the way for the next who asks."""
    path = []
    while account in tops:
        path.append(account)
        account = tops[account]
    for passed in path:
        tops[passed] = account
    return account


def _parents(chosen: Mapping[str, _Fact]) -> pa.Table:
    places: dict[str, tuple[str, int]] = {}
    for account_id in chosen:
        path: list[str] = []
        at = account_id
        while at in chosen and at not in places:
            path.append(at)
            at = chosen[at].parent
        top, level = places.get(at, (at, 0))
        for passed in reversed(path):
            level += 1
            places[passed] = (top, level)
    rows = [
        (
            account_id,
            chosen[account_id].parent,
            *places[account_id],
            chosen[account_id].kind,
            None if chosen[account_id].valid_from == date.min else chosen[account_id].valid_from,
            None if chosen[account_id].valid_to == date.max else chosen[account_id].valid_to,
        )
        for account_id in sorted(chosen)
    ]
    return _table(rows, ACCOUNT_PARENTS)


def _read_rows(ownership: pa.Table | pd.DataFrame) -> list[tuple[str, str, str | None, date | None, date | None]]:
    columns = [
        ownership[name].to_pylist() if isinstance(ownership, pa.Table) else ownership[name].tolist()
        for name in OWNERSHIP_OUTCOMES.names[:5]
    ]
    return [
        (str(child), str(parent), kind if isinstance(kind, str) else None, _to_date(begins), _to_date(ends))
        for child, parent, kind, begins, ends in zip(*columns, strict=True)
    ]


def _to_date(value: object) -> date | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if value is None or value is pd.NaT or value != value:
        return None
    return pd.Timestamp(str(value)).date()


def _table(rows: Sequence[Sequence[object]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table(
        [pa.array(list(column), field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )
