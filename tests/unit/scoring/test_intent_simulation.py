"""What intent is worth, on simulated research with known truth (research_world.py says what is in it)."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from scoring import Rules
from scoring.intent import score
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
    result = score(
        world.account_360(day), known, NO_VENDOR, rules.intent_topics, rules.exposure_calendar, parameters, as_of
    )
    return result.scores["intent_score"].to_numpy()


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_intent_beats_a_seven_day_count_and_finds_half_of_the_surges(
    rules: Rules, parameters: Parameters, seed: int
) -> None:
    world = simulate(seed, share_of_episodes=0.15)
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

    our_auc, naive_auc = auc(ours[judged], in_surge[judged]), auc(naive[judged], in_surge[judged])
    assert our_auc >= 0.88
    assert our_auc >= naive_auc + 0.10

    # Threshold at which 5% of quiet accounts alarm at least once in the 90 days.
    threshold = np.quantile(ours[is_quiet[:, 0]].max(axis=1), 0.95)
    found = ((ours > threshold) & (since >= 0) & (since <= 24)).any(axis=1)
    assert found[~is_quiet[:, 0]].mean() >= 0.4


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
