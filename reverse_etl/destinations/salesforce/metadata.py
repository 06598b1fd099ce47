"""What our SFDX folder promises, read from its files, and every reason why an org would refuse the folder."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import simple_salesforce
from lxml import etree

from reverse_etl.crm import CrmField, CrmObject

_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
_XSD = "http://www.w3.org/2001/XMLSchema"
# The part of the file name before -meta.xml tells the type, and the type the root element.
ROOT_ELEMENTS = {
    "field": "CustomField",
    "object": "CustomObject",
    "listView": "ListView",
    "permissionset": "PermissionSet",
    "layout": "Layout",
    "tab": "CustomTab",
    "compactLayout": "CompactLayout",
}
_DESCRIBE_TYPES = {
    "Text": "string",
    "TextArea": "textarea",
    "LongTextArea": "textarea",
    "Number": "double",
    "Percent": "percent",
    "Currency": "currency",
    "Picklist": "picklist",
    "Checkbox": "boolean",
    "Date": "date",
    "DateTime": "datetime",
    "Lookup": "reference",
}
_NEEDS = {
    "Text": ("length",),
    "LongTextArea": ("length", "visibleLines"),
    "Number": ("precision", "scale"),
    "Percent": ("precision", "scale"),
    "Currency": ("precision", "scale"),
    "Picklist": ("valueSet",),
    "Checkbox": ("defaultValue",),
    "Lookup": ("referenceTo", "relationshipName"),
}
_LONGEST_TEXT, _MOST_DIGITS = 255, 18


@dataclass(frozen=True)
class MetadataProblem:
    """One reason why an org would refuse a file; `file` is relative to the folder that was checked."""

    file: str
    message: str


def check_folder(folder: Path) -> list[MetadataProblem]:
    """Every reason why an org would refuse the metadata under `folder`; empty = deployable as far as can be told offline.

    Two checks: each file against the schema of Salesforce's own metadata API description, which fixes elements, their types
    and their order; then what that schema cannot say: lengths, digits, lookup targets, duplicate relationship names, list
    views and permission sets that name a field we do not ship, and combinations of permissions that an org refuses.
    """
    schema = metadata_schema()
    problems: list[MetadataProblem] = []
    documents: dict[Path, etree._Element] = {}
    for path in sorted(folder.rglob("*-meta.xml")):
        name = path.relative_to(folder).as_posix()
        try:
            document = etree.parse(str(path), etree.XMLParser(resolve_entities=False, no_network=True))
        except etree.XMLSyntaxError as error:
            problems.append(MetadataProblem(name, f"is not XML: {error}"))
            continue
        kind = path.name.removesuffix("-meta.xml").rpartition(".")[2]
        root = ROOT_ELEMENTS.get(kind)
        if root is None:
            problems.append(MetadataProblem(name, f"has type {kind!r}; known are {', '.join(sorted(ROOT_ELEMENTS))}"))
            continue
        if document.getroot().tag != f"{{{_NAMESPACE}}}{root}":
            problems.append(MetadataProblem(name, f"starts with {document.getroot().tag}; expected {root}"))
            continue
        if not schema.validate(document):
            problems += [MetadataProblem(name, f"line {one.line}: {one.message}") for one in schema.error_log]
            continue
        documents[path] = document.getroot()
    known = _known_fields(documents)
    for path, element in documents.items():
        name = path.relative_to(folder).as_posix()
        problems += [MetadataProblem(name, message) for message in _faults(path, element, known)]
    problems += _relationship_clashes(folder, documents)
    return problems


def metadata_schema() -> etree.XMLSchema:
    """The XML schema of the metadata API, cut from the description (v63.0) that simple-salesforce ships."""
    wsdl = etree.parse(str(Path(simple_salesforce.__file__).parent / "metadata.wsdl"))
    types = next(one for one in wsdl.iter(f"{{{_XSD}}}schema") if one.get("targetNamespace") == _NAMESPACE)
    schema = etree.Element(f"{{{_XSD}}}schema", nsmap={"tns": _NAMESPACE, "xsd": _XSD})
    for name, value in types.attrib.items():
        schema.set(name, value)
    for child in types:
        schema.append(deepcopy(child))
    for root in ROOT_ELEMENTS.values():
        etree.SubElement(schema, f"{{{_XSD}}}element", name=root, type=f"tns:{root}")
    return etree.XMLSchema(etree.fromstring(etree.tostring(schema)))


def expected_objects(folder: Path) -> dict[str, CrmObject]:
    """The objects and custom fields that `folder` (a force-app) ships, as an org would describe them to our sync user."""
    fields: dict[str, dict[str, CrmField]] = {}
    for path in sorted(folder.rglob("*.field-meta.xml")):
        described = _field(etree.parse(str(path)).getroot())
        fields.setdefault(path.parent.parent.name, {})[described.name] = described
    return {
        name: CrmObject(name, own | {"Id": CrmField("Id", "id", length=18, is_createable=False, is_updateable=False)})
        for name, own in fields.items()
    }


def _field(element: etree._Element) -> CrmField:
    kind = _text(element, "type")
    length = int(_text(element, "length") or 0)
    values = tuple(_text(one, "fullName") for one in element.iter(f"{{{_NAMESPACE}}}value"))
    return CrmField(
        name=_text(element, "fullName"),
        type=_DESCRIBE_TYPES[kind],
        length=length or {"TextArea": 255, "Picklist": 255, "Lookup": 18}.get(kind, 0),
        precision=int(_text(element, "precision") or 0),
        scale=int(_text(element, "scale") or 0),
        is_unique=_text(element, "unique") == "true",
        is_external_id=_text(element, "externalId") == "true",
        is_restricted=_text(element, "valueSet/restricted") == "true",
        values=values,
        reference_to=(_text(element, "referenceTo"),) if kind == "Lookup" else (),
    )


def _text(element: etree._Element, path: str) -> str:
    found = element.find("/".join(f"{{{_NAMESPACE}}}{part}" for part in path.split("/")))
    return "" if found is None or found.text is None else found.text.strip()


def _texts(element: etree._Element, path: str) -> list[str]:
    found = element.findall("/".join(f"{{{_NAMESPACE}}}{part}" for part in path.split("/")))
    return [(one.text or "").strip() for one in found]


def _known_fields(documents: dict[Path, etree._Element]) -> dict[str, dict[str, etree._Element]]:
    known: dict[str, dict[str, etree._Element]] = {}
    for path, element in documents.items():
        if path.name.endswith(".field-meta.xml"):
            known.setdefault(path.parent.parent.name, {})[_text(element, "fullName")] = element
        elif path.name.endswith(".object-meta.xml"):
            known.setdefault(path.parent.name, {})
    return known


def _faults(path: Path, element: etree._Element, known: dict[str, dict[str, etree._Element]]) -> list[str]:
    kind = path.name.removesuffix("-meta.xml").rpartition(".")[2]
    stem = path.name.removesuffix(f".{kind}-meta.xml")
    faults = []
    full_name = _text(element, "fullName")
    if full_name and full_name != stem:
        faults.append(f"fullName is {full_name!r}, but the file is named {stem!r}: they must agree")
    if kind == "field":
        faults += _field_faults(element, path.parent.parent.name, known)
    elif kind == "object":
        if path.parent.name.endswith("__c"):
            needed = ("deploymentStatus", "label", "nameField/label", "nameField/type", "pluralLabel", "sharingModel")
            faults += [
                f"{name} is missing: an org needs it for a new object" for name in needed if not _text(element, name)
            ]
        else:
            faults.append("is a standard object: its settings belong to the customer and must not be shipped")
    elif kind == "listView":
        faults += _list_view_faults(element, path.parent.parent.name, known)
    elif kind == "layout":
        faults += _layout_faults(element, stem, known)
    elif kind == "permissionset":
        faults += _permission_faults(element, known)
    return faults


def _field_faults(element: etree._Element, owner: str, known: dict[str, dict[str, etree._Element]]) -> list[str]:
    name, kind = _text(element, "fullName"), _text(element, "type")
    faults = []
    if not name.endswith("__c"):
        faults.append("fullName must end in __c: standard fields belong to the customer")
    elif not owner.endswith("__c") and not name.startswith("ABM_"):
        faults.append("a field on a standard object must start with ABM_, so that nobody's own field is touched")
    if not _text(element, "label"):
        faults.append("label is missing")
    if kind not in _DESCRIBE_TYPES:
        faults.append(f"type {kind!r} is not one that delivery knows ({', '.join(sorted(_DESCRIBE_TYPES))})")
    for needed in _NEEDS.get(kind, ()):
        if element.find(f"{{{_NAMESPACE}}}{needed}") is None:
            faults.append(f"{needed} is missing: type {kind} needs it")
    length, precision, scale = (int(_text(element, part) or 0) for part in ("length", "precision", "scale"))
    if kind == "Text" and not 1 <= length <= _LONGEST_TEXT:
        faults.append(f"length is {length}: a Text field has 1 to {_LONGEST_TEXT}")
    if kind in ("Number", "Percent", "Currency") and not (1 <= precision <= _MOST_DIGITS and 0 <= scale <= precision):
        faults.append(
            f"precision {precision} and scale {scale}: at most {_MOST_DIGITS} digits, of which scale are decimals"
        )
    values = [_text(one, "fullName") for one in element.iter(f"{{{_NAMESPACE}}}value")]
    if kind == "Picklist" and (not values or len({value.casefold() for value in values}) != len(values)):
        faults.append("the values of a picklist must exist and differ in more than case")
    if kind == "Lookup":
        target = _text(element, "referenceTo")
        if target.endswith("__c") and target not in known:
            faults.append(f"referenceTo names {target}, which this folder does not ship")
        if _text(element, "required") == "true" and _text(element, "deleteConstraint") == "SetNull":
            faults.append("a required lookup cannot be emptied when its target is deleted: use Restrict")
    if _text(element, "externalId") == "true" and _text(element, "unique") != "true":
        faults.append("an external id that is not unique needs View All Data to upsert: add unique")
    return faults


def _list_view_faults(element: etree._Element, owner: str, known: dict[str, dict[str, etree._Element]]) -> list[str]:
    named = _texts(element, "columns") + _texts(element, "filters/field")
    return [
        f"names field {name}, which this folder does not ship on {owner}"
        for name in sorted(set(named))
        if name.endswith("__c") and name not in known.get(owner, {})
    ]


def _layout_faults(element: etree._Element, stem: str, known: dict[str, dict[str, etree._Element]]) -> list[str]:
    owner = stem.partition("-")[0]
    if not owner.endswith("__c"):
        return [f"is a layout of {owner}: it would overwrite the customer's"]
    named = _texts(element, "layoutSections/layoutColumns/layoutItems/field")
    return [
        f"names field {name}, which this folder does not ship on {owner}"
        for name in sorted(set(named))
        if name.endswith("__c") and name not in known.get(owner, {})
    ]


def _permission_faults(element: etree._Element, known: dict[str, dict[str, etree._Element]]) -> list[str]:
    faults = []
    readable = set()
    for one in element.findall(f"{{{_NAMESPACE}}}objectPermissions"):
        name = _text(one, "object")
        has = {part for part in ("allowRead", "allowEdit", "allowCreate", "allowDelete", "modifyAllRecords", "viewAllRecords")
               if _text(one, part) == "true"}  # fmt: skip
        if "allowRead" in has:
            readable.add(name)
        needs = {
            "allowCreate": {"allowRead"},
            "allowEdit": {"allowRead"},
            "allowDelete": {"allowRead", "allowEdit"},
            "viewAllRecords": {"allowRead"},
            "modifyAllRecords": {"allowRead", "allowEdit", "allowDelete", "viewAllRecords"},
        }
        faults += [
            f"{name}: {right} needs {', '.join(sorted(needed - has))}"
            for right, needed in needs.items()
            if right in has and needed - has
        ]
        if name.endswith("__c") and name not in known:
            faults.append(f"object {name} is not shipped in this folder")
    for one in element.findall(f"{{{_NAMESPACE}}}fieldPermissions"):
        owner, _, name = _text(one, "field").partition(".")
        if _text(one, "editable") == "true" and _text(one, "readable") != "true":
            faults.append(f"{owner}.{name}: editable needs readable")
        if owner != "Task" and owner not in readable:
            faults.append(f"{owner}.{name}: the object itself is not readable")
        if name.endswith("__c"):
            shipped = known.get(owner, {}).get(name)
            if shipped is None:
                faults.append(f"{owner}.{name} is not shipped in this folder")
            elif _text(shipped, "required") == "true":
                faults.append(f"{owner}.{name} is required: an org refuses a permission for it")
        elif _text(one, "editable") == "true":
            faults.append(f"{owner}.{name} belongs to the customer: it must not be editable here")
    return faults


def _relationship_clashes(folder: Path, documents: dict[Path, etree._Element]) -> list[MetadataProblem]:
    seen: dict[tuple[str, str], str] = {}
    clashes = []
    for path, element in documents.items():
        key = (_text(element, "referenceTo"), _text(element, "relationshipName"))
        if not path.name.endswith(".field-meta.xml") or not key[0]:
            continue
        name = path.relative_to(folder).as_posix()
        if key in seen:
            clashes.append(MetadataProblem(name, f"relationshipName {key[1]} on {key[0]} is taken by {seen[key]}"))
        seen.setdefault(key, name)
    return clashes
