from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from scoring.backtest import judge

NIGHT = dt.date(2026, 3, 31)
KNOWN = dt.date(2026, 10, 31)


def night(size: int = 200, day: dt.date = NIGHT, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    score = np.sort(rng.uniform(0, 100, size))[::-1]
    return pd.DataFrame(
        {
            "as_of_date": pd.Timestamp(day),
            "account_id": [f"a{n:03d}" for n in range(size)],
            "tier": ["Tier 1"] * 10 + ["Tier 2"] * 30 + ["Tier 3"] * (size - 40),
            "composite_score": score,
            "is_better_tier": [True] * 40 + [False] * (size - 40),
            "could_be_queued": [True] * 60 + [False] * (size - 60),
            "queue_probability": [*np.linspace(0.5, 0.05, 30).tolist(), *[np.nan] * (size - 30)],
        }
    )


def outcomes(positions: list[int], after: int, size: int = 200) -> pd.DataFrame:
    when = pd.Series([pd.NaT] * size, dtype="datetime64[s]")
    when.iloc[positions] = pd.Timestamp(NIGHT) + pd.Timedelta(days=after)
    return pd.DataFrame(
        {"account_id": [f"a{n:03d}" for n in range(size)], "first_sqo_date": when, "first_won_date": pd.NaT}
    )


def test_precision_and_lift_of_a_perfect_ranking() -> None:
    found = judge(night(), outcomes(list(range(10)), 30), KNOWN, 90, "qualified opportunity")
    precision = found.precision.set_index("group")
    assert precision.loc["Tier 1", "precision"] == 1.0
    assert precision.loc["Tier 1", "lift"] == pytest.approx(20.0)
    assert precision.loc["best 5% by composite", "positive_count"] == 10
    assert found.lift["positive_count"].tolist() == pytest.approx([10.0] + [0.0] * 9)
    assert found.tiers.set_index("group").loc["Tier 3", "positive_count"] == 0
    assert found.queue.set_index("group").loc["likeliest third", "positive_count"] == 10


@pytest.mark.parametrize(("after", "counts"), [(0, False), (1, True), (90, True), (91, False)])
def test_only_what_came_within_the_horizon_counts(after: int, counts: bool) -> None:
    found = judge(night(), outcomes([5], after), KNOWN, 90, "qualified opportunity")
    assert int(found.nights["positive_count"].iloc[0]) == int(counts)


def test_who_had_the_outcome_before_is_no_candidate() -> None:
    found = judge(night(), outcomes([0, 1], -10), KNOWN, 90, "qualified opportunity")
    assert int(found.nights["account_count"].iloc[0]) == 198


def test_a_young_night_is_shown_and_not_judged() -> None:
    both = pd.concat([night(), night(day=dt.date(2026, 9, 30))])
    found = judge(both, outcomes([0], 20), KNOWN, 90, "qualified opportunity")
    assert found.nights["is_matured"].tolist() == [True, False]
    assert int(found.precision["account_count"].iloc[0]) == 10
    assert any("younger than 90 days" in note for note in found.notes)


def test_nothing_matured_is_said_and_gives_empty_tables() -> None:
    found = judge(night(day=KNOWN), outcomes([], 0), KNOWN, 90, "won")
    assert not len(found.precision)
    assert any("No night has matured" in note for note in found.notes)


def test_row_order_does_not_matter() -> None:
    rows = night(seed=3)
    one = judge(rows, outcomes([3, 40, 77], 10), KNOWN, 90, "qualified opportunity")
    other = judge(rows.sample(frac=1, random_state=1), outcomes([3, 40, 77], 10), KNOWN, 90, "qualified opportunity")
    for name in ("nights", "precision", "lift", "tiers", "queue"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)


def test_the_queue_is_compared_with_those_who_could_be_queued() -> None:
    # Who is in talks already is not queued, and has the outcome more often than anybody else.
    found = judge(night(), outcomes([0, 1, 2, 40, *range(100, 160)], 30), KNOWN, 90, "qualified opportunity")
    precision = found.precision.set_index("group")
    assert precision.loc["queue", "base_rate"] == pytest.approx(4 / 60)
    assert precision.loc["queue", "lift"] == pytest.approx((3 / 30) / (4 / 60))
    assert precision.loc["Tier 1", "base_rate"] == pytest.approx(64 / 200)
    assert found.queue["group"].tolist() == [
        "likeliest third", "middle third", "least likely third", "left out", "could not be queued"
    ]  # fmt: skip
    assert found.queue["account_count"].tolist() == [10, 10, 10, 30, 140]
