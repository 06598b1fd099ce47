"""The quarterly target list: made at the start of a quarter, frozen until the next, every change with its reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scoring import target_list_rules as rule
from scoring.inputs import FloatArray, IntArray, dates, day, days, flags, require
from scoring.reference import version_of
from scoring.results import COLUMNS
from scoring.target_list_accounts import ListAccounts, ListFacts
from scoring.target_list_rules import ListException, ListRules

ADDED, KEPT, REMOVED = "added", "kept", "removed"


@dataclass(frozen=True)
class ListRuleTables:
    """Tables of schema `rules` that the list reads."""

    target_list_rules: pd.DataFrame
    target_list_reasons: pd.DataFrame
    target_list_exceptions: pd.DataFrame
    crm_account_types: pd.DataFrame


@dataclass(frozen=True)
class TargetList:
    """What a night leaves behind; columns as in COLUMNS.

    Attributes
    ----------
    members : rows of target_list, one per member
    changes : rows of target_list_changes, at most one per account
    quarter : rows of target_list_quarters: one on the first night of a quarter, else none
    notes : sentences for the run log
    """

    members: pd.DataFrame
    changes: pd.DataFrame
    quarter: pd.DataFrame
    notes: tuple[str, ...]


def decide(
    facts: ListFacts,
    rules: ListRuleTables,
    as_of: dt.date,
    change_history: pd.DataFrame | None = None,
    quarter_history: pd.DataFrame | None = None,
) -> TargetList:
    """Members of the target list on a day and what changed on it.

    Parameters
    ----------
    change_history : rows of scoring.target_list_changes; only days before `as_of` are used, so a night can be run again
    quarter_history : rows of scoring.target_list_quarters; only those set before `as_of` are used

    Raises
    ------
    RuleError
        If a rule or an exception cannot be used, or two exceptions contradict each other.
    InputError
        If a table lacks a column, or the scores are of other accounts than account_360.

    Notes
    -----
    First night of a quarter: out go customers, disqualified accounts, the worst of those inactive or below the fit line (at
    most max_swap_share of list_size), and members beyond list_size; in come the best composites whose fit is high enough. The
    composite threshold of the quarter is that of the last account on a list made from nothing that night. Accounts of a
    comparison group neither enter nor leave by these rules. Exceptions win, and need no place of their own while the list
    is not full. Any other night: only mergers, accounts that left the CRM and exceptions whose reason acts at once.
    """
    list_rules = rule.read_list_rules(rules.target_list_rules)
    acts_at_once = rule.read_reasons(rules.target_list_reasons)
    disqualified_types = rule.read_disqualified_types(rules.crm_account_types)
    exceptions = rule.read_exceptions(
        rules.target_list_exceptions, acts_at_once, facts.account_references, list_rules, as_of
    )
    earlier = _quarters_before(quarter_history, as_of)
    quarter = version_of(as_of)
    is_boundary = quarter not in earlier
    accounts = ListAccounts(facts, disqualified_types, list_rules, as_of)
    list_today = _List(accounts, _members_before(change_history, as_of), list_rules, as_of)
    notes = list_today.follow_accounts(facts.account_aliases)
    acting = [exception for exception in exceptions if is_boundary or exception.acts_at_once]
    notes += _waiting(exceptions, acting)
    blocked = list_today.take_out(acting)
    if is_boundary:
        notes += list_today.swap_out(acting)
    notes += list_today.put_in(acting, is_boundary)
    threshold = np.nan
    if is_boundary:
        open_places = accounts.open_to_enter(blocked)
        threshold = accounts.composite_of_place(open_places, list_rules.list_size)
        list_today.fill(open_places, rule.BEST_AVAILABLE if earlier else rule.FIRST_LIST)
    return TargetList(
        members=list_today.member_rows(quarter),
        changes=list_today.change_rows(quarter),
        quarter=list_today.quarter_rows(quarter, threshold) if is_boundary else _empty("target_list_quarters"),
        notes=tuple(notes),
    )


@dataclass(frozen=True)
class _Member:
    """Since when an account is on the list, and the last decision about it."""

    since: int
    decided_on: int
    reason_code: str
    is_exception: bool


@dataclass(frozen=True)
class _Change:
    action: str
    reason_code: str
    detail: str
    since: int
    other_account_id: str | None = None
    approved_by: str | None = None


class _List:
    """Members while a night decides about them, and the decisions; a later decision about an account replaces an earlier."""

    def __init__(
        self, accounts: ListAccounts, members: Mapping[str, _Member], rules: ListRules, as_of: dt.date
    ) -> None:
        self.accounts, self.rules, self.night = accounts, rules, day(as_of)
        self.members = dict(members)
        self.changes: dict[str, _Change] = {}
        self.swaps = 0

    def follow_accounts(self, aliases: pd.DataFrame) -> list[str]:
        """Hand the places of merged accounts to the survivors and free those of accounts that left the CRM."""
        require(aliases, "account_aliases", ["alias_account_id", "account_id", "as_of_date"])
        known = aliases[days(aliases["as_of_date"]) <= self.night]
        survivor_of = dict(zip(known["alias_account_id"].tolist(), known["account_id"].tolist(), strict=True))
        gone = [account_id for account_id in sorted(self.members) if self.accounts.place(account_id) < 0]
        inherited: dict[str, tuple[int, str]] = {}
        for account_id in gone:
            since = self.members[account_id].since
            survivor = survivor_of.get(account_id)
            if survivor is None or self.accounts.place(survivor) < 0:
                self._remove(account_id, rule.LEFT_CRM, "no account of the CRM stands for it any more", other=survivor)
                continue
            self._remove(account_id, rule.MERGED, f"is one with {survivor} now", other=survivor)
            if survivor not in self.members:
                inherited[survivor] = min(inherited.get(survivor, (since, account_id)), (since, account_id))
        for survivor, (since, account_id) in sorted(inherited.items()):
            change = _Change(ADDED, rule.MERGED, f"keeps the place of {account_id}", since, account_id)
            self._decide(survivor, change)
        return (
            [f"Target list: {len(gone)} places moved or ended because accounts merged or left the CRM."] if gone else []
        )

    def take_out(self, exceptions: Sequence[ListException]) -> list[str]:
        """Remove who has to go; ids that may not enter either."""
        blocked = [item for item in exceptions if item.action == rule.REMOVE]
        for item in blocked:
            if item.account_id in self.members:
                self._remove(item.account_id, item.reason_code, item.note, approved_by=item.approved_by)
        return sorted({item.account_id for item in blocked})

    def swap_out(self, exceptions: Sequence[ListException]) -> list[str]:
        """Decide about every member at the start of a quarter; exceptions are decided elsewhere."""
        protected = {item.account_id for item in exceptions if item.action != rule.REMOVE}
        would_leave: list[tuple[int, str, str, str]] = []
        for account_id in sorted(self.members):
            if account_id in protected:
                continue
            at = self.accounts.place(account_id)
            if self.accounts.is_customer[at]:
                self._remove(account_id, rule.CUSTOMER, "is a customer now; does not count against the swap limit")
            elif self.accounts.is_disqualified[at]:
                text = f"type '{self.accounts.crm_type[at]}' in the CRM; does not count against the swap limit"
                self._remove(account_id, rule.DISQUALIFIED, text)
            elif (why := self._reason_to_leave(account_id, at)) is None:
                self._keep(account_id, rule.MEETS_RULES, "fit and active")
            elif self.accounts.is_held[at]:
                self._keep(account_id, rule.HOLDOUT, f"would leave ({why[1]}) but a running test compares it")
            else:
                would_leave.append((-int(self.accounts.rank[at]), account_id, *why))
        limit = self.swap_limit()
        for place, (_, account_id, code, text) in enumerate(sorted(would_leave)):
            if place < limit:
                self._remove(account_id, code, text)
                self.swaps += 1
            else:
                self._keep(account_id, rule.SWAP_LIMIT, f"would leave ({text}) but {limit} of {limit} swaps are used")
        self._make_smaller(protected)
        held_over = max(0, len(would_leave) - limit)
        return [f"Target list: {held_over} members stay because the swap limit is used up."] if held_over else []

    def put_in(self, exceptions: Sequence[ListException], is_boundary: bool) -> list[str]:
        """Add who was approved; at the start of a quarter also say which members stay by that."""
        notes = []
        for item in exceptions:
            if item.action == rule.REMOVE:
                continue
            is_in_crm = self.accounts.place(item.account_id) >= 0
            if item.account_id in self.members:
                if is_boundary and item.account_id not in self.changes:
                    self._keep(item.account_id, item.reason_code, item.note, item.approved_by)
            elif item.action == rule.ADD and is_in_crm:
                change = _Change(ADDED, item.reason_code, item.note, self.night, approved_by=item.approved_by)
                self._decide(item.account_id, change)
            elif item.action == rule.ADD:
                notes.append(f"Target list: exception for '{item.reference}' waits: the account is not in the CRM.")
        return notes

    def fill(self, best_first: IntArray, code: str) -> None:
        """Give free places to the best accounts that were not members on this night."""
        free = self.rules.list_size - len(self.members)
        for place, at in enumerate(best_first.tolist(), start=1):
            account_id = str(self.accounts.ids[at])
            if free <= 0:
                return
            if account_id in self.members or account_id in self.changes:
                continue
            text = f"place {place} of the {len(best_first)} accounts open to the list"
            self._decide(account_id, _Change(ADDED, code, text, self.night))
            free -= 1

    def swap_limit(self) -> int:
        """Members that may be swapped out on one night."""
        return int(self.rules.max_swap_share * self.rules.list_size + 1e-9)

    def member_rows(self, quarter: str) -> pd.DataFrame:
        """Rows of target_list in order of account_id."""
        ids = sorted(self.members)
        members = [self.members[account_id] for account_id in ids]
        rows = pd.DataFrame(
            {
                "account_id": pd.array(ids, dtype="str"),
                "list_quarter": pd.array([quarter] * len(ids), dtype="str"),
                "reason_code": pd.array([member.reason_code for member in members], dtype="str"),
                "is_exception": np.array([member.is_exception for member in members], dtype=np.bool_),
                "listed_since_date": dates(np.array([member.since for member in members], dtype=np.int64)),
                "decided_on_date": dates(np.array([member.decided_on for member in members], dtype=np.int64)),
                "as_of_date": dates(np.full(len(ids), self.night)),
            }
        )
        return rows[list(COLUMNS["target_list"])]

    def change_rows(self, quarter: str) -> pd.DataFrame:
        """Rows of target_list_changes in order of account_id."""
        ids = sorted(self.changes)
        changes = [self.changes[account_id] for account_id in ids]
        at = self.accounts.ids.get_indexer(pd.Index(ids, dtype="str"))

        def scores(values: FloatArray) -> FloatArray:
            return np.append(values, np.nan)[at]

        rows = pd.DataFrame(
            {
                "account_id": pd.array(ids, dtype="str"),
                "other_account_id": pd.array([change.other_account_id for change in changes], dtype="str"),
                "action": pd.array([change.action for change in changes], dtype="str"),
                "reason_code": pd.array([change.reason_code for change in changes], dtype="str"),
                "detail": pd.array([change.detail for change in changes], dtype="str"),
                "approved_by": pd.array([change.approved_by for change in changes], dtype="str"),
                "list_quarter": pd.array([quarter] * len(ids), dtype="str"),
                "score_method": pd.array(self.accounts.method[at], dtype="str"),
                "composite_score": scores(self.accounts.composite),
                "fit_points": scores(self.accounts.fit),
                "intent_score": scores(self.accounts.intent),
                "engagement_score": scores(self.accounts.engagement),
                "is_exception": np.array([change.approved_by is not None for change in changes], dtype=np.bool_),
                "counts_as_swap": np.array(
                    [c.action == REMOVED and c.reason_code in (rule.INACTIVE, rule.LOW_FIT) for c in changes],
                    dtype=np.bool_,
                ),
                "listed_since_date": dates(np.array([change.since for change in changes], dtype=np.int64)),
                "as_of_date": dates(np.full(len(ids), self.night)),
            }
        )
        return rows[list(COLUMNS["target_list_changes"])]

    def quarter_rows(self, quarter: str, threshold: float) -> pd.DataFrame:
        """The row of target_list_quarters."""
        rows = pd.DataFrame(
            {
                "list_quarter": pd.array([quarter], dtype="str"),
                "list_size": np.array([self.rules.list_size], dtype=np.int64),
                "member_count": np.array([len(self.members)], dtype=np.int64),
                "swap_limit": np.array([self.swap_limit()], dtype=np.int64),
                "swap_count": np.array([self.swaps], dtype=np.int64),
                "composite_threshold": np.array([threshold], dtype=np.float64),
                "set_on_date": dates(np.array([self.night], dtype=np.int64)),
            }
        )
        return rows[list(COLUMNS["target_list_quarters"])]

    def _reason_to_leave(self, account_id: str, at: int) -> tuple[str, str] | None:
        fit = float(self.accounts.fit[at])
        if fit < self.rules.min_fit_points_to_stay:
            return rule.LOW_FIT, f"fit {fit:.1f} is below {self.rules.min_fit_points_to_stay:g}"
        waited = self.night - self.members[account_id].since
        if waited >= self.rules.min_days_before_inactivity and self.accounts.is_inactive(at):
            return rule.INACTIVE, f"no high-intent touch and no conversation in {self.rules.inactivity_days} days"
        return None

    def _make_smaller(self, protected: set[str]) -> None:
        """Members beyond list_size leave, worst first: a rule was lowered or an exception ended."""
        ordinary = [account_id for account_id in self.members if account_id not in protected]
        surplus = len(ordinary) - self.rules.list_size
        worst_first = sorted(ordinary, key=lambda account_id: -int(self.accounts.rank[self.accounts.place(account_id)]))
        for account_id in worst_first:
            if surplus <= 0:
                return
            text = f"the list has {self.rules.list_size} places"
            if self.accounts.is_held[self.accounts.place(account_id)]:
                self._keep(account_id, rule.HOLDOUT, f"would leave ({text}) but a running test compares it")
            else:
                self._remove(account_id, rule.FEWER_PLACES, f"{text}; does not count against the swap limit")
                surplus -= 1

    def _keep(self, account_id: str, code: str, text: str, approved_by: str | None = None) -> None:
        self._decide(account_id, _Change(KEPT, code, text, self.members[account_id].since, approved_by=approved_by))

    def _remove(
        self, account_id: str, code: str, text: str, other: str | None = None, approved_by: str | None = None
    ) -> None:
        change = _Change(REMOVED, code, text, self.members.pop(account_id).since, other, approved_by)
        self.changes[account_id] = change

    def _decide(self, account_id: str, change: _Change) -> None:
        self.changes[account_id] = change
        self.members[account_id] = _Member(
            change.since, self.night, change.reason_code, is_exception=change.approved_by is not None
        )


def _quarters_before(history: pd.DataFrame | None, as_of: dt.date) -> set[str]:
    if history is None or not len(history):
        return set()
    require(history, "target_list_quarters", ["list_quarter", "set_on_date"])
    return set(history.loc[days(history["set_on_date"]) < day(as_of), "list_quarter"].tolist())


def _members_before(history: pd.DataFrame | None, as_of: dt.date) -> dict[str, _Member]:
    """Accounts whose last decision before the day was not that they leave."""
    if history is None or not len(history):
        return {}
    columns = ["account_id", "action", "reason_code", "is_exception", "listed_since_date", "as_of_date"]
    require(history, "target_list_changes", columns)
    rows = history[days(history["as_of_date"]) < day(as_of)].sort_values(["account_id", "as_of_date"], kind="stable")
    rows = rows[~rows.duplicated("account_id", keep="last") & (rows["action"] != REMOVED)]
    return {
        account_id: _Member(since, decided_on, reason_code, is_exception)
        for account_id, since, decided_on, reason_code, is_exception in zip(
            rows["account_id"].tolist(),
            days(rows["listed_since_date"]).tolist(),
            days(rows["as_of_date"]).tolist(),
            rows["reason_code"].tolist(),
            flags(rows, "is_exception").tolist(),
            strict=True,
        )
    }


def _waiting(exceptions: Sequence[ListException], acting: Sequence[ListException]) -> list[str]:
    waiting = len(exceptions) - len(acting)
    return [f"Target list: {waiting} exceptions count from the first night of a quarter on."] if waiting else []


def _empty(name: str) -> pd.DataFrame:
    kinds = {"varchar": "str", "double": "float64", "bigint": "int64", "boolean": "bool", "date": "datetime64[s]"}
    return pd.DataFrame({column: pd.Series(dtype=kinds[kind]) for column, kind in COLUMNS[name].items()})
