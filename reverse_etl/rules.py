"""The rules of delivery as values: which column fills which field, who has the last word, and how often."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import pandas as pd

from reverse_etl.errors import RuleError

FIELDS_FILE = "seeds/rules/salesforce_fields.csv"
PARAMETERS_FILE = "seeds/rules/delivery_parameters.csv"

POLICIES = ("engine_owns", "human_wins", "create_only", "set_if_empty", "passenger")
PARAMETERS = (
    "refresh_days",
    "api_reserve_share",
    "clear_contacts_without_permission",
    "breaker_tier_change_share",
    "breaker_leaving_share",
    "breaker_source_row_share",
    "breaker_emptied_share",
    "breaker_created_count",
    "breaker_minimum_count",
    "dead_letter_nights",
    "ledger_kept_days",
)
# Owning a customer's record, and consent, are people's business: no rule row can hand these fields to the engine.
NEVER_WRITTEN = frozenset(
    {"HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall", "ABM_Tier_Override__c", "Outcome__c", "IsDeleted"}
)


@dataclass(frozen=True)
class DeliveryObject:
    """One object of the CRM that delivery writes, and the sync table that says what it should hold.

    `creates` is False for records that belong to the customer: those are updated by Id and never made.
    """

    name: str
    sync_table: str
    key_field: str
    key_column: str
    creates: bool
    is_about_a_person: bool = False


# In the order of writing: a queue item points at accounts and contacts.
OBJECTS = (
    DeliveryObject("Account", "sync_salesforce_accounts", "Id", "salesforce_account_id", creates=False),
    DeliveryObject(
        "Contact", "sync_salesforce_contacts", "Id", "salesforce_contact_id", creates=False, is_about_a_person=True
    ),
    DeliveryObject("ABM_Queue_Item__c", "sync_salesforce_queue_items", "Queue_Key__c", "queue_key", creates=True),
)


@dataclass(frozen=True)
class FieldRule:
    """One row of seeds/rules/salesforce_fields.csv. `decimals` None = the field's own; `min_change` 0 = every move counts."""

    object_name: str
    field: str
    source_column: str
    policy: str
    decimals: int | None = None
    min_change: float = 0.0


@dataclass(frozen=True)
class Limits:
    """How much of a plan is usual: shares of records, except the two counts. `breaker.trips` says what each is a share of."""

    tier_change_share: float = 0.1
    leaving_share: float = 0.05
    source_row_share: float = 0.8
    emptied_share: float = 0.1
    created_count: int = 2000
    minimum_count: int = 20


@dataclass(frozen=True)
class DeliveryRules:
    """All rules of delivery, checked."""

    fields: tuple[FieldRule, ...]
    refresh_days: int = 7
    api_reserve_share: float = 0.2
    clear_contacts_without_permission: bool = True
    objects: tuple[DeliveryObject, ...] = OBJECTS
    limits: Limits = Limits()
    dead_letter_nights: int = 3
    ledger_kept_days: int = 400

    def fields_of(self, object_name: str) -> tuple[FieldRule, ...]:
        """The field rules of one object, by field name."""
        return tuple(
            sorted((rule for rule in self.fields if rule.object_name == object_name), key=lambda rule: rule.field)
        )


def read_rules(salesforce_fields: pd.DataFrame, delivery_parameters: pd.DataFrame) -> DeliveryRules:
    """The rules of delivery from their two tables in the `rules` schema.

    Parameters
    ----------
    salesforce_fields : columns object, field, source_column, policy, decimals, min_change
    delivery_parameters : columns parameter, value, min_value, max_value

    Raises
    ------
    RuleError
        If a row is unusable: unknown object or policy, a field twice, a field that only people may write, a negative
        threshold, a parameter that is missing or outside its range. The message names file, row and remedy.
    """
    _require_columns(
        salesforce_fields, ("object", "field", "source_column", "policy", "decimals", "min_change"), FIELDS_FILE
    )
    _require_columns(delivery_parameters, ("parameter", "value", "min_value", "max_value"), PARAMETERS_FILE)
    rules = tuple(_field_rule(row) for row in salesforce_fields.to_dict("records"))
    seen: set[tuple[str, str]] = set()
    for rule in rules:
        place = f"{FIELDS_FILE}, {rule.object_name}.{rule.field}"
        if (rule.object_name, rule.field) in seen:
            raise RuleError(f"{place}: the field has two rows. One field has one source: remove one.")
        seen.add((rule.object_name, rule.field))
    values = _parameter_values(delivery_parameters)
    return DeliveryRules(
        fields=rules,
        refresh_days=int(values["refresh_days"]),
        api_reserve_share=values["api_reserve_share"],
        clear_contacts_without_permission=values["clear_contacts_without_permission"] >= 0.5,
        limits=Limits(
            tier_change_share=values["breaker_tier_change_share"],
            leaving_share=values["breaker_leaving_share"],
            source_row_share=values["breaker_source_row_share"],
            emptied_share=values["breaker_emptied_share"],
            created_count=int(values["breaker_created_count"]),
            minimum_count=int(values["breaker_minimum_count"]),
        ),
        dead_letter_nights=int(values["dead_letter_nights"]),
        ledger_kept_days=int(values["ledger_kept_days"]),
    )


def _require_columns(table: pd.DataFrame, columns: tuple[str, ...], file: str) -> None:
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise RuleError(
            f"{file}: column {', '.join(missing)} is missing. Expected columns: {', '.join(columns)}, note."
        )


def _field_rule(row: Mapping[Hashable, object]) -> FieldRule:
    object_name, field = _text(row["object"]), _text(row["field"])
    place = f"{FIELDS_FILE}, {object_name}.{field}"
    known = {one.name: one for one in OBJECTS}
    if object_name not in known:
        raise RuleError(f"{place}: object {object_name!r} is not one that delivery writes. Use {', '.join(known)}.")
    policy = _text(row["policy"])
    if policy not in POLICIES:
        raise RuleError(f"{place}: policy {policy!r} is unknown. Use one of {', '.join(POLICIES)}.")
    if field in NEVER_WRITTEN or (field == "OwnerId" and not known[object_name].creates):
        raise RuleError(f"{place}: this field belongs to people and is never written. Remove the row.")
    if field == known[object_name].key_field:
        raise RuleError(f"{place}: this is the key of the record and is sent by itself. Remove the row.")
    source_column = _text(row["source_column"])
    if not source_column:
        raise RuleError(f"{place}: source_column is empty. Name the column of {known[object_name].sync_table}.")
    decimals = _number(row["decimals"], place, "decimals")
    min_change = _number(row["min_change"], place, "min_change")
    if min_change is not None and min_change < 0:
        raise RuleError(f"{place}: min_change is {min_change:g}. It is the size of a move: 0 or more.")
    if decimals is not None and (decimals < 0 or decimals != int(decimals)):
        raise RuleError(f"{place}: decimals is {decimals:g}. Use a whole number of 0 or more, or leave it empty.")
    return FieldRule(
        object_name, field, source_column, policy, None if decimals is None else int(decimals), min_change or 0.0
    )


def _parameter_values(table: pd.DataFrame) -> dict[str, float]:
    values: dict[str, float] = {}
    for row in table.to_dict("records"):
        name = _text(row["parameter"])
        place = f"{PARAMETERS_FILE}, {name}"
        value = _number(row["value"], place, "value")
        lowest, highest = (
            _number(row["min_value"], place, "min_value"),
            _number(row["max_value"], place, "max_value"),
        )
        if value is None or lowest is None or highest is None:
            raise RuleError(f"{place}: value, min_value and max_value must all be numbers.")
        if not lowest <= value <= highest:
            raise RuleError(
                f"{place}: {value:g} is outside {lowest:g} to {highest:g}. Change the value, or the range and its note."
            )
        if name in values:
            raise RuleError(f"{place}: the parameter has two rows. Remove one.")
        values[name] = value
    missing = [name for name in PARAMETERS if name not in values]
    if missing:
        raise RuleError(
            f"{PARAMETERS_FILE}: {', '.join(missing)} is missing. Add a row with value, range, unit and note."
        )
    return values


def _text(value: object) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value).strip()


def _number(value: object, place: str, column: str) -> float | None:
    text = _text(value)
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise RuleError(f"{place}: {column} is {text!r}, which is not a number.") from None
