"""What the org knows: objects, fields, picklist values. Immutable; a deploy makes a new one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

STANDARD_OBJECTS = Path(__file__).with_name("standard_objects.yml")

TEXT_TYPES = frozenset({"string", "textarea", "email", "phone", "url", "picklist", "multipicklist", "combobox"})
NUMBER_TYPES = frozenset({"double", "currency", "percent", "int"})
PICKLIST_TYPES = frozenset({"picklist", "multipicklist", "combobox"})
ID_TYPES = frozenset({"id", "reference"})

_AUDIT = {
    "full": ("IsDeleted", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"),
    "user": ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"),
    "history": ("IsDeleted", "CreatedDate", "CreatedById", "SystemModstamp"),
    "stamp": ("SystemModstamp",),
    "modified": ("LastModifiedDate", "LastModifiedById", "SystemModstamp"),
}


@dataclass(frozen=True)
class Field:
    """One field, as a describe shows it.

    `length` is in UTF-16 units; `on_delete` is what happens to the referring record when the one it points at is deleted
    (cascade, set_null, restrict, keep); `formula` is SQL over the same row, and such a field is stored nowhere.
    """

    name: str
    type: str
    label: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    external_id: bool = False
    unique: bool = False
    case_sensitive: bool = False
    id_lookup: bool = False
    default: str | bool | None = None
    values: tuple[tuple[str, str], ...] = ()  # (value, label)
    restricted: bool = False
    reference_to: tuple[str, ...] = ()
    relationship: str | None = None
    children: str | None = None
    on_delete: str = "keep"
    polymorphic: bool = False
    formula: str | None = None
    auto_number: str | None = None
    name_field: bool = False
    help_text: str | None = None

    @property
    def custom(self) -> bool:
        """True for a field that somebody deployed."""
        return self.name.lower().endswith("__c")

    @property
    def defaulted_on_create(self) -> bool:
        """True if the platform fills it when a create leaves it out."""
        return self.default is not None or self.type == "boolean" or self.name == "OwnerId" or not self.createable

    @property
    def required(self) -> bool:
        """True if a create without it fails."""
        return self.createable and not self.nillable and not self.defaulted_on_create

    @property
    def filterable(self) -> bool:
        """True if SOQL may filter or sort by it: neither long text nor a compound."""
        return self.type != "address" and not (self.type == "textarea" and self.length > 255)

    @property
    def can_be_key(self) -> bool:
        """True if an upsert may name it."""
        return self.type == "id" or self.external_id or self.id_lookup


@dataclass(frozen=True)
class SObject:
    """One object: its fields by API name in describe order, and what the API lets do with its records."""

    name: str
    label: str
    plural: str
    key_prefix: str
    fields: Mapping[str, Field]
    createable: bool = True
    updateable: bool = True
    deletable: bool = True

    @property
    def custom(self) -> bool:
        """True for an object that somebody deployed."""
        return self.name.lower().endswith("__c")

    @cached_property
    def fields_by_lower_name(self) -> dict[str, Field]:
        """Fields by lower-case API name: requests may use any case."""
        return {name.lower(): item for name, item in self.fields.items()}

    @cached_property
    def relationships(self) -> dict[str, Field]:
        """Reference fields by lower-case relationship name."""
        return {item.relationship.lower(): item for item in self.fields.values() if item.relationship}

    @cached_property
    def stored_fields(self) -> tuple[Field, ...]:
        """Fields that have a column of their own."""
        return tuple(item for item in self.fields.values() if item.formula is None)

    @cached_property
    def name_field(self) -> Field | None:
        """The field that names a record to a reader."""
        return next((item for item in self.fields.values() if item.name_field), None)

    @cached_property
    def fields_with_default(self) -> tuple[Field, ...]:
        """Stored fields that a new record has filled although the request left them out; the owner is one."""
        return tuple(
            item
            for item in self.stored_fields
            if item.name == "OwnerId" or item.type == "boolean" or item.default is not None
        )

    @property
    def has_is_deleted(self) -> bool:
        """True if deleted records stay, marked."""
        return "IsDeleted" in self.fields

    def find_field(self, name: str) -> Field | None:
        """The field of that API name in any letter case."""
        return self.fields_by_lower_name.get(name.lower())


@dataclass(frozen=True)
class Schema:
    """All objects by API name."""

    objects: Mapping[str, SObject] = field(default_factory=dict)

    @cached_property
    def objects_by_lower_name(self) -> dict[str, SObject]:
        """Objects by lower-case API name."""
        return {name.lower(): item for name, item in self.objects.items()}

    @cached_property
    def objects_by_prefix(self) -> dict[str, SObject]:
        """Objects by the first three characters of their ids."""
        return {item.key_prefix: item for item in self.objects.values()}

    @cached_property
    def references_to(self) -> dict[str, tuple[tuple[SObject, Field], ...]]:
        """For each object, the reference fields anywhere that may point at it."""
        found: dict[str, list[tuple[SObject, Field]]] = {name: [] for name in self.objects}
        for item in self.objects.values():
            for each in item.fields.values():
                for target in each.reference_to:
                    if target in found:
                        found[target].append((item, each))
        return {name: tuple(pairs) for name, pairs in found.items()}

    def find(self, name: str) -> SObject | None:
        """The object of that API name in any letter case."""
        return self.objects_by_lower_name.get(name.lower())

    def with_objects(self, changed: Iterable[SObject]) -> Schema:
        """A schema in which these objects are added or replaced."""
        return Schema({**self.objects, **{item.name: item for item in changed}})


def standard_schema() -> Schema:
    """The standard objects, before anything is deployed."""
    specification = yaml.safe_load(STANDARD_OBJECTS.read_text(encoding="utf-8"))
    return Schema({name: _standard_object(name, body) for name, body in specification.items()})


def system_fields(audit: str) -> dict[str, Field]:
    """Id and the fields that the platform keeps by itself, by name."""
    every = {
        "IsDeleted": Field("IsDeleted", "boolean", "Deleted", nillable=False, createable=False, updateable=False),
        "CreatedDate": Field(
            "CreatedDate", "datetime", "Created Date", nillable=False, createable=False, updateable=False
        ),
        "CreatedById": _user_reference("CreatedById", "Created By ID", "CreatedBy"),
        "LastModifiedDate": Field(
            "LastModifiedDate", "datetime", "Last Modified Date", nillable=False, createable=False, updateable=False
        ),
        "LastModifiedById": _user_reference("LastModifiedById", "Last Modified By ID", "LastModifiedBy"),
        "SystemModstamp": Field(
            "SystemModstamp", "datetime", "System Modstamp", nillable=False, createable=False, updateable=False
        ),
    }
    return {name: every[name] for name in _AUDIT[audit]}


def id_field(label: str) -> Field:
    """The Id field of an object with that label."""
    return Field(
        "Id", "id", f"{label} ID", length=18, nillable=False, createable=False, updateable=False, id_lookup=True
    )


def custom_object(
    name: str, label: str, plural: str, key_prefix: str, name_field: Field, *, has_owner: bool
) -> SObject:
    """A new custom object with its system fields, and an owner unless it is the detail of a master.

    Parameters
    ----------
    has_owner : whether records have an owner; the details of a master have none
    """
    fields = {"Id": id_field("Record"), "Name": replace(name_field, name="Name", name_field=True)}
    if has_owner:
        fields["OwnerId"] = Field(
            "OwnerId", "reference", "Owner ID", length=18, nillable=False, reference_to=("User",), relationship="Owner"
        )
    fields |= system_fields("full")
    return SObject(name, label, plural, key_prefix, fields)


def _standard_object(name: str, body: Mapping[str, Any]) -> SObject:
    fields = {"Id": id_field(body["label"])}
    audit = system_fields(body["audit"])
    if "IsDeleted" in audit:
        fields["IsDeleted"] = audit["IsDeleted"]
    for field_name, settings in body["fields"].items():
        fields[field_name] = _standard_field(field_name, settings)
    fields |= {key: item for key, item in audit.items() if key != "IsDeleted"}
    rights = {key: bool(body.get(key, True)) for key in ("createable", "updateable", "deletable")}
    return SObject(name, body["label"], body["plural"], str(body["prefix"]), fields, **rights)


def _standard_field(name: str, settings: Mapping[str, Any]) -> Field:
    read_only = bool(settings.get("read_only"))
    kind = str(settings["type"])
    is_owner = name == "OwnerId"
    required = bool(settings.get("required"))
    return Field(
        name=name,
        type=kind,
        label=str(settings.get("label", name)),
        length=18 if kind == "reference" else int(settings.get("length", 0)),
        precision=int(settings.get("precision", 0)),
        scale=int(settings.get("scale", 0)),
        nillable=not (required or is_owner or kind == "boolean"),
        createable=not read_only,
        updateable=not (read_only or settings.get("create_only")),
        unique=bool(settings.get("unique")),
        id_lookup=bool(settings.get("id_lookup")),
        default=settings.get("default"),
        values=tuple((str(value), str(value)) for value in settings.get("values", ())),
        restricted=bool(settings.get("restricted")),
        reference_to=tuple(settings.get("to", ())),
        relationship=settings.get("relationship"),
        children=settings.get("children"),
        on_delete=str(settings.get("on_delete", "keep")),
        polymorphic=bool(settings.get("polymorphic")),
        formula=settings.get("formula"),
        name_field=bool(settings.get("name_field")),
    )


def _user_reference(name: str, label: str, relationship: str) -> Field:
    return Field(
        name,
        "reference",
        label,
        length=18,
        nillable=False,
        createable=False,
        updateable=False,
        reference_to=("User",),
        relationship=relationship,
    )
