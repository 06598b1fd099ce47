"""Month ends at which an account could be seen and had no qualified opportunity yet, and whether one came soon after."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from scoring.inputs import NO_DATE, Accounts, BoolArray, IntArray, day, days, flags
from scoring.parameters import Parameters

LARGE_PANEL_ROWS: Final = 50_000  # from here on three folds and one of them to choose by say as much
COLUMNS: Final = (
    "ultimate_parent_account_id",
    "primary_domain",
    "created_date",
    "is_customer",
    "first_won_date",
    "first_sqo_date",
)


@dataclass(frozen=True)
class Panel:
    """One row per account and month end, in order of month end and account.

    Attributes
    ----------
    dates : month ends with rows, ascending, as days since 1970-01-01
    date_of, account : (n,) position of each row's month end in `dates` and of its account
    is_positive : (n,) first qualified opportunity within `horizon_days` after the month end
    groups : (n,) ultimate parent
    horizon_days : days
    """

    dates: list[int]
    date_of: IntArray
    account: IntArray
    is_positive: BoolArray
    groups: Sequence[str]
    horizon_days: int

    def __len__(self) -> int:
        return len(self.account)

    @property
    def positive_accounts(self) -> int:
        """Accounts with at least one positive row: the number of outcomes there is to learn from."""
        return len(np.unique(self.account[self.is_positive]))

    @property
    def sentence(self) -> str:
        """What was counted."""
        if not len(self):
            return "No month end lies between the first touch and the first day whose outcome is not known yet."
        first, last = (np.datetime64(at, "D") for at in (self.dates[0], self.dates[-1]))
        accounts, positives = len(np.unique(self.account)), int(self.is_positive.sum())
        return (
            f"{accounts:,} accounts at {len(self.dates)} month ends from {first} to {last}: {len(self):,} rows, {positives:,} "
            f"followed within {self.horizon_days} days by a first qualified opportunity, of {self.positive_accounts:,} accounts."
        )


def outcome_panel(
    accounts: Accounts, observed_since: IntArray, log_start: int, parameters: Parameters, as_of: dt.date
) -> Panel:
    """Rows to learn from.

    Parameters
    ----------
    accounts : with the columns `COLUMNS`
    observed_since : (n,) first day on which the account showed itself in the facts, NO_DATE where never
    log_start : first day of the facts, NO_DATE without any
    as_of : day up to which outcomes are known

    Notes
    -----
    An account is a row of a month end when it was in the CRM by then, could be seen (a domain of its own, or a fact by then), had
    no qualified opportunity and was no customer. The month end lies a whole month after `log_start`, so that there was something
    to see, not before the first qualified opportunity that is recorded, as the log of outcomes may begin there, and the whole
    horizon before `as_of`.
    """
    rows = accounts.rows
    qualified, won, created = (days(rows[name]) for name in ("first_sqo_date", "first_won_date", "created_date"))
    today, horizon = day(as_of), parameters.outcome_horizon_days
    qualified, won = (np.where(at > today, NO_DATE, at) for at in (qualified, won))
    has_domain = (rows["primary_domain"].astype("str").fillna("") != "").to_numpy(dtype=np.bool_)
    always_customer = flags(rows, "is_customer") & (won == NO_DATE)
    parents = rows["ultimate_parent_account_id"].astype("str").fillna(rows["account_id"].astype("str")).to_numpy(object)

    known = qualified[qualified != NO_DATE]
    ends: list[int] = []
    if log_start != NO_DATE and len(known):
        ends = [
            end for end in _month_ends(log_start, today - horizon) if end >= max(log_start + 28, int(known.min()) - 1)
        ]
    used: list[int] = []
    account, date_of, positive = [], [], []
    for end in ends:
        is_seen = has_domain | ((observed_since != NO_DATE) & (observed_since <= end))
        is_there = (created != NO_DATE) & (created <= end) & ~always_customer & ~((won != NO_DATE) & (won <= end))
        is_open = (qualified == NO_DATE) | (qualified > end)
        chosen = np.flatnonzero(is_seen & is_there & is_open)
        if not len(chosen):
            continue
        account.append(chosen)
        date_of.append(np.full(len(chosen), len(used)))
        positive.append((qualified[chosen] != NO_DATE) & (qualified[chosen] <= end + horizon))
        used.append(end)
    place = np.concatenate(account).astype(np.int64) if account else np.zeros(0, dtype=np.int64)
    return Panel(
        used,
        np.concatenate(date_of).astype(np.int64) if account else np.zeros(0, dtype=np.int64),
        place,
        np.concatenate(positive) if account else np.zeros(0, dtype=np.bool_),
        parents[place].tolist(),
        horizon,
    )


def too_few(panel: Panel, parameters: Parameters) -> str:
    """Why nothing can be learned from so few outcomes; empty where there are enough."""
    positive, groups = panel.positive_accounts, pd.Series(panel.groups, dtype=object)
    if positive < parameters.outcome_min_accounts:
        return (
            f"{positive} accounts reached their first qualified opportunity within {panel.horizon_days} days of a month end; "
            f"{parameters.outcome_min_accounts} are needed."
        )
    if groups.nunique() < 2 * parameters.outcome_min_accounts:
        return (
            f"{groups.nunique()} groups of companies are in the data; {2 * parameters.outcome_min_accounts} are needed."
        )
    return ""


def month_ends_before(first: dt.date, as_of: dt.date) -> list[np.datetime64]:
    """Last days of calendar months from `first` to `as_of`."""
    return [np.datetime64(end, "D") for end in _month_ends(day(first), day(as_of))]


def _month_ends(first: int, last: int) -> list[int]:
    """Last days of calendar months from `first` to `last`."""
    if last < first:
        return []
    months = np.arange(
        np.datetime64(first, "D").astype("datetime64[M]"), np.datetime64(last, "D").astype("datetime64[M]") + 1
    )
    ends = ((months + 1).astype("datetime64[D]") - np.timedelta64(1, "D")).astype(np.int64)
    return [int(end) for end in ends if first <= end <= last]
