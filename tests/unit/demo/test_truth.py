"""Is what the demo hides really in its data, so that an engine can be asked to find it?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from demo.companies import make_companies
from demo.outcomes import (
    BASE_LOG_ODDS,
    ENGAGEMENT_COEFFICIENT,
    FIT_COEFFICIENTS,
    HOLDOUT_COEFFICIENT,
    HOLDOUT_DAYS_BEFORE_END,
    SURGE_COEFFICIENT,
    decide_outcomes,
)
from demo.sectors import ERP, INDUSTRIES, SIEM, SSO
from demo.world import World, chunks
from tests.unit.demo.conftest import AS_OF, Demo


@pytest.fixture(scope="module")
def worked() -> pd.DataFrame:
    """Features and fate of the worked companies of 8,000, without any landing file."""
    parts = []
    world = World(2, AS_OF)
    for chunk in chunks(world, 8_000):
        companies = make_companies(chunk)
        fate = decide_outcomes(chunk, companies)
        features: dict[str, np.ndarray] = {}
        for band, name in enumerate(name for name in FIT_COEFFICIENTS if name.startswith("size band")):
            features[name] = companies.size_band == band
        for position, industry in enumerate(INDUSTRIES):
            if f"industry: {industry}" in FIT_COEFFICIENTS:
                features[f"industry: {industry}"] = companies.industry == position
        for name, column in (("Latchkey SSO", SSO), ("Emberlog SIEM", SIEM), ("Granary ERP", ERP)):
            features[f"technology: {name}"] = companies.technologies[:, column]
        features["region: capital"] = companies.region == 0
        features["1,000 to 9,999 employees and Emberlog SIEM"] = (companies.size_band == 3) & companies.technologies[
            :, SIEM
        ]
        features["engagement"] = companies.latent_engagement
        touched = fate.first_touch_day
        features["surge"] = (fate.surge_start_day <= touched) & (touched <= fate.surge_end_day + 30)
        features["holdout"] = (fate.holdout_arm == 1) & (touched >= world.last_day - HOLDOUT_DAYS_BEFORE_END)
        frame = pd.DataFrame(features).astype(float)
        frame["fit"], frame["probability"], frame["won"] = fate.fit_log_odds, fate.win_probability, fate.will_win
        parts.append(frame[fate.is_worked])
    return pd.concat(parts, ignore_index=True)


def test_the_stated_coefficients_can_be_recovered_from_the_worked_companies(worked: pd.DataFrame) -> None:
    stated = FIT_COEFFICIENTS | {
        "engagement": ENGAGEMENT_COEFFICIENT,
        "surge": SURGE_COEFFICIENT,
        "holdout": HOLDOUT_COEFFICIENT,
    }
    assert set(FIT_COEFFICIENTS) <= set(worked.columns)
    # One size band is left out, as the intercept would otherwise not be separable from the bands.
    reference = "size band: below 50"
    names = [name for name in stated if name != reference]
    model = LogisticRegression(C=1e6, max_iter=2_000).fit(worked[names], worked.won)
    expected = [stated[name] - (stated[reference] if name.startswith("size band") else 0.0) for name in names]
    # With about 3,500 rows and 900 wins a coefficient of a feature that a tenth has strays by about 0.15 (one SD).
    assert np.abs(model.coef_[0] - expected).max() < 0.65
    assert np.abs(model.coef_[0] - expected).mean() < 0.2
    assert model.intercept_[0] == pytest.approx(BASE_LOG_ODDS + stated[reference], abs=0.6)


def test_the_probability_says_how_often_worked_companies_win(worked: pd.DataFrame) -> None:
    fifth = pd.qcut(worked.probability, 5, labels=False)
    for _, rows in worked.groupby(fifth):
        error = np.sqrt(rows.probability.mean() * (1 - rows.probability.mean()) / len(rows))
        assert abs(rows.won.mean() - rows.probability.mean()) < 4 * error


def test_the_win_rate_rises_with_latent_fit(worked: pd.DataFrame) -> None:
    rates = worked.won.groupby(pd.qcut(worked.fit, 10, labels=False)).mean()
    assert rates.rank().corr(pd.Series(range(10)).astype(float)) > 0.9
    assert rates.iloc[-2:].mean() > 4 * rates.iloc[:2].mean()


def test_only_worked_companies_win_and_the_crm_shows_them(demo: Demo) -> None:
    companies = demo.truth("companies")
    assert companies[companies.is_won].is_worked.all()
    assert not companies[~companies.is_in_crm].is_worked.any()
    records = demo.truth("records").set_index("record_id").company_id
    deals = demo.landing("salesforce/Opportunity")
    won = records.loc["salesforce:" + deals[(deals.IsWon == "true") & (deals.Type == "New Business")].AccountId]
    assert set(won) == set(companies[companies.is_won].company_id)


def test_the_first_human_task_is_on_the_first_touch_day(demo: Demo) -> None:
    companies = demo.truth("companies").set_index("company_id")
    records = demo.truth("records").set_index("record_id").company_id
    tasks, deals = demo.landing("salesforce/Task"), demo.landing("salesforce/Opportunity").set_index("Id").AccountId
    tasks = tasks[~tasks.Subject.str.contains("automatic") & (tasks.ActivityDate.str.fullmatch(r"\d{4}-\d\d-\d\d"))]
    account = tasks.WhatId.map(deals).fillna(tasks.WhatId)
    first = tasks.ActivityDate.groupby(("salesforce:" + account).map(records)).min()
    stated = companies.first_touch_date.dropna().astype(str)
    assert set(first.index) <= set(stated.index)
    assert (first == stated.loc[first.index]).mean() > 0.99  # one task carries a malformed date


def test_surging_companies_show_more_research_person_days(demo: Demo) -> None:
    companies = demo.truth("companies")
    events = demo.landing("intent/topic_events")
    events = events[events.occurred_at.str.fullmatch(r"\d{4}-\d\d-\d\dT.*", na=False)]
    recent = events[(events.occurred_at >= "2026-10-04") & (events.occurred_at < "2026-11-01")]
    days = recent.assign(day=recent.occurred_at.str[:10]).drop_duplicates(["domain", "visitor_id", "day"])
    count = days.groupby("domain").size()
    owned = companies[companies.domain.notna() & ~companies.is_on_shared_domain].set_index("domain")
    running = owned.surge_end_date.astype(str) >= "2026-10-25"
    person_days = count.reindex(owned.index).fillna(0)
    assert running.sum() > 20
    assert person_days[running].median() > 5 * person_days[~running].mean()


def test_latent_engagement_shows_in_visits_and_forms(demo: Demo) -> None:
    companies = demo.truth("companies")
    companies = companies[companies.domain.notna() & ~companies.is_on_shared_domain & ~companies.has_opportunity]
    views = demo.landing("web/page_views").groupby("domain").size().reindex(companies.domain).fillna(0)
    assert (
        views.reset_index(drop=True).corr(companies.latent_engagement.reset_index(drop=True), method="spearman") > 0.25
    )


def test_every_company_record_has_a_true_company(demo: Demo) -> None:
    records = set(demo.truth("records").record_id)
    accounts = demo.landing("salesforce/Account")
    firms = demo.landing("firmographics/companies")
    assert set("salesforce:" + accounts[accounts.Name.notna()].Id) <= records
    assert set("firmographics:" + firms.provider + ":" + firms.company_id) <= records
    assert set("product:" + demo.landing("product/workspaces").workspace_id) <= records


def test_the_coin_of_the_holdout_is_fair_and_the_guests_of_the_dinner_are_picked(demo: Demo) -> None:
    programmes = demo.truth("programmes").merge(demo.truth("companies"), on="company_id")
    gap = {}
    for experiment, rows in programmes.groupby("experiment"):
        engagement = rows.groupby("is_treated").latent_engagement.mean()
        gap[experiment] = engagement[True] - engagement[False]
        assert len(rows) > 200
    assert abs(gap["abm_holdout_2026"]) < 0.3  # 2 x sqrt(1/275 + 1/275) = 0.17 by chance alone
    assert gap["executive_dinner_2026"] > 0.7


def test_most_contacts_have_made_a_statement_and_some_withdrew_or_let_it_expire(demo: Demo) -> None:
    statements = demo.landing("consent/records")
    contacts = demo.landing("salesforce/Contact").Email.dropna().unique()
    assert 0.8 < np.isin(contacts, statements.email.unique()).mean() < 0.95
    assert set(statements.status) >= {"granted", "denied", "withdrawn"}
    assert (statements.expires_at < "2026-10-31").sum() > 100
    assert statements.groupby("purpose").channel.nunique().sum() >= 9


def test_half_of_the_visits_cannot_be_given_to_a_company_by_their_own_row(demo: Demo) -> None:
    views = demo.landing("web/page_views")
    assert 0.3 < (views.domain.isna() & views.email.isna()).mean() < 0.5
