"""What a trained fit is worth, on invented companies whose chances are known (fit_world.py says what is in them)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest

from scoring.criteria import read_criteria
from scoring.features import years_of
from scoring.fit_model import expert_log_odds, opinion
from scoring.fit_training import Training, train
from scoring.inputs import days
from scoring.parameters import Parameters
from scoring.rungs import RULES
from tests.unit.scoring.conftest import read_rules
from tests.unit.scoring.fit_world import AS_OF, GOOD_POINTS, WRONG_POINTS, FitWorld, profile, simulate
from tests.unit.scoring.research_world import auc


@pytest.fixture(scope="module")
def unseen() -> FitWorld:
    return simulate(999, 8000)


def trained(world: FitWorld, points: Mapping[str, int], parameters: Parameters) -> Training:
    rules = read_rules("fit_features"), read_rules("leak_columns")
    return train(world.accounts, profile(dict(points)), *rules, parameters, AS_OF)


def said(training: Training, points: Mapping[str, int], unseen: FitWorld) -> npt.NDArray[np.float64]:
    """What scores the unseen accounts: the model, or the expert's points where there is none."""
    if training.model is None:
        return expert_log_odds(read_criteria(profile(dict(points))), unseen.accounts)
    years = years_of(days(unseen.accounts["first_worked_date"]))
    return opinion(training.model, unseen.accounts, years).probability


def test_the_invented_companies_are_those_of_the_published_table(unseen: FitWorld) -> None:
    assert unseen.is_won.mean() == pytest.approx(0.27, abs=0.015)
    assert auc(unseen.log_odds, unseen.is_won) == pytest.approx(0.76, abs=0.015)
    expert, wrong = (
        auc(expert_log_odds(read_criteria(profile(points)), unseen.accounts), unseen.is_won)
        for points in (GOOD_POINTS, WRONG_POINTS)
    )
    assert expert == pytest.approx(0.73, abs=0.015)
    assert wrong == pytest.approx(0.40, abs=0.02)


def test_at_forty_wins_the_expert_stays_and_the_scores_are_near_the_oracle(
    parameters: Parameters, unseen: FitWorld
) -> None:
    oracle = auc(unseen.log_odds, unseen.is_won)
    worlds = [simulate(seed, 150) for seed in range(6)]
    found = [trained(world, GOOD_POINTS, parameters) for world in worlds]
    assert np.mean([world.is_won.sum() for world in worlds]) == pytest.approx(40, abs=4)
    assert min(auc(said(training, GOOD_POINTS, unseen), unseen.is_won) for training in found) >= oracle - 0.04
    learned = [training for training in found if training.model is not None and training.model.rung.name != RULES]
    assert len(learned) <= 2


def test_a_wrong_expert_is_overruled_by_three_hundred_accounts(parameters: Parameters, unseen: FitWorld) -> None:
    found = [trained(simulate(seed, 300), WRONG_POINTS, parameters) for seed in range(4)]
    # Never the wrong points as a model; in one world of ten the outcomes are too few to say anything better.
    assert all(training.model is None or training.model.rung.name != RULES for training in found)
    assert sum(training.model is not None for training in found) >= 3
    aucs = [
        auc(said(training, WRONG_POINTS, unseen), unseen.is_won) for training in found if training.model is not None
    ]
    assert min(aucs) >= 0.65
    assert np.mean(aucs) >= 0.68


def test_probabilities_on_unseen_accounts_are_off_by_no_more_than_a_perfect_models(parameters: Parameters) -> None:
    metrics = []
    for seed in range(4):
        training = trained(simulate(seed, 300), GOOD_POINTS, parameters)
        assert training.model is not None
        metrics.append(training.metrics[training.model.rung.name])
    # The floor is what 95 of 100 perfect models stay below, so that one of four may lie above it.
    assert sum(one.calibration_error <= one.noise_floor for one in metrics) >= 3
    assert all(one.mean_gap <= one.mean_gap_limit for one in metrics)


def test_where_outcomes_are_a_coin_there_is_no_model(parameters: Parameters) -> None:
    found = [
        trained(simulate(seed, size, signal=0.0), GOOD_POINTS, parameters) for seed in range(3) for size in (150, 300)
    ]
    assert sum(training.model is not None for training in found) <= 1
    without = [training.verdict for training in found if training.model is None]
    assert all(said.startswith("no usable fit model") and "in an order of AUC 0." in said for said in without)
