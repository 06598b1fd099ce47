"""Invented touches of accounts with a known chance of a qualified opportunity."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

# Touch type: mean decayed count of an account, spread of that mean over accounts, true weight of log1p(count), expert's points
TYPES = {
    "page_view": (1.5, 0.9, 0.10, 1.0),
    "email_click": (0.8, 0.9, 0.08, 1.0),
    "whitepaper_download": (0.3, 1.0, 0.25, 2.0),
    "pricing_page": (0.4, 1.1, 0.62, 4.0),
    "docs_admin": (0.3, 1.1, 0.50, 4.0),
    "webinar_attended": (0.2, 1.0, 0.60, 5.0),
    "rfp_download": (0.10, 1.2, 1.20, 10.0),
    "demo_request": (0.10, 1.2, 1.35, 12.0),
}
EXPERT = np.array([points for *_, points in TYPES.values()])
# Believes in what is loud: pages and clicks, and little in what people do shortly before they buy.
WRONG_EXPERT = np.array([8.0, 8.0, 12.0, 4.0, 1.0, 12.0, 1.0, 1.0])


@dataclass(frozen=True)
class TouchWorld:
    """Columns log1p(count), who reached an opportunity, the true log-odds, and a count of opens that follows activity."""

    columns: npt.NDArray[np.float64]
    is_positive: npt.NDArray[np.bool_]
    log_odds: npt.NDArray[np.float64]
    opens: npt.NDArray[np.float64]


def simulate(seed: int, size: int) -> TouchWorld:
    """5% reach an opportunity. Accounts differ in how active they are; counts of all types and opens rise with that."""
    rng = np.random.default_rng(seed)
    activity = np.exp(rng.normal(0, 0.65, size))
    counts = np.stack(
        [rng.poisson(mean * activity * np.exp(rng.normal(0, own, size))) for mean, own, *_ in TYPES.values()], axis=1
    )
    columns = np.log1p(counts)
    log_odds = -4.6 + columns @ np.array([weight for *_, weight, _ in TYPES.values()])
    return TouchWorld(columns, rng.random(size) < expit(log_odds), log_odds, rng.poisson(4 * activity).astype(float))


def tables(
    seed: int, size: int, as_of: dt.date, *, touched: bool = True, half_life_factor: float = 1.0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of account_360 and fct_touch_days over 400 days in which opportunities follow touches.

    Each account is active in its own measure. Every week its chance of the first opportunity is that of the decayed counts of the
    true weights, with half-lives of 7, 21 and 45 days as in the rules, times `half_life_factor`. Every account is a person and an
    ultimate parent of its own.
    """
    rng = np.random.default_rng(seed)
    weeks = 58
    names = np.array([f"acc_{n:05d}" for n in range(size)])
    activity = np.exp(rng.normal(0, 0.7, size))
    weights = np.array([weight for *_, weight, _ in TYPES.values()])
    means = np.array([mean for mean, *_ in TYPES.values()])
    half_lives = np.array([7, 7, 21, 21, 21, 21, 45, 45]) * half_life_factor
    # Weekly rates that give about the means of the simulation above as decayed counts, in spells of interest.
    rates = means * np.log(2) * 7 / half_lives * (half_life_factor if half_life_factor > 1 else 1.0)
    start = np.datetime64(as_of) - np.timedelta64(weeks * 7, "D")
    spell = rng.random((weeks, size)) < 0.12
    state = np.zeros((size, len(means)))
    qualified = np.full(size, np.datetime64("NaT"), dtype="datetime64[D]")
    parts = []
    for week in range(weeks):
        counts = np.minimum(rng.poisson(rates * activity[:, None] * np.where(spell[week], 4.0, 0.6)[:, None]), 9)
        who, what = np.nonzero(counts) if touched else (np.zeros(0, int), np.zeros(0, int))
        day = start + np.timedelta64(week * 7, "D") + rng.integers(0, 7, len(who))
        parts.append((names[who], np.array(list(TYPES))[what], day, counts[who, what]))
        state = state * 2 ** (-7 / half_lives) + counts
        log_odds = -7.3 + 1.6 * (np.log1p(np.minimum(state, 3)) @ weights)
        happens = np.isnat(qualified) & (rng.random(size) < expit(log_odds))
        qualified[happens] = start + np.timedelta64(week * 7 + 7, "D") + rng.integers(0, 14, int(happens.sum()))
    account, touch_type, date, count = (np.concatenate([part[at] for part in parts]) for at in range(4))
    known = qualified <= np.datetime64(as_of)
    accounts = pd.DataFrame(
        {
            "account_id": names,
            "ultimate_parent_account_id": names,
            "profiled_contact_count": 1,
            "primary_domain": "x.example",
            "created_date": np.datetime64("2020-01-01"),
            "is_customer": False,
            "first_won_date": np.datetime64("NaT"),
            "first_sqo_date": np.where(known, qualified, np.datetime64("NaT")),
        }
    )
    touches = pd.DataFrame(
        {
            "account_id": account,
            "person_key": account,
            "role": "ADMIN",
            "touch_type": touch_type,
            "activity_date": date,
            "touch_count": count,
        }
    )
    return accounts, touches
