"""Checks of what is deployed beside fields and objects: list views, layouts, tabs, permission sets."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.metadata_fields import DeployProblem, check_tags, refuse
from sandbox.metadata_files import NAMESPACE, Component
from sandbox.schema import Field, Schema, SObject

_NEEDS = {
    "allowCreate": ("allowRead",),
    "allowEdit": ("allowRead",),
    "allowDelete": ("allowRead", "allowEdit"),
    "viewAllRecords": ("allowRead",),
    "modifyAllRecords": ("allowRead", "allowEdit", "allowDelete", "viewAllRecords"),
}
_PERMISSION_SET_TAGS_WORDS = (
    "applicationVisibilities classAccesses customMetadataTypeAccesses customPermissions customSettingAccesses"
    " description fieldPermissions hasActivationRequired label license objectPermissions pageAccesses"
    " recordTypeVisibilities tabSettings userPermissions"
)
_PERMISSION_SET_TAGS = frozenset(_PERMISSION_SET_TAGS_WORDS.split())


def check(component: Component, schema: Schema, names: frozenset[tuple[str, str]]) -> None:
    """Refuse a component that an org with this schema would refuse.

    Parameters
    ----------
    names : (type, full name) of everything deployed before or together with it

    Raises
    ------
    DeployProblem
    """
    checks: dict[str, Callable[[Component, Schema, frozenset[tuple[str, str]]], None]] = {
        "ListView": _list_view,
        "CompactLayout": _compact_layout,
        "Layout": _layout,
        "CustomTab": _tab,
        "PermissionSet": _permission_set,
    }
    checks[component.type](component, schema, names)


def _object(schema: Schema, name: str) -> SObject:
    found = schema.find(name)
    if found is None:
        raise DeployProblem(f"In field: object - no CustomObject named {name} found")
    return found


def _custom_field(schema: Schema, item: SObject, name: str) -> Field | None:
    """The field, None for a standard column under its report name; refused if it should exist and does not."""
    found = item.find_field(name)
    if found is None and name.lower().endswith("__c"):
        raise DeployProblem(f"In field: field - no CustomField named {item.name}.{name} found")
    return found


def _list_view(component: Component, schema: Schema, names: frozenset[tuple[str, str]]) -> None:
    item = _object(schema, component.object_name)
    if component.text("label") is None:
        refuse("Required field is missing: label")
    scope = component.text("filterScope")
    if scope not in (
        "Everything",
        "Mine",
        "Queue",
        "Delegated",
        "MyTerritory",
        "MyTeamTerritory",
        "Team",
        "AssignedToMe",
    ):
        refuse(f"'{scope}' is not a valid value for the enum 'FilterScope'")
    for column in component.element.findall(f"{NAMESPACE}columns"):
        _custom_field(schema, item, (column.text or "").strip())
    for found in component.element.findall(f"{NAMESPACE}filters"):
        _custom_field(schema, item, (found.findtext(f"{NAMESPACE}field") or "").strip())


def _compact_layout(component: Component, schema: Schema, names: frozenset[tuple[str, str]]) -> None:
    item = _object(schema, component.object_name)
    for element in component.element.findall(f"{NAMESPACE}fields"):
        name = (element.text or "").strip()
        if item.find_field(name) is None:
            refuse(f"In field: fields - no field named {item.name}.{name} found")


def _layout(component: Component, schema: Schema, names: frozenset[tuple[str, str]]) -> None:
    item = _object(schema, component.object_name)
    for element in component.element.iter(f"{NAMESPACE}field"):
        name = (element.text or "").strip()
        if item.find_field(name) is None:
            refuse(f"In field: field - no field named {item.name}.{name} found")


def _tab(component: Component, schema: Schema, names: frozenset[tuple[str, str]]) -> None:
    if component.text("customObject") == "true":
        _object(schema, component.full_name)
    if component.text("motif") is None:
        refuse("Required field is missing: motif")


def _permission_set(component: Component, schema: Schema, names: frozenset[tuple[str, str]]) -> None:
    check_tags(component, _PERMISSION_SET_TAGS, "PermissionSet")
    if component.text("label") is None:
        refuse("Required field is missing: label")
    for element in component.element.findall(f"{NAMESPACE}objectPermissions"):
        _object(schema, (element.findtext(f"{NAMESPACE}object") or "").strip())
        granted = {child.tag.removeprefix(NAMESPACE) for child in element if (child.text or "").strip() == "true"}
        for right, needed in _NEEDS.items():
            missing = [each for each in needed if each not in granted]
            if right in granted and missing:
                refuse(f"Permission {right} depends on permission(s): {', '.join(missing)}")
    for element in component.element.findall(f"{NAMESPACE}fieldPermissions"):
        _field_permission(
            (element.findtext(f"{NAMESPACE}field") or "").strip(), element.findtext(f"{NAMESPACE}editable"), schema
        )
    for element in component.element.findall(f"{NAMESPACE}tabSettings"):
        name = (element.findtext(f"{NAMESPACE}tab") or "").strip()
        if name.endswith("__c") and ("CustomTab", name) not in names:
            refuse(f"In field: tab - no CustomTab named {name} found")


def _field_permission(full_name: str, editable: str | None, schema: Schema) -> None:
    object_name, _, field_name = full_name.partition(".")
    found = _object(schema, object_name).find_field(field_name)
    if found is None:
        raise DeployProblem(f"In field: field - no CustomField named {full_name} found")
    if found.required or (found.custom and found.type == "reference" and not found.updateable):
        refuse(f"You cannot deploy to a required field: {full_name}")
    if (editable or "").strip() == "true" and not (found.createable or found.updateable):
        refuse(f"Field {full_name} is not editable")
