"""Field-level security: what the integration user sees until a permission set is assigned to it.

Only what is known from orgs is hidden: deployed fields and objects, which nobody sees before they are granted, and the privacy
fields of a contact, which a recorded org did not show either. Other standard fields are those of an administrator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.metadata_files import NAMESPACE, Component
from sandbox.schema import Field, Schema, SObject

HIDDEN_STANDARD_FIELDS = frozenset({"Contact.HasOptedOutOfEmail", "Contact.HasOptedOutOfFax", "Contact.DoNotCall"})
_RIGHTS = {"allowRead": "read", "allowCreate": "create", "allowEdit": "edit", "allowDelete": "delete"}


@dataclass
class Grants:
    """What permission sets allow: rights by object, and fields that may be read or written, all by API name."""

    objects: dict[str, set[str]] = field(default_factory=dict)
    readable: set[str] = field(default_factory=set)
    editable: set[str] = field(default_factory=set)


def grants_of(component: Component) -> dict[str, Any]:
    """The grants of a permission set file, as JSON."""
    objects: dict[str, list[str]] = {}
    for element in component.element.findall(f"{NAMESPACE}objectPermissions"):
        given = {child.tag.removeprefix(NAMESPACE) for child in element if (child.text or "").strip() == "true"}
        name = (element.findtext(f"{NAMESPACE}object") or "").strip()
        objects[name] = sorted(right for tag, right in _RIGHTS.items() if tag in given)
    fields: dict[str, list[str]] = {"readable": [], "editable": []}
    for element in component.element.findall(f"{NAMESPACE}fieldPermissions"):
        for right, names in fields.items():
            if (element.findtext(NAMESPACE + right) or "").strip() == "true":
                names.append((element.findtext(f"{NAMESPACE}field") or "").strip())
    return {"label": component.text("label"), "objects": objects, **fields}


def combine(sets: Iterable[Mapping[str, Any]]) -> Grants:
    """What several permission sets allow together."""
    total = Grants()
    for each in sets:
        for name, rights in each["objects"].items():
            total.objects.setdefault(name, set()).update(rights)
        total.readable.update(each["readable"])
        total.editable.update(each["editable"])
    return total


def visible(schema: Schema, grants: Grants) -> Schema:
    """The schema as a user with these grants sees it."""
    objects = {}
    for name, item in schema.objects.items():
        rights = grants.objects.get(name, set())
        if item.custom and "read" not in rights:
            continue
        fields = {
            key: _seen(item, each, grants) for key, each in item.fields.items() if _is_visible(item, each, grants)
        }
        changed = replace(item, fields=fields)
        if item.custom:
            changed = replace(
                changed,
                createable=item.createable and "create" in rights,
                updateable=item.updateable and "edit" in rights,
                deletable=item.deletable and "delete" in rights,
            )
        objects[name] = changed
    return Schema(objects)


def _is_guarded(item: SObject, each: Field) -> bool:
    is_master = each.type == "reference" and each.createable and not each.updateable
    return f"{item.name}.{each.name}" in HIDDEN_STANDARD_FIELDS or (each.custom and not each.required and not is_master)


def _is_visible(item: SObject, each: Field, grants: Grants) -> bool:
    full_name = f"{item.name}.{each.name}"
    return not _is_guarded(item, each) or full_name in grants.readable or full_name in grants.editable


def _seen(item: SObject, each: Field, grants: Grants) -> Field:
    if not _is_guarded(item, each) or f"{item.name}.{each.name}" in grants.editable:
        return each
    return replace(each, createable=False, updateable=False)
