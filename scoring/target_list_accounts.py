"""What the target list asks about the accounts: scores, last signs of life, who may not be moved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from scoring.inputs import (
    NO_DATE,
    BoolArray,
    FloatArray,
    InputError,
    IntArray,
    codes,
    day,
    days,
    flags,
    floats,
    read_accounts,
    require,
)
from scoring.rules import as_text
from scoring.target_list_rules import ListRules

ObjectArray = npt.NDArray[np.object_]


@dataclass(frozen=True)
class ListFacts:
    """What is known about the accounts on the day.

    Attributes
    ----------
    account_360 : account_id, crm_type, is_customer
    fit_scores, intent_scores, engagement_scores, composite_scores : rows of the day
    fct_touch_days : account_id, touch_type, activity_date
    touch_types : touch_type, is_high_intent
    fct_sales_activities : account_id, task_type, is_human, is_completed, is_connected, activity_date
    held_accounts : account_id of accounts that a running experiment holds back
    account_aliases : alias_account_id, account_id that stands for it now, as_of_date
    account_references : reference (any account_id, id of a CRM account, domain), account_id
    """

    account_360: pd.DataFrame
    fit_scores: pd.DataFrame
    intent_scores: pd.DataFrame
    engagement_scores: pd.DataFrame
    composite_scores: pd.DataFrame
    fct_touch_days: pd.DataFrame
    touch_types: pd.DataFrame
    fct_sales_activities: pd.DataFrame
    held_accounts: pd.DataFrame
    account_aliases: pd.DataFrame
    account_references: pd.DataFrame


class ListAccounts:
    """Accounts of the CRM with their scores and what the list asks about them, in order of account_id."""

    def __init__(self, facts: ListFacts, disqualified: frozenset[str], rules: ListRules, as_of: dt.date) -> None:
        accounts = read_accounts(facts.account_360, ["crm_type", "is_customer"])
        self.ids = accounts.ids
        self.rules = rules
        self.night = day(as_of)
        self.composite = self._scores(facts.composite_scores, "composite_scores", "composite_score")
        self.fit = self._scores(facts.fit_scores, "fit_scores", "fit_points")
        self.intent = self._scores(facts.intent_scores, "intent_scores", "intent_score")
        self.engagement = self._scores(facts.engagement_scores, "engagement_scores", "engagement_score")
        self.method: ObjectArray = np.full(len(self.ids) + 1, None, dtype=object)
        require(facts.composite_scores, "composite_scores", ["method"])
        self.method[codes(facts.composite_scores["account_id"], self.ids)] = facts.composite_scores["method"].to_numpy()
        self.is_customer = flags(accounts.rows, "is_customer")
        types = [as_text(value).lower() for value in accounts.rows["crm_type"].tolist()]
        self.crm_type = types
        self.is_disqualified = np.array([text in disqualified for text in types], dtype=np.bool_)
        require(facts.held_accounts, "held_accounts", ["account_id"])
        self.is_held = self._among(facts.held_accounts["account_id"])
        self.last_contact = np.maximum(self._last_high_intent_touch(facts), self._last_conversation(facts))
        order = np.argsort(np.where(np.isnan(self.composite), np.inf, -self.composite), kind="stable")
        self.rank = np.empty(len(order), dtype=np.int64)
        self.rank[order] = np.arange(1, len(order) + 1)

    def place(self, account_id: str) -> int:
        """Position of an account, -1 when it is not in the CRM."""
        return int(self.ids.get_indexer(pd.Index([account_id]))[0])

    def open_to_enter(self, blocked: Sequence[str]) -> IntArray:
        """Positions of the accounts that the rules would take, best first."""
        can = (
            ~np.isnan(self.composite)
            & (np.nan_to_num(self.fit, nan=-1.0) >= self.rules.min_fit_points_to_enter)
            & ~self.is_customer
            & ~self.is_disqualified
            & ~self.is_held
            & ~self._among(pd.Series(list(blocked), dtype="str"))
        )
        at = np.flatnonzero(can)
        return at[np.argsort(self.rank[at], kind="stable")]

    def composite_of_place(self, best_first: IntArray, place: int) -> float:
        """Composite of the account on a place, or on the last when there are fewer; NaN when there are none."""
        return float(self.composite[best_first[:place][-1]]) if len(best_first) else np.nan

    def is_inactive(self, at: int) -> bool:
        """Whether nobody there did anything of high intent, or spoke with a seller, for the days that the rule gives."""
        last = int(self.last_contact[at])
        return last == NO_DATE or self.night - last >= self.rules.inactivity_days

    def _scores(self, table: pd.DataFrame, name: str, column: str) -> FloatArray:
        require(table, name, ["account_id", column])
        at = codes(table["account_id"], self.ids)
        if len(table) != len(self.ids) or (np.sort(at) != np.arange(len(self.ids))).any():
            raise InputError(f"{name} holds other accounts than account_360. Expected: one row of the day per account.")
        values = np.full(len(self.ids), np.nan)
        values[at] = floats(table, column)
        return values

    def _among(self, chosen: pd.Series) -> BoolArray:
        out = np.zeros(len(self.ids), dtype=np.bool_)
        at = codes(chosen, self.ids)
        out[at[at >= 0]] = True
        return out

    def _last_high_intent_touch(self, facts: ListFacts) -> IntArray:
        require(facts.touch_types, "touch_types", ["touch_type", "is_high_intent"])
        require(facts.fct_touch_days, "fct_touch_days", ["account_id", "touch_type", "activity_date"])
        deep = facts.touch_types.loc[flags(facts.touch_types, "is_high_intent"), "touch_type"]
        touches = facts.fct_touch_days
        return self._last_day(touches[touches["touch_type"].isin(deep)])

    def _last_conversation(self, facts: ListFacts) -> IntArray:
        """A call that connected or a meeting, as in measurement.funnel_accounts."""
        tasks = facts.fct_sales_activities
        columns = ["account_id", "task_type", "is_human", "is_completed", "is_connected", "activity_date"]
        require(tasks, "fct_sales_activities", columns)
        is_two_way = flags(tasks, "is_connected") | (tasks["task_type"].astype("str") == "meeting").to_numpy()
        return self._last_day(tasks[flags(tasks, "is_human") & flags(tasks, "is_completed") & is_two_way])

    def _last_day(self, rows: pd.DataFrame) -> IntArray:
        at, when = codes(rows["account_id"], self.ids), days(rows["activity_date"])
        is_known = (at >= 0) & (when <= self.night)
        last = np.full(len(self.ids), NO_DATE, dtype=np.int64)
        np.maximum.at(last, at[is_known], when[is_known])
        return last
