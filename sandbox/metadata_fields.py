"""A CustomField or CustomObject file into a field or object, with the checks that an org makes when it is deployed."""

from __future__ import annotations

import re
from typing import NoReturn
from xml.etree import ElementTree

from sandbox.metadata_files import NAMESPACE, Component
from sandbox.schema import Field

MAX_LABEL = 40
MAX_HELP = 510

_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9]){0,39}__c")
_FIELD_TAGS_WORDS = (
    "fullName businessOwner businessStatus caseSensitive complianceGroup customDataType defaultValue"
    " deleteConstraint deprecated description displayFormat displayLocationInDecimal encryptionScheme escapeMarkup"
    " externalDeveloperName externalId formula formulaTreatBlanksAs inlineHelpText isFilteringDisabled isNameField"
    " isSortingDisabled label length lookupFilter maskChar maskType precision referenceTo relationshipLabel"
    " relationshipName relationshipOrder reparentableMasterDetail required restrictedAdminField scale"
    " securityClassification startingNumber stripMarkup trackFeedHistory trackHistory trackTrending type unique"
    " valueSet visibleLines writeRequiresMasterRead"
)
_FIELD_TAGS = frozenset(_FIELD_TAGS_WORDS.split())
_OBJECT_TAGS_WORDS = (
    "fullName actionOverrides allowInChatterGroups compactLayoutAssignment compactLayouts customHelp customHelpPage"
    " customSettingsType deploymentStatus deprecated description enableActivities enableBulkApi"
    " enableChangeDataCapture enableDivisions enableEnhancedLookup enableFeeds enableHistory enableLicensing"
    " enableReports enableSearch enableSharing enableStreamingApi externalSharingModel fieldSets fields gender"
    " household indexes label listViews nameField pluralLabel recordTypeTrackFeedHistory recordTypeTrackHistory"
    " recordTypes searchLayouts sharingModel sharingReasons startsWith validationRules visibility webLinks"
)
_OBJECT_TAGS = frozenset(_OBJECT_TAGS_WORDS.split())
_TYPES = {
    "Text": "string",
    "TextArea": "textarea",
    "LongTextArea": "textarea",
    "Html": "textarea",
    "Number": "double",
    "Currency": "currency",
    "Percent": "percent",
    "Checkbox": "boolean",
    "Date": "date",
    "DateTime": "datetime",
    "Email": "email",
    "Phone": "phone",
    "Url": "url",
    "Picklist": "picklist",
    "MultiselectPicklist": "multipicklist",
    "Lookup": "reference",
    "MasterDetail": "reference",
    "AutoNumber": "string",
}
_FIXED_LENGTHS = {
    "TextArea": 255,
    "Email": 80,
    "Phone": 40,
    "Url": 255,
    "Picklist": 255,
    "MultiselectPicklist": 4099,
    "AutoNumber": 30,
}
_DELETE_RULES = {None: "set_null", "SetNull": "set_null", "Restrict": "restrict", "Cascade": "cascade"}


class DeployProblem(Exception):
    """Why a component is refused."""


def refuse(message: str) -> NoReturn:
    """Refuse a component."""
    raise DeployProblem(message)


def read_field(component: Component) -> Field:
    """The field that a CustomField file describes.

    Raises
    ------
    DeployProblem
        In the words of an org where they are known.
    """
    check_tags(component, _FIELD_TAGS, "CustomField")
    name = component.full_name.partition(".")[2]
    if not _NAME.fullmatch(name):
        refuse(f"{name}: a custom field's name has letters, digits and single underscores, at most 40, and ends in __c")
    if component.element.find(f"{NAMESPACE}formula") is not None:
        refuse("formula fields are not implemented by this emulator")
    kind = component.text("type") or refuse("Must specify a field type")
    if kind not in _TYPES:
        refuse(f"'{kind}' is not a valid value for the enum 'FieldType'")
    label = component.text("label") or refuse("Required field is missing: label")
    if len(label) > MAX_LABEL:
        refuse(f"Field Label: data value too large: {label} (max length={MAX_LABEL})")
    help_text = component.text("inlineHelpText")
    if help_text and len(help_text) > MAX_HELP:
        refuse(f"Help Text: data value too large (max length={MAX_HELP})")
    is_required = boolean(component, "required") or kind == "MasterDetail"
    external_id, unique = boolean(component, "externalId"), boolean(component, "unique")
    if external_id and kind not in ("Text", "Number", "Email", "AutoNumber"):
        refuse(f"a field of type {kind} can not be an external id")
    if unique and kind not in ("Text", "Number", "Email"):
        refuse(f"a field of type {kind} can not be unique")
    precision, scale = _number_size(component, kind)
    values, default, restricted = _picklist(component, kind)
    reference_to, children, on_delete = _reference(component, kind, is_required)
    if kind == "Checkbox":
        default = (
            boolean(component, "defaultValue")
            if component.text("defaultValue")
            else refuse("Must specify a default value for a checkbox")
        )
    elif component.text("defaultValue"):
        refuse("default value formulas are not implemented by this emulator")
    return Field(
        name=name,
        type=_TYPES[kind],
        label=label,
        length=18 if reference_to else _length(component, kind),
        precision=precision,
        scale=scale,
        nillable=not is_required and kind != "Checkbox",
        createable=kind != "AutoNumber",
        updateable=kind not in ("AutoNumber", "MasterDetail"),
        external_id=external_id,
        unique=unique,
        case_sensitive=boolean(component, "caseSensitive"),
        default=default,
        values=values,
        restricted=restricted,
        reference_to=reference_to,
        relationship=f"{name[:-1]}r" if reference_to else None,
        children=children,
        on_delete=on_delete,
        auto_number=component.text("displayFormat") if kind == "AutoNumber" else None,
        help_text=help_text,
    )


def read_name_field(component: Component) -> tuple[str, str, Field, bool]:
    """Label, plural label, name field and whether records have owners, of a new custom object."""
    check_tags(component, _OBJECT_TAGS, "CustomObject")
    if not _NAME.fullmatch(component.full_name):
        refuse(
            f"{component.full_name}: a custom object's name has letters, digits and single underscores, and ends in __c"
        )
    label = component.text("label") or refuse("Must specify a label for the CustomObject")
    plural = component.text("pluralLabel") or refuse("Must specify a pluralLabel for the CustomObject")
    for required in ("deploymentStatus", "sharingModel"):
        if component.text(required) is None:
            refuse(f"Must specify a {required} for the CustomObject")
    element = component.element.find(f"{NAMESPACE}nameField")
    if element is None:
        refuse("Must specify a nameField of type Text or AutoNumber for the CustomObject")
    kind = (element.findtext(f"{NAMESPACE}type") or "").strip()
    name_label = (element.findtext(f"{NAMESPACE}label") or "").strip() or f"{label} Name"
    display_format = (element.findtext(f"{NAMESPACE}displayFormat") or "").strip()
    if kind not in ("Text", "AutoNumber"):
        refuse("Must specify a nameField of type Text or AutoNumber for the CustomObject")
    if kind == "AutoNumber" and not re.search(r"\{0+\}", display_format):
        refuse("an AutoNumber name needs a displayFormat with its digits, such as A-{0000}")
    is_auto = kind == "AutoNumber"
    name_field = Field(
        "Name",
        "string",
        name_label,
        length=80,
        nillable=not is_auto,
        createable=not is_auto,
        updateable=not is_auto,
        auto_number=display_format if is_auto else None,
        id_lookup=True,
    )
    return label, plural, name_field, component.text("sharingModel") != "ControlledByParent"


def check_tags(component: Component, known: frozenset[str], kind: str) -> None:
    """Refuse an element that the metadata type does not have, and one that stands twice although it may not."""
    for child in component.element:
        if child.tag.removeprefix(NAMESPACE) not in known:
            refuse(f"Element {child.tag} invalid at this location in type {kind}")


def boolean(component: Component, tag: str) -> bool:
    """A boolean element, false if absent."""
    text = component.text(tag)
    if text not in (None, "true", "false", "1", "0"):
        refuse(f"'{text}' is not a valid value for the type xsd:boolean in element {tag}")
    return text in ("true", "1")


def integer(component: Component, tag: str, low: int, high: int) -> int:
    """A whole number element that must be there and lie between two bounds."""
    text = component.text(tag) or refuse(
        f"Must specify '{tag}' for a {component.type} of type {component.text('type')}"
    )
    if not text.isdecimal() or not low <= int(text) <= high:
        refuse(f"{tag} is {text}; it must be a whole number from {low} to {high}")
    return int(text)


def _length(component: Component, kind: str) -> int:
    if kind == "Text":
        return integer(component, "length", 1, 255)
    if kind in ("LongTextArea", "Html"):
        integer(component, "visibleLines", 2, 50)
        return integer(component, "length", 256, 131_072)
    return _FIXED_LENGTHS.get(kind, 0)


def _number_size(component: Component, kind: str) -> tuple[int, int]:
    if kind not in ("Number", "Currency", "Percent"):
        return 0, 0
    precision = integer(component, "precision", 1, 18)
    return precision, integer(component, "scale", 0, precision)


def _picklist(component: Component, kind: str) -> tuple[tuple[tuple[str, str], ...], str | bool | None, bool]:
    if kind not in ("Picklist", "MultiselectPicklist"):
        return (), None, False
    if kind == "MultiselectPicklist":
        integer(component, "visibleLines", 3, 10)
    value_set = component.element.find(f"{NAMESPACE}valueSet")
    if value_set is None:
        refuse("Must specify a valueSet for a picklist")
    definition = value_set.find(f"{NAMESPACE}valueSetDefinition")
    if definition is None:
        refuse("global value sets are not implemented by this emulator; give a valueSetDefinition")
    values: dict[str, str] = {}
    default = None
    for element in definition.findall(f"{NAMESPACE}value"):
        name = _child(element, "fullName") or refuse("Picklist value: fullName is missing")
        if name.lower() in {each.lower() for each in values}:
            refuse(f"duplicate value found in the picklist: {name}")
        if len(name) > 255:
            refuse(f"Picklist value too long: {name}")
        values[name] = _child(element, "label") or name
        if _child(element, "default") == "true":
            default = name
    if not values:
        refuse("a picklist needs at least one value")
    restricted = (value_set.findtext(f"{NAMESPACE}restricted") or "false").strip() == "true"
    return tuple(values.items()), default, restricted


def _reference(component: Component, kind: str, is_required: bool) -> tuple[tuple[str, ...], str | None, str]:
    if kind not in ("Lookup", "MasterDetail"):
        return (), None, "keep"
    target = component.text("referenceTo") or refuse("Must specify referenceTo for a relationship field")
    children = component.text("relationshipName")
    if children is None and kind == "MasterDetail":
        refuse("Must specify relationshipName for a master-detail field")
    rule = component.text("deleteConstraint")
    if rule not in _DELETE_RULES:
        refuse(f"'{rule}' is not a valid value for the enum 'DeleteConstraint'")
    if is_required and kind == "Lookup" and _DELETE_RULES[rule] == "set_null":
        refuse("a required lookup needs deleteConstraint Cascade or Restrict")
    return (target,), children, "cascade" if kind == "MasterDetail" else _DELETE_RULES[rule]


def _child(element: ElementTree.Element, tag: str) -> str:
    return (element.findtext(NAMESPACE + tag) or "").strip()
