"""Several requests in one: `composite` with references between them, and `composite/batch` without."""

from __future__ import annotations

import re
from typing import Any

from sandbox.errors import ApiError
from sandbox.http import Reply
from sandbox.routes import Call, route

MAX_SUBREQUESTS = 25
MAX_QUERIES = 5  # queries and collections among them

_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[\d+\])+)\}")
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+)\]")


def composite(call: Call) -> Reply:
    """POST composite."""
    body = call.request.json_object()
    given = body.get("compositeRequest")
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise ApiError(400, "JSON_PARSER_ERROR", "The request body must hold a list of objects under compositeRequest")
    _check(given)
    is_all_or_none = body.get("allOrNone") is True
    answers: list[dict[str, Any]] = []
    try:
        if is_all_or_none:
            with call.org.store.transaction():
                _run(call, given, answers)
                if any(answer["httpStatusCode"] >= 400 for answer in answers):
                    raise _RollBack
        else:
            _run(call, given, answers)
    except _RollBack:
        for answer in answers:
            if answer["httpStatusCode"] < 400:
                message = "The transaction was rolled back since another operation in the same transaction failed."
                answer.update(_halted(answer["referenceId"], message))
    return Reply.json({"compositeResponse": answers})


def batch(call: Call) -> Reply:
    """POST composite/batch."""
    body = call.request.json_object()
    given = body.get("batchRequests")
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given) or len(given) > MAX_SUBREQUESTS:
        raise ApiError(
            400, "INVALID_BATCH_REQUEST", f"batchRequests must be a list of at most {MAX_SUBREQUESTS} objects"
        )
    results: list[dict[str, Any]] = []
    for each in given:
        if body.get("haltOnError") is True and any(result["statusCode"] >= 400 for result in results):
            error = {"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per request"}
            results.append({"statusCode": 412, "result": [error]})
            continue
        url = str(each.get("url", ""))
        path = url if url.startswith("/services") else f"/services/data/{url.lstrip('/')}"
        answer = call.send(call.request.towards(str(each.get("method", "GET")), path, each.get("richInput"), {}))
        results.append({"statusCode": answer.status, "result": answer.value})
    return Reply.json({"hasErrors": any(result["statusCode"] >= 400 for result in results), "results": results})


def _check(given: list[dict[str, Any]]) -> None:
    if len(given) > MAX_SUBREQUESTS:
        raise ApiError(400, "LIMIT_EXCEEDED", f"A composite request takes at most {MAX_SUBREQUESTS} subrequests")
    paths = [str(each.get("url", "")).partition("?")[0] for each in given]
    if sum("/query" in path or "/composite/sobjects" in path for path in paths) > MAX_QUERIES:
        raise ApiError(
            400, "LIMIT_EXCEEDED", f"A composite request takes at most {MAX_QUERIES} queries and collections"
        )
    references = [each.get("referenceId") for each in given]
    if not all(isinstance(each, str) and each for each in references) or len(set(references)) < len(references):
        raise ApiError(400, "INVALID_INPUT", "Each subrequest needs a referenceId of its own")


def _run(call: Call, given: list[dict[str, Any]], answers: list[dict[str, Any]]) -> None:
    known: dict[str, Any] = {}
    for each in given:
        reference = str(each["referenceId"])
        try:
            url = str(_fill(str(each.get("url", "")), known))
            body = _fill(each.get("body"), known)
        except _NoValue as problem:
            message = (
                f"Invalid reference specified. No value for {problem} found. Provide an existing reference ID and field"
            )
            answers.append(_halted(reference, message))
            continue
        asked = each.get("httpHeaders")
        headers = {str(name).lower(): str(value) for name, value in asked.items()} if isinstance(asked, dict) else {}
        answer = call.send(call.request.towards(str(each.get("method", "GET")), url, body, headers))
        if answer.status < 300:
            known[reference] = answer.value
        shown = {name: value for name, value in answer.headers.items() if name == "Location"}
        answers.append(
            {"body": answer.value, "httpHeaders": shown, "httpStatusCode": answer.status, "referenceId": reference}
        )


def _fill(value: Any, known: dict[str, Any]) -> Any:
    """The value with every `@{reference.field}` replaced by what that subrequest answered."""
    if isinstance(value, dict):
        return {name: _fill(each, known) for name, each in value.items()}
    if isinstance(value, list):
        return [_fill(each, known) for each in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _look_up(whole, known)
    return _REFERENCE.sub(lambda match: str(_look_up(match, known)), value)


def _look_up(match: re.Match[str], known: dict[str, Any]) -> Any:
    name, steps = match.groups()
    found = known.get(name)
    for key, index in _STEP.findall(steps):
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and index and int(index) < len(found):
            found = found[int(index)]
        else:
            raise _NoValue(f"{name}{steps}")
    return found


def _halted(reference: str, message: str) -> dict[str, Any]:
    error = {"errorCode": "PROCESSING_HALTED", "message": message}
    return {"body": [error], "httpHeaders": {}, "httpStatusCode": 400, "referenceId": reference}


class _NoValue(Exception):
    """A reference to something that no subrequest has answered."""


class _RollBack(Exception):
    """Leaves the transaction without keeping anything."""


ROUTES = [
    route("POST", "composite", composite),
    route("POST", "composite/batch", batch),
]
