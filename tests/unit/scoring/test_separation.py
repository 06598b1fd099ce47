from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.separation import chance_of_copy, chance_of_fill, separation, separation_by_rates

COUNTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=6)


@settings(deadline=None)
@given(counts=COUNTS)
def test_the_area_is_the_share_of_pairs_in_the_right_order(counts: list[tuple[int, int]]) -> None:
    positives, negatives = (np.array(side) for side in zip(*counts, strict=True))
    found = separation(positives, negatives)
    one, other = (np.repeat(np.arange(len(counts)), side) for side in (positives, negatives))
    if not len(one) or not len(other):
        assert (found.auc, found.chance) == (0.5, 1.0)
        return
    pairs = np.sign(one[:, None] - other[None, :])
    auc = float((pairs + 1).mean() / 2)
    assert found.auc == pytest.approx(max(auc, 1 - auc))
    turned = separation(positives[::-1], negatives[::-1])
    assert (turned.auc, turned.chance) == (pytest.approx(found.auc), pytest.approx(found.chance))


@pytest.mark.parametrize(
    ("rarer", "others", "values"), [(3, 997, 2), (3, 97, 5), (10, 10, 20), (20, 180, 4), (30, 30, 60)]
)
def test_the_bound_on_chance_is_not_below_what_shuffling_shows(rarer: int, others: int, values: int) -> None:
    rng = np.random.default_rng(rarer)
    # a few frequent values and rare ones: ties are what misleads the normal approximation
    value = np.sort(
        np.minimum(rng.geometric(0.5, rarer + others) - 1, values - 1)
        if values < 10
        else np.arange(rarer + others) % values
    )
    found = []
    for _ in range(2_000):
        chosen = np.bincount(value[rng.permutation(rarer + others)[:rarer]], minlength=values)
        found.append(separation(chosen, np.bincount(value, minlength=values) - chosen))
    chances = np.array([one.chance for one in found])
    for level in (0.2, 0.05, 0.01):
        assert (chances <= level).mean() <= level


def test_one_of_three_wins_with_a_rare_value_is_no_proof() -> None:
    assert separation(np.array([2, 1]), np.array([997, 0])).chance > 0.05
    assert separation(np.array([0, 100]), np.array([900, 0])).chance < 1e-20


def test_rates_of_values_without_signal_show_none_and_of_ids_nothing() -> None:
    rng = np.random.default_rng(0)
    for size in (2, 30, 2_000):
        value, outcome = rng.integers(0, size, 4_000), rng.random(4_000) < 0.3
        positives = np.bincount(value[outcome], minlength=size)
        negatives = np.bincount(value[~outcome], minlength=size)
        assert separation_by_rates(positives, negatives).auc < 0.53


def test_rates_find_a_value_that_stands_for_the_outcome() -> None:
    positives, negatives = np.array([0, 190, 10]), np.array([400, 10, 390])
    assert separation_by_rates(positives, negatives).auc > 0.95


def test_chances_are_those_of_counting() -> None:
    # 2 of the 252 ways to choose 5 of 10; one of 10 rows filled, and it is one of the 5: 5/10 either way, two-sided 1
    assert chance_of_copy(5, 5) == pytest.approx(2 / 252)
    assert chance_of_fill(1, 5, 0, 5) == pytest.approx(1.0)
    assert chance_of_fill(5, 5, 0, 5) == pytest.approx(2 / 252)
