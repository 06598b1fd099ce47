from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from reverse_etl.destinations.salesforce.metadata import expected_objects
from reverse_etl.errors import RuleError
from reverse_etl.rules import OBJECTS, read_rules
from tests.unit.reverse_etl.night import ACCOUNT_TYPES, CONTACT_TYPES, QUEUE_TYPES, ROOT, house_rules

SEEDS = ROOT / "seeds" / "rules"


def shipped() -> tuple[pd.DataFrame, pd.DataFrame]:
    fields = pd.read_csv(SEEDS / "salesforce_fields.csv", dtype=str, keep_default_na=False)
    return fields, pd.read_csv(SEEDS / "delivery_parameters.csv", dtype=str, keep_default_na=False)


def changed(field: str, column: str, value: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    fields, parameters = shipped()
    fields.loc[fields["field"] == field, column] = value
    return fields, parameters


def test_the_shipped_rules_are_usable() -> None:
    rules = house_rules()
    assert (rules.refresh_days, rules.api_reserve_share) == (7, 0.2)
    score = next(rule for rule in rules.fields if rule.field == "ABM_Score__c")
    assert (score.policy, score.decimals, score.min_change) == ("human_wins", 2, 1.0)


def test_every_rule_fills_a_field_that_we_ship_from_a_column_of_the_sync_table() -> None:
    objects = expected_objects(ROOT / "reverse_etl" / "salesforce" / "force-app")
    columns = dict(zip([one.name for one in OBJECTS], [ACCOUNT_TYPES, CONTACT_TYPES, QUEUE_TYPES], strict=True))
    for rule in house_rules().fields:
        assert rule.field in objects[rule.object_name].fields or rule.field == "OwnerId"
        assert rule.source_column in columns[rule.object_name].names


def test_every_shipped_field_is_filled_or_belongs_to_people() -> None:
    objects = expected_objects(ROOT / "reverse_etl" / "salesforce" / "force-app")
    filled = {(rule.object_name, rule.field) for rule in house_rules().fields}
    left = {(name, field) for name, described in objects.items() for field in described.fields} - filled
    assert left == {
        ("Account", "Id"),
        ("Contact", "Id"),
        ("ABM_Queue_Item__c", "Id"),
        ("ABM_Queue_Item__c", "Queue_Key__c"),
        ("ABM_Queue_Item__c", "Outcome__c"),
        ("Account", "ABM_Tier_Override__c"),
    }


def test_rules_from_the_warehouse_with_typed_and_null_cells_are_the_same() -> None:
    fields, parameters = shipped()
    fields["decimals"] = pd.to_numeric(fields["decimals"]).astype("Int64")
    fields["min_change"] = pd.to_numeric(fields["min_change"])
    for column in ("value", "min_value", "max_value"):
        parameters[column] = pd.to_numeric(parameters[column])
    assert read_rules(fields, parameters) == house_rules()


@pytest.mark.parametrize(
    ("field", "column", "value", "message"),
    [
        ("ABM_Score__c", "policy", "whatever", r"ABM_Score__c: policy 'whatever' is unknown"),
        ("ABM_Score__c", "object", "Lead", r"Lead.ABM_Score__c: object 'Lead' is not one that delivery writes"),
        ("ABM_Score__c", "min_change", "-1", r"min_change is -1"),
        ("ABM_Score__c", "min_change", "one", r"min_change is 'one', which is not a number"),
        ("ABM_Score__c", "decimals", "1.5", r"decimals is 1.5"),
        ("ABM_Score__c", "source_column", "", r"source_column is empty"),
        ("ABM_Score__c", "field", "ABM_Tier__c", r"Account.ABM_Tier__c: the field has two rows"),
        ("ABM_Score__c", "field", "ABM_Tier_Override__c", r"belongs to people and is never written"),
        ("ABM_Score__c", "field", "OwnerId", r"Account.OwnerId: this field belongs to people"),
        ("ABM_Committee_Role__c", "field", "HasOptedOutOfEmail", r"belongs to people and is never written"),
        ("ABM_Committee_Role__c", "field", "Id", r"this is the key of the record"),
    ],
)
def test_an_unusable_rule_is_refused_with_file_and_row(field: str, column: str, value: str, message: str) -> None:
    with pytest.raises(RuleError, match=message) as caught:
        read_rules(*changed(field, column, value))
    assert str(caught.value).startswith("seeds/rules/salesforce_fields.csv")


def test_a_parameter_outside_its_range_is_refused() -> None:
    fields, parameters = shipped()
    parameters.loc[parameters["parameter"] == "refresh_days", "value"] = "0"
    with pytest.raises(RuleError, match=r"refresh_days: 0 is outside 1 to 90"):
        read_rules(fields, parameters)


def test_a_missing_parameter_is_named() -> None:
    fields, parameters = shipped()
    with pytest.raises(RuleError, match="api_reserve_share is missing"):
        read_rules(fields, parameters[parameters["parameter"] != "api_reserve_share"])


def test_a_missing_column_is_named() -> None:
    fields, parameters = shipped()
    with pytest.raises(RuleError, match=r"salesforce_fields.csv: column policy is missing"):
        read_rules(fields.drop(columns="policy"), parameters)


@pytest.mark.parametrize("name", ["salesforce_fields", "delivery_parameters"])
def test_every_column_of_a_rule_file_has_a_type_and_every_row_a_note(name: str) -> None:
    table = pd.read_csv(SEEDS / f"{name}.csv", dtype=str, keep_default_na=False)
    seed = yaml.safe_load(Path(SEEDS / f"{name}.yml").read_text(encoding="utf-8"))["seeds"][0]
    assert seed["name"] == name
    assert list(seed["config"]["column_types"]) == list(table.columns)
    assert [column["name"] for column in seed["columns"]] == list(table.columns)
    assert (table["note"].str.len() > 0).all()
