from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from scoring import Rules
from scoring.half_lives import LONG_DAYS, SHORT_DAYS, Choice, HalfLives, compare, fit_half_lives
from scoring.inputs import day, read_accounts
from scoring.intent import score
from scoring.outcome_panel import COLUMNS, outcome_panel
from scoring.parameters import Parameters
from tests.unit.scoring.research_world import simulate
from tests.unit.scoring.test_intent_simulation import NO_VENDOR
from tests.unit.scoring.touch_world import tables

AS_OF = dt.date(2026, 6, 30)
NO_RESEARCH = pd.DataFrame(
    {
        "account_id": pd.Series([], dtype="str"),
        "topic": pd.Series([], dtype="str"),
        "activity_date": pd.Series([], dtype="datetime64[s]"),
        "person_count": pd.Series([], dtype="int64"),
    }
)
NOBODY = pd.DataFrame(
    {
        "account_id": pd.Series([], dtype="str"),
        "month_end_date": pd.Series([], dtype="datetime64[s]"),
        "person_count": pd.Series([], dtype="int64"),
    }
)


def candidates(
    seed: int, signal: float, rows: int = 900
) -> tuple[dict[tuple[float, ...], np.ndarray], np.ndarray, list[str]]:
    """Log-odds that follow the outcome (2), half of it (1: the current rule) and nothing (0.5); three rows a company."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 1, rows)
    is_positive = rng.random(rows) < 1 / (1 + np.exp(2.2 - signal * truth))
    noise = rng.normal(0, 1, (2, rows))
    said = {(0.5,): noise[0], (1.0,): 0.5 * truth + noise[1], (2.0,): truth}
    return said, is_positive, [f"g{n // 3}" for n in range(rows)]


def test_a_clearly_better_half_life_is_chosen_and_its_gain_is_said() -> None:
    said, is_positive, groups = candidates(1, signal=1.5)
    found = compare("touches", said, (1.0,), is_positive, groups)
    assert found.is_change
    assert found.best == (2.0,)
    assert found.gain[0] > found.gain[1]
    assert found.table["candidate"].tolist()[0] == "2"
    assert found.table.set_index("candidate").loc["1", ["gain", "is_current"]].tolist() == [0.0, True]
    assert found.verdict.startswith(
        "Change to half-lives 2 times as long: choosing by the outcomes changes the log loss by -"
    )


def test_without_signal_the_rule_stays_nearly_always() -> None:
    found = [compare("touches", *rearranged(candidates(seed, signal=0.0))) for seed in range(60)]
    assert np.mean([choice.is_change for choice in found]) <= 0.10
    assert all(choice.verdict.startswith("Keep: ") for choice in found if not choice.is_change)


def test_of_ten_questions_at_once_noise_changes_none_more_often_than_of_one() -> None:
    one = compare("touches", *rearranged(candidates(3, signal=0.3)))
    ten = compare("page_view", *rearranged(candidates(3, signal=0.3)), questions=10)
    assert one.errors_needed == pytest.approx(1.0)
    # A tenth of the chance of one standard error, 15.9%: 2.14 standard errors.
    assert ten.errors_needed == pytest.approx(2.145, abs=0.01)
    assert one.gain == ten.gain


def test_equal_candidates_keep_the_rule_and_row_order_changes_nothing() -> None:
    said, is_positive, groups = candidates(5, signal=1.0)
    same = dict.fromkeys([(0.5,), (1.0,), (2.0,)], said[(2.0,)])
    assert not compare("touches", same, (1.0,), is_positive, groups).is_change
    order = np.random.default_rng(0).permutation(len(is_positive))
    one = compare("touches", said, (1.0,), is_positive, groups)
    shuffled = {name: values[order] for name, values in said.items()}
    other = compare("touches", shuffled, (1.0,), is_positive[order], [groups[at] for at in order])
    pd.testing.assert_frame_equal(one.table, other.table, atol=1e-9)
    assert other.gain == pytest.approx(one.gain, abs=1e-9)


def rearranged(
    world: tuple[dict[tuple[float, ...], np.ndarray], np.ndarray, list[str]],
) -> tuple[dict[tuple[float, ...], np.ndarray], tuple[float, ...], np.ndarray, list[str]]:
    said, is_positive, groups = world
    return said, (1.0,), is_positive, groups


def with_research(accounts: pd.DataFrame, **columns: object) -> pd.DataFrame:
    base = {
        "country_code": "JP",
        "intent_person_count_28d": 0,
        "is_intent_trackable": False,
        "intent_tracked_days": None,
    }
    return accounts.assign(**(base | columns))


def fitted(
    rules: Rules, parameters: Parameters, accounts: pd.DataFrame, touches: pd.DataFrame, **more: object
) -> HalfLives:
    given = {"intent_days": NO_RESEARCH, "intent_persons": NOBODY, "vendor_surge": NO_VENDOR} | more
    return fit_half_lives(
        account_360=accounts,
        touch_days=touches,
        intent_topics=rules.intent_topics,
        exposure_calendar=rules.exposure_calendar,
        touch_types=rules.touch_types,
        role_weights=rules.role_weights,
        parameters=parameters,
        as_of=AS_OF,
        **given,
    )


def test_touches_that_go_stale_as_the_rules_say_keep_the_rules_and_no_research_is_said(
    rules: Rules, parameters: Parameters
) -> None:
    accounts, touches = tables(1, 300, AS_OF)
    found = fitted(rules, parameters, with_research(accounts), touches)
    assert not found.touches.is_change, found.touches.verdict
    assert not found.intent.is_change
    assert "0 accounts reached their first qualified opportunity" in found.intent.verdict
    assert {choice.subject for choice in found.touch_types} <= set(rules.touch_types["touch_type"])
    assert all(choice.errors_needed > 1 for choice in found.touch_types)


def test_half_lives_four_times_too_long_are_found_out(rules: Rules, parameters: Parameters) -> None:
    accounts, touches = tables(2, 500, AS_OF)
    slow = rules.touch_types.assign(half_life_days=4 * rules.touch_types["half_life_days"])
    found = fit_half_lives(
        with_research(accounts), NO_RESEARCH, NOBODY, NO_VENDOR, touches, rules.intent_topics, rules.exposure_calendar,
        slow, rules.role_weights, parameters, AS_OF,
    )  # fmt: skip
    assert found.touches.best == (0.5,)
    assert found.touches.is_change, found.touches.verdict


def research(rules: Rules, parameters: Parameters) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Accounts whose opportunities follow planted research three weeks in, what they read, and persons at month ends."""
    world = simulate(17, accounts=160, day_count=400, watched=330, share_of_episodes=0.6)
    qualified = world.date(0) + (world.episode_start + 21).astype("timedelta64[D]")
    known = world.episode_start + 21 < world.day_count
    accounts = with_research(
        world.account_360(world.day_count - 1)[["account_id"]],
        ultimate_parent_account_id=world.accounts,
        profiled_contact_count=0,
        primary_domain="x.example",
        created_date=np.datetime64("2020-01-01"),
        is_customer=False,
        first_won_date=np.datetime64("NaT"),
        first_sqo_date=np.where(known, qualified, np.datetime64("NaT")),
        is_intent_trackable=True,
        intent_tracked_days=world.day_count,
    )
    parts = []
    for month in pd.date_range("2025-05-31", "2026-06-30", freq="ME"):
        last = (
            world.day_count
            - 1
            - (world.date(world.day_count - 1) - month.to_datetime64()).astype("timedelta64[D]").astype(int)
        )
        rows = world.account_360(int(last))
        parts.append(
            pd.DataFrame(
                {
                    "account_id": rows["account_id"],
                    "month_end_date": month,
                    "person_count": rows["intent_person_count_28d"],
                }
            )
        )
    return accounts, world.intent_days(world.day_count - 1), pd.concat(parts, ignore_index=True)


def test_research_is_judged_by_the_score_as_it_stood_at_each_month_end(rules: Rules, parameters: Parameters) -> None:
    accounts, days, persons = research(rules, parameters)
    none = tables(3, 5, AS_OF)[1].iloc[:0]
    found = fitted(rules, parameters, accounts, none, intent_days=days, intent_persons=persons).intent
    assert len(found.table) == len(SHORT_DAYS) * len(LONG_DAYS)
    assert found.current == (14.0, 60.0)
    assert found.table["log_loss"].max() < 0.69

    # The same loss by hand: intent.score of every month end, one line per fold.
    table = read_accounts(accounts, COLUMNS)
    first = days.groupby("account_id")["activity_date"].min().reindex(table.ids)
    since = first.to_numpy().astype("datetime64[D]").astype(np.int64)
    panel = outcome_panel(table, since, int(since.min()), parameters, AS_OF)
    log_odds = np.empty(len(panel))
    for at, end in enumerate(panel.dates):
        then = np.datetime64(end, "D").item()
        seen = persons[persons["month_end_date"] == pd.Timestamp(then)].set_index("account_id")["person_count"]
        rows = accounts.assign(
            intent_person_count_28d=seen.reindex(accounts["account_id"]).to_numpy(),
            intent_tracked_days=400 - (day(AS_OF) - end),
        )
        points = score(rows, days, NO_VENDOR, rules.intent_topics, rules.exposure_calendar, parameters, then).scores
        share = np.clip(points["intent_score"].to_numpy() / 100, 0.01, 0.99)
        log_odds[panel.date_of == at] = np.log(share / (1 - share))[panel.account[panel.date_of == at]]
    alone = compare("intent", {(14.0, 60.0): log_odds}, (14.0, 60.0), panel.is_positive, panel.groups)
    expected = found.table.set_index("candidate").loc["14 / 60", "log_loss"]
    assert alone.table["log_loss"].tolist() == pytest.approx([expected], abs=1e-12)


def test_what_comes_after_the_day_changes_no_answer(rules: Rules, parameters: Parameters) -> None:
    accounts, touches = tables(4, 200, AS_OF)
    accounts = with_research(accounts)
    later = touches.assign(activity_date=pd.Timestamp(AS_OF) + pd.Timedelta(days=3), touch_type="demo_request")
    future = accounts.assign(
        first_sqo_date=accounts["first_sqo_date"].fillna(pd.Timestamp(AS_OF) + pd.Timedelta(days=9))
    )
    one = fitted(rules, parameters, accounts, touches)
    other = fitted(rules, parameters, future, pd.concat([touches, later]))
    assert_equal(one.touches, other.touches)


def assert_equal(one: Choice, other: Choice) -> None:
    pd.testing.assert_frame_equal(one.table, other.table, check_exact=True)
    assert one.gain == other.gain
    assert one.verdict == other.verdict
