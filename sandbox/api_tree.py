"""`composite/tree`: records with their children in one request, all of it or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox import records
from sandbox.dml import Operation
from sandbox.errors import ApiError, RecordError, not_found
from sandbox.http import Reply
from sandbox.routes import Call, route
from sandbox.schema import Field, SObject
from sandbox.soql_sql import child_relationship

MAX_RECORDS = 200
MAX_DEPTH = 5


@dataclass(frozen=True)
class _Node:
    """A record of the tree, and the one above it with the field that points there."""

    item: SObject
    body: dict[str, Any]
    reference_id: str
    parent: _Node | None = None
    reference: Field | None = None


def create(call: Call) -> Reply:
    """POST composite/tree/X."""
    item = call.org.schema.find(call.parts["object"])
    if item is None:
        raise not_found()
    nodes: list[_Node] = []
    _gather(call, item, call.request.json_object(), None, None, 1, nodes)
    if len(nodes) > MAX_RECORDS:
        raise ApiError(400, "LIMIT_EXCEEDED", f"A tree takes at most {MAX_RECORDS} records")
    names = [node.reference_id for node in nodes]
    if not all(names) or len(set(names)) < len(names):
        raise ApiError(400, "INVALID_INPUT", "Each record needs a referenceId of its own in its attributes")
    made: dict[str, str] = {}
    refused: list[dict[str, object]] = []
    try:
        with call.org.store.transaction():
            for node in nodes:  # a parent stands before its children
                problem = _write(call, node, made)
                if problem is not None:
                    refused.append({"referenceId": node.reference_id, "errors": [problem.in_collection()]})
            if refused:
                raise _RollBack
    except _RollBack:
        return Reply.json({"hasErrors": True, "results": refused}, 400)
    results = [{"referenceId": name, "id": made[name]} for name in names]
    return Reply.json({"hasErrors": False, "results": results}, 201)


def _gather(
    call: Call,
    item: SObject,
    holder: Any,
    parent: _Node | None,
    reference: Field | None,
    depth: int,
    nodes: list[_Node],
) -> None:
    given = holder.get("records") if isinstance(holder, dict) else None
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise ApiError(400, "JSON_PARSER_ERROR", "A tree holds lists of objects under records")
    if depth > MAX_DEPTH:
        raise ApiError(400, "LIMIT_EXCEEDED", f"A tree is at most {MAX_DEPTH} levels deep")
    children = {
        str(name).lower(): (child, field)
        for child, field in call.org.schema.references_to[item.name]
        if (name := child_relationship(field))
    }
    for each in given:
        body = {name: value for name, value in each.items() if name.lower() not in children}
        node = _Node(item, body, records.attribute(each, "referenceId"), parent, reference)
        nodes.append(node)
        for name, value in each.items():
            if name.lower() in children:
                child, field = children[name.lower()]
                _gather(call, child, value, node, field, depth + 1, nodes)


def _write(call: Call, node: _Node, made: dict[str, str]) -> RecordError | None:
    write = records.from_json(call.org.schema, node.item, node.body)
    if node.parent is not None and node.reference is not None:
        parent_id = made.get(node.parent.reference_id)
        if parent_id is None:
            return None  # its parent was refused, and says why
        write.values[node.reference.name] = parent_id
    outcome = call.org.dml().run(node.item, Operation.INSERT, [write])[0]
    if outcome.is_success:
        made[node.reference_id] = str(outcome.record_id)
        return None
    return outcome.errors[0]


class _RollBack(Exception):
    """Leaves the transaction without keeping anything."""


ROUTES = [route("POST", "composite/tree/*object", create)]
