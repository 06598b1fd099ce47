"""Scores of clusters against the truth."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.pairwise import pairwise_scores


def test_a_split_and_a_wrong_join_cost_recall_and_precision() -> None:
    # Pairs of company a: 3, found 1 of them; clusters hold 2 pairs, 1 of them right.
    precision, recall, f1 = pairwise_scores(np.array(["a", "a", "a", "b"]), np.array([1, 1, 2, 2]))
    assert (precision, recall) == (1 / 2, 1 / 3)
    assert f1 == pytest.approx(2 / (2 + 3))


def test_without_pairs_nothing_is_wrong() -> None:
    assert pairwise_scores(np.array([1, 2]), np.array([1, 2])) == (1.0, 1.0, 1.0)
    assert pairwise_scores(np.array([], np.int64), np.array([], np.int64)) == (1.0, 1.0, 1.0)


def test_labels_of_unlike_length_are_refused() -> None:
    with pytest.raises(ValueError, match="one of each per record"):
        pairwise_scores(np.array([1]), np.array([1, 2]))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=25))
def test_counting_groups_is_counting_pairs(labels: list[tuple[int, int]]) -> None:
    pairs = [(left[0] == right[0], left[1] == right[1]) for left, right in combinations(labels, 2)]
    right = sum(same and joined for same, joined in pairs)
    joined = sum(joined for _, joined in pairs)
    same = sum(same for same, _ in pairs)
    true_ids, cluster_ids = np.array([row[0] for row in labels]), np.array([row[1] for row in labels])
    precision, recall, f1 = pairwise_scores(true_ids, cluster_ids)
    assert precision == pytest.approx(right / joined if joined else 1)
    assert recall == pytest.approx(right / same if same else 1)
    assert f1 == pytest.approx(2 * right / (joined + same) if joined + same else 1)
