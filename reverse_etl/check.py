"""What an org lacks before anything is written to it, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reverse_etl.crm import CrmField, CrmObject, CrmReader
from reverse_etl.errors import TerminalError
from reverse_etl.rules import DeliveryRules


@dataclass(frozen=True)
class CrmProblem:
    """One thing that the org lacks. `is_fatal` is False if delivery works without it, less well."""

    place: str
    message: str
    is_fatal: bool = True


def check_crm(
    actual: Mapping[str, CrmObject],
    expected: Mapping[str, CrmObject],
    rules: DeliveryRules,
    privacy_columns: Mapping[str, tuple[str, ...]] | None = None,
) -> list[CrmProblem]:
    """Everything that differs between what our metadata promises and what the org describes to the integration user.

    Parameters
    ----------
    actual : object -> the org's description; an object that is absent is not visible
    expected : object -> what reverse_etl/salesforce/force-app ships
    rules : fields with a rule must be writable, the others readable
    privacy_columns : object -> fields that say who has opted out; hidden ones are reported, for everybody then counts as
        opted out
    """
    problems: list[CrmProblem] = []
    for name in sorted(expected):
        described = actual.get(name)
        if described is None:
            problems.append(CrmProblem(name, "the object is not visible. Deploy force-app, then assign ABM_Sync."))
            continue
        problems += _object_problems(described, expected[name], rules)
    for name, columns in sorted((privacy_columns or {}).items()):
        hidden = [column for column in columns if name in actual and column not in actual[name].fields]
        problems += [
            CrmProblem(
                f"{name}.{column}",
                "is not visible, so nobody can be told from a person who opted out: all count as opted out. Assign ABM_Sync.",
                is_fatal=False,
            )
            for column in hidden
        ]
    return problems


def describe_visible(crm: CrmReader, names: list[str]) -> dict[str, CrmObject]:
    """Descriptions of those of `names` that the org has and shows to this user."""
    found: dict[str, CrmObject] = {}
    for name in names:
        try:
            found[name] = crm.describe(name)
        except TerminalError as error:
            if error.code not in ("NOT_FOUND", "INVALID_TYPE"):
                raise
    return found


def _object_problems(described: CrmObject, expected: CrmObject, rules: DeliveryRules) -> list[CrmProblem]:
    written = {rule.field: rule for rule in rules.fields_of(expected.name)}
    spec = next((one for one in rules.objects if one.name == expected.name), None)
    problems = []
    if written and not described.is_updateable:
        problems.append(CrmProblem(expected.name, "records cannot be updated by this user. Assign ABM_Sync."))
    if spec is not None and spec.creates and not described.is_createable:
        problems.append(CrmProblem(expected.name, "records cannot be created by this user. Assign ABM_Sync."))
    for name, promised in sorted(expected.fields.items()):
        place = f"{expected.name}.{name}"
        field = described.fields.get(name)
        if field is None:
            problems.append(CrmProblem(place, "is missing or hidden. Deploy force-app, then assign ABM_Sync."))
            continue
        problems += [CrmProblem(place, message) for message in _differences(field, promised)]
        rule = written.get(name)
        if rule is not None and rule.policy == "create_only" and not field.is_createable:
            problems.append(CrmProblem(place, "cannot be set at creation by this user. Assign ABM_Sync."))
        elif rule is not None and rule.policy != "create_only" and not field.is_updateable:
            problems.append(CrmProblem(place, "cannot be written by this user. Assign ABM_Sync."))
    return problems


def _differences(field: CrmField, promised: CrmField) -> list[str]:
    if field.type != promised.type:
        return [f"is of type {field.type}, expected {promised.type}. Rename the other field, or restore ours."]
    found = []
    if field.length < promised.length:
        found.append(f"holds {field.length} characters, expected {promised.length}.")
    digits, wanted = field.precision - field.scale, promised.precision - promised.scale
    if field.scale < promised.scale or digits < wanted:
        found.append(f"holds {digits} digits and {field.scale} decimals, expected {wanted} and {promised.scale}.")
    if promised.is_external_id and not field.is_external_id:
        found.append("is not an external id, so items could be made twice.")
    if promised.is_unique and not field.is_unique:
        found.append("is not unique, so items could be made twice.")
    lacking = [value for value in promised.values if field.is_restricted and value not in field.values]
    if lacking:
        found.append(
            f"lacks picklist value {', '.join(lacking)}: was it renamed? Values now: {', '.join(field.values)}."
        )
    return found
