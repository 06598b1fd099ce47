from __future__ import annotations

import pandas as pd
import pytest
import yaml

from identity import IdentityRules, RuleError
from identity.rules import PARAMETERS

from .conftest import NAMES, RULES, make_rules, read_rule_tables


def test_every_rule_file_has_a_property_file_with_the_same_columns_and_ends_with_a_note() -> None:
    for name in NAMES:
        columns = list(pd.read_csv(RULES / f"{name}.csv", dtype=str).columns)
        seed = yaml.safe_load((RULES / f"{name}.yml").read_text(encoding="utf-8"))["seeds"][0]
        assert seed["name"] == name
        assert list(seed["config"]["column_types"]) == columns
        assert [column["name"] for column in seed["columns"]] == columns
        assert columns[-1] == "note"


def test_every_rule_row_has_a_reason_and_a_key_of_its_own() -> None:
    for name, table in read_rule_tables().items():
        seed = yaml.safe_load((RULES / f"{name}.yml").read_text(encoding="utf-8"))["seeds"][0]
        assert (table["note"].str.strip() != "").all(), name
        assert not table.duplicated(seed["config"]["meta"]["key"]).any(), name


def test_every_parameter_is_in_the_file_and_used() -> None:
    assert sorted(read_rule_tables()["identity_parameters"]["parameter"]) == sorted(PARAMETERS)


def test_a_parameter_out_of_its_range_is_an_error() -> None:
    with pytest.raises(RuleError, match=r"same_probability: value is 1\.5, outside 0\.5 to 1"):
        make_rules(same_probability=1.5)


def test_a_question_cannot_need_more_evidence_than_a_merge() -> None:
    with pytest.raises(RuleError, match=r"review_probability is 0\.9, above same_probability"):
        make_rules(same_probability=0.8, review_probability=0.9)


def test_an_unknown_decision_is_an_error_that_names_the_line() -> None:
    with pytest.raises(RuleError, match="line 2: decision is 'smae'"):
        make_rules([("smae", "a", "b")])


def test_half_a_decision_is_an_error() -> None:
    with pytest.raises(RuleError, match="A decision is about two records"):
        make_rules([("same", "a", "")])


@pytest.mark.parametrize("name", NAMES)
def test_a_table_without_its_columns_is_an_error_that_names_the_file(name: str) -> None:
    tables = read_rule_tables()
    tables[name] = tables[name][["note"]]
    with pytest.raises(RuleError, match=f"seeds/rules/{name}.csv: columns .* are missing"):
        IdentityRules.from_tables(**tables)


def test_a_missing_parameter_is_an_error() -> None:
    tables = read_rule_tables()
    tables["identity_parameters"] = tables["identity_parameters"].iloc[1:]
    with pytest.raises(RuleError, match="no row for same_probability"):
        IdentityRules.from_tables(**tables)
