from __future__ import annotations

import pandas as pd
import pytest

from scoring import RuleError, Rules, check
from scoring.parameters import LIMITS, Parameters, read_parameters


def changed(rows: pd.DataFrame, parameter: str, column: str, value: object) -> pd.DataFrame:
    out = rows.astype(object).copy()
    out.loc[out["parameter"] == parameter, column] = value
    return out


def test_shipped_parameters_are_read_with_their_types(parameters: Parameters) -> None:
    assert parameters.intent_prior_strength == 3.0
    assert parameters.intent_baseline_lag_days == 21
    assert isinstance(parameters.fit_horizon_days, int)


def test_row_order_does_not_matter(rules: Rules) -> None:
    assert read_parameters(rules.scoring_parameters.sample(frac=1, random_state=1)) == read_parameters(
        rules.scoring_parameters
    )


def test_every_parameter_has_limits_and_the_file_stays_within_them(rules: Rules) -> None:
    rows = rules.scoring_parameters.set_index("parameter")
    assert set(rows.index) == set(LIMITS) == set(Parameters.__dataclass_fields__)
    for name, (low, high) in LIMITS.items():
        assert low <= rows.loc[name, "min_value"] <= rows.loc[name, "value"] <= rows.loc[name, "max_value"] <= high


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_a_missing_parameter_is_named_with_its_file_and_range(rules: Rules, name: str) -> None:
    rows = rules.scoring_parameters
    with pytest.raises(RuleError) as error:
        read_parameters(rows[rows["parameter"] != name])
    text = str(error.value)
    assert "seeds/rules/scoring_parameters.csv" in text
    assert f"parameter = {name}" in text
    assert "column value" in text
    assert f"from {LIMITS[name][0]:g} to {LIMITS[name][1]:g}" in text


@pytest.mark.parametrize(
    ("parameter", "column", "value", "message"),
    [
        (
            "intent_prior_strength",
            "value",
            9,
            r"row parameter = intent_prior_strength, column value: '9'.*\n.*from 1 to 5",
        ),
        ("intent_prior_strength", "value", "three", r"'three'.*\n.*a number"),
        ("intent_prior_strength", "value", None, r"empty"),
        ("intent_prior_strength", "value", "nan", r"from 1 to 5"),
        ("fit_horizon_days", "value", 90.5, r"a whole number from 30 to 730"),
        ("intent_surge_ratio", "parameter", "intent_surge_rato", r"'intent_surge_rato'.*\n.*one of"),
        ("intent_surge_ratio", "parameter", "intent_prior_strength", r"the row occurs twice"),
    ],
)
def test_a_wrong_cell_names_file_row_column_and_range(
    rules: Rules, parameter: str, column: str, value: object, message: str
) -> None:
    with pytest.raises(RuleError, match=message):
        read_parameters(changed(rules.scoring_parameters, parameter, column, value))


def test_the_file_cannot_widen_what_the_formula_can_bear(rules: Rules) -> None:
    wide = changed(rules.scoring_parameters, "composite_share_clip", "max_value", 5)
    with pytest.raises(RuleError, match=r"from 0.0001 to 0.49"):
        read_parameters(changed(wide, "composite_share_clip", "value", 0.6))


def test_composite_weights_cannot_all_be_zero(rules: Rules) -> None:
    rows = rules.scoring_parameters
    for name in ("composite_fit_weight", "composite_intent_weight", "composite_engagement_weight"):
        rows = changed(rows, name, "value", 0)
    with pytest.raises(RuleError, match="at least one composite weight above 0"):
        read_parameters(rows)


def test_the_rules_that_ship_are_accepted(rules: Rules) -> None:
    check(rules)


@pytest.mark.parametrize(
    ("table", "column", "value", "message"),
    [
        ("touch_types", "half_life_days", 0, r"touch_types.csv, row touch_type = ad_click, column half_life_days: '0'"),
        ("touch_types", "weight", -1, r"a number from 0 to 1000"),
        ("role_weights", "weight", "much", r"role_weights.csv, row role = ADMIN, column weight: 'much'"),
        ("intent_topics", "keyword_group", "main", r"one of adjacent, core, generic"),
        ("intent_topics", "topic", "ＺＥＲＯ trust", r"each topic once"),
        ("exposure_calendar", "factor", 0, r"a number above 0 up to 10"),
        ("exposure_calendar", "kind", "week", r"one of date_range, public_holiday, weekday"),
        ("tiers", "slots", None, r"only the last tier has none"),
        ("tiers", "exit_factor", 0.5, r"from 1 to 100"),
        ("icp_criteria", "operator", "above", r"icp_criteria.csv, row criterion = .*column operator: 'above'"),
        ("icp_criteria", "points", 500, r"a number from -100 to 100"),
    ],
)
def test_a_wrong_row_in_any_rule_file_stops_before_scoring(
    rules: Rules, table: str, column: str, value: object, message: str
) -> None:
    rows = getattr(rules, table).astype(object).copy()
    first = rows.sort_values(list(rows.columns[:1]), kind="stable").index[0]
    rows.loc[first, column] = value
    with pytest.raises(RuleError, match=message):
        check(Rules(**{name: rows if name == table else getattr(rules, name) for name in Rules.__dataclass_fields__}))


@pytest.mark.parametrize("name", list(Rules.__dataclass_fields__))
def test_a_missing_column_is_named(rules: Rules, name: str) -> None:
    rows = getattr(rules, name)
    column = rows.columns[1]
    tables = {other: getattr(rules, other) for other in Rules.__dataclass_fields__} | {name: rows.drop(columns=column)}
    with pytest.raises(RuleError, match=rf"seeds/rules/{name}.csv, row 1 \(header\), column {column}"):
        check(Rules(**tables))
