"""What a query would answer with, column by column: the reply to `query?q=...&columns=true`."""

from __future__ import annotations

from typing import Any

from sandbox.schema import ID_TYPES, NUMBER_TYPES, TEXT_TYPES, Field
from sandbox.soql_names import Context
from sandbox.soql_sql import compile_query
from sandbox.soql_syntax import Aggregate, Query

_APEX_TYPES = {
    "id": "Id",
    "reference": "Id",
    "boolean": "Boolean",
    "int": "Integer",
    "date": "Date",
    "datetime": "Datetime",
}


def column_metadata(context: Context, query: Query) -> dict[str, Any]:
    """The columns of a query in its order; those of a parent stand under its name, those of children under theirs."""
    statement = compile_query(context, query)
    columns: list[dict[str, Any]] = []
    aggregates = [each for each in query.selected if isinstance(each.item, Aggregate)]
    for output in statement.outputs:
        within = columns
        for name in output.names[:-1]:
            found = next((each for each in within if each["columnName"] == name), None)
            if found is None:
                found = _column(name, None)
                within.append(found)
            within = found["joinColumns"]
        within.append(_column(output.names[-1], output.field))
    if aggregates and not query.is_count:
        for column, selected in zip(columns, query.selected, strict=True):
            if isinstance(selected.item, Aggregate):
                path = ".".join(selected.item.path.names) if selected.item.path else ""
                column |= {"aggregate": True, "displayName": f"{selected.item.function}({path})"}
    for child in statement.children:
        inner = column_metadata(context, child.query)["columnMetadata"]
        columns.append(_column(child.name, None) | {"aggregate": True, "joinColumns": inner})
    return {
        "columnMetadata": columns,
        "entityName": statement.item.name,
        "groupBy": bool(query.group_by),
        "idSelected": any(output.names == ("Id",) for output in statement.outputs),
        "keyPrefix": statement.item.key_prefix,
    }


def _column(name: str, field: Field | None) -> dict[str, Any]:
    kind = field.type if field else ""
    return {
        "aggregate": False,
        "apexType": (_APEX_TYPES.get(kind) or ("Double" if kind in NUMBER_TYPES else "String")) if field else None,
        "booleanType": kind == "boolean",
        "columnName": name,
        "custom": bool(field and field.custom),
        "displayName": name,
        "foreignKeyName": None,
        "insertable": bool(field and field.createable),
        "joinColumns": [],
        "numberType": kind in NUMBER_TYPES,
        "textType": kind in TEXT_TYPES or kind in ID_TYPES,
        "updatable": bool(field and field.updateable),
    }
