from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import InputError
from scoring.composite import compose, score
from scoring.parameters import Parameters
from scoring.reference import freeze

AS_OF = dt.date(2026, 6, 30)
SHARE = st.one_of(st.just(float("nan")), st.floats(0, 1))


def shares(fit: float, intent: float, engagement: float) -> dict[str, np.ndarray]:
    return {"fit": np.array([fit]), "intent": np.array([intent]), "engagement": np.array([engagement])}


def one(parameters: Parameters, fit: float, intent: float, engagement: float) -> float:
    return float(compose(shares(fit, intent, engagement), parameters).composite[0])


def test_the_middle_of_everything_is_fifty(parameters: Parameters) -> None:
    assert one(parameters, 0.5, 0.5, 0.5) == 50.0


def test_the_sum_of_log_odds_by_hand(parameters: Parameters) -> None:
    # logits of .9, .2, .6: 2.1972, -1.3863, 0.4055; 0.40, 0.25, 0.35: 0.8789 - 0.3466 + 0.1419 = 0.6742 -> 66.24
    assert one(parameters, 0.9, 0.2, 0.6) == pytest.approx(66.24, abs=0.005)


def test_a_missing_score_leaves_its_weight_to_the_others(parameters: Parameters) -> None:
    # (0.40 x 2.1972 + 0.35 x 0.4055) / 0.75 = 1.3611 -> 79.59
    assert one(parameters, 0.9, float("nan"), 0.6) == pytest.approx(79.59, abs=0.005)
    assert one(parameters, 0.9, float("nan"), float("nan")) == pytest.approx(90.0)


def test_the_best_and_worst_percent_are_clipped(parameters: Parameters) -> None:
    assert one(parameters, 1.0, 1.0, 1.0) == pytest.approx(99.0)
    assert one(parameters, 0.0, 0.0, 0.0) == pytest.approx(1.0)


def test_nothing_known_is_null(parameters: Parameters) -> None:
    assert np.isnan(one(parameters, float("nan"), float("nan"), float("nan")))


def test_a_score_without_weight_alone_is_null(parameters: Parameters) -> None:
    without = dataclasses.replace(parameters, composite_fit_weight=0.0)
    assert np.isnan(one(without, 0.9, float("nan"), float("nan")))


@given(fit=SHARE, intent=SHARE, engagement=SHARE)
def test_points_sum_to_the_composite(parameters: Parameters, fit: float, intent: float, engagement: float) -> None:
    parts = compose(shares(fit, intent, engagement), parameters)
    if not np.isnan(parts.composite[0]):
        assert 0 <= parts.composite[0] <= 100
        assert 50 + sum(points[0] for points in parts.points.values()) == pytest.approx(parts.composite[0], abs=1e-9)


@given(intent=SHARE, engagement=SHARE, low=st.floats(0, 1), high=st.floats(0, 1))
def test_the_composite_rises_with_each_share(
    parameters: Parameters, intent: float, engagement: float, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    assert one(parameters, high, intent, engagement) >= one(parameters, low, intent, engagement) - 1e-12


def tables(fit: list[float], intent: list[float], engagement: list[float]) -> list[pd.DataFrame]:
    names = [f"acc_{n}" for n in range(len(fit))]
    return [
        pd.DataFrame({"account_id": names, column: values})
        for column, values in (("fit_points", fit), ("intent_score", intent), ("engagement_score", engagement))
    ]


def test_scores_and_reasons_by_way_of_the_tables(parameters: Parameters) -> None:
    nan = float("nan")
    grid = np.arange(0.0, 101.0)
    reference = freeze({"fit": grid, "intent": grid, "engagement": grid}, AS_OF)
    frames = tables([50, 90, nan], [50, nan, nan], [50, 10, nan])
    result = score(*frames, reference, parameters, AS_OF)
    assert result.scores["composite_score"].iloc[0] == pytest.approx(50.0)
    assert np.isnan(result.scores["composite_score"].iloc[2])
    assert np.isnan(result.scores["intent_reference_share"].iloc[1])
    sums = result.reasons.groupby("account_id")["points"].sum()
    assert sums.tolist()[:2] == pytest.approx(result.scores["composite_score"].tolist()[:2], abs=1e-9)
    second = result.reasons[result.reasons["account_id"] == "acc_1"].set_index("reason")
    assert second.loc["missing:intent", "text_en"] == "Research intent is unknown; the other scores count for it"
    assert second.loc["fit", "text_en"] == "Fit: percentile 90 of the reference population"
    shuffled = [frame.sample(frac=1, random_state=n) for n, frame in enumerate(frames)]
    pd.testing.assert_frame_equal(result.reasons, score(*shuffled, reference, parameters, AS_OF).reasons)


def test_tables_of_other_accounts_are_refused(parameters: Parameters) -> None:
    fit, intent, engagement = tables([1, 2], [1, 2], [1, 2])
    with pytest.raises(InputError, match="intent_scores holds other accounts"):
        score(fit, intent.iloc[:1], engagement, freeze({"fit": np.array([1.0])}, AS_OF), parameters, AS_OF)
