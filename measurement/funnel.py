"""Funnel rates that do not depend on how young a cohort is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

CONFIDENCE = 0.90  # two-sided, as the pilot's pre-registered alpha of 0.10
# Stage and the column of measurement.funnel_accounts that says when it was first reached.
STAGES = {
    "first touch": "first_touch_date",
    "engaged": "mqa_date",
    "sales-accepted": "sql_date",
    "qualified": "sqo_date",
    "won": "won_date",
}
COHORT_COLUMNS = ("stage", "age_days", "accounts", "reached", "share", "share_low", "share_high")
WIN_CURVE_COLUMNS = ("days_since_sqo", "at_risk", "won", "lost", "win_share", "win_share_low", "win_share_high")


def win_curve(opportunities: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Share of qualified opportunities won within t days of qualification, open ones censored.

    Parameters
    ----------
    opportunities : one row per opportunity: opportunity_id, sqo_date (null = never qualified: left out), closed_date,
        is_closed, is_won, all as of `as_of`
    as_of : the last day whose facts count; an opportunity that is open then is censored there

    Returns
    -------
    One row per day on which something closed: days_since_sqo (whole days), at_risk, won, lost, win_share (0 to 1),
    win_share_low and win_share_high (90% interval, 0 to 1). Empty when nothing closed.

    Notes
    -----
    Aalen and Johansen's estimator, win and loss competing: F(t) = sum over t_i <= t of S(t_i-) d_win(i) / n(i), with S the
    Kaplan-Meier share still open. Dividing wins by closed deals instead counts the quick losses first. The variance is the
    delta-method one for a cumulative incidence (Marubini and Valsecchi 1995, section 10.2); the interval is on the
    log-minus-log scale, so it stays within 0 and 1.
    """
    qualified = opportunities[opportunities["sqo_date"].notna()]
    start = pd.to_datetime(qualified["sqo_date"]).to_numpy("datetime64[D]")
    closed = qualified["is_closed"].to_numpy(bool) & qualified["closed_date"].notna().to_numpy(bool)
    end = np.where(
        closed, pd.to_datetime(qualified["closed_date"]).to_numpy("datetime64[D]"), np.datetime64(as_of, "D")
    )
    # A deal that was closed before it was marked as qualified closed on its first day.
    days = np.maximum((end - start).astype(np.int64), 0)
    won = closed & qualified["is_won"].to_numpy(bool)
    times, position = np.unique(days, return_inverse=True)
    won_at = np.bincount(position, weights=won, minlength=len(times)).astype(np.float64)
    lost_at = np.bincount(position, weights=closed & ~won, minlength=len(times)).astype(np.float64)
    at_risk = len(days) - np.concatenate(([0], np.cumsum(np.bincount(position, minlength=len(times)))))[:-1]
    something_closed = (won_at + lost_at) > 0
    return _curve(
        times[something_closed], at_risk[something_closed], won_at[something_closed], lost_at[something_closed]
    )


def share_within(dates: pd.DataFrame, start: str, event: str, horizon_days: int, as_of: date) -> dict[str, float]:
    """Share of a cohort that reached an event within a fixed age.

    Parameters
    ----------
    dates : one row per account, with the date columns `start` and `event` (null = not yet)
    horizon_days : the age; accounts that are younger are left out, so every account had the same time

    Returns
    -------
    accounts (old enough), reached, share, share_low and share_high (90% Wilson interval); shares are NaN without accounts.
    """
    begin = pd.to_datetime(dates[start])
    old_enough = begin.notna() & ((pd.Timestamp(as_of) - begin).dt.days >= horizon_days)
    waited = (pd.to_datetime(dates[event]) - begin).dt.days
    reached = int((old_enough & waited.notna() & (waited <= horizon_days)).sum())
    accounts = int(old_enough.sum())
    if not accounts:
        return {"accounts": 0, "reached": 0, "share": np.nan, "share_low": np.nan, "share_high": np.nan}
    interval = stats.binomtest(reached, accounts).proportion_ci(CONFIDENCE, method="wilson")
    return {
        "accounts": accounts,
        "reached": reached,
        "share": reached / accounts,
        "share_low": float(interval.low),
        "share_high": float(interval.high),
    }


def cohort_rates(accounts: pd.DataFrame, ages_days: Sequence[int], as_of: date) -> pd.DataFrame:
    """Share of the targeted accounts that reached each stage, at fixed ages.

    Parameters
    ----------
    accounts : rows of measurement.funnel_accounts: targeted_date and the columns of STAGES (dates, null = not yet)
    ages_days : ages at which to look, days since an account was targeted
    as_of : the last day whose facts count

    Returns
    -------
    One row per stage and age, in the order of STAGES and `ages_days`: stage, age_days, accounts, reached, share, share_low and
    share_high (90% Wilson interval; NaN without accounts). `accounts` are those that were targeted at least that long ago and
    had not been at the stage before: what happened earlier is not an effect of targeting. The tier of today plays no part
    (intention to treat), so a rate cannot be raised by taking accounts off the list.

    Raises
    ------
    ValueError
        If an age is not positive.
    """
    if wrong := [age for age in ages_days if age <= 0]:
        raise ValueError(f"Age {wrong[0]}: expected a number of days above 0, such as 30, 90 or 180.")
    start = pd.to_datetime(accounts["targeted_date"])
    rows = []
    for stage, column in STAGES.items():
        not_yet_there = accounts[~(pd.to_datetime(accounts[column]) < start)]
        for age in ages_days:
            rates = share_within(not_yet_there, "targeted_date", column, age, as_of)
            rows.append({"stage": stage, "age_days": age, **rates})
    return pd.DataFrame(rows, columns=list(COHORT_COLUMNS))


def _curve(
    times: npt.NDArray[np.int64],
    at_risk: npt.NDArray[np.int64],
    won: npt.NDArray[np.float64],
    lost: npt.NDArray[np.float64],
) -> pd.DataFrame:
    closed = won + lost
    open_after = np.cumprod(1 - closed / at_risk)
    open_before = np.concatenate(([1.0], open_after))[: len(times)]
    share = np.cumsum(open_before * won / at_risk)
    # Var F(t) = sum (F(t) - F_i)^2 a_i + sum b_i - 2 sum (F(t) - F_i) c_i, expanded so that it needs running sums only.
    left = at_risk - closed
    a = np.divide(closed, at_risk * left, out=np.zeros(len(times)), where=left > 0)
    b = open_before**2 * won * (at_risk - won) / at_risk.astype(float) ** 3
    c = open_before * won / at_risk.astype(float) ** 2
    variance = (
        share**2 * np.cumsum(a)
        - 2 * share * np.cumsum(share * a)
        + np.cumsum(share**2 * a)
        + np.cumsum(b)
        - 2 * (share * np.cumsum(c) - np.cumsum(share * c))
    )
    low, high = _log_minus_log_interval(share, np.sqrt(np.maximum(variance, 0.0)))
    columns = (times, at_risk, won.astype(np.int64), lost.astype(np.int64), share, low, high)
    return pd.DataFrame(dict(zip(WIN_CURVE_COLUMNS, columns, strict=True)))


def _log_minus_log_interval(
    share: npt.NDArray[np.float64], error: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    quantile = stats.norm.ppf(0.5 + CONFIDENCE / 2)
    inside = (share > 0) & (share < 1)
    safe = np.where(inside, share, 0.5)
    width = quantile * error / (safe * np.abs(np.log(safe)))
    low = np.where(inside, safe ** np.exp(width), share)
    high = np.where(inside, safe ** np.exp(-width), share)
    return low, high
