"""What a delivery would do, decided from three tables and without touching anything."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from reverse_etl.crm import CrmObject
from reverse_etl.decide import ROW_SCHEMA, decide_object
from reverse_etl.errors import RuleError, SyncError
from reverse_etl.rules import DeliveryObject, DeliveryRules

_ROWS_PER_HASH = 10_000
# A record with several kinds of rows counts once, as the first of these that it has.
ACTIONS = ("create", "update", "conflict", "withheld", "unchanged")


@dataclass(frozen=True)
class Release:
    """A unique value that one record gives up so that another can take it: emptied before anything else is sent."""

    object_name: str
    record_key: str
    field: str


@dataclass(frozen=True)
class Plan:
    """What would change in the CRM.

    `rows` has one row per field that would be written, is in conflict, or is withheld, and one row (field null) per record
    without any; columns as in ROW_SCHEMA, ordered by object, record_key and field. `names` gives the name of an account by
    its Id, for printing. `notes` are sentences for the reader: cut texts, rows without a key.
    """

    plan_id: str
    run_id: str
    as_of_date: date
    rows: pa.Table
    names: Mapping[str, str]
    notes: tuple[str, ...] = ()
    releases: tuple[Release, ...] = ()

    def records(self) -> pa.Table:
        """One row per planned record: object, record_key, salesforce_id, action (one of ACTIONS), reason."""
        rank = pc.index_in(self.rows["action"], pa.array(ACTIONS))
        ranked = self.rows.select(["object", "record_key", "salesforce_id", "reason"]).append_column("rank", rank)
        ranked = ranked.append_column("row", pa.array(range(ranked.num_rows), pa.int64()))
        best = ranked.group_by(["object", "record_key"]).aggregate([("rank", "min"), ("row", "min")])
        best = best.sort_by("row_min")
        first = ranked.take(best["row_min"])
        actions = pa.array(ACTIONS).take(best["rank_min"].combine_chunks())
        return pa.table(
            {
                "object": first["object"],
                "record_key": first["record_key"],
                "salesforce_id": first["salesforce_id"],
                "action": actions,
                "reason": first["reason"],
            }
        )

    def counts(self) -> dict[str, dict[str, int]]:
        """Records by object and action; every action is present."""
        grouped = self.records().group_by(["object", "action"]).aggregate([("record_key", "count")]).to_pylist()
        result: dict[str, dict[str, int]] = {}
        for row in sorted(grouped, key=lambda one: str(one["object"])):
            result.setdefault(row["object"], dict.fromkeys(ACTIONS, 0))[row["action"]] = row["record_key_count"]
        return result

    @property
    def change_count(self) -> int:
        """Records that would be created or updated; 0 = nothing to do."""
        return sum(counts["create"] + counts["update"] for counts in self.counts().values())


def build_plan(
    desired: Mapping[str, pa.Table | pd.DataFrame],
    current: Mapping[str, pa.Table | pd.DataFrame],
    last_sent: Mapping[str, pa.Table],
    schema: Mapping[str, CrmObject],
    rules: DeliveryRules,
    *,
    run_id: str,
    as_of_date: date,
    known_ids: Mapping[str, pa.Array] | None = None,
) -> Plan:
    """The plan that turns what the CRM holds into what the warehouse wants, and respects what people changed meanwhile.

    Parameters
    ----------
    desired : sync table name -> its rows
    current : object -> what the CRM holds now; columns `Id`, the key field and every field of the rules, as text. `Name`
        on Account is used for printing only
    last_sent : object -> one row per record that was ever sent: record_key, as_of_date (date of the last send), and one text
        column per field ('' = sent as empty, null = never sent). Objects and columns may be missing
    schema : object -> the CRM's description
    rules : who owns which field, thresholds
    run_id, as_of_date : the run that made `desired`, and the day it speaks of
    known_ids : object -> Ids that may be pointed at (active users, accounts, contacts); objects that are missing are not checked

    Returns
    -------
    Plan. The same inputs in any order of rows give the same plan.

    Raises
    ------
    RuleError
        If a sync table lacks a column that a rule names.
    SyncError
        If the CRM lacks a field or does not let this user write it; all of them are named.
    """
    _require_fields(schema, rules)
    parts: list[pa.Table] = []
    notes: list[str] = []
    releases: list[Release] = []
    for spec in rules.objects:
        if not rules.fields_of(spec.name):
            continue
        wanted = _rows(desired, spec.sync_table)
        missing = [
            name
            for name in (spec.key_column, *(rule.source_column for rule in rules.fields_of(spec.name)))
            if name not in wanted.column_names
        ]
        if missing:
            raise RuleError(
                f"sync.{spec.sync_table}: column {', '.join(missing)} is missing. seeds/rules/salesforce_fields.csv sends it to "
                f"{spec.name}. Add it to the model, or change the row."
            )
        decided = decide_object(
            spec,
            rules,
            wanted,
            _rows(current, spec.name),
            last_sent.get(spec.name),
            schema[spec.name],
            as_of_date,
            known_ids or {},
        )
        parts.append(decided.rows())
        notes.extend(decided.notes)
        releases.extend(_releases(spec, parts[-1], schema[spec.name]))
    rows = pa.concat_tables(parts) if parts else ROW_SCHEMA.empty_table()
    return Plan(
        plan_id=_plan_id(rows, run_id, as_of_date),
        run_id=run_id,
        as_of_date=as_of_date,
        rows=rows,
        names=_account_names(rows, current),
        notes=tuple(notes),
        releases=tuple(releases),
    )


def _require_fields(schema: Mapping[str, CrmObject], rules: DeliveryRules) -> None:
    problems = []
    for rule in rules.fields:
        described = schema.get(rule.object_name)
        name = f"{rule.object_name}.{rule.field}"
        if described is None:
            problems.append(f"{rule.object_name} (object not visible)")
        elif rule.field not in described.fields:
            problems.append(f"{name} (not visible)")
        elif rule.policy == "create_only" and not described.fields[rule.field].is_createable:
            problems.append(f"{name} (not writable at creation)")
        elif rule.policy != "create_only" and not described.fields[rule.field].is_updateable:
            problems.append(f"{name} (not writable)")
    for spec in rules.objects:
        described = schema.get(spec.name)
        if described is not None and rules.fields_of(spec.name) and spec.key_field not in described.fields:
            problems.append(f"{spec.name}.{spec.key_field} (not visible)")
    if problems:
        raise SyncError(
            f"The CRM does not offer what delivery writes: {'; '.join(sorted(set(problems)))}. Deploy "
            "reverse_etl/salesforce/force-app and give the integration user the permission set ABM_Sync.",
            code="MISSING_FIELD",
        )


def _rows(tables: Mapping[str, pa.Table | pd.DataFrame], name: str) -> pa.Table:
    if name not in tables:
        raise RuleError(f"Table {name} was not given to the plan. Expected: one table per object, empty if need be.")
    table = tables[name]
    return pa.Table.from_pandas(table, preserve_index=False) if isinstance(table, pd.DataFrame) else table


def _releases(spec: DeliveryObject, rows: pa.Table, described: CrmObject) -> list[Release]:
    """Records whose unique value another record takes over in the same plan."""
    unique = [field.name for field in described.fields.values() if field.is_unique and field.name != spec.key_field]
    found = []
    sent = rows.filter(
        pc.and_(pc.is_in(rows["field"], pa.array(unique, pa.string())), pc.equal(rows["action"], "update"))
    )
    by_field: dict[str, list[tuple[str, str | None, str | None]]] = {}
    for row in sent.to_pylist():
        by_field.setdefault(row["field"], []).append((row["record_key"], row["old_value"], row["new_value"]))
    for field, moves in sorted(by_field.items()):
        taken = {new.casefold() for _, _, new in moves if new is not None}
        found += [
            Release(spec.name, key, field) for key, old, _ in moves if old is not None and old.casefold() in taken
        ]
    return found


def _plan_id(rows: pa.Table, run_id: str, as_of_date: date) -> str:
    digest = hashlib.sha256(f"{run_id}\x1e{as_of_date.isoformat()}\x1e{rows.num_rows}\x1e".encode())
    changed = rows.filter(pc.not_equal(rows["action"], "unchanged"))
    for part in changed.to_batches(max_chunksize=_ROWS_PER_HASH):
        lines = pc.binary_join_element_wise(
            *part.columns, "\x1f", null_handling="replace", null_replacement="\x00"
        ).to_pylist()
        digest.update("\x1e".join([*lines, ""]).encode())
    return "plan_" + digest.hexdigest()[:16]


def _account_names(rows: pa.Table, current: Mapping[str, pa.Table | pd.DataFrame]) -> dict[str, str]:
    if "Account" not in current:
        return {}
    accounts = _rows(current, "Account")
    if "Name" not in accounts.column_names:
        return {}
    changed = rows.filter(pc.not_equal(rows["action"], "unchanged"))
    ids = pa.concat_arrays(
        [
            changed.filter(pc.equal(changed["object"], "Account"))["salesforce_id"].combine_chunks().cast(pa.string()),
            changed.filter(pc.equal(changed["field"], "Account__c"))["new_value"].combine_chunks().cast(pa.string()),
        ]
    )
    named = accounts.filter(pc.is_in(accounts["Id"], ids.unique()))
    return dict(zip(named["Id"].to_pylist(), named["Name"].to_pylist(), strict=True))
