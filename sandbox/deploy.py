"""A package of metadata into the org: everything checked first, then all of it or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sandbox import metadata_checks
from sandbox.clock import stamp
from sandbox.metadata_fields import DeployProblem, read_field, read_name_field, refuse
from sandbox.metadata_files import Component, Package
from sandbox.permissions import grants_of
from sandbox.schema import Field, Schema, SObject, custom_object, standard_schema
from sandbox.store import Store, column_type, quote

_RELATED = ("ListView", "CompactLayout", "Layout", "CustomTab", "PermissionSet")


@dataclass(frozen=True)
class Message:
    """What became of one component; `problem` is empty if it is in order."""

    component: Component
    is_created: bool = False
    problem: str = ""


@dataclass(frozen=True)
class Deployment:
    """The outcome of a deploy."""

    messages: tuple[Message, ...]
    missing: tuple[tuple[str, str], ...] = ()

    @property
    def failures(self) -> tuple[Message, ...]:
        """Components that were refused."""
        return tuple(message for message in self.messages if message.problem)

    @property
    def is_success(self) -> bool:
        """True if nothing was refused, and so everything is in the org (unless only checked)."""
        return not self.failures and not self.missing


@dataclass
class _Draft:
    """The schema as it would be, and the components met so far."""

    schema: Schema
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    fields: dict[str, Field] = field(default_factory=dict)
    problems: dict[tuple[str, str], str] = field(default_factory=dict)


def schema_with_deployed(store: Store) -> Schema:
    """The standard objects and everything deployed into this state."""
    schema = standard_schema()
    for name, body in store.metadata("CustomObject").items():
        if body:
            schema = schema.with_objects([_object_from(name, body)])
    for full_name, body in store.metadata("CustomField").items():
        object_name = full_name.partition(".")[0]
        schema = _with_field(schema, schema.objects[object_name], _field_from(body))
    return schema


def deploy(store: Store, package: Package, *, is_check_only: bool = False) -> Deployment:
    """Check a package and, if all of it is in order, put it into the org in one transaction."""
    with store.transaction() as connection:
        draft = _Draft(store.schema)
        existing = {
            (kind, name) for kind in ("CustomObject", "CustomField", *_RELATED) for name in store.metadata(kind)
        }
        for component in package.components:
            if component.problem:
                draft.problems[component.type, component.full_name] = component.problem
        _draft_objects(store, connection, draft, _of(package, "CustomObject"))
        for component in _of(package, "CustomField"):
            _attempt(draft, component, lambda each: _draft_field(draft, each))
        _check_references(draft, package)
        names = frozenset(existing | {(each.type, each.full_name) for each in package.components})
        for kind in _RELATED:
            for component in _of(package, kind):
                _attempt(draft, component, lambda each: metadata_checks.check(each, draft.schema, names))
        result = Deployment(
            tuple(
                Message(
                    each,
                    (each.type, each.full_name) not in existing,
                    draft.problems.get((each.type, each.full_name), ""),
                )
                for each in package.components
            ),
            package.missing,
        )
        if result.is_success and not is_check_only:
            for name, body in draft.objects.items():
                store.save_metadata(connection, "CustomObject", name, body)
            for full_name, made in draft.fields.items():
                store.save_metadata(connection, "CustomField", full_name, asdict(made))
            store.use_schema(connection, draft.schema)
            for component in package.components:
                if component.type == "PermissionSet":
                    store.save_metadata(connection, component.type, component.full_name, grants_of(component))
                    _keep_permission_set(store, connection, component)
                elif component.type in _RELATED:
                    body = {"label": component.text("label")}
                    store.save_metadata(connection, component.type, component.full_name, body)
    if result.is_success and not is_check_only:
        store.schema = draft.schema
    return result


def _keep_permission_set(store: Store, connection: sqlite3.Connection, component: Component) -> None:
    """The record that a permission set is, so that it can be assigned."""
    now, user = stamp(store.now()), store.get_meta("user_id")
    label, name = component.text("label"), component.full_name
    if connection.execute('select 1 from "PermissionSet" where "Name" = ?', (name,)).fetchone():
        statement = (
            'update "PermissionSet" set "Label" = ?, "LastModifiedDate" = ?, "SystemModstamp" = ? where "Name" = ?'
        )
        connection.execute(statement, (label, now, now, name))
        return
    row = {
        "Id": store.make_ids(connection, "0PS", 1)[0],
        "Name": name,
        "Label": label,
        "CreatedDate": now,
        "CreatedById": user,
    }
    row |= {"LastModifiedDate": now, "LastModifiedById": user, "SystemModstamp": now}
    columns = ", ".join(quote(each) for each in row)
    marks = ", ".join("?" * len(row))
    connection.execute(f'insert into "PermissionSet" ({columns}) values ({marks})', list(row.values()))


def _of(package: Package, kind: str) -> Iterable[Component]:
    return (each for each in package.components if each.type == kind)


def _attempt(draft: _Draft, component: Component, action: Any) -> None:
    if (component.type, component.full_name) in draft.problems:
        return
    try:
        action(component)
    except DeployProblem as problem:
        draft.problems[component.type, component.full_name] = str(problem)


def _draft_objects(store: Store, connection: Any, draft: _Draft, components: Iterable[Component]) -> None:
    def add(component: Component) -> None:
        known = draft.schema.find(component.full_name)
        if known is not None and not known.custom:
            return  # settings of a standard object, none of which this emulator has
        label, plural, name_field, has_owner = read_name_field(component)
        if known is None:
            number = store.next_numbers(connection, "custom object", 1) - 1
            key_prefix = f"a{number:02d}"
        else:
            key_prefix = known.key_prefix
            if (known.fields["Name"].auto_number is None) != (name_field.auto_number is None):
                refuse("the type of an object's name field can not be changed by this emulator")
        body = {
            "label": label,
            "plural": plural,
            "key_prefix": key_prefix,
            "name_field": asdict(name_field),
            "has_owner": has_owner,
        }
        made = _object_from(component.full_name, body)
        if known is not None:
            made = replace(made, fields={**known.fields, **made.fields})
        draft.objects[component.full_name] = body
        draft.schema = draft.schema.with_objects([made])

    for component in components:
        _attempt(draft, component, add)


def _draft_field(draft: _Draft, component: Component) -> None:
    item = draft.schema.find(component.object_name)
    if item is None:
        raise DeployProblem(f"In field: object - no CustomObject named {component.object_name} found")
    made = read_field(component)
    known = item.find_field(made.name)
    if known is not None and (column_type(known), known.type in ("reference",)) != (
        column_type(made),
        made.type == "reference",
    ):
        refuse(f"Cannot change the type of {component.full_name} from {known.type} to {made.type} in this emulator")
    for other in item.fields.values():
        if (
            made.children
            and other.name != made.name
            and other.children == made.children
            and other.reference_to == made.reference_to
        ):
            refuse(f"There is already a Child Relationship named {made.children} on {made.reference_to[0]}.")
    draft.fields[f"{item.name}.{made.name}"] = made
    draft.schema = _with_field(draft.schema, item, made)


def _check_references(draft: _Draft, package: Package) -> None:
    for component in _of(package, "CustomField"):
        made = draft.fields.get(component.full_name)
        for target in made.reference_to if made else ():
            found = draft.schema.find(target)
            if found is None:
                draft.problems[component.type, component.full_name] = (
                    f"referenceTo value of '{target}' does not resolve to a valid sObject type"
                )


def _with_field(schema: Schema, item: SObject, made: Field) -> Schema:
    return schema.with_objects([replace(item, fields={**item.fields, made.name: made})])


def _object_from(name: str, body: Mapping[str, Any]) -> SObject:
    name_field = _field_from(body["name_field"])
    return custom_object(
        name, body["label"], body["plural"], body["key_prefix"], name_field, has_owner=body["has_owner"]
    )


def _field_from(body: Mapping[str, Any]) -> Field:
    tuples = {
        "values": tuple((value, label) for value, label in body["values"]),
        "reference_to": tuple(body["reference_to"]),
    }
    return Field(**{**body, **tuples})
