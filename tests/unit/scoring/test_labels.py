from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from scoring.inputs import NO_DATE
from scoring.labels import QUALIFIED, WON, label, outcome_log_start, worked_cohort
from scoring.parameters import Parameters

AS_OF = dt.date(2026, 12, 31)
FIRST = np.datetime64("2025-01-01")


def log(rows: int, seed: int, win_rate: float = 0.2, begins: int = 0) -> pd.DataFrame:
    """Accounts worked evenly over 500 days; wins after an exponential lag, written down only from day `begins` on."""
    rng = np.random.default_rng(seed)
    worked = np.sort(rng.integers(0, 500, rows))
    lag = rng.exponential(45, rows).astype(int) + 1
    won = (rng.random(rows) < win_rate) & (worked + lag >= begins)
    dates = pd.Series(np.where(won, FIRST + worked + lag, np.datetime64("NaT")))
    return pd.DataFrame(
        {
            "first_worked_date": FIRST + worked,
            "first_won_date": dates,
            "first_sqo_date": dates,
            "is_customer": won,
        }
    )


def test_a_log_that_begins_late_is_noticed_and_earlier_accounts_are_left_out(parameters: Parameters) -> None:
    rows = log(600, 1, begins=250)
    cohort = worked_cohort(rows, AS_OF, 180)
    begins = (dt.date(2025, 1, 1) - dt.date(1970, 1, 1)).days + 250
    assert begins <= cohort.log_start <= begins + 10
    assert cohort.excluded["worked before the log of outcomes begins"] > 200
    notes = " ".join(label(rows, parameters, AS_OF).notes)
    assert "The log of outcomes begins on 2025-09" in notes


@pytest.mark.parametrize("seed", range(20))
def test_a_whole_log_is_never_said_to_begin_late(seed: int) -> None:
    assert worked_cohort(log(600, seed), AS_OF, 180).log_start == NO_DATE


@pytest.mark.parametrize("seed", range(20))
def test_a_small_whole_log_is_not_either(seed: int) -> None:
    assert worked_cohort(log(60, seed), AS_OF, 180).log_start == NO_DATE


def test_a_time_of_which_only_winners_are_on_record_is_left_out() -> None:
    rows = log(300, 5)
    is_early = rows["first_worked_date"] < FIRST + 150
    kept = rows[~is_early | rows["is_customer"]]
    cohort = worked_cohort(kept, AS_OF, 180)
    reason = "known only because they had the outcome: of their time nobody else is on record"
    assert cohort.excluded[reason] >= int((is_early & rows["is_customer"]).sum()) - 1
    assert reason not in worked_cohort(rows, AS_OF, 180).excluded


def test_no_wins_say_nothing_about_the_log() -> None:
    assert outcome_log_start(np.array([1, 2]), np.array([0, 0]), np.array([False, False])) == NO_DATE


def test_below_thirty_wins_a_qualified_opportunity_stands_for_one(parameters: Parameters) -> None:
    rows = log(300, 2, win_rate=0.3).assign(first_won_date=pd.NaT, is_customer=False)
    found = label(rows, parameters, AS_OF)
    assert (found.outcome, found.horizon_days) == (QUALIFIED, parameters.fit_surrogate_horizon_days)
    assert any("0 wins are fewer than 30" in note for note in found.notes)


def test_enough_wins_are_learned_from_themselves(parameters: Parameters) -> None:
    assert label(log(600, 3), parameters, AS_OF).outcome == WON


def test_every_worked_account_is_an_example_or_left_out_with_a_reason() -> None:
    rows = log(400, 4)
    rows.loc[:20, "is_customer"] = True
    rows.loc[:10, "first_won_date"] = pd.NaT
    as_of = dt.date(2026, 3, 1)
    cohort = worked_cohort(rows, as_of, 180)
    assert (
        cohort.member_count + sum(cohort.excluded.values()) == (rows["first_worked_date"] <= np.datetime64(as_of)).sum()
    )
