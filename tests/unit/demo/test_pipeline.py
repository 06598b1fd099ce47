"""Opportunities, their history and the tasks tell one story."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.unit.demo.conftest import Demo

STAGES = ["Prospecting", "Qualification", "Evaluation", "Proposal", "Negotiation"]


@pytest.fixture(scope="module")
def history(demo: Demo) -> pd.DataFrame:
    return demo.landing("salesforce/OpportunityHistory").sort_values(["OpportunityId", "CreatedDate"])


def test_a_history_runs_through_the_stages_in_order(history: pd.DataFrame) -> None:
    for _, rows in history.groupby("OpportunityId"):
        stages = list(rows.StageName)
        open_stages = [stage for stage in stages if not stage.startswith("Closed")]
        assert open_stages == STAGES[: len(open_stages)]
        assert all(stage in open_stages for stage in stages[:-1])


def test_the_record_says_what_its_history_says_last(demo: Demo, history: pd.DataFrame) -> None:
    deals = demo.landing("salesforce/Opportunity").set_index("Id")
    last, first = history.groupby("OpportunityId").last(), history.groupby("OpportunityId").first()
    assert set(deals.index) == set(last.index)
    assert (deals.StageName == last.StageName.loc[deals.index]).all()
    assert (deals.LastModifiedDate == last.CreatedDate.loc[deals.index]).all()
    assert (deals.CreatedDate == first.CreatedDate.loc[deals.index]).all()
    assert ((deals.IsWon == "true") == (deals.StageName == "Closed Won")).all()
    assert ((deals.IsClosed == "true") == deals.StageName.str.startswith("Closed")).all()


def test_nothing_in_a_history_lies_behind_the_as_of_day(history: pd.DataFrame) -> None:
    assert history.CreatedDate.max() <= "2026-10-31T23:59:59Z"


def test_a_win_comes_within_the_horizon_of_the_first_touch(demo: Demo) -> None:
    companies = demo.truth("companies")
    won = companies[companies.is_won]
    days = pd.to_datetime(won.won_date) - pd.to_datetime(won.first_touch_date)
    assert days.dt.days.between(10, 180).all()


def test_young_accounts_are_still_open(demo: Demo) -> None:
    deals = demo.landing("salesforce/Opportunity")
    assert (deals.IsClosed == "false").sum() > 10


def test_planned_tasks_are_open_and_done_ones_lie_in_the_past(demo: Demo) -> None:
    tasks = demo.landing("salesforce/Task")
    tasks = tasks[tasks.ActivityDate.str.fullmatch(r"\d{4}-\d\d-\d\d") & ~tasks.ActivityDate.str.contains("-13-")]
    assert (tasks[tasks.Status == "Completed"].ActivityDate <= "2026-10-31").all()
    assert (tasks.ActivityDate > "2026-10-31").sum() > 5
    assert tasks.CreatedDate.max() <= "2026-10-31T23:59:59Z"


def test_a_task_stands_on_records_that_existed(demo: Demo) -> None:
    tasks, deals = demo.landing("salesforce/Task"), demo.landing("salesforce/Opportunity")
    created = pd.concat(
        [demo.landing(f"salesforce/{name}").set_index("Id").CreatedDate for name in ("Account", "Contact")]
    )
    for rows, column in ((tasks, "WhatId"), (tasks, "WhoId"), (deals, "AccountId")):
        known = rows[rows[column].isin(created.index)]
        assert len(known) > 50
        assert (created.loc[known[column]].to_numpy() <= known.CreatedDate.to_numpy()).all(), column


def test_only_the_integration_user_writes_automatic_tasks(demo: Demo) -> None:
    users = demo.landing("salesforce/User").set_index("Id")
    tasks = demo.landing("salesforce/Task")
    automatic = tasks[tasks.Subject.str.contains("automatic")]
    assert set(users.loc[automatic.OwnerId].UserRoleName) == {"Integration"}
    others = tasks[~tasks.Subject.str.contains("automatic")]
    assert "Integration" not in set(users.loc[others.OwnerId].UserRoleName)


def test_one_seller_has_left_and_still_owns_accounts(demo: Demo) -> None:
    users = demo.landing("salesforce/User")
    gone = users[users.IsActive == "false"]
    assert len(gone) == 1
    assert demo.landing("salesforce/Account").OwnerId.isin(gone.Id).sum() > 3
    assert set(users.TimeZoneSidKey) == {"Asia/Tokyo", "Europe/Dublin"}


def test_a_buyer_who_came_first_asked_by_form_before(demo: Demo) -> None:
    companies = demo.truth("companies")
    people = demo.truth("people")
    forms = demo.landing("map/form_fills")
    demos = forms[forms.asset.isin(["demo request", "デモのお申し込み"])].merge(
        people[["email", "company_id"]], on="email"
    )
    recent = companies[companies.is_inbound & (companies.first_touch_date.astype(str) >= "2025-05-10")]
    assert recent.company_id.isin(demos.company_id).mean() > 0.8
