from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import Rules
from scoring.engagement_learning import PENALTIES, LearnedWeights, choose_penalty, fit_weights, in_points, learn
from scoring.parameters import Parameters
from tests.unit.scoring.research_world import auc
from tests.unit.scoring.touch_world import EXPERT, TYPES, WRONG_EXPERT, TouchWorld, simulate
from tests.unit.scoring.touch_world import tables as touch_tables

UNSEEN = 40_000
AS_OF = dt.date(2026, 6, 30)


def learned_auc(world: TouchWorld, unseen: TouchWorld, expert: np.ndarray, penalty: float | None = None) -> float:
    scaled = expert / expert.max()
    groups = [f"g{n}" for n in range(len(world.is_positive))]
    chosen = penalty or choose_penalty(world.columns, world.is_positive, groups, scaled)
    fitted = fit_weights(world.columns, world.is_positive, scaled, chosen)
    return auc(fitted.log_odds(unseen.columns), unseen.is_positive)


@pytest.fixture(scope="module")
def unseen() -> TouchWorld:
    return simulate(999, UNSEEN)


def test_the_invented_world_is_the_one_of_the_published_table(unseen: TouchWorld) -> None:
    assert 0.045 < unseen.is_positive.mean() < 0.06
    assert auc(unseen.log_odds, unseen.is_positive) == pytest.approx(0.795, abs=0.01)
    assert auc(unseen.columns @ EXPERT, unseen.is_positive) == pytest.approx(0.793, abs=0.01)
    assert auc(unseen.columns @ WRONG_EXPERT, unseen.is_positive) == pytest.approx(0.725, abs=0.02)
    assert auc(unseen.opens, unseen.is_positive) < 0.70


@pytest.mark.parametrize(("size", "below_oracle"), [(400, 0.015), (1000, 0.01)])
def test_learned_weights_come_near_the_truth_and_never_fall_far_behind_a_good_expert(
    unseen: TouchWorld, size: int, below_oracle: float
) -> None:
    oracle, expert = auc(unseen.log_odds, unseen.is_positive), auc(unseen.columns @ EXPERT, unseen.is_positive)
    worlds = [simulate(seed, size) for seed in range(6)]
    pulled = np.array([learned_auc(world, unseen, EXPERT, 20.0) for world in worlds])
    chosen = np.array([learned_auc(world, unseen, EXPERT) for world in worlds])
    alone = np.array([learned_auc(world, unseen, EXPERT, 1e-3) for world in worlds])
    assert pulled.mean() >= oracle - below_oracle
    assert chosen.mean() >= expert - below_oracle
    assert pulled.mean() >= alone.mean()


@pytest.mark.parametrize(("size", "least"), [(400, 0.765), (1000, 0.78)])
def test_a_wrong_expert_is_repaired(unseen: TouchWorld, size: int, least: float) -> None:
    aucs = [learned_auc(simulate(seed, size), unseen, WRONG_EXPERT, 5.0) for seed in range(6)]
    assert np.mean(aucs) >= least
    assert np.mean(aucs) >= auc(unseen.columns @ WRONG_EXPERT, unseen.is_positive) + 0.03


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999), penalty=st.sampled_from(PENALTIES))
def test_weights_are_never_negative_and_do_not_depend_on_the_order_of_rows(seed: int, penalty: float) -> None:
    world = simulate(seed, 200)
    if not 0 < world.is_positive.sum() < 200:
        return
    # The truth turned round: an unbounded fit would give negative weights.
    columns = world.columns * np.where(world.is_positive, 0.3, 1.0)[:, None]
    fitted = fit_weights(columns, world.is_positive, EXPERT / 12, penalty)
    assert (fitted.weights >= 0).all()
    order = np.random.default_rng(seed).permutation(200)
    again = fit_weights(columns[order], world.is_positive[order], EXPERT / 12, penalty)
    assert np.abs(again.weights - fitted.weights).max() <= 1e-9
    assert abs(again.intercept - fitted.intercept) <= 1e-9


def test_an_endless_pull_gives_the_experts_proportions_and_none_the_likeliest_weights() -> None:
    world = simulate(3, 4000)
    pulled = fit_weights(world.columns, world.is_positive, EXPERT / 12, 1e9)
    assert pulled.weights == pytest.approx(pulled.scale * EXPERT / 12, rel=1e-3)
    free = fit_weights(world.columns, world.is_positive, EXPERT / 12, 1e-6)
    # At the optimum the gradient of the likelihood vanishes wherever a weight is not held at 0.
    p = 1 / (1 + np.exp(-free.log_odds(world.columns)))
    slopes = world.columns.T @ (p - world.is_positive)
    assert np.abs(slopes[free.weights > 1e-6]).max() < 0.05
    assert (slopes[free.weights <= 1e-6] > -0.05).all()


def test_a_type_that_nobody_used_keeps_the_experts_weight_at_the_learned_scale() -> None:
    world = simulate(4, 500)
    columns = world.columns.copy()
    columns[:, 3] = 0.0
    fitted = fit_weights(columns, world.is_positive, EXPERT / 12, 10.0)
    assert fitted.weights[3] == pytest.approx(fitted.scale * EXPERT[3] / 12)


def test_a_type_that_the_expert_gives_nothing_cannot_be_learned() -> None:
    world = simulate(5, 200)
    with pytest.raises(ValueError, match="Expected: above 0"):
        fit_weights(world.columns, world.is_positive, np.append(0.0, EXPERT[1:]), 10.0)
    with pytest.raises(ValueError, match="Expected: both outcomes"):
        fit_weights(world.columns, np.zeros(200, dtype=bool), EXPERT, 10.0)


def test_learned_points_have_the_experts_sum() -> None:
    fitted = fit_weights(simulate(6, 800).columns, simulate(6, 800).is_positive, WRONG_EXPERT / 12, 3.0)
    points = in_points(fitted, WRONG_EXPERT)
    assert points.sum() == pytest.approx(WRONG_EXPERT.sum())
    assert (points / fitted.weights).std() < 1e-9 or (fitted.weights == 0).any()


def learned(
    rules: Rules, parameters: Parameters, seed: int, touch_types: pd.DataFrame, size: int = 600
) -> LearnedWeights:
    accounts, touches = touch_tables(seed, size, AS_OF)
    return learn(accounts, touches, touch_types, rules.role_weights, parameters, AS_OF)


def with_weights(touch_types: pd.DataFrame, weights: dict[str, float]) -> pd.DataFrame:
    return touch_types.assign(
        weight=[
            weights.get(name, old) for name, old in zip(touch_types["touch_type"], touch_types["weight"], strict=True)
        ]
    )


def test_a_wrong_rule_file_is_found_out_and_a_right_one_stays(rules: Rules, parameters: Parameters) -> None:
    wrong = with_weights(rules.touch_types, dict(zip(TYPES, WRONG_EXPERT, strict=True)))
    found = learned(rules, parameters, 1, wrong)
    assert found.is_adopted, found.verdict
    assert found.verdict.startswith("Change the weights: ")
    assert found.gain[0] > found.gain[1]
    assert found.score_gain[0] >= 0
    table = found.table.set_index("touch_type")
    assert table.loc["demo_request", "proposed"] > 3 * table.loc["demo_request", "expert"]
    assert table.loc["page_view", "proposed"] < table.loc["page_view", "expert"]

    right = with_weights(rules.touch_types, dict(zip(TYPES, EXPERT, strict=True)))
    kept = learned(rules, parameters, 1, right)
    assert not kept.is_adopted, kept.verdict
    assert (kept.table["proposed"] == kept.table["expert"]).all()


def test_opens_stay_at_nothing_even_when_they_announce_every_opportunity(rules: Rules, parameters: Parameters) -> None:
    accounts, touches = touch_tables(2, 300, AS_OF)
    qualified = accounts[accounts["first_sqo_date"].notna()]
    opens = pd.DataFrame(
        {
            "account_id": qualified["account_id"],
            "person_key": qualified["account_id"] + "p",
            "role": "DM",
            "touch_type": "email_open",
            "activity_date": qualified["first_sqo_date"] - pd.Timedelta(days=20),
            "touch_count": 3,
        }
    )
    one = learn(accounts, touches, rules.touch_types, rules.role_weights, parameters, AS_OF)
    other = learn(accounts, pd.concat([touches, opens]), rules.touch_types, rules.role_weights, parameters, AS_OF)
    pd.testing.assert_frame_equal(one.table, other.table)
    assert one.gain == other.gain
    assert other.table.set_index("touch_type").loc["email_open", ["expert", "proposed"]].tolist() == [0, 0]


def test_order_of_rows_and_what_comes_later_change_nothing(rules: Rules, parameters: Parameters) -> None:
    accounts, touches = touch_tables(3, 300, AS_OF)
    one = learn(accounts, touches, rules.touch_types, rules.role_weights, parameters, AS_OF)
    later = touches.assign(activity_date=pd.Timestamp(AS_OF) + pd.Timedelta(days=1), touch_type="demo_request")
    shuffled = pd.concat([touches, later]).sample(frac=1, random_state=1)
    other = learn(
        accounts.sample(frac=1, random_state=2), shuffled, rules.touch_types, rules.role_weights, parameters, AS_OF
    )
    pd.testing.assert_frame_equal(one.table, other.table, atol=1e-9)
    assert other.gain == pytest.approx(one.gain, abs=1e-9)


def test_too_few_outcomes_leave_the_expert_and_say_how_many_are_needed(rules: Rules, parameters: Parameters) -> None:
    accounts, touches = touch_tables(4, 60, AS_OF)
    few = learn(accounts, touches, rules.touch_types, rules.role_weights, parameters, AS_OF)
    assert not few.is_adopted
    assert "20 are needed" in few.verdict
    assert few.table["learned"].isna().all()
    silent = learn(
        *touch_tables(4, 900, AS_OF, touched=False), rules.touch_types, rules.role_weights, parameters, AS_OF
    )
    assert not silent.is_adopted
