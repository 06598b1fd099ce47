"""Who is an example: won within the horizon, worked and followed that long without a win, or neither."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from scoring.inputs import NO_DATE, BoolArray, IntArray, dates, day, days, flags, require
from scoring.parameters import Parameters

WON: Final = "won"
QUALIFIED: Final = "qualified opportunity"
SURE: Final = 0.01  # chance of seeing no win by luck below which the log of wins is said to begin late
MIN_LATER_WINS: Final = 5  # how long a win takes cannot be said from fewer


@dataclass(frozen=True)
class Cohort:
    """Accounts whose outcome is known: worked, and followed for the whole horizon.

    Attributes
    ----------
    is_member : (n,) bool per account
    is_positive : (n,) bool per account; meaningful where `is_member`
    excluded : reason -> number of worked accounts that are no members
    log_start : first recorded outcome, as days since 1970-01-01, where earlier outcomes are missing from the log; else NO_DATE
    """

    is_member: BoolArray
    is_positive: BoolArray
    excluded: Mapping[str, int] = field(default_factory=dict)
    log_start: int = NO_DATE

    @property
    def member_count(self) -> int:
        """Accounts in the cohort."""
        return int(self.is_member.sum())

    @property
    def positive_count(self) -> int:
        """Cohort accounts with the outcome within the horizon."""
        return int((self.is_member & self.is_positive).sum())


@dataclass(frozen=True)
class Labels:
    """Examples for training.

    Attributes
    ----------
    outcome : `WON`, or `QUALIFIED` where wins are too few
    horizon_days : days within which the outcome counts
    cohort : who is an example
    notes : sentences for the model card: what was counted, what was left out and why
    """

    outcome: str
    horizon_days: int
    cohort: Cohort
    notes: tuple[str, ...]


def worked_cohort(rows: pd.DataFrame, as_of: dt.date, horizon_days: int, outcome: str = WON) -> Cohort:
    """Outcome of every account that was first worked at least `horizon_days` ago.

    Parameters
    ----------
    rows : first_worked_date, first_won_date, is_customer, and first_sqo_date for the outcome `QUALIFIED`

    Notes
    -----
    The outcome within the horizon of the first sales touch is a positive, followed that long without is a negative. An
    account that was worked more recently is left out even when it is already won: keeping only its win would tilt the rate
    upwards. So is a customer from before it was worked, or whose win the log does not show. An account nobody worked is
    unlabelled. Where the log of outcomes begins late (`log_start`), accounts worked before it are left out: they would be
    negatives because nobody wrote their wins down.
    """
    date_column = "first_won_date" if outcome == WON else "first_sqo_date"
    require(rows, "accounts", ["first_worked_date", "first_won_date", "is_customer", date_column])
    worked, won, today = days(rows["first_worked_date"]), days(rows["first_won_date"]), day(as_of)
    reached = days(rows[date_column])
    is_worked = (worked != NO_DATE) & (worked <= today)
    has_won = (won != NO_DATE) & (won <= today)
    was_customer = is_worked & ((has_won & (won < worked)) | (flags(rows, "is_customer") & ~has_won))
    has_reached = (reached != NO_DATE) & (reached <= today)
    lag = np.where(has_reached, reached, 0) - np.where(is_worked, worked, 0)
    # What was reached before the first touch was not reached by it.
    reached_before = is_worked & has_reached & (lag < 0) & ~was_customer
    is_young = is_worked & (today - np.where(is_worked, worked, today) < horizon_days)
    is_usable = is_worked & ~was_customer & ~reached_before & ~is_young
    is_positive = has_reached & (lag >= 0) & (lag <= horizon_days)
    log_start = outcome_log_start(worked[is_usable], lag[is_usable], is_positive[is_usable])
    is_early = is_usable & (worked < log_start) if log_start != NO_DATE else np.zeros(len(rows), dtype=np.bool_)
    work_start = work_log_start(worked[is_usable & ~is_early], is_positive[is_usable & ~is_early])
    is_winner_only = is_usable & ~is_early & (worked < work_start) & (work_start != NO_DATE)
    excluded = {
        "a customer before it was worked": int(was_customer.sum()),
        "the outcome came before the first sales touch": int(reached_before.sum()),
        f"followed for less than {horizon_days} days": int((is_young & ~was_customer & ~reached_before).sum()),
        "worked before the log of outcomes begins": int(is_early.sum()),
        "known only because they had the outcome: of their time nobody else is on record": int(is_winner_only.sum()),
    }
    is_member = is_usable & ~is_early & ~is_winner_only
    return Cohort(is_member, is_positive, {reason: n for reason, n in excluded.items() if n}, log_start)


def outcome_log_start(worked: IntArray, lag: IntArray, is_positive: BoolArray) -> int:
    """Day on which the log of outcomes begins, where accounts were worked long before; NO_DATE where nothing speaks for that.

    Parameters
    ----------
    worked, lag, is_positive : (n,) first touch, days from there to the outcome, and whether there is one, of matured accounts

    Notes
    -----
    D is the first recorded outcome. From the accounts worked since D one learns which share F(t) has the outcome within t days;
    with a whole log, those worked before D would have had sum F(D - worked) outcomes before D. Where at least
    -ln(`SURE`) = 4.6 were to be expected and none is there, the log begins at D.
    """
    if not is_positive.any():
        return NO_DATE
    first = int((worked + lag)[is_positive].min())
    later = worked >= first
    if int((later & is_positive).sum()) < MIN_LATER_WINS:
        return NO_DATE
    lags = np.sort(lag[later & is_positive])
    share = np.searchsorted(lags, first - 1 - worked[~later], side="right") / int(later.sum())
    return first if float(share.sum()) >= -np.log(SURE) else NO_DATE


def work_log_start(worked: IntArray, is_positive: BoolArray) -> int:
    """Day on which the log of work begins, where before it only accounts with the outcome are on record; else NO_DATE.

    Notes
    -----
    The other side of a late log: a CRM that was filled with its customers at first shows who was won long ago and forgot who
    was not. N accounts of nothing but positives before the first negative have a chance of p^N, p being the share of positives
    from then on; below `SURE` they are left out.
    """
    if is_positive.all() or not is_positive.any():
        return NO_DATE
    first = int(worked[~is_positive].min())
    later = worked >= first
    share = float(is_positive[later].mean())
    early = int((~later).sum())
    return first if share**early < SURE else NO_DATE


def label(rows: pd.DataFrame, parameters: Parameters, as_of: dt.date) -> Labels:
    """Examples of the outcome that there is enough of: wins, or qualified opportunities while wins are too few.

    Parameters
    ----------
    rows : first_worked_date, first_won_date, first_sqo_date, is_customer
    """
    won = worked_cohort(rows, as_of, parameters.fit_horizon_days)
    outcome, horizon, cohort = WON, parameters.fit_horizon_days, won
    notes = [_sentence(WON, parameters.fit_horizon_days, won)]
    if won.positive_count < parameters.fit_min_wins_for_learning:
        qualified = worked_cohort(rows, as_of, parameters.fit_surrogate_horizon_days, QUALIFIED)
        if qualified.positive_count > won.positive_count:
            outcome, horizon, cohort = QUALIFIED, parameters.fit_surrogate_horizon_days, qualified
            notes.append(
                f"{won.positive_count} wins are fewer than {parameters.fit_min_wins_for_learning}, so a qualified opportunity "
                f"within {horizon} days stands for a win. Probabilities are those of a qualified opportunity."
            )
            notes.append(_sentence(QUALIFIED, horizon, qualified))
    notes.extend(f"Left out: {count:,} accounts, {reason}." for reason, count in cohort.excluded.items())
    if cohort.log_start != NO_DATE:
        notes.append(
            f"The log of outcomes begins on {np.datetime_as_string(dates(np.array([cohort.log_start])), unit='D')[0]}: accounts "
            "worked earlier show no outcome where some must have been, and are left out."
        )
    return Labels(outcome, horizon, cohort, tuple(notes))


def _sentence(outcome: str, horizon: int, cohort: Cohort) -> str:
    members, positives = cohort.member_count, cohort.positive_count
    rate = f" ({positives / members:.1%})" if members else ""
    return f"{positives:,} of {members:,} worked and matured accounts have the outcome '{outcome}' within {horizon} days{rate}."
