"""A plan and an outcome as text for a terminal: counts, account names and fields, nothing about a person."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow.compute as pc

from reverse_etl.apply import Outcome
from reverse_etl.plan import ACTIONS, Plan
from reverse_etl.rules import OBJECTS

_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+")
# Free text about a queue item is written for a rep and may name a person; a lookup to a contact is one.
_NOT_SHOWN = frozenset({"Contact__c", "Reason__c", "Suggested_Action__c"})
_HIDDEN = "(not shown)"


def describe_plan(plan: Plan, account: str | None = None, limit: int = 20) -> str:
    """The plan as lines of text.

    Counts by object and action, the notes, then up to `limit` records with their fields as `old -> new`. Records of persons
    appear in the counts only. With `account` (an Id, or part of a name in any case) only records of matching accounts.
    """
    counts = plan.counts()
    ordered = [spec.name for spec in OBJECTS if spec.name in counts]
    width = max([len(name) for name in ordered] or [6])
    lines = [f"Plan {plan.plan_id} of run {plan.run_id}, as of {plan.as_of_date}"]
    lines.append("  ".join([" " * width, *(f"{action:>9}" for action in ACTIONS)]))
    lines += ["  ".join([f"{name:<{width}}", *(f"{counts[name][one]:>9,}" for one in ACTIONS)]) for name in ordered]
    lines += [f"note: {note}" for note in plan.notes]
    records = visible_records(plan, account)
    if account is not None and not records:
        lines.append("No change for an account of this name or Id.")
    for record in records[:limit]:
        lines.append(f"{record.object_name} {record.name}")
        lines += [f"  {_line(row)}" for row in record.rows]
    if len(records) > limit:
        left = len(records) - limit
        lines.append(
            f"and {left:,} more {'record' if left == 1 else 'records'}; all rows are in delivery.plan_rows once applied"
        )
    return "\n".join(lines)


def visible_changes(plan: Plan, account: str | None = None) -> list[dict[str, str | None]]:
    """Rows of the plan that say anything new: object, name, account, action, field, old, new, reason.

    Records of persons are left out; what may name a person reads "(not shown)".
    """
    return [
        {"object": record.object_name, "name": record.name, "account": record.account or None, **row}
        for record in visible_records(plan, account)
        for row in record.rows
    ]


def describe_outcome(outcome: Outcome) -> str:
    """The outcome as lines of text: records by final state, rejections by code, and where it stopped."""
    lines = [
        f"Plan {outcome.plan_id}: {outcome.sent:,} sent ({outcome.created:,} created), {outcome.unchanged:,} unchanged, "
        f"{outcome.rejected:,} rejected, {outcome.withheld:,} withheld, {outcome.conflict:,} in conflict, "
        f"{outcome.in_flight:,} without an answer"
    ]
    lines += [f"  rejected {code}: {count:,}" for code, count in sorted(outcome.rejected_by_code.items())]
    if outcome.stopped:
        lines.append(f"  stopped: {_EMAIL.sub(_HIDDEN, outcome.stopped)}")
    return "\n".join(lines)


@dataclass
class VisibleRecord:
    """A changed record as anybody may see it.

    Each row has action, field, old, new and reason; what may name a person reads "(not shown)".
    """

    object_name: str
    name: str
    account: str
    rows: list[dict[str, str | None]]


def visible_records(plan: Plan, account: str | None = None) -> list[VisibleRecord]:
    """Changed records in the order of writing, each with its rows; without those about a person; all, or one account's."""
    shown: dict[tuple[str, str], VisibleRecord] = {}
    for row in plan.rows.filter(pc.not_equal(plan.rows["action"], "unchanged")).to_pylist():
        key = (str(row["object"]), str(row["record_key"]))
        own_account = str(row["salesforce_id"] or "") if key[0] == "Account" else ""
        record = shown.setdefault(key, VisibleRecord(key[0], "", own_account, []))
        record.account = row["new_value"] if row["field"] == "Account__c" and row["new_value"] else record.account
        record.rows.append(
            {
                "action": row["action"],
                "field": row["field"],
                "old": _shown_value(row, "old_value"),
                "new": _shown_value(row, "new_value"),
                "reason": row["reason"],
            }
        )
    for (_, record_key), record in shown.items():
        record.name = plan.names.get(record.account) or record_key
    order = {spec.name: position for position, spec in enumerate(OBJECTS) if not spec.is_about_a_person}
    visible = [record for record in shown.values() if record.object_name in order]
    if account is not None:
        visible = [one for one in visible if account == one.account or account.casefold() in one.name.casefold()]
    return sorted(visible, key=lambda record: (order[record.object_name], record.name.casefold(), record.account))


def _line(row: dict[str, str | None]) -> str:
    action = str(row["action"])
    if row["field"] is None:
        return f"{action:<8}  {row['reason'] or ''}".rstrip()
    old, new = _short(row["old"]), _short(row["new"])
    reason = f"  ({row['reason']})" if row["reason"] else ""
    change = new if action == "create" else f"{old} -> {new}"
    return f"{action:<8}  {row['field']} {change}{reason}"


def _shown_value(row: dict[str, str | None], name: str) -> str | None:
    value = row[name]
    if value is None:
        return None
    return _HIDDEN if row["field"] in _NOT_SHOWN else _EMAIL.sub(_HIDDEN, value)


def _short(value: str | None) -> str:
    if value is None:
        return "empty"
    text = value.replace("\n", " ")
    return text if len(text) <= 60 else text[:59] + "…"
