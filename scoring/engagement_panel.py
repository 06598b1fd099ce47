"""Engagement of accounts at the month ends of an outcome panel: counts per touch type, and the score itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from scoring import engagement
from scoring.inputs import NO_DATE, Accounts, FloatArray, day, group_sums, read_accounts
from scoring.outcome_panel import COLUMNS, Panel, outcome_panel
from scoring.parameters import Parameters

NO_CAP: Final = 1e12


@dataclass(frozen=True)
class EngagementPanel:
    """Touches, rules and the month ends at which they are looked at."""

    accounts: Accounts
    touches: engagement.Touches
    types: engagement.TouchTypes
    roles: engagement.Roles
    parameters: Parameters
    as_of: dt.date
    panel: Panel

    def counts(self) -> FloatArray:
        """(n, types) log1p(sum over persons of role weight x min(cap, decayed count)) at each row's month end."""
        # With every weight 1 and no cap per person, the points of engagement are the counts.
        plain = replace(self.types, weights=np.ones(len(self.types.names)))
        no_cap = replace(self.parameters, engagement_person_cap=NO_CAP)
        size, width = self.touches.size, len(self.types.names)
        out = np.zeros((len(self.panel), width))
        for at, end in enumerate(self.panel.dates):
            seen = self.touches.engagement(np.full(size, end), plain, self.roles, no_cap)
            grid = group_sums(seen.account * width + seen.touch_type, seen.points, size * width).reshape(size, width)
            rows = self.panel.date_of == at
            out[rows] = np.log1p(grid[self.panel.account[rows]])
        return out

    def log_odds(self, types: engagement.TouchTypes) -> FloatArray:
        """(n,) log-odds of the engagement score by these rules at each row's month end, clipped as in the composite."""
        half_point, _, _ = engagement.fitted_half_point(
            self.touches, self.accounts, types, self.roles, self.parameters, self.as_of
        )
        raw = np.zeros(len(self.panel))
        for at, end in enumerate(self.panel.dates):
            rows = self.panel.date_of == at
            seen = self.touches.engagement(np.full(self.touches.size, end), types, self.roles, self.parameters)
            raw[rows] = seen.raw[self.panel.account[rows]]
        return clipped_log_odds(engagement.saturated(raw, half_point), self.parameters)


def engagement_panel(
    account_360: pd.DataFrame,
    touch_days: pd.DataFrame,
    touch_types: pd.DataFrame,
    role_weights: pd.DataFrame,
    parameters: Parameters,
    as_of: dt.date,
) -> EngagementPanel:
    """Panel of `engagement.score`'s tables; account_360 needs the columns `outcome_panel.COLUMNS` too.

    Raises
    ------
    RuleError, InputError
        If a rule or a table cannot be used.
    """
    accounts = read_accounts(account_360, COLUMNS)
    types, roles = engagement.read_touch_types(touch_types), engagement.read_roles(role_weights)
    touches = engagement.Touches(touch_days, accounts, types, roles, day(as_of))
    since = np.where(touches.observed_day == np.iinfo(np.int64).max, NO_DATE, touches.observed_day)
    log_start = int(since[since != NO_DATE].min()) if (since != NO_DATE).any() else NO_DATE
    panel = outcome_panel(accounts, since, log_start, parameters, as_of)
    return EngagementPanel(accounts, touches, types, roles, parameters, as_of, panel)


def clipped_log_odds(score: FloatArray, parameters: Parameters) -> FloatArray:
    """(n,) log-odds of scores of 0 to 100, kept within `composite_share_clip` of both ends."""
    clip = parameters.composite_share_clip
    share = np.clip(score / 100, clip, 1 - clip)
    return np.asarray(np.log(share / (1 - share)), dtype=np.float64)
