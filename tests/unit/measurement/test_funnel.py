"""Win curve and cohort rates against sums that a reader can redo, and against slow counting."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurement.funnel import COHORT_COLUMNS, STAGES, WIN_CURVE_COLUMNS, cohort_rates, share_within, win_curve

AS_OF = date(2026, 10, 31)
Deal = tuple[int, int | None, bool]  # age of the qualification in days, days until it closed (None = open), won


def deals_table(deals: Sequence[Deal]) -> pd.DataFrame:
    start = [AS_OF - timedelta(days=age) for age, _, _ in deals]
    end = [
        None if took is None else begin + timedelta(days=took) for begin, (_, took, _) in zip(start, deals, strict=True)
    ]
    return pd.DataFrame(
        {
            "opportunity_id": [f"deal {number}" for number in range(len(deals))],
            "sqo_date": pd.to_datetime(pd.Series(start, dtype=object)),
            "closed_date": pd.to_datetime(pd.Series(end, dtype=object)),
            "is_closed": [took is not None for _, took, _ in deals],
            "is_won": [won for _, _, won in deals],
        }
    )


def curve_of(deals: Sequence[Deal]) -> pd.DataFrame:
    return win_curve(deals_table(deals), AS_OF)


@st.composite
def deal_lists(draw: st.DrawFn) -> list[Deal]:
    deals: list[Deal] = []
    for _ in range(draw(st.integers(0, 40))):
        age = draw(st.integers(0, 30))
        took = draw(st.none() | st.integers(0, age))
        deals.append((age, took, took is not None and draw(st.booleans())))
    return deals


def test_a_win_after_a_loss_and_a_censored_deal_counts_for_those_still_in_the_race() -> None:
    # Day 10: 4 at risk, one lost: 3/4 stay open. Day 20: one is censored at 15, 2 at risk, one won:
    # F = 3/4 * 1/2 = 0.375. Day 30: 1 at risk, won: open before = 3/4 * 1/2, F = 0.375 + 0.375 = 0.75.
    curve = curve_of([(90, 10, False), (15, None, False), (90, 20, True), (90, 30, True)])
    assert tuple(curve.columns) == WIN_CURVE_COLUMNS
    assert curve["days_since_sqo"].tolist() == [10, 20, 30]
    assert curve["at_risk"].tolist() == [4, 2, 1]
    assert curve["won"].tolist() == [0, 1, 1]
    assert curve["lost"].tolist() == [1, 0, 0]
    assert curve["win_share"].tolist() == pytest.approx([0.0, 0.375, 0.75])


def test_without_open_deals_the_curve_ends_at_wins_over_all() -> None:
    curve = curve_of([(90, 10, True), (90, 20, False), (90, 20, True), (90, 70, False), (90, 80, False)])
    assert curve["win_share"].iloc[-1] == pytest.approx(2 / 5)


def test_wins_over_closed_deals_would_be_wrong_where_losses_come_first() -> None:
    """The defect that the curve is there for: losses close in 60 days, wins in 120, one deal in four is won.

    400 deals, one each day. Closed wins: ages 120, 124, ..., 396 = 70. Closed losses: ages of 60 and more that are not
    multiples of 4 = 340 - 85 = 255. So wins over closed is 70 / 325 = 21.5%; the curve finds the 25%.
    """
    deals: list[Deal] = []
    for age in range(400):
        won = age % 4 == 0
        took = 120 if won else 60
        deals.append((age, took if took <= age else None, won and took <= age))
    table = deals_table(deals)
    closed = table[table["is_closed"]]
    naive = closed["is_won"].mean()
    curve = win_curve(table, AS_OF)
    assert naive == pytest.approx(70 / 325)
    assert curve["win_share"].iloc[-1] == pytest.approx(0.25, abs=0.01)


def test_a_deal_that_was_never_qualified_is_left_out_and_one_closed_before_it_counts_on_day_0() -> None:
    table = deals_table([(90, 10, True), (90, 20, True)])
    table.loc[0, "sqo_date"] = pd.NaT
    table.loc[1, "closed_date"] = pd.Timestamp(AS_OF) - pd.Timedelta(days=93)
    curve = win_curve(table, AS_OF)
    assert curve["days_since_sqo"].tolist() == [0]
    assert curve["at_risk"].tolist() == [1]


def test_no_deals_and_open_deals_alone_give_an_empty_curve() -> None:
    assert curve_of([]).empty
    assert curve_of([(30, None, False), (60, None, False)]).empty
    assert tuple(curve_of([]).columns) == WIN_CURVE_COLUMNS


def test_the_interval_is_wider_with_fewer_deals() -> None:
    few = curve_of([(90, 10, True), (90, 20, False)] * 3)
    many = curve_of([(90, 10, True), (90, 20, False)] * 30)
    assert few["win_share"].iloc[-1] == pytest.approx(many["win_share"].iloc[-1]) == 0.5
    width_few = few["win_share_high"].iloc[-1] - few["win_share_low"].iloc[-1]
    width_many = many["win_share_high"].iloc[-1] - many["win_share_low"].iloc[-1]
    assert width_many < width_few


def test_the_variance_without_censoring_is_that_of_a_proportion() -> None:
    # 40 deals, 10 won on day 5 and 30 lost on day 9: Var F = p (1 - p) / n = 0.25 * 0.75 / 40, on the
    # log-minus-log scale the half width is 1.6449 * se / (p |ln p|).
    curve = curve_of([(90, 5, True)] * 10 + [(90, 9, False)] * 30)
    error = np.sqrt(0.25 * 0.75 / 40)
    width = 1.6448536269514722 * error / (0.25 * abs(np.log(0.25)))
    assert curve["win_share_low"].iloc[-1] == pytest.approx(0.25 ** np.exp(width), rel=1e-6)
    assert curve["win_share_high"].iloc[-1] == pytest.approx(0.25 ** np.exp(-width), rel=1e-6)


@given(deal_lists())
def test_shares_rise_stay_between_0_and_1_and_lie_in_their_interval(deals: list[Deal]) -> None:
    curve = curve_of(deals)
    share = curve["win_share"].to_numpy()
    assert (np.diff(share) >= -1e-12).all()
    assert ((share >= 0) & (share <= 1 + 1e-12)).all()
    assert (curve["win_share_low"] <= share + 1e-9).all()
    assert (curve["win_share_high"] >= share - 1e-9).all()
    assert ((curve["win_share_low"] >= 0) & (curve["win_share_high"] <= 1 + 1e-12)).all()


@given(deal_lists(), st.integers(0, 1000))
def test_the_order_of_rows_does_not_matter(deals: list[Deal], seed: int) -> None:
    shuffled = list(deals)
    random.Random(seed).shuffle(shuffled)
    pd.testing.assert_frame_equal(curve_of(deals), curve_of(shuffled))


@given(deal_lists())
def test_it_agrees_with_sending_each_censored_deals_weight_to_those_still_open(deals: list[Deal]) -> None:
    """Slow oracle, simple to trust: redistribute to the right, deal by deal (Efron 1967)."""
    weights = {number: 1 / len(deals) for number in range(len(deals))} if deals else {}
    days = {number: age if took is None else took for number, (age, took, _) in enumerate(deals)}
    won_weight: dict[int, float] = {}
    for day in sorted(set(days.values())):
        for number in [n for n in weights if days[n] == day and deals[n][1] is not None]:
            if deals[number][2]:
                won_weight[day] = won_weight.get(day, 0.0) + weights[number]
            del weights[number]
        censored = [n for n in weights if days[n] == day]
        freed = sum(weights.pop(n) for n in censored)
        for number in weights:
            weights[number] += freed / len(weights)
    expected, total = {}, 0.0
    for day, weight in sorted(won_weight.items()):
        total += weight
        expected[day] = total
    curve = curve_of(deals)
    wins = curve[curve["won"] > 0]
    assert dict(zip(wins["days_since_sqo"], wins["win_share"], strict=True)) == pytest.approx(expected)


def accounts_table(rows: list[dict[str, object]]) -> pd.DataFrame:
    columns = ["targeted_date", *STAGES.values()]
    return pd.DataFrame([{name: row.get(name) for name in columns} for row in rows], columns=columns)


def test_young_accounts_are_not_in_the_denominator_of_a_rate_at_a_fixed_age() -> None:
    accounts = accounts_table(
        [
            {"targeted_date": date(2026, 7, 1), "sql_date": date(2026, 7, 21)},  # day 20
            {"targeted_date": date(2026, 7, 1), "sql_date": date(2026, 9, 1)},  # day 62
            {"targeted_date": date(2026, 7, 1)},
            {"targeted_date": date(2026, 10, 20), "sql_date": date(2026, 10, 21)},  # 11 days old
            {"sql_date": date(2026, 10, 21)},  # never targeted
        ]
    )
    rates = cohort_rates(accounts, [30, 90, 180], AS_OF)
    assert tuple(rates.columns) == COHORT_COLUMNS
    accepted = rates[rates["stage"] == "sales-accepted"]
    assert accepted["accounts"].tolist() == [3, 3, 0]
    assert accepted["reached"].tolist() == [1, 2, 0]
    assert accepted["share"].tolist()[:2] == pytest.approx([1 / 3, 2 / 3])
    assert accepted["share"].isna().tolist() == [False, False, True]


def test_a_stage_reached_before_the_account_was_targeted_is_nobodys_success() -> None:
    accounts = accounts_table(
        [
            {"targeted_date": date(2026, 7, 1), "sqo_date": date(2026, 6, 30)},
            {"targeted_date": date(2026, 7, 1), "sqo_date": date(2026, 7, 1)},
        ]
    )
    qualified = cohort_rates(accounts, [30], AS_OF).set_index("stage").loc["qualified"]
    assert (qualified["accounts"], qualified["reached"]) == (1, 1)


def test_the_interval_is_wilsons() -> None:
    # Wilson (1927) for 2 of 10: centre (p + z^2/2n) / (1 + z^2/n), half width z / (1 + z^2/n) sqrt(pq/n + z^2/4n^2).
    z = 1.6448536269514722
    centre = (0.2 + z**2 / 20) / (1 + z**2 / 10)
    half = z / (1 + z**2 / 10) * np.sqrt(0.2 * 0.8 / 10 + z**2 / 400)
    dates = pd.DataFrame(
        {
            "start": [date(2026, 1, 1)] * 10,
            "event": [date(2026, 1, 5)] * 2 + [None] * 8,
        }
    )
    rate = share_within(dates, "start", "event", 30, AS_OF)
    assert rate["share_low"] == pytest.approx(centre - half)
    assert rate["share_high"] == pytest.approx(centre + half)


def test_an_age_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="Age 0: expected a number of days above 0"):
        cohort_rates(accounts_table([]), [30, 0], AS_OF)


def test_an_empty_cohort_has_no_rates_and_no_error() -> None:
    rates = cohort_rates(accounts_table([]), [90], AS_OF)
    assert rates["accounts"].tolist() == [0] * len(STAGES)
    assert rates["share"].isna().all()
