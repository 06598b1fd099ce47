"""A record as a request gives it, read into values that can be stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sandbox import ids
from sandbox.errors import ApiError, RecordError, RecordProblem
from sandbox.schema import Field, Schema, SObject
from sandbox.values import Value, csv_reader, json_reader

NULL_CELL = "#N/A"


@dataclass(frozen=True)
class Link:
    """A reference given by the other record's external id instead of its Id."""

    field: Field
    target: SObject
    key_field: Field
    key: Value


@dataclass
class Write:
    """One record to write: the values to set by API name, and how its target is named."""

    values: dict[str, Value] = field(default_factory=dict)
    record_id: str | None = None
    key: Value = None
    links: list[Link] = field(default_factory=list)
    error: RecordError | None = None


@dataclass(frozen=True)
class Column:
    """How one column of a bulk CSV is read: into a field, into the record's own id, its key, or a link."""

    field: Field
    read: Callable[[str], Value]
    target: SObject | None = None
    key_field: Field | None = None


def unknown_field(item: SObject, name: str) -> RecordError:
    """The refusal of a field that the object does not have, or that this user may not see."""
    return RecordError("INVALID_FIELD", f"No such column '{name}' on sobject of type {item.name}")


def attribute(body: Mapping[str, Any], name: str) -> str:
    """What a record says under `attributes` about its `type` or `referenceId`; empty if it says nothing readable."""
    attributes = body.get("attributes")
    value = attributes.get(name) if isinstance(attributes, dict) else None
    return value if isinstance(value, str) else ""


def from_json(schema: Schema, item: SObject, body: Mapping[str, Any], key_field: Field | None = None) -> Write:
    """Read one JSON object.

    Parameters
    ----------
    key_field : the field that an upsert names; its value becomes `key` and is not among `values`

    Raises
    ------
    ApiError
        If a value has the wrong JSON type: Salesforce refuses the whole request then.
    """
    write = Write()
    try:
        for name, value in body.items():
            if name == "attributes":
                continue
            target = item.find_field(name)
            if target is None:
                _read_link(schema, item, name, value, write)
            elif key_field is not None and target.name == key_field.name:
                write.key = None if value is None else _json_reader(target)(value)
            elif target.name == "Id":
                write.record_id = None if value in (None, "") else ids.to_18(str(value))
            else:
                write.values[target.name] = None if value is None else _json_reader(target)(value)
    except RecordProblem as problem:
        write.error = problem.error
    return write


def columns_of(schema: Schema, item: SObject, header: Sequence[str]) -> list[Column]:
    """How to read each column of a bulk CSV.

    Raises
    ------
    RecordProblem
        With the name of the first column that is no field.
    """
    columns = []
    for name in header:
        target = item.find_field(name)
        if target is not None:
            columns.append(Column(target, csv_reader(target)))
            continue
        found = _relationship_column(schema, item, name)
        if found is None:
            raise RecordProblem(unknown_field(item, name))
        columns.append(found)
    return columns


def from_csv(columns: Sequence[Column], cells: Sequence[str], key_field: Field | None = None) -> Write:
    """Read one row of a bulk CSV: an empty cell is left alone, `#N/A` empties the field."""
    write = Write()
    try:
        for column, cell in zip(columns, cells, strict=True):
            if cell == "":
                continue
            name = column.field.name
            value = None if cell == NULL_CELL else column.read(cell)
            if column.target is not None and column.key_field is not None:
                if value is None:
                    write.values[name] = None
                else:
                    write.links.append(Link(column.field, column.target, column.key_field, value))
            elif key_field is not None and name == key_field.name:
                write.key = value
            elif name == "Id":
                write.record_id = str(value) if value else None
            else:
                write.values[name] = value
    except RecordProblem as problem:
        write.error = problem.error
    return write


@lru_cache(maxsize=4096)
def _json_reader(target: Field) -> Callable[[object], Value]:
    return json_reader(target)


def _read_link(schema: Schema, item: SObject, name: str, value: Any, write: Write) -> None:
    reference = item.relationships.get(name.lower())
    if reference is None:
        raise RecordProblem(unknown_field(item, name))
    if value is None:
        write.values[reference.name] = None
        return
    keys = {key: each for key, each in value.items() if key != "attributes"} if isinstance(value, dict) else {}
    if len(keys) != 1:
        message = f"The relationship {name} of {item.name} takes an object with exactly one external id field"
        raise ApiError(400, "JSON_PARSER_ERROR", message)
    (key_name, key), *_ = keys.items()
    target, key_field = _target(schema, reference, key_name)
    if target is None or key_field is None:
        raise RecordProblem(unknown_field(item, f"{name}.{key_name}"))
    write.links.append(Link(reference, target, key_field, _json_reader(key_field)(key)))


def _relationship_column(schema: Schema, item: SObject, name: str) -> Column | None:
    relationship, _, key_name = name.partition(".")
    reference = item.relationships.get(relationship.lower())
    if reference is None or not key_name:
        return None
    type_name, colon, rest = key_name.partition(":")  # `Who.Contact:Key__c` for references to several objects
    target, key_field = _target(schema, reference, rest if colon else key_name, type_name if colon else None)
    if target is None or key_field is None:
        return None
    return Column(reference, csv_reader(key_field), target, key_field)


def _target(
    schema: Schema, reference: Field, key_name: str, type_name: str | None = None
) -> tuple[SObject | None, Field | None]:
    for name in reference.reference_to:
        target = schema.find(name)
        key_field = target.find_field(key_name) if target else None
        if target and key_field and key_field.can_be_key and type_name in (None, target.name):
            return target, key_field
    return None, None
