"""Simulated research with known truth: weekends, holidays, one-person bursts, crawlers, planted episodes of real research."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

TOPICS = ("identity governance", "zero trust", "cloud migration")
LAST_DAY = np.datetime64("2026-06-30")


@dataclass(frozen=True)
class ResearchWorld:
    """One row per visitor, topic and day, and the first day of each account's planted episode (a large number if none)."""

    visits: pd.DataFrame
    accounts: list[str]
    episode_start: npt.NDArray[np.int64]
    episode_length: npt.NDArray[np.int64]
    day_count: int

    def intent_days(self, last: int) -> pd.DataFrame:
        """fct_intent_days as known at the end of day `last`."""
        seen = self.visits[self.visits["day"] <= last]
        days = seen.groupby(["account_id", "topic", "day"], as_index=False).agg(
            person_count=("visitor", "nunique"), event_count=("event_count", "sum")
        )
        return days.assign(activity_date=self.date(0) + days["day"].to_numpy().astype("timedelta64[D]"))

    def account_360(self, last: int) -> pd.DataFrame:
        """The columns of account_360 that intent reads."""
        recent = self.visits[(self.visits["day"] <= last) & (self.visits["day"] > last - 28)]
        persons = recent.groupby("account_id")["visitor"].nunique().reindex(self.accounts, fill_value=0)
        return pd.DataFrame(
            {
                "account_id": self.accounts,
                "country_code": "JP",
                "intent_person_count_28d": persons.to_numpy(),
                "is_intent_trackable": True,
                "intent_tracked_days": last + 1,
            }
        )

    def date(self, day: int) -> np.datetime64:
        """Calendar date of a day number; the last day is 2026-06-30."""
        return LAST_DAY - np.timedelta64(self.day_count - 1 - day, "D")


def simulate(
    seed: int,
    accounts: int = 400,
    day_count: int = 300,
    watched: int = 90,
    share_of_episodes: float = 1 / 3,
    rate_spread: float = 0.9,
    median_rate: float = 0.1,
) -> ResearchWorld:
    """Research of `accounts` over `day_count` days; some start an episode within the `watched` last days.

    Person-days are Poisson with a log-normal rate per account (median `median_rate` a day, `rate_spread` its sigma), a quarter at
    weekends and a third on Golden Week days. An episode multiplies the rate by 2.5 to 5 (at least 0.3 a day) for 30 to 60 days.
    A tenth of accounts has a one-person burst (one visitor, 6 days, many events), a twentieth a crawler that makes 20 to 200
    events on each of 10 days.
    """
    rng = np.random.default_rng(seed)
    first = LAST_DAY - np.timedelta64(day_count - 1, "D")
    dates = first + np.arange(day_count)
    weekday = (dates.astype("datetime64[D]").astype(int) + 3) % 7
    season = np.where(weekday >= 5, 0.25, 1.0)
    month_day = pd.DatetimeIndex(dates).strftime("%m-%d")
    season = season * np.where((month_day >= "04-29") & (month_day <= "05-05"), 0.4, 1.0)
    season /= season.mean()
    rate = np.exp(rng.normal(np.log(median_rate), rate_spread, accounts))
    never = 10 * day_count
    has_episode = rng.random(accounts) < share_of_episodes
    start = np.where(has_episode, day_count - rng.integers(25, watched, accounts), never)
    length = rng.integers(30, 60, accounts)
    lift = rng.uniform(2.5, 5.0, accounts)
    pool = 3 + (20 * rate).astype(int)

    day = np.arange(day_count)
    in_episode = (day >= start[:, None]) & (day < (start + length)[:, None])
    daily = rate[:, None] * season * np.ones((accounts, 1))
    daily = np.where(in_episode, np.maximum(daily * lift[:, None], 0.3 * season), daily)
    count = rng.poisson(daily)
    who, when = np.nonzero(count)
    many = count[who, when]
    who, when = np.repeat(who, many), np.repeat(when, many)
    visitor = rng.integers(0, pool[who] + 3 * in_episode[who, when])
    parts = [(who, when, visitor, rng.geometric(0.4, len(who)), rng.integers(0, len(TOPICS), len(who)))]
    for at in np.flatnonzero(rng.random(accounts) < 0.10):  # one-person bursts
        days = rng.integers(0, day_count - 6) + np.arange(6)
        parts.append((np.full(6, at), days, np.full(6, 900), rng.integers(5, 40, 6), rng.integers(0, len(TOPICS), 6)))
    for at in np.flatnonzero(rng.random(accounts) < 0.05):  # crawlers that nobody recognised
        days = rng.integers(0, day_count, 10)
        parts.append(
            (np.full(10, at), days, np.full(10, 901), rng.integers(20, 200, 10), rng.integers(0, len(TOPICS), 10))
        )
    account, when, visitor, events, topic = (np.concatenate([part[n] for part in parts]) for n in range(5))
    names = [f"acc_{n:04d}" for n in range(accounts)]
    visits = pd.DataFrame(
        {
            "account_id": np.array(names)[account],
            "topic": np.array(TOPICS)[topic],
            "day": when,
            "visitor": [f"{a}:{v}" for a, v in zip(account, visitor, strict=True)],
            "event_count": events,
        }
    )
    return ResearchWorld(visits, names, start.astype(np.int64), length.astype(np.int64), day_count)


def auc(score: npt.NDArray[np.float64], is_positive: npt.NDArray[np.bool_]) -> float:
    """Probability that a positive scores above a negative, ties counted half."""
    rank = pd.Series(score).rank().to_numpy()
    positives = int(is_positive.sum())
    negatives = len(score) - positives
    return float((rank[is_positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))
