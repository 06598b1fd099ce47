"""Bulk 2.0 over HTTP: `jobs/ingest` and `jobs/query`."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from sandbox.bulk import DELIMITERS, FINISHED, LINE_ENDS, MAX_UPLOAD, Job
from sandbox.errors import ApiError, not_implemented
from sandbox.http import CSV_TYPE, Reply
from sandbox.routes import Call, route

DEFAULT_RESULT_ROWS = 50_000
OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")


def create_ingest(call: Call) -> Reply:
    """POST jobs/ingest."""
    if call.request.content_type == "multipart/form-data":
        raise not_implemented("A multipart ingest job")
    given = call.request.json_object()
    operation, name = given.get("operation"), str(given.get("object", ""))
    if operation not in OPERATIONS:
        raise ApiError(400, "INVALIDJOB", f"InvalidJob : {operation} is not a valid operation")
    if operation == "hardDelete":
        message = (
            "FeatureNotEnabled : hardDelete operation requires special user profile permission,"
            " please contact your system administrator"
        )
        raise ApiError(400, "FEATURENOTENABLED", message)
    item = call.org.schema.find(name)
    if item is None:
        raise ApiError(400, "INVALIDJOB", f"InvalidJob : Unable to find object: {name}")
    if not (item.deletable if operation == "delete" else item.createable or item.updateable):
        raise ApiError(400, "INVALIDENTITY", f"InvalidEntity : Entity '{item.name}' is not supported by the Bulk API.")
    key_name = given.get("externalIdFieldName")
    key_field = item.find_field(str(key_name)) if key_name else None
    if operation == "upsert" and (key_field is None or not key_field.can_be_key):
        message = f"InvalidJob : Field name provided, {key_name} is not an External ID or indexed field for {item.name}"
        raise ApiError(
            400, "INVALIDJOB", message if key_name else "InvalidJob : External ID was blank for " + item.name
        )
    body = _format(given) | {
        "operation": operation,
        "object": item.name,
        "externalIdFieldName": key_field.name if key_field and operation == "upsert" else None,
        "concurrencyMode": "Parallel",
        "apiVersion": float(call.version),
        "assignmentRuleId": given.get("assignmentRuleId"),
    }
    return Reply.json(_info(call, call.jobs.create("ingest", body, "Open"), short=True))


def upload(call: Call) -> Reply:
    """PUT jobs/ingest/ID/batches."""
    job = call.jobs.find(call.parts["id"], "ingest")
    if job.state != "Open":
        raise ApiError(
            400, "INVALIDJOBSTATE", f"InvalidJobState : Job state must be Open to upload data, it is {job.state}"
        )
    if call.jobs.has_upload(job):
        raise ApiError(400, "CLIENTINPUTERROR", "ClientInputError : Only one upload of data is allowed for a job")
    if call.request.content_type != "text/csv":
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "The data of a job is text/csv")
    if len(call.request.body) > MAX_UPLOAD:
        raise ApiError(413, "REQUEST_ENTITY_TOO_LARGE", f"The data of a job is at most {MAX_UPLOAD} bytes")
    call.jobs.upload(job, call.request.body)
    return Reply.empty(201)


def change_ingest(call: Call) -> Reply:
    """PATCH jobs/ingest/ID."""
    return _change(call, "ingest", ("UploadComplete", "Aborted"))


def change_query(call: Call) -> Reply:
    """PATCH jobs/query/ID."""
    return _change(call, "query", ("Aborted",))


def get_ingest(call: Call) -> Reply:
    """GET jobs/ingest/ID."""
    return Reply.json(_info(call, call.jobs.find(call.parts["id"], "ingest")))


def get_query(call: Call) -> Reply:
    """GET jobs/query/ID."""
    return Reply.json(_info(call, call.jobs.find(call.parts["id"], "query")))


def list_ingest(call: Call) -> Reply:
    """GET jobs/ingest."""
    return _list(call, "ingest")


def list_query(call: Call) -> Reply:
    """GET jobs/query."""
    return _list(call, "query")


def delete_ingest(call: Call) -> Reply:
    """DELETE jobs/ingest/ID."""
    return _delete(call, "ingest")


def delete_query(call: Call) -> Reply:
    """DELETE jobs/query/ID."""
    return _delete(call, "query")


def ingest_results(call: Call) -> Reply:
    """GET jobs/ingest/ID/successfulResults, failedResults and unprocessedRecords, in any letter case."""
    which = {"successfulresults": "successful", "failedresults": "failed", "unprocessedrecords": "unprocessed"}
    job = call.jobs.find(call.parts["id"], "ingest")
    name = which.get(call.parts["which"].lower())
    if name is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    if job.state not in FINISHED:
        raise ApiError(
            400, "INVALIDJOBSTATE", f"InvalidJobState : the results are there when the job has ended, it is {job.state}"
        )
    return Reply(200, "".join(call.jobs.results(job, name)).encode(), CSV_TYPE)


def create_query(call: Call) -> Reply:
    """POST jobs/query."""
    given = call.request.json_object()
    operation, soql = given.get("operation"), given.get("query")
    if operation not in ("query", "queryAll") or not isinstance(soql, str):
        raise ApiError(400, "INVALIDJOB", "InvalidJob : a query job needs operation query or queryAll, and the query")
    call.org.queries(call.base).csv_rows(soql, with_deleted=operation == "queryAll")  # refuses a bad one at once
    from sandbox.soql_syntax import parse

    item = call.org.schema.find(parse(soql).object_name)
    body = _format(given) | {
        "operation": operation,
        "object": item.name if item else "",
        "query": soql,
        "concurrencyMode": "Parallel",
        "apiVersion": float(call.version),
    }
    job = call.jobs.create("query", body, "UploadComplete")
    reply = Reply.json(_info(call, job, short=True))
    call.jobs.submit(job)
    return reply


def query_results(call: Call) -> Reply:
    """GET jobs/query/ID/results?maxRecords=&locator=."""
    job = call.jobs.find(call.parts["id"], "query")
    if job.state != "JobComplete":
        raise ApiError(
            400,
            "INVALIDJOBSTATE",
            f"InvalidJobState : the results are there when the job is complete, it is {job.state}",
        )
    text = call.request.parameters.get("maxRecords", "")
    if text and (not text.isdecimal() or int(text) < 1):
        raise ApiError(400, "INVALIDJOB", "InvalidJob : maxRecords must be a whole number above 0")
    count = min(int(text), 10_000_000) if text else DEFAULT_RESULT_ROWS
    start = _row_of(call.request.parameters.get("locator", ""))
    lines = call.jobs.query_lines(job, start, count)
    end = start + len(lines)
    is_last = end >= int(job.body.get("numberRecordsProcessed", 0))
    header = job.delimiter.join(f'"{name}"' for name in job.body["header"]) + job.line_end
    headers = {"Sforce-Locator": "null" if is_last else _locator(end), "Sforce-NumberOfRecords": str(len(lines))}
    return Reply(200, (header + "".join(lines)).encode(), CSV_TYPE, headers)


def _format(given: dict[str, Any]) -> dict[str, str]:
    found = {
        "contentType": given.get("contentType") or "CSV",
        "lineEnding": given.get("lineEnding") or "LF",
        "columnDelimiter": given.get("columnDelimiter") or "COMMA",
    }
    allowed: dict[str, tuple[str, ...]] = {
        "contentType": ("CSV",),
        "lineEnding": tuple(LINE_ENDS),
        "columnDelimiter": tuple(DELIMITERS),
    }
    for name, value in found.items():
        if value not in allowed[name]:
            raise ApiError(
                400, "INVALIDJOB", f"InvalidJob : {value} is not a valid {name}. Use one of {', '.join(allowed[name])}"
            )
    return found


def _info(call: Call, job: Job, *, short: bool = False) -> dict[str, object]:
    body = job.body
    info: dict[str, object] = {
        "id": job.id,
        "operation": body["operation"],
        "object": body["object"],
        "createdById": body["createdById"],
        "createdDate": body["createdDate"],
        "systemModstamp": body["systemModstamp"],
        "state": job.state,
        "concurrencyMode": body["concurrencyMode"],
        "contentType": body["contentType"],
        "apiVersion": body["apiVersion"],
    }
    if job.kind == "ingest":
        if body.get("externalIdFieldName"):
            info["externalIdFieldName"] = body["externalIdFieldName"]
        if job.state == "Open":
            info["contentUrl"] = f"{call.base.lstrip('/')}/jobs/ingest/{job.id}/batches"
    info |= {"lineEnding": body["lineEnding"], "columnDelimiter": body["columnDelimiter"]}
    if short:
        return info
    info |= {
        "jobType": "V2Ingest" if job.kind == "ingest" else "V2Query",
        "numberRecordsProcessed": body.get("numberRecordsProcessed", 0),
        "retries": 0,
        "totalProcessingTime": body.get("totalProcessingTime", 0),
    }
    if job.kind == "ingest":
        info |= {
            "numberRecordsFailed": body.get("numberRecordsFailed", 0),
            "apiActiveProcessingTime": body.get("apiActiveProcessingTime", 0),
            "apexProcessingTime": 0,
        }
    else:
        info["isPkChunkingSupported"] = False
    if body.get("errorMessage"):
        info["errorMessage"] = body["errorMessage"]
    return info


def _change(call: Call, kind: str, states: tuple[str, ...]) -> Reply:
    job = call.jobs.find(call.parts["id"], kind)
    wanted = call.request.json_object().get("state")
    if wanted not in states:
        raise ApiError(400, "INVALIDJOB", f"InvalidJob : state can be set to {' or '.join(states)}, not to {wanted}")
    if job.state in FINISHED or (wanted == "UploadComplete" and job.state != "Open"):
        raise ApiError(400, "INVALIDJOBSTATE", f"InvalidJobState : the job is {job.state}, it can not become {wanted}")
    call.jobs.move(job, str(wanted))
    reply = Reply.json(_info(call, job, short=True))
    if wanted == "UploadComplete":
        call.jobs.submit(job)
    return reply


def _list(call: Call, kind: str) -> Reply:
    return Reply.json(
        {"done": True, "nextRecordsUrl": None, "records": [_info(call, job) for job in call.jobs.every(kind)]}
    )


def _delete(call: Call, kind: str) -> Reply:
    job = call.jobs.find(call.parts["id"], kind)
    if job.state not in FINISHED:
        raise ApiError(400, "INVALIDJOBSTATE", f"InvalidJobState : only an ended job can be deleted, it is {job.state}")
    call.jobs.delete(job)
    return Reply.empty()


def _locator(row: int) -> str:
    return base64.urlsafe_b64encode(str(row).encode()).decode().rstrip("=")


def _row_of(locator: str) -> int:
    if locator in ("", "null"):
        return 0
    try:
        row = int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)))
    except (binascii.Error, ValueError):
        row = -1
    if not 0 <= row < 2**62:
        raise ApiError(400, "INVALIDJOB", "InvalidJob : Invalid locator")
    return row


ROUTES = [
    route("POST", "jobs/ingest", create_ingest),
    route("GET", "jobs/ingest", list_ingest),
    route("GET", "jobs/ingest/*id", get_ingest),
    route("PATCH", "jobs/ingest/*id", change_ingest),
    route("DELETE", "jobs/ingest/*id", delete_ingest),
    route("PUT", "jobs/ingest/*id/batches", upload),
    route("GET", "jobs/ingest/*id/*which", ingest_results),
    route("POST", "jobs/query", create_query),
    route("GET", "jobs/query", list_query),
    route("GET", "jobs/query/*id", get_query),
    route("PATCH", "jobs/query/*id", change_query),
    route("DELETE", "jobs/query/*id", delete_query),
    route("GET", "jobs/query/*id/results", query_results),
]
