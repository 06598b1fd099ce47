from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.folds import grouped_folds, inner_splits, outer_splits, rolling_origins

names = st.lists(st.tuples(st.integers(0, 15).map(str), st.booleans()), min_size=10, max_size=60)


@given(names, st.integers(2, 5), st.integers(0, 3))
def test_no_group_is_on_both_sides_and_every_row_is_judged_once(
    rows: list[tuple[str, bool]], count: int, repeat: int
) -> None:
    groups, positive = [name for name, _ in rows], np.array([is_positive for _, is_positive in rows])
    splits = grouped_folds(groups, positive, count, repeat)
    for split in splits:
        assert {groups[at] for at in split.train}.isdisjoint({groups[at] for at in split.test})
    assert sorted(np.concatenate([split.test for split in splits]).tolist()) == list(range(len(rows)))


@given(names, st.randoms(use_true_random=False))
def test_a_group_stays_in_its_part_when_rows_are_shuffled(rows: list[tuple[str, bool]], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    def parts(given: list[tuple[str, bool]]) -> dict[str, int]:
        groups = [name for name, _ in given]
        splits = grouped_folds(groups, np.array([flag for _, flag in given]), 3, 0)
        return {groups[at]: number for number, split in enumerate(splits) for at in split.test}

    assert parts(rows) == parts(shuffled)


def test_positives_are_dealt_out_evenly() -> None:
    groups = [f"g{n}" for n in range(100)]
    positive = np.arange(100) < 20
    assert [int(positive[split.test].sum()) for split in grouped_folds(groups, positive, 5, 0)] == [4] * 5


def test_another_repeat_deals_otherwise() -> None:
    groups = [f"g{n}" for n in range(40)]
    positive = np.arange(40) < 10
    one, other = (grouped_folds(groups, positive, 4, repeat)[0].test.tolist() for repeat in (0, 1))
    assert one != other


def test_a_quarter_is_judged_only_by_what_was_known_when_it_began() -> None:
    rng = np.random.default_rng(1)
    index_days = rng.integers(0, 1500, 2000)
    groups = [f"g{n % 700}" for n in range(2000)]
    positive = rng.random(2000) < 0.3
    splits = rolling_origins(index_days, 180, groups, positive)
    assert len(splits) >= 3
    for split in splits:
        assert (index_days[split.train] + 180).max() <= index_days[split.test].min()
        assert {groups[at] for at in split.train}.isdisjoint({groups[at] for at in split.test})


def test_a_short_log_is_cross_validated_instead() -> None:
    rng = np.random.default_rng(1)
    positive = rng.random(150) < 0.27
    splits, how = outer_splits(rng.integers(0, 300, 150), 180, [str(n) for n in range(150)], positive)
    assert len(splits) == 10
    assert "5-fold" in how


@pytest.mark.parametrize("positives", [1, 2, 3])
def test_few_positives_leave_only_splits_with_both_outcomes(positives: int) -> None:
    positive = np.arange(30) < positives
    groups = [str(n) for n in range(30)]
    for split in [
        *outer_splits(np.zeros(30, dtype=np.int64), 180, groups, positive)[0],
        *inner_splits(groups, positive),
    ]:
        assert 0 < positive[split.train].sum() < len(split.train)
