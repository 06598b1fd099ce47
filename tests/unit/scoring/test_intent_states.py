from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.intent_states import IntentState, advance, decay, empty_state, from_scratch

SHORT, LONG, LAG = 14.0, 60.0, 21
START = dt.date(2026, 1, 1)
TOPICS = ("a", "b")

Row = tuple[str, str, int, int]
ROWS = st.lists(
    st.tuples(st.sampled_from(["x", "y"]), st.sampled_from(TOPICS), st.integers(0, 150), st.integers(1, 5)), max_size=40
)


def frame(rows: list[Row]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": [row[0] for row in rows],
            "topic": [row[1] for row in rows],
            "activity_date": [START + dt.timedelta(days=row[2]) for row in rows],
            "person_count": [row[3] for row in rows],
        }
    )


def at(offset: int) -> dt.date:
    return START + dt.timedelta(days=offset)


def sums(state: IntentState) -> dict[tuple[str, str], tuple[float, float]]:
    return {
        (row.account_id, row.topic): (row.recent, row.baseline)
        for row in state.sums.itertuples()
        if row.recent or row.baseline
    }


def same(one: IntentState, other: IntentState) -> None:
    left, right = sums(one), sums(other)
    for key in left.keys() | right.keys():
        assert left.get(key, (0.0, 0.0)) == pytest.approx(right.get(key, (0.0, 0.0)), abs=1e-9)


@settings(max_examples=12, deadline=None)
@given(rows=ROWS, arrivals=st.lists(st.integers(0, 150), min_size=40, max_size=40), gap=st.integers(7, 60))
def test_the_nightly_state_equals_the_closed_form_in_any_order_and_batching(
    rows: list[Row], arrivals: list[int], gap: int
) -> None:
    # Each row arrives on its own day or late, at the night `arrivals` says; nights are `gap` days apart.
    state = empty_state(START)
    nights = [*range(0, 150, gap), 150]
    before = -1
    for night in nights:
        new = [row for row, late in zip(rows, arrivals, strict=False) if before < max(row[2], late) <= night]
        state = advance(state, frame(new), at(night), SHORT, LONG, LAG)
        before = night
    same(state, from_scratch(frame(rows), at(150), SHORT, LONG, LAG))


@settings(max_examples=15, deadline=None)
@given(rows=ROWS, seed=st.integers(0, 100))
def test_row_order_changes_no_bit(rows: list[Row], seed: int) -> None:
    table = frame(rows)
    shuffled = table.sample(frac=1, random_state=seed)
    one, other = (from_scratch(part, at(150), SHORT, LONG, LAG).sums for part in (table, shuffled))
    pd.testing.assert_frame_equal(one, other, check_exact=True)


@settings(max_examples=15, deadline=None)
@given(rows=ROWS, taken_back=st.integers(0, 39))
def test_taking_a_row_back_leaves_the_world_without_it(rows: list[Row], taken_back: int) -> None:
    if taken_back >= len(rows):
        return
    gone = rows[taken_back]
    state = from_scratch(frame(rows), at(150), SHORT, LONG, LAG)
    forgotten = advance(state, frame([(*gone[:3], -gone[3])]), at(160), SHORT, LONG, LAG)
    same(
        forgotten,
        from_scratch(frame([row for n, row in enumerate(rows) if n != taken_back]), at(160), SHORT, LONG, LAG),
    )


def test_fourteen_silent_days_halve_the_recent_sum_exactly() -> None:
    rows = [("x", "a", day, 1) for day in range(100)]
    state = from_scratch(frame(rows), at(99), SHORT, LONG, LAG)
    later = advance(state, frame([]), at(113), SHORT, LONG, LAG)
    assert later.sums["recent"].tolist() == [state.sums["recent"].iloc[0] / 2]


def test_a_constant_visitor_tends_to_the_geometric_sum() -> None:
    rows = [("x", "a", day, 1) for day in range(1500)]
    # 1 / (1 - 2^(-1/14)) = 20.7019
    assert from_scratch(frame(rows), at(1499), SHORT, LONG, LAG).sums["recent"].iloc[0] == pytest.approx(
        20.7019, abs=5e-5
    )


def test_a_row_reaches_the_baseline_only_after_the_lag() -> None:
    state = from_scratch(frame([("x", "a", 0, 4)]), at(20), SHORT, LONG, LAG)
    assert state.sums["baseline"].tolist() == [0.0]
    on_the_day = advance(state, frame([]), at(21), SHORT, LONG, LAG)
    assert on_the_day.sums["baseline"].tolist() == [4.0]
    assert len(on_the_day.pending) == 0


def test_rows_of_the_future_are_not_seen() -> None:
    assert sums(from_scratch(frame([("x", "a", 51, 4)]), at(50), SHORT, LONG, LAG)) == {}


def test_a_state_cannot_run_backwards() -> None:
    with pytest.raises(ValueError, match="Start from an earlier state or from scratch"):
        advance(empty_state(at(5)), frame([]), at(4), SHORT, LONG, LAG)


def test_decay_is_one_today_half_at_a_half_life_and_nothing_before_it_happened() -> None:
    assert decay(np.array([0, 14, 28, -1]), 14.0).tolist() == [1.0, 0.5, 0.25, 0.0]
