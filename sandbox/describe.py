"""What the org says about its objects and fields: the replies to describe calls."""

from __future__ import annotations

from sandbox.schema import ID_TYPES, NUMBER_TYPES, PICKLIST_TYPES, TEXT_TYPES, Field, Schema, SObject
from sandbox.soql_sql import child_relationship

_SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
}


def global_describe(schema: Schema, base: str) -> dict[str, object]:
    """The reply to `GET sobjects`."""
    return {
        "encoding": "UTF-8",
        "maxBatchSize": 200,
        "sobjects": [basic_describe(item, base) for item in schema.objects.values()],
    }


def basic_describe(item: SObject, base: str) -> dict[str, object]:
    """An object without its fields."""
    path = f"{base}/sobjects/{item.name}"
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": item.createable,
        "custom": item.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": item.deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": item.key_prefix,
        "label": item.label,
        "labelPlural": item.plural,
        "layoutable": False,
        "mergeable": False,
        "mruEnabled": False,
        "name": item.name,
        "queryable": True,
        "replicateable": item.has_is_deleted,
        "retrieveable": True,
        "searchable": False,
        "triggerable": False,
        "undeletable": False,
        "updateable": item.updateable,
        "urls": {"sobject": path, "describe": f"{path}/describe", "rowTemplate": f"{path}/{{ID}}"},
    }


def describe(schema: Schema, item: SObject, base: str) -> dict[str, object]:
    """The reply to `GET sobjects/X/describe`."""
    children: list[dict[str, object]] = [
        {
            "cascadeDelete": reference.on_delete == "cascade",
            "childSObject": child.name,
            "deprecatedAndHidden": False,
            "field": reference.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": child_relationship(reference),
            "restrictedDelete": reference.on_delete == "restrict",
        }
        for child, reference in schema.references_to[item.name]
    ]
    return {
        **basic_describe(item, base),
        "actionOverrides": [],
        "childRelationships": children,
        "compactLayoutable": False,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [describe_field(item, each) for each in item.fields.values()],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [],
        "searchLayoutable": False,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": "All", "name": "everything"}, {"label": "Mine", "name": "mine"}],
    }


def describe_field(item: SObject, field: Field) -> dict[str, object]:
    """One item of `fields`."""
    is_text = field.type in TEXT_TYPES or field.type in ID_TYPES
    is_number = field.type in NUMBER_TYPES and field.type != "int"
    return {
        "aggregatable": field.filterable and field.type != "boolean",
        "aiPredictionField": False,
        "autoNumber": field.auto_number is not None,
        "byteLength": field.length * 3 if field.type in TEXT_TYPES else field.length,
        "calculated": False,
        "calculatedFormula": None,
        "cascadeDelete": field.on_delete == "cascade",
        "caseSensitive": field.case_sensitive,
        "compoundFieldName": "Name"
        if field.name in ("FirstName", "LastName", "Salutation") and item.find_field("Name")
        else None,
        "controllerName": None,
        "createable": field.createable,
        "custom": field.custom,
        "defaultValue": bool(field.default)
        if field.type == "boolean"
        else None
        if field.type in PICKLIST_TYPES
        else field.default,
        "defaultValueFormula": None,
        "defaultedOnCreate": field.defaulted_on_create,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": field.precision if field.type == "int" else 0,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": field.external_id,
        "extraTypeInfo": "plaintextarea" if field.type == "textarea" else None,
        "filterable": field.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": field.filterable and not is_number and field.type != "datetime",
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": field.id_lookup or field.external_id,
        "inlineHelpText": field.help_text,
        "label": field.label,
        "length": field.length if is_text else 0,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": field.polymorphic,
        "nillable": field.nillable,
        "permissionable": field.createable and not field.required,
        "picklistValues": [
            {"active": True, "defaultValue": value == field.default, "label": label, "validFor": None, "value": value}
            for value, label in field.values
        ],
        "polymorphicForeignKey": field.polymorphic,
        "precision": field.precision if is_number else 0,
        "queryByDistance": False,
        "referenceTargetField": None,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship,
        "relationshipOrder": None,
        "restrictedDelete": field.on_delete == "restrict",
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "searchPrefilterable": False,
        "soapType": "xsd:double"
        if is_number
        else "urn:address"
        if field.type == "address"
        else _SOAP_TYPES.get(field.type, "xsd:string"),
        "sortable": field.filterable,
        "type": field.type,
        "unique": field.unique,
        "updateable": field.updateable,
        "writeRequiresMasterRead": False,
    }
