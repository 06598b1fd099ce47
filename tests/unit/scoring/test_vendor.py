from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from scoring.inputs import read_accounts
from scoring.parameters import Parameters
from scoring.vendor import VendorEvidence, vendor_evidence

AS_OF = dt.date(2026, 6, 30)
NAMES = ["core", "core2", "core3", "core4", "generic"]
WEIGHTS = np.array([1.0, 1.0, 1.0, 1.0, 0.2])

Row = tuple[str, str, str, int, float]  # account, vendor, topic, age in days, score


def evidence(parameters: Parameters, rows: list[Row]) -> VendorEvidence:
    table = pd.DataFrame(
        [(a, v, t, AS_OF - dt.timedelta(days=age), s) for a, v, t, age, s in rows],
        columns=["account_id", "vendor", "topic", "week_start_date", "surge_score"],
    )
    accounts = read_accounts(pd.DataFrame({"account_id": ["a", "b"]}))
    return vendor_evidence(table, accounts, NAMES, WEIGHTS, parameters, AS_OF)


@pytest.mark.parametrize(("surge", "strength"), [(0, 0), (50, 0), (60, 0), (70, 0.25), (80, 0.5), (100, 1), (130, 1)])
def test_strength_rises_from_sixty_to_a_hundred(parameters: Parameters, surge: float, strength: float) -> None:
    result = evidence(parameters, [("a", "v", "core", 2, surge)])
    assert result.strength.tolist() == [strength, 0.0]
    assert result.surge_score[0] == surge
    assert np.isnan(result.surge_score[1])


@pytest.mark.parametrize(("age", "counts"), [(-1, False), (0, True), (10, True), (11, False)])
def test_a_score_expires_after_ten_days(parameters: Parameters, age: int, counts: bool) -> None:
    assert (evidence(parameters, [("a", "v", "core", age, 100.0)]).strength[0] > 0) == counts


def test_the_latest_week_of_a_topic_counts_even_when_it_is_lower(parameters: Parameters) -> None:
    result = evidence(parameters, [("a", "v", "core", 9, 100.0), ("a", "v", "core", 2, 70.0)])
    assert result.surge_score[0] == 70.0


def test_a_quarter_of_the_reported_topics_must_surge_together(parameters: Parameters) -> None:
    rows: list[Row] = [("a", "v", name, 2, 50.0) for name in NAMES[:4]]
    one_of_four = [*rows[1:], ("a", "v", "core", 2, 80.0)]
    assert evidence(parameters, one_of_four).surge_score[0] == 80.0
    # 1 of 5.2 weights is 19%, below a quarter: the second highest score speaks.
    one_of_five: list[Row] = [*one_of_four, ("a", "w", "core2", 2, 55.0), ("a", "v", "generic", 2, 50.0)]
    assert evidence(parameters, one_of_five).surge_score[0] == 55.0


def test_topics_without_weight_are_left_out_and_named(parameters: Parameters) -> None:
    result = evidence(parameters, [("a", "v", "gardening", 2, 100.0)])
    assert result.strength[0] == 0
    assert result.notes == ("Vendor topic 'gardening' has no row in seeds/rules/intent_topics.csv and is left out.",)


def test_row_order_and_missing_scores_do_not_matter(parameters: Parameters) -> None:
    rows: list[Row] = [("a", "v", "core", 2, 66.0), ("b", "v", "core", 2, 88.0), ("a", "w", "core2", 5, 91.0)]
    one = evidence(parameters, rows)
    other = evidence(parameters, [("b", "v", "core2", 1, float("nan")), *reversed(rows)])
    assert one.surge_score.tolist() == other.surge_score.tolist() == [91.0, 88.0]
