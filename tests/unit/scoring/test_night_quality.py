from __future__ import annotations

import pandas as pd
import pytest

from scoring.night_quality import (
    ScoreCounts,
    judge_accounts,
    judge_attribution,
    judge_drift,
    judge_methods,
    judge_share,
)
from scoring.parameters import Parameters

RULES = frozenset({"rules"})
MODEL = frozenset({"model 2026-10-01"})


@pytest.mark.parametrize(
    ("scored", "passed"), [(800, True), (900, True), (700, True), (690, False), (910, False), (0, False)]
)
def test_a_share_of_accounts_with_a_score_may_move_by_a_tenth(
    scored: int, passed: bool, parameters: Parameters
) -> None:
    found = judge_share("fit_scores", ScoreCounts(1_000, scored, RULES), ScoreCounts(500, 400, RULES), parameters)
    assert found.passed is passed
    assert "80.0% the night before" in found.sentence
    assert found.numbers["share_with_a_score"] == scored / 1_000


def test_on_the_first_night_some_account_must_have_a_score(parameters: Parameters) -> None:
    assert judge_share("x", ScoreCounts(10, 1, RULES), None, parameters).passed
    assert not judge_share("x", ScoreCounts(10, 0, RULES), None, parameters).passed
    assert judge_share("x", ScoreCounts(0, 0, RULES), None, parameters).passed


def test_another_method_than_the_night_before_is_said() -> None:
    assert judge_methods("fit_scores", ScoreCounts(1, 1, RULES), None).passed
    assert judge_methods("fit_scores", ScoreCounts(1, 1, RULES), ScoreCounts(9, 9, RULES)).passed
    found = judge_methods("fit_scores", ScoreCounts(1, 1, MODEL), ScoreCounts(1, 1, RULES))
    assert not found.passed and "method model 2026-10-01, the night before rules" in found.sentence


@pytest.mark.parametrize(("today", "passed"), [(1_000, True), (1_100, True), (900, True), (1_101, False), (899, False)])
def test_the_number_of_accounts_may_move_by_a_tenth(today: int, passed: bool, parameters: Parameters) -> None:
    assert judge_accounts(today, 1_000, parameters).passed is passed
    assert judge_accounts(today, None, parameters).passed


@pytest.mark.parametrize(("unattributed", "passed"), [(0, True), (750, True), (751, False), (1_000, False)])
def test_most_activity_belongs_to_somebody(unattributed: int, passed: bool, parameters: Parameters) -> None:
    assert judge_attribution(1_000 - unattributed, unattributed, parameters).passed is passed
    assert judge_attribution(0, 0, parameters).passed


def test_drift_names_what_moved_with_its_index_and_alarm() -> None:
    found = pd.DataFrame({"name": ["a", "b"], "psi": [0.3, 0.05], "threshold": [0.1, 0.1], "is_alarm": [True, False]})
    moved = judge_drift(found, "a, b")
    assert not moved.passed and "a (PSI 0.300, alarm above 0.100)" in moved.sentence and "b (" not in moved.sentence
    still = judge_drift(found.iloc[1:], "b")
    assert still.passed and "0.050 (b)" in still.sentence
    assert judge_drift(found.iloc[:0], "a").passed
