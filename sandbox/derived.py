"""Values that the platform sets by itself when others change."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from sandbox.schema import SObject
from sandbox.store import quote, select_in
from sandbox.values import Value

TRACKED = (
    "StageName",
    "Amount",
    "Probability",
    "CloseDate",
)  # a change of one of these writes an OpportunityHistory row

TASK_ACCOUNT = """
update "Task" set "AccountId" = coalesce(
    (select "Id" from "Account" where "Id" = "WhatId"),
    (select "AccountId" from "Opportunity" where "Id" = "WhatId"),
    (select "AccountId" from "Contact" where "Id" = "WhoId")
)
"""


def complete(item: SObject, values: dict[str, Value]) -> None:
    """Add to the values of a write those that follow from them alone."""
    if item.name == "Opportunity" and "StageName" in values:
        values["IsClosed"], values["IsWon"] = stage_outcome(str(values["StageName"]))


def stage_outcome(stage: str) -> tuple[int, int]:
    """(IsClosed, IsWon) of a stage: the two standard closed stages, and any other whose name begins with `Closed`."""
    return int(stage.lower().startswith("closed")), int(stage.lower() == "closed won")


def auto_number(display_format: str, number: int) -> str:
    """The name of a record by an auto-number format such as `ABMQ-{0000}`."""
    return re.sub(r"\{(0+)\}", lambda match: str(number).zfill(len(match.group(1))), display_format)


def history_rows(
    connection: sqlite3.Connection, item: SObject, writes: Sequence[tuple[str, Mapping[str, Value]]]
) -> list[dict[str, Value]]:
    """OpportunityHistory rows that these writes of opportunities bring about, compared with what is stored."""
    if item.name != "Opportunity":
        return []
    touching = [(record_id, values) for record_id, values in writes if any(name in values for name in TRACKED)]
    columns = ", ".join(quote(name) for name in TRACKED)
    statement = f'select "Id", {columns} from "Opportunity" where "Id" in ({{marks}})'
    before = {
        str(row[0]): dict(zip(TRACKED, row[1:], strict=True))
        for row in select_in(connection, statement, [w[0] for w in touching])
    }
    history: list[dict[str, Value]] = []
    for record_id, values in touching:
        old = before.get(record_id)
        new: dict[str, Value] = {**(old or {}), **{name: values[name] for name in TRACKED if name in values}}
        if old is None or new != old:
            history.append({"OpportunityId": record_id, **new})
    return history


def follow(connection: sqlite3.Connection, item: SObject, record_ids: Iterable[str]) -> None:
    """Set on written records what follows from other records."""
    if item.name == "Task":
        connection.executemany(f'{TASK_ACCOUNT} where "Id" = ?', [[record_id] for record_id in record_ids])
