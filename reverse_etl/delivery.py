"""The steps around a plan: settle what an interrupted run left, read the CRM, decide."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from reverse_etl.crm import Crm, CrmObject
from reverse_etl.ledger import LedgerStore
from reverse_etl.plan import Plan, build_plan
from reverse_etl.rules import DeliveryObject, DeliveryRules


def describe_objects(crm: Crm, rules: DeliveryRules) -> dict[str, CrmObject]:
    """The CRM's description of every object that the rules write."""
    return {spec.name: crm.describe(spec.name) for spec in rules.objects if rules.fields_of(spec.name)}


def plan_delivery(
    crm: Crm,
    ledger: LedgerStore,
    desired: Mapping[str, pa.Table | pd.DataFrame],
    rules: DeliveryRules,
    *,
    run_id: str,
    as_of_date: date,
) -> Plan:
    """The plan of a delivery, made from what the CRM holds at this moment.

    Records that an interrupted apply left in flight are settled first: their jobs are finished, then the CRM is read. Reads
    the CRM and writes the ledger; writes nothing to the CRM (but a job that an interrupted run left open is closed).

    Parameters
    ----------
    desired : sync table name -> its rows; see `plan.build_plan`
    """
    schema = describe_objects(crm, rules)
    for plan_id, job in ledger.open_jobs():
        ledger.record_answers(plan_id, job.object_name, crm.finish_job(job), job.job_id)
    unsettled = bool(ledger.unsettled_plans())
    specs = [spec for spec in rules.objects if spec.name in schema]
    current = {spec.name: _read(crm, spec, rules, schema[spec.name], desired, unsettled) for spec in specs}
    if unsettled:
        ledger.settle(current, schema, {spec.name: spec.key_field for spec in specs})
    return build_plan(
        desired,
        current,
        ledger.last_sent(),
        schema,
        rules,
        run_id=run_id,
        as_of_date=as_of_date,
        known_ids=_known_ids(crm, current, desired, rules),
    )


def _read(
    crm: Crm,
    spec: DeliveryObject,
    rules: DeliveryRules,
    described: CrmObject,
    desired: Mapping[str, pa.Table | pd.DataFrame],
    unsettled: bool,
) -> pa.Table:
    fields = [rule.field for rule in rules.fields_of(spec.name) if rule.field in described.fields]
    if spec.key_field != "Id":
        fields.insert(0, spec.key_field)
    if spec.name == "Account":
        fields.insert(0, "Name")
    if not spec.creates or unsettled:
        return crm.read(spec.name, fields)
    # Items of earlier days pile up in the CRM and none of them can be in this plan.
    keys = _column(desired, spec.sync_table, spec.key_column)
    return crm.read(spec.name, fields, spec.key_field, [str(key) for key in keys.drop_null().unique().to_pylist()])


def _known_ids(
    crm: Crm,
    current: Mapping[str, pa.Table],
    desired: Mapping[str, pa.Table | pd.DataFrame],
    rules: DeliveryRules,
) -> dict[str, pa.Array]:
    known = {name: current[name]["Id"].combine_chunks() for name in ("Account", "Contact") if name in current}
    owners = [
        _column(desired, spec.sync_table, rule.source_column)
        for spec in rules.objects
        for rule in rules.fields_of(spec.name)
        if rule.field == "OwnerId"
    ]
    if any(len(column.drop_null()) for column in owners):
        users = crm.read("User", ["IsActive"])
        known["User"] = users.filter(pc.equal(pc.utf8_lower(users["IsActive"]), "true"))["Id"].combine_chunks()
    return known


def _column(desired: Mapping[str, pa.Table | pd.DataFrame], table: str, column: str) -> pa.Array:
    rows = desired.get(table)
    if rows is None:
        return pa.array([], pa.string())
    given = pa.Table.from_pandas(rows, preserve_index=False) if isinstance(rows, pd.DataFrame) else rows
    if column not in given.column_names:
        return pa.array([], pa.string())
    array = given[column].combine_chunks()
    return array if pa.types.is_string(array.type) else array.cast(pa.string())
