from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.reference import POSITIONS, freeze, in_force, share, version_of

FROZEN = dt.date(2026, 10, 1)
VALUES = st.lists(st.floats(0, 100), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("date", "version"),
    [(dt.date(2026, 1, 1), "2026Q1"), (dt.date(2026, 3, 31), "2026Q1"), (dt.date(2026, 12, 31), "2026Q4")],
)
def test_a_version_is_a_calendar_quarter(date: dt.date, version: str) -> None:
    assert version_of(date) == version


def test_half_of_the_ties_count_as_below() -> None:
    rows = freeze({"fit": np.array([10.0, 20.0, 20.0, 40.0])}, FROZEN)
    # below 10: 0 + 1/2 of 4; at 20: 1 + 2/2; at 40: 3 + 1/2; between 20 and 40 on a line
    assert share(np.array([10.0, 20.0, 40.0, 30.0, 5.0, 50.0]), rows, "fit") == pytest.approx(
        [0.125, 0.5, 0.875, 0.6875, 0.0, 1.0]
    )


@given(population=VALUES, values=VALUES)
def test_shares_are_ordered_as_the_values_and_within_0_and_1(population: list[float], values: list[float]) -> None:
    rows = freeze({"intent": np.array(population)}, FROZEN)
    ordered = np.sort(np.array(values))
    shares = share(ordered, rows, "intent")
    assert (np.diff(shares) >= 0).all()
    assert ((shares >= 0) & (shares <= 1)).all()


def test_a_large_population_is_kept_as_a_grid_that_stays_true() -> None:
    values = np.random.default_rng(0).gamma(2.0, 10.0, 20_000)
    rows = freeze({"engagement": values}, FROZEN)
    assert len(rows) == POSITIONS
    for probe in (1.0, 10.0, 35.0, 80.0):
        assert share(np.array([probe]), rows, "engagement")[0] == pytest.approx((values < probe).mean(), abs=0.001)


def test_missing_values_have_no_share_and_stay_out_of_the_population() -> None:
    rows = freeze({"fit": np.array([1.0, np.nan, 3.0])}, FROZEN)
    assert rows["value"].tolist() == [1.0, 3.0]
    assert np.isnan(share(np.array([np.nan]), rows, "fit")[0])
    assert np.isnan(share(np.array([1.0]), rows, "intent")[0])


def test_row_order_does_not_matter() -> None:
    values = np.random.default_rng(1).normal(size=500)
    rows = freeze({"fit": values}, FROZEN)
    pd.testing.assert_frame_equal(rows, freeze({"fit": values[::-1]}, FROZEN))
    shuffled = rows.sample(frac=1, random_state=0)
    assert (share(values, rows, "fit") == share(values, shuffled, "fit")).all()


def test_a_population_is_in_force_from_its_day_until_the_quarter_ends() -> None:
    history = freeze({"fit": np.array([1.0])}, FROZEN)
    assert in_force(history, dt.date(2026, 10, 1)) is not None
    assert in_force(history, dt.date(2026, 12, 31)) is not None
    assert in_force(history, dt.date(2026, 9, 30)) is None
    assert in_force(history, dt.date(2027, 1, 1)) is None
    assert in_force(None, FROZEN) is None
    assert in_force(history.iloc[:0], FROZEN) is None
