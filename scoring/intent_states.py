"""Decayed research sums per account and topic: exact in any order and batching, nightly or from scratch."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scoring.inputs import NO_DATE, FloatArray, IntArray, day, days, floats, require

KEYS = ["account_id", "topic"]


@dataclass(frozen=True)
class IntentState:
    """Sums R and B on a day, with the days that have not reached the baseline yet.

    Attributes
    ----------
    as_of : the day the sums stand at
    sums : account_id, topic, recent (R), baseline (B); sorted by account_id, topic
    pending : account_id, topic, activity_date, person_count of the last `lag_days` days, which B has still to take in
    """

    as_of: dt.date
    sums: pd.DataFrame
    pending: pd.DataFrame


def decay(age_days: IntArray | FloatArray, half_life_days: float | FloatArray) -> FloatArray:
    """Share left after `age_days`: 2^(-age / half-life); 0 for a negative age, which has not happened yet."""
    ages = np.asarray(age_days, dtype=np.float64)
    return np.where(ages >= 0, np.exp2(-np.maximum(ages, 0) / half_life_days), 0.0)


def empty_state(as_of: dt.date) -> IntentState:
    """State before the first event."""
    sums = pd.DataFrame({"account_id": [], "topic": [], "recent": [], "baseline": []})
    pending = pd.DataFrame({"account_id": [], "topic": [], "activity_date": [], "person_count": []})
    return IntentState(as_of, _typed(sums), _typed(pending))


def from_scratch(
    intent_days: pd.DataFrame, as_of: dt.date, short_half_life: float, long_half_life: float, lag_days: int
) -> IntentState:
    """State at `as_of` from all daily rows: R = sum x 2^(-age/short), B = sum over age >= lag of x 2^(-(age - lag)/long).

    Parameters
    ----------
    intent_days : account_id, topic, activity_date, person_count; rows after `as_of` are left out
    """
    require(intent_days, "fct_intent_days", [*KEYS, "activity_date", "person_count"])
    dated = days(intent_days["activity_date"])
    kept = (dated != NO_DATE) & (dated <= day(as_of))
    rows = intent_days[kept]
    age = day(as_of) - dated[kept]
    count = floats(rows, "person_count")
    additions = rows[KEYS].assign(
        recent=count * decay(age, short_half_life), baseline=count * decay(age - lag_days, long_half_life)
    )
    pending = rows[age < lag_days][[*KEYS, "activity_date", "person_count"]]
    return IntentState(as_of, _summed(additions), _typed(pending.reset_index(drop=True)))


def advance(
    state: IntentState,
    new_days: pd.DataFrame,
    as_of: dt.date,
    short_half_life: float,
    long_half_life: float,
    lag_days: int,
) -> IntentState:
    """State at `as_of` from an earlier state and only the rows that arrived since, late ones included.

    Parameters
    ----------
    state : earlier state, of the same half-lives and lag
    new_days : rows not yet in `state`; person_count may be negative to take back a row (a person who objects)
    as_of : day of the new state, on or after that of `state`

    Raises
    ------
    ValueError
        If `as_of` lies before the state: a state cannot run backwards.

    Notes
    -----
    A gap of n days multiplies R by 2^(-n/short) and B by 2^(-n/long). A late event of day d adds x 2^(-(t-d)/short) to R
    and, once d <= t - lag, x 2^(-(t-lag-d)/long) to B. Guarding against a batch that comes twice is the loader's work.
    """
    gap = day(as_of) - day(state.as_of)
    if gap < 0:
        raise ValueError(
            f"The state stands at {state.as_of}, after {as_of}. Start from an earlier state or from scratch."
        )
    carried = state.sums.assign(
        recent=state.sums["recent"] * np.exp2(-gap / short_half_life),
        baseline=state.sums["baseline"] * np.exp2(-gap / long_half_life),
    )
    arrived = from_scratch(new_days, as_of, short_half_life, long_half_life, lag_days)
    waiting = days(state.pending["activity_date"])
    matured_age = day(as_of) - lag_days - waiting
    is_due = matured_age >= 0
    due = state.pending[is_due]
    into_baseline = due[KEYS].assign(
        recent=0.0, baseline=floats(due, "person_count") * decay(matured_age[is_due], long_half_life)
    )
    pending = pd.concat([state.pending[~is_due], arrived.pending], ignore_index=True)
    sums = _summed(pd.concat([carried, into_baseline, arrived.sums], ignore_index=True))
    return IntentState(as_of, sums, _typed(pending))


def _summed(additions: pd.DataFrame) -> pd.DataFrame:
    ordered = _typed(additions).sort_values([*KEYS, "recent", "baseline"], kind="stable")
    return ordered.groupby(KEYS, sort=True, as_index=False)[["recent", "baseline"]].sum()


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    typed = rows.astype({"account_id": "str", "topic": "str"})
    numbers = [column for column in ("recent", "baseline", "person_count") if column in typed.columns]
    typed = typed.astype(dict.fromkeys(numbers, "float64"))
    if "activity_date" in typed.columns:
        typed = typed.assign(activity_date=pd.to_datetime(typed["activity_date"]))
    return typed
