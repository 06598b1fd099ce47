"""What intent is worth, on simulated research with known truth (research_world.py says what is in it)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from scoring import Rules
from scoring.intent import observe, read_topics
from scoring.parameters import Parameters
from tests.unit.scoring.research_world import ResearchWorld, auc, simulate

NO_VENDOR = pd.DataFrame(
    {
        "account_id": pd.Series([], dtype="str"),
        "vendor": pd.Series([], dtype="str"),
        "topic": pd.Series([], dtype="str"),
        "week_start_date": pd.Series([], dtype="datetime64[s]"),
        "surge_score": pd.Series([], dtype="float64"),
    }
)


def intent(world: ResearchWorld, rules: Rules, parameters: Parameters, day: int, known: pd.DataFrame) -> np.ndarray:
    as_of: dt.date = world.date(day).astype("datetime64[D]").item()
    topics = read_topics(rules.intent_topics)
    return (
        100
        * observe(world.account_360(day), known, NO_VENDOR, topics, rules.exposure_calendar, parameters, as_of).total
    )


@dataclass(frozen=True)
class Outcome:
    """Of one world: AUC of intent and of a 7-day count, and the share of surges found in 21 days at 5% false alarms a quarter."""

    auc: float
    naive_auc: float
    found: float


def outcome(rules: Rules, parameters: Parameters, world: ResearchWorld) -> Outcome:
    known = world.intent_days(world.day_count - 1)
    days = np.arange(world.day_count - 90, world.day_count, 3)
    scores, counts = [], []
    for day in days.tolist():
        scores.append(intent(world, rules, parameters, day, known))
        week = known[(known["day"] <= day) & (known["day"] > day - 7)]
        counts.append(
            week.groupby("account_id")["event_count"].sum().reindex(world.accounts, fill_value=0).to_numpy(float)
        )
    ours, naive = np.array(scores).T, np.array(counts).T
    since = days[None, :] - world.episode_start[:, None]
    is_quiet = np.broadcast_to((world.episode_start > world.day_count)[:, None], since.shape)
    in_surge = (since >= 7) & (since < np.minimum(world.episode_length, 45)[:, None])
    judged = in_surge | is_quiet
    # Threshold at which 5% of quiet accounts alarm at least once in the 90 days.
    threshold = np.quantile(ours[is_quiet[:, 0]].max(axis=1), 0.95)
    found = ((ours > threshold) & (since >= 0) & (since <= 21)).any(axis=1)
    return Outcome(
        auc(ours[judged], in_surge[judged]), auc(naive[judged], in_surge[judged]), float(found[~is_quiet[:, 0]].mean())
    )


def test_intent_finds_half_of_the_surges_in_three_weeks_at_five_percent_false_alarms(
    rules: Rules, parameters: Parameters
) -> None:
    worlds = [outcome(rules, parameters, simulate(seed, share_of_episodes=0.15)) for seed in (11, 12, 13)]
    assert min(world.auc for world in worlds) >= 0.88
    # A world has some sixty surges: one world's share has a standard error of 6 points.
    assert np.mean([world.found for world in worlds]) >= 0.5
    assert min(world.auc - world.naive_auc for world in worlds) >= 0.10


@pytest.mark.parametrize(
    ("median_rate", "rate_spread"),
    [
        # Sigma 1.5: the busiest tenth reads fifty times as much as the quietest, surge or no surge.
        (0.1, 1.5),
        # Four times the volume: a week without anybody is rare, so that a count of one says little.
        (0.4, 1.2),
    ],
)
def test_where_companies_read_very_unequally_intent_is_far_above_a_seven_day_count(
    rules: Rules, parameters: Parameters, median_rate: float, rate_spread: float
) -> None:
    worlds = [
        outcome(
            rules,
            parameters,
            simulate(seed, share_of_episodes=0.15, rate_spread=rate_spread, median_rate=median_rate),
        )
        for seed in (14, 15)
    ]
    assert min(world.auc for world in worlds) >= 0.88
    assert np.mean([world.found for world in worlds]) >= 0.5
    assert min(world.auc - world.naive_auc for world in worlds) >= 0.15


def test_a_person_who_is_taken_out_leaves_the_world_without_them(rules: Rules, parameters: Parameters) -> None:
    world = simulate(21, accounts=60, day_count=150)
    gone = world.visits["visitor"] == world.visits["visitor"].mode().iloc[0]
    without = ResearchWorld(
        world.visits[~gone], world.accounts, world.episode_start, world.episode_length, world.day_count
    )
    # Taking the person out of the rows by hand: their person-days go, everybody else's stay.
    day = world.day_count - 1
    counted = world.visits.groupby(["account_id", "topic", "day"])["visitor"].nunique()
    theirs = world.visits[gone].groupby(["account_id", "topic", "day"])["visitor"].nunique()
    left = counted.sub(theirs, fill_value=0).astype(int).rename("person_count").reset_index()
    by_hand = left[left["person_count"] > 0]
    by_hand = by_hand.assign(activity_date=world.date(0) + by_hand["day"].to_numpy().astype("timedelta64[D]"))
    ours = intent(without, rules, parameters, day, by_hand)
    assert (ours == intent(without, rules, parameters, day, without.intent_days(day))).all()
    assert (ours != intent(world, rules, parameters, day, world.intent_days(day))).any()


def test_quiet_accounts_do_not_alarm_after_a_holiday(rules: Rules, parameters: Parameters) -> None:
    # Golden Week ends on 5 May; without the calendar the return to work would look like a surge.
    world = simulate(31, share_of_episodes=0.0)
    known = world.intent_days(world.day_count - 1)
    after = world.day_count - 1 - int((np.datetime64("2026-06-30") - np.datetime64("2026-05-15")).astype(int))
    before = world.day_count - 1 - int((np.datetime64("2026-06-30") - np.datetime64("2026-04-20")).astype(int))
    means = [intent(world, rules, parameters, day, known).mean() for day in (before, after)]
    assert means[1] <= means[0] + 2.0
    assert max(means) < 12
