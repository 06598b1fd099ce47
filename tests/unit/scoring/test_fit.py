from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import InputError, RuleError, Rules
from scoring import reference as reference_population
from scoring.fit import score
from scoring.parameters import Parameters

AS_OF = dt.date(2026, 6, 30)
COLUMNS = [
    "criterion",
    "attribute",
    "operator",
    "value_min",
    "value_max",
    "value_text",
    "points",
    "label_en",
    "label_ja",
]
CRITERIA = pd.DataFrame(
    [
        ("size", "employees_count", "between", None, 100, None, -10, "Small", "小規模"),
        ("size", "employees_count", "between", 100, 1000, None, 20, "Mid-size", "中規模"),
        ("size", "employees_count", "between", 1000, None, None, 5, "Large", "大規模"),
        ("industry", "industry_group", "in", None, None, "banking|Health Care", 10, "Regulated", "規制業種"),
        ("country", "country_code", "equals", None, None, "JP", 5, "Japan", "日本"),
        ("sso", "technologies", "has_technology", None, None, "*SSO*|Okta", 12, "Uses SSO", "SSO利用"),
        ("sso", "technologies", "missing", None, None, None, 0, "Technologies unknown", "利用技術が不明"),
    ],
    columns=COLUMNS,
)


def accounts(**columns: list[object]) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    base: dict[str, list[object]] = {
        "account_id": [f"acc_{n}" for n in range(count)],
        **{name: [None] * count for name in ("employees_count", "industry_group", "country_code", "technologies")},
        "first_worked_date": [None] * count,
        "first_won_date": [None] * count,
        "is_customer": [False] * count,
    }
    return pd.DataFrame(base | columns)


def points(table: pd.DataFrame, parameters: Parameters, criteria: pd.DataFrame = CRITERIA) -> list[float]:
    return score(table, criteria, parameters, AS_OF).scores["fit_points"].tolist()


def test_points_are_the_base_plus_every_matching_row(parameters: Parameters) -> None:
    table = accounts(
        employees_count=[500], industry_group=["Banking"], country_code=["jp"], technologies=["CRM|North SSO"]
    )
    # 50 + 20 (size) + 10 (industry) + 5 (country) + 12 (sso)
    assert points(table, parameters) == [97.0]


@pytest.mark.parametrize(
    ("employees", "expected"), [(0, 40.0), (99.9, 40.0), (100, 70.0), (999, 70.0), (1000, 55.0), (2e6, 55.0)]
)
def test_a_band_holds_its_lower_end_and_not_its_upper_end(
    parameters: Parameters, employees: float, expected: float
) -> None:
    assert points(accounts(employees_count=[employees]), parameters) == [expected]


@pytest.mark.parametrize(
    ("technologies", "expected"),
    [
        ("Okta", 62.0),
        ("okta", 62.0),
        ("ＯＫＴＡ|X", 62.0),
        ("Oktave", 50.0),
        ("a|Any SSO suite|b", 62.0),
        ("crossover", 50.0),
        ("x|SSO", 62.0),
    ],
)
def test_a_technology_is_one_item_of_the_list(parameters: Parameters, technologies: str, expected: float) -> None:
    assert points(accounts(technologies=[technologies]), parameters) == [expected]


def test_an_unknown_attribute_is_worth_nothing_and_says_so(parameters: Parameters) -> None:
    result = score(accounts(employees_count=[500]), CRITERIA, parameters, AS_OF)
    said = result.reasons.set_index("reason")["text_en"].to_dict()
    assert result.scores["fit_points"].tolist() == [70.0]
    assert said["missing:technologies"] == "Technologies unknown"
    assert said["missing:industry_group"] == "Unknown: industry group"


@pytest.mark.parametrize("blank", [None, ""])
def test_an_account_without_any_known_attribute_is_null_with_a_reason_and_not_zero(
    parameters: Parameters, blank: str | None
) -> None:
    result = score(accounts(country_code=["JP", blank], technologies=[None, blank]), CRITERIA, parameters, AS_OF)
    row = result.scores.iloc[1]
    assert np.isnan(row["fit_points"])
    assert np.isnan(row["fit_share"])
    assert row["missing_reason"] == "no attribute of the ideal customer profile is known"
    assert result.scores["missing_reason"].isna().tolist() == [True, False]
    reasons = result.reasons[result.reasons["account_id"] == "acc_1"]
    assert reasons["reason"].tolist() == ["missing"]


def test_the_scale_ends_at_0_and_100_and_the_cap_is_a_reason(parameters: Parameters) -> None:
    heavy = CRITERIA.assign(points=CRITERIA["points"] * 4)
    table = accounts(employees_count=[500, 5], country_code=["JP", None])
    result = score(table, heavy, parameters, AS_OF)
    # 50 + 80 + 20 = 150 -> 100; 50 - 40 = 10
    assert result.scores["fit_points"].tolist() == [100.0, 10.0]
    cap = result.reasons[result.reasons["reason"] == "cap"]
    assert cap["points"].tolist() == [-50.0]


@settings(max_examples=30, deadline=None)
@given(
    employees=st.lists(st.one_of(st.none(), st.floats(0, 1e6)), min_size=1, max_size=12),
    country=st.sampled_from(["JP", "US", None]),
    factor=st.floats(0.1, 5),
)
def test_reasons_sum_to_the_points(
    parameters: Parameters, employees: list[float | None], country: str | None, factor: float
) -> None:
    table = accounts(employees_count=employees, country_code=[country] * len(employees))
    result = score(table, CRITERIA.assign(points=CRITERIA["points"] * factor), parameters, AS_OF)
    sums = result.reasons.groupby("account_id")["points"].sum()
    known = result.scores.dropna(subset=["fit_points"]).set_index("account_id")["fit_points"]
    assert (sums[known.index] - known).abs().max() <= 1e-9 or known.empty
    assert known.between(0, 100).all()


def test_row_order_of_accounts_and_rules_changes_no_bit(parameters: Parameters, rules: Rules) -> None:
    rng = np.random.default_rng(0)
    table = accounts(
        employees_count=rng.integers(1, 20_000, 300).tolist(),
        technologies=rng.choice(["Okta", "A SIEM|ERP suite", None], 300).tolist(),
    ).assign(revenue_usd=rng.uniform(1e5, 1e10, 300))
    one = score(table, rules.icp_criteria, parameters, AS_OF)
    other = score(
        table.sample(frac=1, random_state=2), rules.icp_criteria.sample(frac=1, random_state=3), parameters, AS_OF
    )
    pd.testing.assert_frame_equal(one.scores, other.scores, check_exact=True)
    pd.testing.assert_frame_equal(one.reasons, other.reasons, check_exact=True)


def test_share_is_the_rank_in_the_frozen_population_and_not_among_today(parameters: Parameters) -> None:
    frozen = reference_population.freeze({"fit": np.arange(0.0, 101.0)}, dt.date(2026, 4, 1))
    table = accounts(employees_count=[500, 500])
    result = score(table, CRITERIA, parameters, AS_OF, frozen)
    # 70 of the values 0..100 lie below 70, itself counts half: 70.5 / 101
    assert result.scores["fit_share"].tolist() == pytest.approx([70.5 / 101] * 2)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            ("size", "employees_count", "between", 50, 200, None, 1, "a", "b"),
            r"column value_min: '50'.*\n.*100 or more",
        ),
        (("x", "employees_count", "between", None, None, None, 1, "a", "b"), r"a lower or an upper end"),
        (("x", "employees_count", "between", 9, 3, None, 1, "a", "b"), r"a number above value_min \(9\)"),
        (("industry", "industry_group", "in", None, None, "Banking", 1, "a", "b"), r"'banking' is repeated"),
        (("x", "industry_group", "in", None, None, None, 1, "a", "b"), r"values separated by \| for 'in'"),
        (("size", "revenue_usd", "between", 1, 2, None, 1, "a", "b"), r"one attribute per criterion"),
        (("x", "employees_count", "in", None, None, "5", 1, "a", "b"), r"is compared as a number elsewhere"),
        (("x", "country_code", "in", None, None, "US", 1, "", "b"), r"column label_en: empty"),
        (("size", "employees_count", "between", None, 100, None, 7, "a", "b"), r"the row occurs twice"),
    ],
)
def test_criteria_that_contradict_each_other_are_refused(
    parameters: Parameters, row: tuple[object, ...], message: str
) -> None:
    criteria = pd.concat([CRITERIA, pd.DataFrame([row], columns=COLUMNS)], ignore_index=True)
    table = accounts(employees_count=[1]).assign(revenue_usd=1.0)
    with pytest.raises(RuleError, match=message):
        score(table, criteria, parameters, AS_OF)


def test_a_file_without_criteria_is_refused(parameters: Parameters) -> None:
    with pytest.raises(RuleError, match="at least one criterion"):
        score(accounts(employees_count=[1]), CRITERIA.iloc[:0], parameters, AS_OF)


def test_an_attribute_that_account_360_lacks_is_named(parameters: Parameters) -> None:
    with pytest.raises(InputError, match="account_360: columns country_code are missing"):
        score(accounts(employees_count=[1]).drop(columns="country_code"), CRITERIA, parameters, AS_OF)


def test_one_account_twice_is_refused(parameters: Parameters) -> None:
    table = accounts(employees_count=[1, 2]).assign(account_id="acc_0")
    with pytest.raises(InputError, match="'acc_0' occurs more than once"):
        score(table, CRITERIA, parameters, AS_OF)


def test_no_accounts_give_empty_tables(parameters: Parameters) -> None:
    result = score(accounts(employees_count=[1]).iloc[:0], CRITERIA, parameters, AS_OF)
    assert len(result.scores) == len(result.reasons) == 0
