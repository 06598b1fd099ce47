from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from scoring import logistic


def world(rows: int, columns: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns))
    y = rng.random(rows) < 1 / (1 + np.exp(-(x @ rng.normal(size=columns) - 1)))
    y[:2] = [True, False]
    return x, y


@settings(deadline=None, max_examples=25)
@given(st.integers(5, 60), st.integers(0, 4), st.integers(0, 10_000), st.sampled_from([0.3, 3.0, 100.0]))
def test_it_finds_what_a_general_optimiser_finds(rows: int, columns: int, seed: int, penalty: float) -> None:
    x, y = world(rows, columns, seed)
    prior = np.linspace(-1, 1, columns)

    def objective(b: np.ndarray) -> float:
        z = b[0] + x @ b[1:]
        return float((np.logaddexp(0, z) - y * z).sum() + penalty / 2 * ((b[1:] - prior) ** 2).sum())

    found = logistic.fit(x, y, prior, penalty)
    other = minimize(objective, np.zeros(columns + 1), method="BFGS", options={"gtol": 1e-8})
    assert objective(np.append(found.intercept, found.weights)) <= other.fun + 1e-6


def test_a_strong_pull_keeps_the_prior_and_a_weak_one_leaves_it() -> None:
    x, y = world(400, 3, 1)
    prior = np.array([2.0, -2.0, 0.0])
    assert logistic.fit(x, y, prior, 1e9).weights == pytest.approx(prior, abs=1e-4)
    free = logistic.fit(x, y, 0.0, 1e-9).weights
    assert logistic.fit(x, y, prior, 1e-9).weights == pytest.approx(free, abs=1e-4)


def test_separated_outcomes_end_with_finite_weights() -> None:
    x = np.linspace(-1, 1, 20)[:, None]
    line = logistic.fit(x, x[:, 0] > 0, 0.0, 1.0)
    assert np.isfinite(line.intercept)
    assert 0 < line.weights[0] < 20


def test_row_order_does_not_matter() -> None:
    x, y = world(200, 4, 3)
    shuffled = np.random.default_rng(9).permutation(200)
    one, other = logistic.fit(x, y, 0.0, 1.0), logistic.fit(x[shuffled], y[shuffled], 0.0, 1.0)
    assert one.weights == pytest.approx(other.weights, abs=1e-9)


@pytest.mark.parametrize("outcome", [True, False])
def test_one_outcome_alone_is_refused_by_its_count(outcome: bool) -> None:
    with pytest.raises(ValueError, match="positives among 5 rows"):
        logistic.fit(np.zeros((5, 1)), np.full(5, outcome))
