"""Parents of accounts as of a date, from facts that contradict each other, go round in circles and end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import pandas as pd
import pyarrow as pa

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


@dataclass(frozen=True)
class _Fact:
    account_id: str
    parent_account_id: str
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
    """Return the parent and the ultimate parent of each account that has one on a day.

    Parameters
    ----------
    ownership : child_record_id, parent_record_id, kind, valid_from_date, valid_to_date (null: open); a fact holds from its first
        day up to, not on, its last
    account_of : record_id -> account_id; facts about records that are not there are left out
    as_of_date : the day
    decided : (child record_id, parent record_id) that a person decided; holds on any day and before every fact

    Returns
    -------
    Table(account_id, parent_account_id, ultimate_parent_account_id, level, kind, valid_from_date, valid_to_date), sorted by
    account_id; level is the number of steps to the ultimate parent, >= 1.

    Notes
    -----
    An account has one parent: the decided one, else that of the fact which began last (a resale replaces the first sale), else
    the smaller id. An account is no parent of itself; a fact that would close a circle is left out, the older one of them.
    """
    facts = [
        _Fact(account_of[child], account_of[parent], "decided", date.min, date.max, True)
        for child, parent in decided
        if child in account_of and parent in account_of
    ]
    facts += _read_facts(ownership, account_of, as_of_date)
    facts.sort(
        key=lambda fact: (
            not fact.is_decided,
            -fact.valid_from.toordinal(),
            fact.account_id,
            fact.parent_account_id,
            fact.kind,
            fact.valid_to,
        )
    )
    chosen: dict[str, _Fact] = {}
    for fact in facts:
        if fact.account_id not in chosen and not _leads_to(fact.parent_account_id, fact.account_id, chosen):
            chosen[fact.account_id] = fact

    rows = []
    for account_id in sorted(chosen):
        fact = chosen[account_id]
        top, level = fact.parent_account_id, 1
        while top in chosen:
            top, level = chosen[top].parent_account_id, level + 1
        rows.append(
            (
                account_id,
                fact.parent_account_id,
                top,
                level,
                fact.kind,
                None if fact.valid_from == date.min else fact.valid_from,
                None if fact.valid_to == date.max else fact.valid_to,
            )
        )
    columns = list(zip(*rows, strict=True)) or [()] * len(ACCOUNT_PARENTS)
    arrays = [pa.array(list(column), field.type) for column, field in zip(columns, ACCOUNT_PARENTS, strict=True)]
    return pa.table(arrays, schema=ACCOUNT_PARENTS)


def _read_facts(ownership: pa.Table | pd.DataFrame, account_of: Mapping[str, str], as_of_date: date) -> list[_Fact]:
    rows = ownership.to_pylist() if isinstance(ownership, pa.Table) else ownership.to_dict("records")
    facts = []
    for row in rows:
        child, parent = account_of.get(str(row["child_record_id"])), account_of.get(str(row["parent_record_id"]))
        valid_from = _to_date(row["valid_from_date"], date.min)
        valid_to = _to_date(row["valid_to_date"], date.max)
        if child and parent and child != parent and valid_from <= as_of_date < valid_to:
            kind = row["kind"] if isinstance(row["kind"], str) else ""
            facts.append(_Fact(child, parent, kind, valid_from, valid_to, False))
    return facts


def _to_date(value: object, missing: date) -> date:
    if value is None or value is pd.NaT or value != value:
        return missing
    return pd.Timestamp(str(value)).date()


def _leads_to(start: str, goal: str, chosen: Mapping[str, _Fact]) -> bool:
    """Whether the chain of parents from `start` comes to `goal`; the chosen facts hold no circle."""
    while start != goal and start in chosen:
        start = chosen[start].parent_account_id
    return start == goal
