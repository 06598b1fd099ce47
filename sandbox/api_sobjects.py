"""Describes, single records, and queries."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sandbox import ids, records
from sandbox.describe import basic_describe, describe, global_describe
from sandbox.dml import Operation, Outcome, find_by_key, fold
from sandbox.errors import ApiError, RecordProblem, not_found, not_implemented
from sandbox.http import Reply
from sandbox.query import PAGE, SMALLEST_PAGE
from sandbox.records import Write
from sandbox.routes import Call, route
from sandbox.schema import Field, SObject
from sandbox.store import quote
from sandbox.values import Value, json_reader, parse_datetime, to_json

UPSERT_BODY_SINCE = (
    46  # before this version an upsert that updates answers 204 without a body, and `created` is not told
)


def find_object(call: Call) -> SObject:
    """The object that the path names, or 404."""
    found = call.org.schema.find(call.parts["object"])
    if found is None:
        raise not_found()
    return found


def list_objects(call: Call) -> Reply:
    """GET sobjects."""
    return Reply.json(global_describe(call.org.schema, call.base))


def object_info(call: Call) -> Reply:
    """GET sobjects/X."""
    return Reply.json({"objectDescribe": basic_describe(find_object(call), call.base), "recentItems": []})


def describe_object(call: Call) -> Reply:
    """GET sobjects/X/describe."""
    return Reply.json(describe(call.org.schema, find_object(call), call.base))


def create(call: Call) -> Reply:
    """POST sobjects/X."""
    item = find_object(call)
    _require(item.createable, "POST", item)
    write = records.from_json(call.org.schema, item, call.request.json_object())
    outcome = call.org.dml().run(item, Operation.INSERT, [write])[0]
    return _created(call, outcome)


def get(call: Call) -> Reply:
    """GET sobjects/X/id."""
    item = find_object(call)
    return _record(call, item, _living_row(call, item, call.parts["id"]))


def update(call: Call) -> Reply:
    """PATCH sobjects/X/id."""
    item = find_object(call)
    _require(item.updateable, "PATCH", item)
    row = _living_row(call, item, call.parts["id"])
    write = _body_without(call, item, "Id")
    write.record_id = str(row["Id"])
    _raise_if_failed(call.org.dml().run(item, Operation.UPDATE, [write])[0])
    return Reply.empty()


def delete(call: Call) -> Reply:
    """DELETE sobjects/X/id."""
    item = find_object(call)
    _require(item.deletable, "DELETE", item)
    row = _living_row(call, item, call.parts["id"])
    _raise_if_failed(call.org.dml().run(item, Operation.DELETE, [Write(record_id=str(row["Id"]))])[0])
    return Reply.empty()


def get_by_key(call: Call) -> Reply:
    """GET sobjects/X/Field__c/value."""
    item, key_field, key = _key(call)
    matches = _matches(call, item, key_field, key)
    if not matches:
        raise not_found()
    return _record(call, item, _living_row(call, item, matches[0]))


def upsert(call: Call) -> Reply:
    """PATCH sobjects/X/Field__c/value: creates, or updates the one record that has the key."""
    item, key_field, key = _key(call)
    _require(item.updateable, "PATCH", item)
    if key_field.type == "id":
        call = _with_id(call, str(key))
        return update(call)
    _matches(call, item, key_field, key)
    write = _body_without(call, item, key_field.name)
    write.key = key
    is_update_only = call.request.flag("updateOnly")
    run = call.org.dml().run(item, Operation.UPSERT, [write], key_field=key_field, is_update_only=is_update_only)
    return _created(call, run[0], is_upsert=True)


def create_by_key(call: Call) -> Reply:
    """POST sobjects/X/Id: a create, in the form that an upsert by Id without a value has."""
    if call.parts["field"].lower() != "id":
        raise ApiError(405, "METHOD_NOT_ALLOWED", "HTTP Method 'POST' not allowed. Allowed are DELETE,GET,HEAD,PATCH")
    return create(call)


def delete_by_key(call: Call) -> Reply:
    """DELETE sobjects/X/Field__c/value."""
    item, key_field, key = _key(call)
    _require(item.deletable, "DELETE", item)
    matches = _matches(call, item, key_field, key)
    if not matches:
        raise not_found()
    _raise_if_failed(call.org.dml().run(item, Operation.DELETE, [Write(record_id=matches[0])])[0])
    return Reply.empty()


def deleted(call: Call) -> Reply:
    """GET sobjects/X/deleted?start=&end=."""
    item, start, end = _window(call)
    where = '"IsDeleted" = 1 and "SystemModstamp" between ? and ?'
    statement = f'select "Id", "SystemModstamp" from {quote(item.name)} where {where}'
    rows = call.org.store.reader().execute(statement, (start, end)).fetchall()
    found = [{"id": row[0], "deletedDate": row[1].replace("Z", "+0000")} for row in rows]
    covered = end.replace("Z", "+0000")
    return Reply.json(
        {"deletedRecords": found, "earliestDateAvailable": start.replace("Z", "+0000"), "latestDateCovered": covered}
    )


def updated(call: Call) -> Reply:
    """GET sobjects/X/updated?start=&end=."""
    item, start, end = _window(call)
    statement = f'select "Id" from {quote(item.name)} where "IsDeleted" = 0 and "SystemModstamp" between ? and ?'
    rows = call.org.store.reader().execute(statement, (start, end)).fetchall()
    return Reply.json({"ids": [row[0] for row in rows], "latestDateCovered": end.replace("Z", "+0000")})


def query(call: Call) -> Reply:
    """GET query?q= and queryAll?q=."""
    soql = call.request.parameters.get("q")
    if soql is None:
        if "explain" in call.request.parameters:
            raise not_implemented("The query plan (explain)")
        raise ApiError(400, "MALFORMED_QUERY", "The query parameter q is missing")
    if call.request.flag("columns"):
        return Reply.json(call.org.queries(call.base).columns(soql))
    with_deleted = "queryall" in call.request.path.lower()
    return Reply.json(call.org.queries(call.base).first_page(soql, with_deleted=with_deleted, page=_page(call)))


def query_more(call: Call) -> Reply:
    """GET query/locator."""
    return Reply.json(call.org.queries(call.base).next_page(call.parts["locator"], _page(call)))


def layouts(call: Call) -> Reply:
    """GET sobjects/X/describe/layouts and the like."""
    find_object(call)
    raise not_implemented(f"{call.request.method} sobjects/{call.parts['object']}/{call.parts['rest']}")


def describe_tooling_object(call: Call) -> Reply:
    """GET tooling/sobjects/X/describe: there is no such object, as in an org without source tracking, which `sf` looks for."""
    raise not_found()


def _page(call: Call) -> int:
    for option in call.request.headers.get("sforce-query-options", "").split(","):
        name, _, value = option.strip().partition("=")
        if name.lower() == "batchsize" and value.isdecimal():
            return max(SMALLEST_PAGE, min(int(value), PAGE))
    return PAGE


def _window(call: Call) -> tuple[SObject, str, str]:
    item = find_object(call)
    given = [parse_datetime(call.request.parameters.get(name, "").replace(" ", "+")) for name in ("start", "end")]
    if not item.has_is_deleted or None in given:
        raise ApiError(
            400, "INVALID_REPLICATION_DATE", "start and end must be date-times, and the object must be replicateable"
        )
    start, end = (str(each) for each in given)
    if start >= end:
        raise ApiError(
            400, "INVALID_REPLICATION_DATE", "startDate before org replication enabled date, or not before endDate"
        )
    if call.org.store.now() - timedelta(days=30) > datetime.fromisoformat(start):
        raise ApiError(400, "INVALID_REPLICATION_DATE", "startDate cannot be more than 30 days ago")
    return item, start, end


def _with_id(call: Call, record_id: str) -> Call:
    return replace(call, parts={**call.parts, "id": record_id})


def _require(is_allowed: bool, method: str, item: SObject) -> None:
    if not is_allowed:
        raise ApiError(
            405, "METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed on {item.name}. Allowed are GET,HEAD"
        )


def _key(call: Call) -> tuple[SObject, Field, Value]:
    item = find_object(call)
    key_field = item.find_field(call.parts["field"])
    if key_field is None or not key_field.can_be_key:
        raise not_found()
    text = call.parts["value"]
    try:
        key = json_reader(key_field)(text)
    except RecordProblem as problem:
        raise ApiError(400, problem.error.code, problem.error.message, problem.error.fields) from None
    if key is None:
        raise not_found()
    return item, key_field, key


def _matches(call: Call, item: SObject, key_field: Field, key: Value) -> list[str]:
    """Ids of the records with that key: none or one; several are the 300 reply."""
    found = find_by_key(call.org.store.reader(), item, key_field, [key]).get(fold(key_field, key), [])
    if len(found) > 1:
        raise _MultipleChoices([f"{call.base}/sobjects/{item.name}/{record_id}" for record_id in found])
    return found


def _living_row(call: Call, item: SObject, record_id: str) -> dict[str, Any]:
    row = call.org.row(item, record_id)
    if row is None and not ids.has_id_shape(record_id):
        message = f"Provided external ID field does not exist or is not accessible: {record_id}"
        raise ApiError(404, "NOT_FOUND", message)
    if row is None:
        raise not_found()
    if row.get("IsDeleted"):
        raise ApiError(404, "ENTITY_IS_DELETED", "entity is deleted", ())
    return row


def _body_without(call: Call, item: SObject, name: str) -> Write:
    body = call.request.json_object()
    if any(each.lower() == name.lower() for each in body):
        raise ApiError(400, "INVALID_FIELD", f"The {name} field should not be specified in the sobject data.")
    return records.from_json(call.org.schema, item, body)


def _record(call: Call, item: SObject, row: dict[str, Any]) -> Reply:
    wanted = call.request.parameters.get("fields")
    fields = list(item.fields.values())
    if wanted:
        named = [(name.strip(), item.find_field(name.strip())) for name in wanted.split(",")]
        unknown = [name for name, found in named if found is None]
        if unknown:
            raise ApiError(400, "INVALID_FIELD", f"No such column '{unknown[0]}' on sobject of type {item.name}")
        fields = [found for _, found in named if found is not None]
    attributes = {"type": item.name, "url": f"{call.base}/sobjects/{item.name}/{row['Id']}"}
    return Reply.json({"attributes": attributes, **{each.name: to_json(each, row[each.name]) for each in fields}})


def _raise_if_failed(outcome: Outcome) -> None:
    if not outcome.is_success:
        raise _Refused(outcome)


def _created(call: Call, outcome: Outcome, *, is_upsert: bool = False) -> Reply:
    _raise_if_failed(outcome)
    if is_upsert and not outcome.is_created and call.version < UPSERT_BODY_SINCE:
        return Reply.empty()
    body: dict[str, object] = {"id": outcome.record_id, "success": True, "errors": []}
    if is_upsert and call.version >= UPSERT_BODY_SINCE:
        body["created"] = outcome.is_created
    location = f"{call.base}/sobjects/{call.parts['object']}/{outcome.record_id}"
    return Reply.json(body, 201, {"Location": location}) if outcome.is_created else Reply.json(body)


class _Refused(ApiError):
    """The refusal of the one record of a call."""

    def __init__(self, outcome: Outcome) -> None:
        error = outcome.errors[0]
        status = 404 if error.code in ("NOT_FOUND", "ENTITY_IS_DELETED") else 400
        super().__init__(status, error.code, error.message, None if error.code == "INVALID_FIELD" else error.fields)


class _MultipleChoices(ApiError):
    """Several records have the external id: the reply lists where they are."""

    def __init__(self, urls: list[str]) -> None:
        super().__init__(300, "MULTIPLE_CHOICES", "several records have this external id")
        self.urls = urls

    def body(self) -> Any:
        """The list of record URLs."""
        return self.urls


ROUTES = [
    route("GET", "query", query),
    route("GET", "queryAll", query),
    route("GET", "query/*locator", query_more),
    route("GET", "queryAll/*locator", query_more),
    route("GET", "tooling/sobjects/*object/describe", describe_tooling_object),
    route("GET", "sobjects", list_objects),
    route("GET", "sobjects/*object", object_info),
    route("POST", "sobjects/*object", create),
    route("GET", "sobjects/*object/describe", describe_object),
    route("GET", "sobjects/*object/deleted", deleted),
    route("GET", "sobjects/*object/updated", updated),
    route("GET", "sobjects/*object/describe/**rest", layouts),
    route("GET", "sobjects/*object/*id", get),
    route("PATCH", "sobjects/*object/*id", update),
    route("DELETE", "sobjects/*object/*id", delete),
    route("POST", "sobjects/*object/*field", create_by_key),
    route("GET", "sobjects/*object/*field/**value", get_by_key),
    route("PATCH", "sobjects/*object/*field/**value", upsert),
    route("POST", "sobjects/*object/*field/**value", upsert),
    route("DELETE", "sobjects/*object/*field/**value", delete_by_key),
]
