from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit

from scoring.calibration import Calibration, calibrate, cross_fitted
from scoring.evaluation import calibration_error, noise_floor


def world(rows: int, seed: int, overconfidence: float = 2.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(-1.2, 1, rows)
    return overconfidence * truth + 0.5, rng.random(rows) < expit(truth), truth


def test_an_overconfident_score_is_brought_back() -> None:
    raw, outcome, truth = world(4000, 1)
    found = calibrate(raw, outcome)
    assert found.slope == pytest.approx(0.5, abs=0.05)
    before, after = (np.abs(said - expit(truth)).mean() for said in (expit(raw), found.probability(raw)))
    assert after < before / 3


@pytest.mark.parametrize(("rows", "method"), [(300, "platt"), (999, "platt"), (1000, "isotonic")])
def test_steps_need_a_thousand_rows(rows: int, method: str) -> None:
    raw, outcome, _ = world(rows, 2)
    assert calibrate(raw, outcome).method == method


@pytest.mark.parametrize("rows", [60, 3000])
def test_probabilities_rise_with_the_score_and_stay_inside(rows: int) -> None:
    raw, outcome, _ = world(rows, 3)
    found = calibrate(raw, outcome)
    at = np.linspace(-50, 50, 400)
    probability = found.probability(at)
    assert (np.diff(probability) >= 0).all()
    assert ((probability > 0) & (probability < 1)).all()
    low, high = found.interval(at)
    assert (low <= high).all()


def test_the_interval_narrows_with_rows() -> None:
    widths = []
    for rows in (40, 300, 3000):
        raw, outcome, _ = world(rows, 4)
        low, high = calibrate(raw, outcome).interval(raw)
        widths.append(float((high - low).mean()))
    assert widths[0] > 2 * widths[1] > 4 * widths[2]


def test_it_survives_storage_bit_for_bit() -> None:
    raw, outcome, _ = world(1500, 5)
    found = calibrate(raw, outcome)
    again = Calibration.from_dict(json.loads(json.dumps(found.to_dict())))
    assert (again.probability(raw) == found.probability(raw)).all()
    assert (again.interval(raw)[0] == found.interval(raw)[0]).all()


def test_a_wrong_score_is_not_turned_round() -> None:
    raw, outcome, _ = world(500, 6)
    assert calibrate(-raw, outcome).slope > 0


def test_a_perfect_model_stays_below_the_noise_floor() -> None:
    below = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        p = rng.beta(2, 8, 200)
        below += calibration_error(p, rng.random(200) < p) <= noise_floor(p)
    assert below >= 34  # 38 of 40 are meant; fewer than 34 would happen in one of 100 such tests


def test_cross_fitting_does_not_depend_on_row_order() -> None:
    raw, outcome, _ = world(120, 7)
    order = np.random.default_rng(1).permutation(120)
    assert cross_fitted(raw, outcome)[order] == pytest.approx(cross_fitted(raw[order], outcome[order]), abs=1e-9)
