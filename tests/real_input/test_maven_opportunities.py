from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from scoring.fit_training import NO_MODEL, Training, train
from scoring.labels import WON
from scoring.parameters import read_parameters
from tests.conftest import ROOT


def rule(name: str) -> pd.DataFrame:
    return pd.read_csv(ROOT / "seeds" / "rules" / f"{name}.csv", keep_default_na=False, na_values=[""])


def opportunities(folder: Path) -> pd.DataFrame:
    """Every closed deal as an account of its own, deals of one company as one group."""
    deals = pd.read_csv(folder / "real" / "maven_sales_pipeline.csv")
    companies = pd.read_csv(folder / "real" / "maven_accounts.csv").set_index("account")
    deals = deals[deals["deal_stage"].isin(["Won", "Lost"]) & deals["account"].notna()].reset_index(drop=True)
    of_deal = companies.reindex(deals["account"]).reset_index(drop=True)
    closed = pd.to_datetime(deals["close_date"], format="%d-%m-%y").where(deals["deal_stage"] == "Won")
    return pd.DataFrame(
        {
            "account_id": deals["opportunity_id"],
            "ultimate_parent_account_id": deals["account"],
            "country_code": "US",
            "industry_group": of_deal["sector"],
            "technologies": deals["product"],
            "employees_count": of_deal["employees"],
            "revenue_usd": of_deal["revenue"] * 1e6,
            "founded_year": of_deal["year_established"],
            "technology_count": 1,
            "is_customer": deals["deal_stage"] == "Won",
            "first_worked_date": pd.to_datetime(deals["engage_date"], format="%d-%m-%y"),
            "first_sqo_date": pd.NaT,
            "first_won_date": closed,
        }
    )


@pytest.fixture(scope="module")
def trained(shared_data: Path) -> Training:
    parameters = read_parameters(rule("scoring_parameters"))
    return train(
        opportunities(shared_data),
        rule("icp_criteria"),
        rule("fit_features"),
        rule("leak_columns"),
        parameters,
        dt.date(2018, 12, 31),
    )


def test_deals_without_signal_end_without_a_model(trained: Training) -> None:
    assert trained.model is None
    assert trained.verdict.startswith(NO_MODEL)
    assert "nothing beats the base rate" in trained.verdict


def test_they_were_many_and_every_rung_was_tried(trained: Training) -> None:
    assert trained.labels.outcome == WON
    assert trained.labels.cohort.positive_count > 2000
    assert set(trained.metrics) == {"base_rate", "rules", "prior_mean", "ridge", "trees"}
    for metrics in trained.metrics.values():
        assert metrics.auc < 0.55
