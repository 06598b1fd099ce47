from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scoring import fit
from scoring.fit_model import FitModel
from scoring.fit_training import NO_MODEL, Training, train
from scoring.model_card import model_card
from scoring.parameters import Parameters

AS_OF = dt.date(2026, 10, 31)
RULES = Path(__file__).resolve().parents[3] / "seeds" / "rules"
CRITERIA = pd.DataFrame(
    [
        ("size", "employees_count", "between", None, 100, None, -10, "Small", "小規模"),
        ("size", "employees_count", "between", 100, 1000, None, 10, "Mid-size", "中規模"),
        ("industry", "industry_group", "in", None, None, "financial services", 10, "Financial services", "金融業"),
        ("country", "country_code", "in", None, None, "JP", 5, "Japan", "日本"),
        ("sso", "technologies", "has_technology", None, None, "*SSO*", 8, "Uses SSO", "SSO利用"),
    ],
    columns=[
        "criterion",
        "attribute",
        "operator",
        "value_min",
        "value_max",
        "value_text",
        "points",
        "label_en",
        "label_ja",
    ],
)


def rule(name: str) -> pd.DataFrame:
    return pd.read_csv(RULES / f"{name}.csv", keep_default_na=False, na_values=[""])


def world(rows: int, seed: int, signal: float = 1.0) -> pd.DataFrame:
    """Worked accounts whose odds rise with size, industry and technology."""
    rng = np.random.default_rng(seed)
    employees = np.exp(rng.normal(5, 1.5, rows)).round()
    industry = rng.choice(["financial services", "retail & consumer", "software & internet"], rows)
    uses_sso = rng.random(rows) < 0.4
    z = -1.2 + signal * (0.5 * (np.log(employees) - 5) + 0.9 * (industry == "financial services") + 0.8 * uses_sso)
    won = rng.random(rows) < 1 / (1 + np.exp(-z))
    worked = pd.Timestamp("2025-06-01") + pd.to_timedelta(rng.integers(0, 300, rows), unit="D")
    return pd.DataFrame(
        {
            "account_id": [f"acc_{n:05d}" for n in range(rows)],
            "ultimate_parent_account_id": [f"acc_{n - n % 2:05d}" for n in range(rows)],
            "country_code": rng.choice(["JP", "US", "DE"], rows),
            "industry_group": industry,
            "technologies": np.where(uses_sso, "North SSO|CRM", "CRM"),
            "employees_count": employees,
            "revenue_usd": employees * rng.uniform(5e4, 2e5, rows),
            "founded_year": rng.integers(1950, 2020, rows),
            "technology_count": 1 + uses_sso,
            "is_customer": won,
            "first_worked_date": worked,
            "first_sqo_date": pd.Series(worked).where(won) + pd.Timedelta(days=30),
            "first_won_date": pd.Series(worked).where(won) + pd.Timedelta(days=90),
        }
    )


def trained(accounts: pd.DataFrame, parameters: Parameters, criteria: pd.DataFrame = CRITERIA) -> Training:
    return train(accounts, criteria, rule("fit_features"), rule("leak_columns"), parameters, AS_OF)


@pytest.fixture(scope="module")
def large(parameters: Parameters) -> Training:
    return trained(world(900, 1), parameters)


def scored(model: FitModel, accounts: pd.DataFrame, parameters: Parameters) -> tuple[pd.DataFrame, pd.DataFrame]:
    found = fit.score(accounts, CRITERIA, parameters, AS_OF, None, model)
    return found.scores, found.reasons


def test_signal_gives_a_model_that_is_better_than_the_base_rate(large: Training) -> None:
    assert large.model is not None
    metrics = large.metrics[large.model.rung.name]
    assert metrics.log_loss < metrics.base_log_loss
    assert metrics.auc > 0.65
    assert metrics.calibration_error <= metrics.noise_floor


def test_the_same_rows_in_any_order_give_the_same_bytes(parameters: Parameters) -> None:
    accounts = world(250, 2)
    one, other = (trained(rows, parameters) for rows in (accounts, accounts.sample(frac=1, random_state=3)))
    assert one.model is not None
    assert other.model is not None
    assert one.model.to_json() == other.model.to_json()
    assert one.data_hash == other.data_hash


def test_a_stored_model_says_the_same_bit_for_bit(large: Training, parameters: Parameters) -> None:
    assert large.model is not None
    again = FitModel.from_json(large.model.to_json())
    for one, other in zip(
        scored(large.model, world(80, 5), parameters), scored(again, world(80, 5), parameters), strict=True
    ):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_reasons_of_a_learned_model_add_up_and_have_words(large: Training, parameters: Parameters) -> None:
    model = large.model
    assert model is not None
    if not model.is_learned:
        pytest.skip("the rules were the best rung")
    scores, reasons = scored(model, world(300, 6), parameters)
    sums = reasons.groupby("account_id")["points"].sum()
    assert (sums - scores.set_index("account_id")["fit_points"]).abs().max() <= 1e-6
    for column in ("text_en", "text_ja"):
        assert reasons[column].str.len().between(1, 255).all()
    assert scores["method"].str.startswith(model.rung.name).all()


@pytest.mark.parametrize("rung", ["prior_mean", "ridge", "trees"])
def test_every_rung_explains_itself_exactly(large: Training, parameters: Parameters, rung: str) -> None:
    from dataclasses import replace

    from scoring.rungs import fit_rung

    assert large.examples is not None
    assert large.model is not None
    model = replace(large.model, rung=fit_rung(rung, large.examples, 20))
    scores, reasons = scored(model, world(120, 7), parameters)
    sums = reasons.groupby("account_id")["points"].sum()
    assert (sums - scores.set_index("account_id")["fit_points"]).abs().max() <= 1e-6


def test_an_edited_rule_does_not_change_a_model_in_force(large: Training, parameters: Parameters) -> None:
    assert large.model is not None
    edited = CRITERIA.assign(points=-CRITERIA["points"])
    one = fit.score(world(50, 8), CRITERIA, parameters, AS_OF, None, large.model).scores
    other = fit.score(world(50, 8), edited, parameters, AS_OF, None, large.model).scores
    pd.testing.assert_series_equal(one["fit_probability"], other["fit_probability"], check_exact=True)


def test_the_card_says_what_was_learned_from_what(large: Training) -> None:
    card = model_card(large, "fit-x", AS_OF, "abc123")
    for part in (
        large.data_hash,
        large.rules_hash,
        "abc123",
        "base_rate",
        "calibration.svg",
        "By country code",
        "By size",
    ):
        assert part in card


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"first_won_date": pd.NaT, "first_sqo_date": pd.NaT, "is_customer": False}, "0 accounts have the outcome"),
        ({"first_worked_date": pd.NaT}, "0 accounts have the outcome"),
    ],
)
def test_no_outcomes_end_without_a_model_and_say_so(
    parameters: Parameters, change: dict[str, object], said: str
) -> None:
    found = trained(world(200, 3).assign(**change), parameters)
    assert found.model is None
    assert found.verdict.startswith(NO_MODEL)
    assert said in found.verdict
    assert found.verdict.endswith("method = rules.")


def test_one_win_and_all_wins_end_without_a_model(parameters: Parameters) -> None:
    accounts = world(200, 3)
    nobody = accounts.assign(first_won_date=pd.NaT, first_sqo_date=pd.NaT, is_customer=False)
    one = nobody.copy()
    one.loc[0, "first_won_date"] = one.loc[0, "first_worked_date"] + pd.Timedelta(days=5)
    everybody = accounts.assign(
        first_won_date=accounts["first_worked_date"] + pd.Timedelta(days=9),
        first_sqo_date=accounts["first_worked_date"] + pd.Timedelta(days=3),
        is_customer=True,
    )
    assert "1 accounts have the outcome" in trained(one, parameters).verdict
    assert "and 0 have not" in trained(everybody, parameters).verdict


def test_noise_ends_without_a_model(parameters: Parameters) -> None:
    found = trained(world(300, 4, signal=0.0), parameters)
    assert found.model is None
    assert "nothing beats the base rate" in found.verdict


@pytest.mark.parametrize("kind", ["constant", "mostly missing", "one industry", "negative ages"])
def test_poor_columns_are_borne(parameters: Parameters, kind: str) -> None:
    accounts = world(240, 9)
    rng = np.random.default_rng(1)
    if kind == "constant":
        accounts = accounts.assign(
            employees_count=50, revenue_usd=1e6, founded_year=2000, technologies="CRM", technology_count=1,
            country_code="JP", industry_group="retail & consumer",
        )  # fmt: skip
    elif kind == "mostly missing":
        for column in ("employees_count", "revenue_usd", "founded_year", "technologies", "industry_group"):
            accounts[column] = accounts[column].where(rng.random(240) < 0.1)
    elif kind == "one industry":
        accounts["industry_group"] = "financial services"
    else:
        accounts["founded_year"] = 2090
    found = trained(accounts, parameters)
    if kind == "constant":
        assert found.model is None
        assert found.verdict.startswith(NO_MODEL)
    elif found.model is not None:
        names = {column.key for column in found.model.design.columns}
        assert "years_since_founding" not in names or kind != "negative ages"
        assert not any(name.startswith("industry:") for name in names) or kind != "one industry"


def test_accounts_of_which_nothing_was_known_are_no_examples(parameters: Parameters) -> None:
    accounts = world(200, 10)
    columns = ["employees_count", "industry_group", "country_code", "technologies"]
    accounts.loc[:49, columns] = None
    found = trained(accounts, parameters)
    assert any("50 examples of which nothing was known" in note for note in found.notes)
