"""Tiers: which accounts a team works, changed weekly and only as much as needed."""

from __future__ import annotations

import datetime as dt
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
    dates,
    day,
    days,
    flags,
    floats,
    read_accounts,
    require,
)
from scoring.parameters import Parameters
from scoring.results import COLUMNS, ScoreResult
from scoring.rules import RuleError, RuleTable

UNPLACED = -1
ObjectArray = npt.NDArray[np.object_]


@dataclass(frozen=True)
class TierRules:
    """Tiers from best to last; the last has no slots and takes everyone else.

    Attributes
    ----------
    names : tier names
    slots : (k - 1,) accounts a tier has room for
    exit_factors : (k - 1,) a member leaves only when its rank exceeds exit factor x slots
    min_days : (k - 1,) and after that many days in the tier
    """

    names: list[str]
    slots: IntArray
    exit_factors: FloatArray
    min_days: IntArray


def score(
    composite_scores: pd.DataFrame,
    account_360: pd.DataFrame,
    previous: pd.DataFrame | None,
    tier_rules: pd.DataFrame,
    parameters: Parameters,
    as_of: dt.date,
) -> ScoreResult:
    """Tier of every account.

    Parameters
    ----------
    composite_scores : account_id, composite_score (null sorts last)
    account_360 : account_id, has_open_opportunity
    previous : rows of table `tiers`, any number of days; only the latest day strictly before `as_of` is used. None or no
        rows: the first run
    tier_rules : rows of rules.tiers; tier names sort from best to last

    Returns
    -------
    scores: tier; previous_tier, the one before the last change (null if never changed); tier_rank, 1 = best composite over
    all accounts, ties by account_id; tier_since_date; evaluated_on_date; tier_reason; is_locked. No reasons.

    Raises
    ------
    RuleError
        If the tier rules leave no or two tiers without slots, or a number is out of range.

    Notes
    -----
    Per tier from the best down, ranking the accounts that no better tier holds: members stay while locked by an open
    opportunity, while their rank is within exit factor x slots, or for the minimum dwell; free slots go to the best accounts
    of rank <= slots. In a full tier an account of rank <= slots / exit factor^2 takes the place of the worst member beyond
    the slots whose dwell is over, so the very best never wait for long. A tier exceeds its slots only through members who
    may not leave. Between weekly evaluations tiers stand still, and an account that is new waits in the last tier.
    """
    rules = read_tier_rules(tier_rules)
    accounts = read_accounts(account_360, ["has_open_opportunity"])
    require(composite_scores, "composite_scores", ["account_id", "composite_score"])
    place = codes(composite_scores["account_id"], accounts.ids)
    if len(composite_scores) != len(accounts) or (np.sort(place) != np.arange(len(accounts))).any():
        raise InputError(
            "composite_scores holds other accounts than account_360. Expected: one row per account in both."
        )
    composite = np.full(len(accounts), np.nan)
    composite[place] = floats(composite_scores, "composite_score")
    is_locked = flags(accounts.rows, "has_open_opportunity")
    rank = _rank(composite)
    before = _Before(previous, accounts.ids, rules, day(as_of))

    due = before.evaluated_on == NO_DATE or day(as_of) - before.evaluated_on >= parameters.tier_evaluation_interval_days
    if due:
        tier, reason = _evaluate(composite, rank, is_locked, before, rules, day(as_of))
        evaluated_on = day(as_of)
    else:
        last = len(rules.names) - 1
        tier = np.where(before.tier == UNPLACED, last, before.tier)
        evaluated_on = before.evaluated_on
        waits = f"new since {_iso(evaluated_on)}: placed at the next weekly evaluation"
        reason = np.where(before.tier == UNPLACED, waits, before.reason).astype(object)
    changed = (before.tier != tier) | (before.tier == UNPLACED)
    since = np.where(changed, day(as_of), before.since)
    names = pd.array([*rules.names, None], dtype="str")
    earlier = np.where(changed, before.tier, before.earlier)
    scores = pd.DataFrame(
        {
            "account_id": accounts.ids,
            "tier": names.take(tier),
            "previous_tier": names.take(earlier),
            "tier_rank": rank,
            "tier_since_date": dates(since),
            "evaluated_on_date": dates(np.full(len(accounts), evaluated_on)),
            "tier_reason": pd.Series(reason, dtype="str"),
            "is_locked": is_locked,
            "as_of_date": dates(np.full(len(accounts), day(as_of))),
        }
    )[list(COLUMNS["tiers"])]
    moved = int((changed & (before.tier != UNPLACED)).sum())
    return ScoreResult(scores, pd.DataFrame(), (), {"tier_changes": float(moved), "tier_evaluated": float(due)})


def read_tier_rules(rows: pd.DataFrame) -> TierRules:
    """Tiers in order of their names from the rows of rules.tiers."""
    table = RuleTable("tiers", rows, ["tier"], ["slots", "exit_factor", "min_days_in_tier"])
    names = table.texts("tier")
    slots = table.numbers("slots", 1, 10_000_000, required=False, unit="accounts")
    factors = table.numbers("exit_factor", 1, 100, required=False)
    dwell = table.numbers("min_days_in_tier", 0, 3650, required=False, unit="days")
    if len(names) < 2:
        raise RuleError(table.file, "1 (header)", "tier", f"{len(names)} tiers", "two or more tiers")
    for at in range(len(names)):
        is_last = at == len(names) - 1
        for column, values in (("slots", slots), ("exit_factor", factors), ("min_days_in_tier", dwell)):
            if np.isnan(values[at]) != is_last:
                last, other = (
                    "an empty cell: the last tier takes everyone else",
                    "a number; only the last tier has none",
                )
                raise table.fail(at, column, last if is_last else other)
    return TierRules(names, slots[:-1].astype(np.int64), factors[:-1], dwell[:-1].astype(np.int64))


class _Before:
    """The latest tiers strictly before the day, aligned with today's accounts."""

    def __init__(self, previous: pd.DataFrame | None, ids: pd.Index[str], rules: TierRules, today: int) -> None:
        size = len(ids)
        self.tier = np.full(size, UNPLACED, dtype=np.int64)
        self.earlier = np.full(size, UNPLACED, dtype=np.int64)
        self.since = np.full(size, NO_DATE, dtype=np.int64)
        self.reason = np.full(size, "", dtype=object)
        self.evaluated_on = NO_DATE
        if previous is None or not len(previous):
            return
        columns = [
            "account_id",
            "tier",
            "previous_tier",
            "tier_since_date",
            "evaluated_on_date",
            "tier_reason",
            "as_of_date",
        ]
        require(previous, "tiers", columns)
        dated = days(previous["as_of_date"])
        earlier = (dated != NO_DATE) & (dated < today)
        if not earlier.any():
            return
        rows = previous[dated == dated[earlier].max()]
        self.evaluated_on = int(days(rows["evaluated_on_date"]).max())
        at = codes(rows["account_id"], ids)
        known, at = at >= 0, at[at >= 0]
        names = pd.Index(rules.names, dtype="str")
        self.tier[at] = codes(rows["tier"], names)[known]
        self.earlier[at] = codes(rows["previous_tier"].astype("str"), names)[known]
        self.since[at] = days(rows["tier_since_date"])[known]
        self.reason[at] = np.asarray(rows["tier_reason"].astype("str"), dtype=object)[known]


def _rank(composite: FloatArray) -> IntArray:
    """1 = highest composite; null last; ties by account_id, in whose order the array is."""
    order = np.argsort(np.where(np.isnan(composite), np.inf, -composite), kind="stable")
    rank = np.empty(len(composite), dtype=np.int64)
    rank[order] = np.arange(1, len(composite) + 1)
    return rank


def _evaluate(
    composite: FloatArray, rank: IntArray, is_locked: BoolArray, before: _Before, rules: TierRules, today: int
) -> tuple[IntArray, ObjectArray]:
    last = len(rules.names) - 1
    is_member_before = before.tier != UNPLACED
    held = np.where(is_locked & is_member_before, before.tier, UNPLACED)
    tier = held.copy()
    reason = np.full(len(rank), "", dtype=object)
    reason[held != UNPLACED] = "locked: open opportunity"
    in_tier_days = np.where(is_member_before, today - before.since, 0)
    is_scored = ~np.isnan(composite)
    for at in range(last):
        slots, limit = int(rules.slots[at]), float(rules.exit_factors[at] * rules.slots[at])
        # Rank among those whom no better tier holds; accounts locked into a lower tier keep their place in the ranking.
        is_open = (tier == UNPLACED) | (tier >= at)
        own_rank = _rank_within(rank, is_open)
        is_member = (before.tier == at) & (tier == UNPLACED)
        is_within = is_member & (own_rank <= limit) & is_scored
        is_dwelling = is_member & ~is_within & (in_tier_days < rules.min_days[at])
        tier[is_within | is_dwelling] = at
        _say(reason, is_within, own_rank, f"kept: rank {{}} is within {limit:g}")
        _say(reason, is_dwelling, in_tier_days, f"kept: day {{}} of at least {int(rules.min_days[at])} in the tier")
        leaves = is_member & ~is_within & ~is_dwelling
        _say(reason, leaves, own_rank, f"left {rules.names[at]}: rank {{}} is beyond {limit:g}")
        free = max(0, slots - int((tier == at).sum()))
        wants = np.flatnonzero((tier == UNPLACED) & is_open & ~leaves & is_scored & (own_rank <= slots))
        wants = wants[np.argsort(own_rank[wants], kind="stable")]
        enters = np.zeros(len(rank), dtype=np.bool_)
        enters[wants[:free]] = True
        best = wants[free:][own_rank[wants[free:]] <= max(1, int(slots / rules.exit_factors[at] ** 2))]
        may_go = np.flatnonzero(is_within & (own_rank > slots) & (in_tier_days >= rules.min_days[at]))
        may_go = may_go[np.argsort(-own_rank[may_go], kind="stable")]
        swaps = min(len(best), len(may_go))
        enters[best[:swaps]] = True
        tier[may_go[:swaps]] = UNPLACED
        gives_way = np.zeros(len(rank), dtype=np.bool_)
        gives_way[may_go[:swaps]] = True
        _say(reason, gives_way, own_rank, f"left {rules.names[at]}: rank {{}} gave way to a better account")
        tier[enters] = at
        waits = np.zeros(len(rank), dtype=np.bool_)
        waits[wants[free + swaps :]] = True
        verb = "entered" if is_member_before.any() else "first assignment"
        _say(reason, enters, own_rank, f"{verb}: rank {{}} is within {slots} slots")
        _say(reason, waits, own_rank, f"waits for a free slot of {rules.names[at]}: rank {{}}")
    rest = tier == UNPLACED
    tier[rest] = last
    _say(reason, rest & ~is_scored & (reason == ""), rank, "no composite score")
    _say(reason, rest & (reason == ""), rank, "rank {} is outside the slots of every better tier")
    return tier, reason


def _rank_within(rank: IntArray, chosen: BoolArray) -> IntArray:
    """Rank among the chosen accounts; 0 elsewhere."""
    at = np.flatnonzero(chosen)
    out = np.zeros(len(rank), dtype=np.int64)
    out[at[np.argsort(rank[at], kind="stable")]] = np.arange(1, len(at) + 1)
    return out


def _say(reason: ObjectArray, chosen: BoolArray, number: IntArray, text: str) -> None:
    distinct, inverse = np.unique(number[chosen], return_inverse=True)
    reason[chosen] = np.array([text.format(value) for value in distinct.tolist()], dtype=object)[inverse]


def _iso(number: int) -> str:
    return (dt.date(1970, 1, 1) + dt.timedelta(days=number)).isoformat()
