from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest

from scoring.labels import Cohort, worked_cohort
from scoring.parameters import Parameters
from scoring.recalibration import recalibrate

AS_OF = dt.date(2026, 12, 31)


def account(worked: str | None, won: str | None, is_customer: bool = False) -> pd.DataFrame:
    return pd.DataFrame({"first_worked_date": [worked], "first_won_date": [won], "is_customer": [is_customer]})


@pytest.mark.parametrize(
    ("row", "is_member", "is_won"),
    [
        (account("2026-01-01", "2026-03-01", True), True, True),
        (account("2026-01-01", None), True, False),
        (account("2026-01-01", "2026-06-30", True), True, True),  # day 180 of 180
        (account("2026-01-01", "2026-07-01", True), True, False),  # day 181: no win within the horizon
        (account("2026-07-05", None), False, False),  # followed 179 days
        (account("2026-07-04", None), True, False),  # followed 180 days
        (account("2026-09-01", "2026-10-01", True), False, True),  # immature: left out although already won
        (account(None, None), False, False),  # nobody worked it: unlabelled
        (account("2026-01-01", "2025-12-31", True), False, True),  # customer before it was worked
        (account("2026-01-01", None, True), False, False),  # customer whose win the log does not show
        (account("2026-01-01", "2027-02-01"), True, False),  # a win in the future is not known
        (account("2027-01-01", None), False, False),
    ],
)
def test_the_cohort_is_worked_and_matured(row: pd.DataFrame, is_member: bool, is_won: bool) -> None:
    cohort = worked_cohort(row, AS_OF, 180)
    assert cohort.is_member.tolist() == [is_member]
    if is_member:
        assert cohort.is_positive.tolist() == [is_won]


def cohort_of(wins: int, losses: int) -> Cohort:
    return Cohort(np.ones(wins + losses, dtype=np.bool_), np.arange(wins + losses) < wins)


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (0, 50), (1, 50), (4, 50), (50, 0), (50, 4)])
def test_too_few_outcomes_give_no_probability_and_say_why(parameters: Parameters, wins: int, losses: int) -> None:
    line, note = recalibrate(np.zeros(wins + losses), cohort_of(wins, losses), parameters)
    assert line is None
    assert f"{wins} wins and {losses} other outcomes" in note


def test_the_intercept_alone_makes_the_mean_probability_the_win_rate(parameters: Parameters) -> None:
    points = np.random.default_rng(1).normal(0, 15, 60)
    line, note = recalibrate(points, cohort_of(10, 50), parameters)
    assert line is not None
    assert (line.slope, note) == (1.0, "intercept refitted")
    probability = 1 / (1 + np.exp(-(line.intercept + np.log(2) / 10 * points)))
    assert probability.mean() == pytest.approx(10 / 60, abs=1e-12)


def test_with_enough_wins_the_slope_is_recovered(parameters: Parameters) -> None:
    rng = np.random.default_rng(2)
    points = rng.normal(0, 15, 40_000)
    truth = 1 / (1 + np.exp(-(-1.5 + 0.6 * np.log(2) / 10 * points)))
    won = rng.random(40_000) < truth
    line, _ = recalibrate(points, Cohort(np.ones(40_000, dtype=np.bool_), won), parameters)
    assert line is not None
    assert line.intercept == pytest.approx(-1.5, abs=0.05)
    assert line.slope == pytest.approx(0.6, abs=0.05)


def test_a_rule_that_points_the_wrong_way_keeps_a_positive_slope(parameters: Parameters) -> None:
    points = np.concatenate([np.full(40, -20.0), np.full(40, 20.0)])
    line, _ = recalibrate(points, cohort_of(40, 40), parameters)
    assert line is not None
    assert 0 < line.slope < 0.1


def test_perfectly_separated_wins_keep_a_finite_slope(parameters: Parameters) -> None:
    points = np.concatenate([np.full(40, 20.0), np.full(40, -20.0)])
    line, _ = recalibrate(points, cohort_of(40, 40), parameters)
    assert line is not None
    assert 1 < line.slope < 20


def test_equal_points_leave_the_slope_at_one(parameters: Parameters) -> None:
    line, _ = recalibrate(np.zeros(80), cohort_of(40, 40), parameters)
    assert line is not None
    assert line.slope == 1.0
    assert line.intercept == pytest.approx(0.0, abs=1e-12)


def test_order_of_accounts_changes_no_bit(parameters: Parameters) -> None:
    rng = np.random.default_rng(3)
    points, won = rng.normal(0, 15, 500), rng.random(500) < 0.3
    order = rng.permutation(500)
    everyone = np.ones(500, dtype=np.bool_)
    assert recalibrate(points, Cohort(everyone, won), parameters) == recalibrate(
        points[order], Cohort(everyone, won[order]), parameters
    )


def test_accounts_without_points_are_left_out(parameters: Parameters) -> None:
    points = np.concatenate([np.zeros(40), np.full(100, np.nan)])
    cohort = Cohort(np.ones(140, dtype=np.bool_), np.concatenate([np.arange(40) < 10, np.ones(100, dtype=np.bool_)]))
    few = dataclasses.replace(parameters, fit_min_wins_for_intercept=10, fit_min_wins_for_slope=20)
    line, _ = recalibrate(points, cohort, few)
    assert line is not None
    assert line.intercept == pytest.approx(np.log(10 / 30))
