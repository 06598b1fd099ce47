"""Up to 200 records in one call: order kept, each accepted or refused on its own unless `allOrNone`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sandbox import ids, records
from sandbox.dml import ROLLED_BACK, Operation, Outcome
from sandbox.errors import ApiError, RecordError, not_found
from sandbox.http import Reply
from sandbox.records import Write
from sandbox.routes import Call, route
from sandbox.schema import Field, SObject
from sandbox.store import quote, select_in
from sandbox.values import to_json

MAX_RECORDS = 200
MAX_RETRIEVED = 2000


def create(call: Call) -> Reply:
    """POST composite/sobjects."""
    return _write(call, Operation.INSERT)


def update(call: Call) -> Reply:
    """PATCH composite/sobjects."""
    return _write(call, Operation.UPDATE)


def upsert(call: Call) -> Reply:
    """PATCH composite/sobjects/X/Field__c."""
    item = _object(call)
    key_field = item.find_field(call.parts["field"])
    if key_field is None or not key_field.can_be_key:
        raise not_found()
    return _write(call, Operation.UPSERT, item, key_field)


def delete(call: Call) -> Reply:
    """DELETE composite/sobjects?ids=."""
    given = [each.strip() for each in call.request.parameters.get("ids", "").split(",") if each.strip()]
    _limit(given, MAX_RECORDS)
    targets = [(call.org.schema.objects_by_prefix.get(each[:3]), Write(record_id=ids.to_18(each))) for each in given]
    outcomes = _run(call, Operation.DELETE, targets, call.request.flag("allOrNone"), None)
    return Reply.json([_item(outcome) for outcome in outcomes])


def retrieve(call: Call) -> Reply:
    """GET composite/sobjects/X?ids=&fields= and POST composite/sobjects/X."""
    item = _object(call)
    if call.request.method == "POST":
        body = call.request.json_object()
        given, names = body.get("ids"), body.get("fields")
    else:
        given, names = (call.request.parameters.get(name, "").split(",") for name in ("ids", "fields"))
    if not (isinstance(given, list) and isinstance(names, list) and names):
        raise ApiError(400, "MISSING_ARGUMENT", "Both ids and fields must be given")
    _limit(given, MAX_RETRIEVED)
    fields = []
    for name in names:
        found = item.find_field(str(name).strip())
        if found is None:
            raise ApiError(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {item.name}")
        fields.append(found)
    wanted = [ids.to_18(str(each).strip()) for each in given]
    columns = ", ".join(quote(each.name) for each in fields)
    alive = ' and "IsDeleted" = 0' if item.has_is_deleted else ""
    statement = f'select "Id", {columns} from {quote(item.name)} where "Id" in ({{marks}}){alive}'
    rows = {row[0]: row[1:] for row in select_in(call.org.store.reader(), statement, sorted(set(wanted)))}

    def record(record_id: str) -> dict[str, Any] | None:
        if record_id not in rows:
            return None
        attributes = {"type": item.name, "url": f"{call.base}/sobjects/{item.name}/{record_id}"}
        cells = zip(fields, rows[record_id], strict=True)
        return {"attributes": attributes, **{each.name: to_json(each, value) for each, value in cells}}

    return Reply.json([record(each) for each in wanted])


def _object(call: Call) -> SObject:
    found = call.org.schema.find(call.parts["object"])
    if found is None:
        raise not_found()
    return found


def _write(call: Call, operation: Operation, item: SObject | None = None, key_field: Field | None = None) -> Reply:
    body = call.request.json_object()
    given = body.get("records")
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise ApiError(400, "JSON_PARSER_ERROR", "The request body must hold a list of objects under records")
    _limit(given, MAX_RECORDS)
    targets: list[tuple[SObject | None, Write]] = []
    for each in given:
        target = item or _named_object(call, each)
        if (
            item is not None
            and (type_name := records.attribute(each, "type"))
            and type_name.lower() != item.name.lower()
        ):
            raise ApiError(
                400, "INVALID_INPUT", f"all records of an upsert must be of type {item.name}, found {type_name}"
            )
        by_key = key_field if key_field is not None and key_field.type != "id" else None
        write = Write() if target is None else records.from_json(call.org.schema, target, each, by_key)
        if target is None:
            shown = records.attribute(each, "type")
            write.error = RecordError("INVALID_TYPE", f"sObject type '{shown}' is not supported.")
        targets.append((target, write))
    is_update_only = call.request.flag("updateOnly")
    outcomes = _run(call, operation, targets, body.get("allOrNone") is True, key_field, is_update_only)
    return Reply.json([_item(outcome, is_upsert=operation is Operation.UPSERT) for outcome in outcomes])


def _named_object(call: Call, body: dict[str, Any]) -> SObject | None:
    type_name = records.attribute(body, "type")
    if not type_name:
        message = "Include a type in the attributes property of each record, for example {type: Account}."
        raise ApiError(400, "INVALID_INPUT", message)
    return call.org.schema.find(type_name)


def _run(
    call: Call,
    operation: Operation,
    targets: Sequence[tuple[SObject | None, Write]],
    is_all_or_none: bool,
    key_field: Field | None,
    is_update_only: bool = False,
) -> list[Outcome]:
    """Outcomes in order; neighbours of one type are written together."""
    outcomes: list[Outcome] = []
    dml = call.org.dml()
    try:
        with call.org.store.transaction():
            for item, group in groupby(targets, key=lambda target: target[0]):
                writes = [write for _, write in group]
                if item is None:
                    outcomes += [Outcome(errors=(write.error or _no_such_id(write),)) for write in writes]
                else:
                    outcomes += dml.run(
                        item,
                        operation,
                        writes,
                        key_field=key_field,
                        is_update_only=is_update_only,
                        is_all_or_none=is_all_or_none,
                    )
            if is_all_or_none and not all(outcome.is_success for outcome in outcomes):
                raise _RollBack
    except _RollBack:
        outcomes = [each if each.errors else Outcome(errors=(ROLLED_BACK,)) for each in outcomes]
    return outcomes


def _no_such_id(write: Write) -> RecordError:
    if write.record_id and ids.has_id_shape(write.record_id):
        return RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    return RecordError("MALFORMED_ID", f"malformed id {write.record_id}")


def _item(outcome: Outcome, *, is_upsert: bool = False) -> dict[str, object]:
    item: dict[str, object] = {"id": outcome.record_id} if outcome.record_id else {}
    item |= {"success": outcome.is_success, "errors": [error.in_collection() for error in outcome.errors]}
    if is_upsert:
        item["created"] = outcome.is_created
    return item


def _limit(given: Sequence[object], most: int) -> None:
    if not given:
        raise ApiError(400, "MISSING_ARGUMENT", "The request names no records")
    if len(given) > most:
        message = f"record limit reached. cannot submit more than {most} records into this call"
        raise ApiError(400, "EXCEEDED_ID_LIMIT", message)


class _RollBack(Exception):
    """Leaves the transaction without keeping anything."""


ROUTES = [
    route("POST", "composite/sobjects", create),
    route("PATCH", "composite/sobjects", update),
    route("DELETE", "composite/sobjects", delete),
    route("GET", "composite/sobjects/*object", retrieve),
    route("POST", "composite/sobjects/*object", retrieve),
    route("PATCH", "composite/sobjects/*object/*field", upsert),
]
