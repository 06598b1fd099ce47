"""Deploys over HTTP: a zip in a multipart request, and its result to poll for."""

from __future__ import annotations

import io
import json
from typing import Any

from python_multipart import parse_form
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File

from sandbox.clock import stamp
from sandbox.deploy import Deployment, Message, deploy
from sandbox.errors import ApiError, SandboxError, not_found
from sandbox.http import Reply
from sandbox.metadata_files import read_zip
from sandbox.routes import Call, route


def start(call: Call) -> Reply:
    """POST metadata/deployRequest: a part with the deployOptions as JSON, whatever its name, and `file`, the zip."""
    parts = _multipart(call.request.headers.get("content-type", ""), call.request.body)
    if "file" not in parts:
        raise ApiError(400, "INVALID_MULTIPART_REQUEST", "The request needs a part named file with the zip")
    options: dict[str, Any] = {}
    for name in sorted(parts.keys() - {"file"}):  # the documentation calls it `json`, `sf` calls it `entity_content`
        try:
            options |= json.loads(parts[name]).get("deployOptions") or {}
        except (ValueError, AttributeError, TypeError) as error:
            raise ApiError(400, "JSON_PARSER_ERROR", f"The part {name} is not readable: {error}") from None
    if options.get("rollbackOnError") is False:
        raise ApiError(
            501,
            "NOT_IMPLEMENTED",
            "A deploy that keeps what it could is not implemented by this emulator; use rollbackOnError.",
        )
    store = call.org.store
    began = stamp(store.now())
    try:
        result = deploy(store, read_zip(parts["file"]), is_check_only=bool(options.get("checkOnly")))
    except SandboxError as error:
        raise ApiError(400, "INVALID_ZIP", str(error)) from None
    with store.transaction() as connection:
        deploy_id = store.make_ids(connection, "0Af", 1)[0]
        body = _result(call, deploy_id, options, result, began)
        connection.execute(
            "insert into sys_deploy values (?, ?)", (deploy_id, json.dumps({"options": options, "result": body}))
        )
    queued = {
        "id": deploy_id,
        "status": "Pending",
        "done": False,
        "success": False,
        "checkOnly": bool(options.get("checkOnly")),
    }
    return Reply.json(
        {"id": deploy_id, "url": _url(call, deploy_id), "deployOptions": options, "deployResult": queued}, 201
    )


def poll(call: Call) -> Reply:
    """GET metadata/deployRequest/ID?includeDetails=true."""
    deploy_id = call.parts["id"]
    row = (
        call.org.store.reader()
        .execute("select id, body from sys_deploy where id = ? or substr(id, 1, 15) = ?", (deploy_id, deploy_id))
        .fetchone()
    )
    if row is None:
        raise not_found()
    kept = json.loads(row[1])
    if not call.request.flag("includeDetails"):
        kept["result"]["details"] = None
    return Reply.json(
        {"id": row[0], "url": _url(call, row[0]), "deployOptions": kept["options"], "deployResult": kept["result"]}
    )


def _url(call: Call, deploy_id: str) -> str:
    return f"{call.request.origin}{call.base}/metadata/deployRequest/{deploy_id}?includeDetails=true"


def _multipart(content_type: str, body: bytes) -> dict[str, bytes]:
    """The parts of a form-data body by name."""
    if not content_type.lower().startswith("multipart/"):
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "A deploy is a multipart/form-data request")
    found: dict[str, bytes] = {}

    def keep_field(part: Field) -> None:
        found[str((part.field_name or b"").decode("utf-8", "replace"))] = part.value or b""

    def keep_file(part: File) -> None:
        part.file_object.seek(0)
        found[str((part.field_name or b"").decode("utf-8", "replace"))] = part.file_object.read()
        part.close()

    try:
        parse_form({"Content-Type": content_type.encode()}, io.BytesIO(body), keep_field, keep_file)
    except FormParserError as error:
        raise ApiError(400, "INVALID_MULTIPART_REQUEST", f"The multipart body is not readable: {error}") from None
    return found


def _result(call: Call, deploy_id: str, options: dict[str, Any], result: Deployment, began: str) -> dict[str, Any]:
    now = stamp(call.org.store.now())
    failures = [_message(message, began) for message in result.failures]
    failures += [_missing(kind, name, began) for kind, name in result.missing]
    successes = [_message(message, began) for message in result.messages if not message.problem]
    return {
        "id": deploy_id,
        "status": "Succeeded" if result.is_success else "Failed",
        "success": result.is_success,
        "done": True,
        "checkOnly": bool(options.get("checkOnly")),
        "ignoreWarnings": bool(options.get("ignoreWarnings")),
        "rollbackOnError": True,
        "runTestsEnabled": False,
        "numberComponentErrors": len(failures),
        "numberComponentsDeployed": len(successes) if result.is_success else 0,
        "numberComponentsTotal": len(successes) + len(failures),
        "numberTestErrors": 0,
        "numberTestsCompleted": 0,
        "numberTestsTotal": 0,
        "createdBy": call.org.user_id,
        "createdByName": "ABM Integration",
        "createdDate": began,
        "startDate": began,
        "completedDate": now,
        "lastModifiedDate": now,
        "details": {
            "componentSuccesses": successes,
            "componentFailures": failures,
            "allComponentMessages": successes + failures,
            "retrieveResult": None,
            "runTestResult": {
                "numFailures": 0,
                "numTestsRun": 0,
                "successes": [],
                "failures": [],
                "codeCoverage": [],
                "totalTime": 0.0,
            },
        },
    }


def _message(message: Message, created: str) -> dict[str, Any]:
    component = message.component
    found: dict[str, Any] = {
        "componentType": component.type,
        "fullName": component.full_name,
        "fileName": component.file_name,
        "success": not message.problem,
        "created": message.is_created and not message.problem,
        "changed": not message.problem,
        "deleted": False,
        "createdDate": created,
        "warning": False,
    }
    return found | {"problem": message.problem, "problemType": "Error"} if message.problem else found


def _missing(kind: str, name: str, created: str) -> dict[str, Any]:
    return {
        "componentType": kind,
        "fullName": name,
        "fileName": "package.xml",
        "success": False,
        "created": False,
        "changed": False,
        "deleted": False,
        "createdDate": created,
        "warning": False,
        "problem": f"An object '{name}' of type {kind} was named in package.xml, but was not found in zipped directory",
        "problemType": "Error",
    }


ROUTES = [
    route("POST", "metadata/deployRequest", start),
    route("GET", "metadata/deployRequest/*id", poll),
]
