"""Engagement: how much and how broadly an account's people deal with us of their own accord, 0-100."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scoring.engagement_reasons import explain
from scoring.inputs import (
    HORIZON_DAYS,
    NO_DATE,
    Accounts,
    BoolArray,
    FloatArray,
    IntArray,
    codes,
    dates,
    day,
    days,
    floats,
    group_sums,
    packed,
    read_accounts,
    require,
    run_sums,
    starts,
    unpacked,
    whole_counts,
)
from scoring.intent_states import decay
from scoring.parameters import Parameters
from scoring.reasons import assemble
from scoring.results import COLUMNS, ScoreResult, repeated, text_where
from scoring.rules import RuleTable, as_text

UNKNOWN_ROLE = "unknown"
OUTSIDE_ROLE = "NONE"
OTHER_TYPE = "other"
MONTH_DAYS = 30
POINT_STEP = 2.0**-32  # 0.23 billionths of a point; sums stay exact up to two million points
NOT_OBSERVABLE = "not observable: neither a contact nor a company domain is known"


@dataclass(frozen=True)
class TouchTypes:
    """Touch types in order of name, with their rules."""

    names: list[str]
    weights: FloatArray
    half_lives: FloatArray
    caps: FloatArray
    labels: list[tuple[str, str]]


@dataclass(frozen=True)
class Roles:
    """Committee roles in order of name; `is_committee` is false for unknown and for NONE, which are no roles to cover."""

    names: list[str]
    weights: FloatArray
    is_committee: BoolArray


@dataclass(frozen=True)
class RawEngagement:
    """Engagement before saturation.

    Attributes
    ----------
    raw : (n,) E, points of all persons times breadth
    before_breadth : (n,) points of all persons
    breadth : (n,) factor
    person_count, role_count : (n,) persons and committee roles seen within the breadth window
    account, touch_type, points, persons, newest_age : per account and touch type with points: share of `before_breadth`,
        persons, days since the latest touch
    """

    raw: FloatArray
    before_breadth: FloatArray
    breadth: FloatArray
    person_count: IntArray
    role_count: IntArray
    account: IntArray
    touch_type: IntArray
    points: FloatArray
    persons: IntArray
    newest_age: IntArray


def score(
    account_360: pd.DataFrame,
    touch_days: pd.DataFrame,
    touch_types: pd.DataFrame,
    role_weights: pd.DataFrame,
    parameters: Parameters,
    as_of: dt.date,
) -> ScoreResult:
    """Engagement of every account, with reasons.

    Parameters
    ----------
    account_360 : account_id, profiled_contact_count, primary_domain, first_sqo_date
    touch_days : rows of fct_touch_days: account_id, person_key, role, touch_type, activity_date, touch_count, without bots,
        touches that a seller caused and persons who did not permit profiling. Rows after `as_of` are ignored
    touch_types : touch_type, weight, half_life_days, cap_per_person_30d, label_en, label_ja; a type without a row counts as
        `other`, which must be there
    role_weights : role, weight; a role without a row counts as `unknown`, which must be there

    Returns
    -------
    scores: engagement_score 0-100, 50 at E50; null with a missing_reason when nobody at the account could be seen;
    raw_engagement E >= 0; person_count and role_count within the breadth window.

    Raises
    ------
    RuleError, InputError
        If a rule or a table cannot be used.

    Notes
    -----
    Per person and type: weight x min(cap, sum of 2^(-age / half-life)); per person: min(person cap, sum over types) x role
    weight; E = sum over persons x (base + per_role x min(roles, 5)) x (1 + 0.25 log2 persons);
    score = 100 (1 - 2^(-E/E50)). E50 is the median E, on the eve of their first qualified opportunity, of the accounts that
    were touched in the month before it, within `engagement_e50_max_change` times the rule default.
    """
    accounts = read_accounts(account_360, ["profiled_contact_count", "primary_domain", "first_sqo_date"])
    types, roles = read_touch_types(touch_types), read_roles(role_weights)
    touches = Touches(touch_days, accounts, types, roles, day(as_of))
    today = np.full(len(accounts), day(as_of))
    now = touches.engagement(today, types, roles, parameters)
    half_point, e50_note, e50_accounts = fitted_half_point(touches, accounts, types, roles, parameters, as_of)

    has_contact = np.nan_to_num(floats(accounts.rows, "profiled_contact_count")) > 0
    has_domain = (accounts.rows["primary_domain"].astype("str").fillna("") != "").to_numpy(dtype=np.bool_)
    is_seen = has_contact | has_domain | touches.has_touch(today)
    value = np.where(is_seen, saturated(now.raw, half_point), np.nan)
    scores = pd.DataFrame(
        {
            "account_id": accounts.ids,
            "engagement_score": value,
            "raw_engagement": np.where(is_seen, now.raw, np.nan),
            "person_count": now.person_count,
            "role_count": now.role_count,
            "method": repeated("rules", len(accounts)),
            "missing_reason": text_where(~is_seen, NOT_OBSERVABLE),
            "as_of_date": dates(today),
        }
    )[list(COLUMNS["engagement_scores"])]
    blocks = explain(
        is_seen=is_seen,
        narrow=saturated(now.before_breadth, half_point),
        total=saturated(now.raw, half_point),
        before_breadth=now.before_breadth,
        person_count=now.person_count,
        role_count=now.role_count,
        account=now.account,
        touch_type=now.touch_type,
        points=now.points,
        persons=now.persons,
        newest_age=now.newest_age,
        names=types.names,
        labels=types.labels,
        as_of=as_of,
    )
    facts = {"engagement_e50": half_point, "engagement_e50_accounts": float(e50_accounts)}
    return ScoreResult(scores, assemble("engagement", accounts.ids, blocks, as_of), (*touches.notes, e50_note), facts)


def saturated(raw: FloatArray, half_point: float) -> FloatArray:
    """100 (1 - 2^(-raw / half_point)): 0 at 0, 50 at `half_point`, below 100 always."""
    return np.asarray(-100 * np.expm1(-np.log(2.0) * raw / half_point), dtype=np.float64)


def read_touch_types(rows: pd.DataFrame) -> TouchTypes:
    """Touch types from the rows of `touch_types`."""
    columns = ["weight", "half_life_days", "cap_per_person_30d", "label_en", "label_ja"]
    table = RuleTable("touch_types", rows, ["touch_type"], columns)
    names = table.texts("touch_type")
    _must_have(table, names, "touch_type", OTHER_TYPE)
    return TouchTypes(
        names,
        table.numbers("weight", 0, 1000, unit="points of one fresh touch"),
        table.numbers("half_life_days", 0, 3650, unit="days", above_low=True),
        table.numbers("cap_per_person_30d", 0, 1000, unit="touches", above_low=True),
        list(zip(table.texts("label_en"), table.texts("label_ja"), strict=True)),
    )


def read_roles(rows: pd.DataFrame) -> Roles:
    """Roles from the rows of `role_weights`."""
    table = RuleTable("role_weights", rows, ["role"], ["weight"])
    names = table.texts("role")
    _must_have(table, names, "role", UNKNOWN_ROLE)
    weights = table.numbers("weight", 0, 10, unit="factor, administrator = 1")
    return Roles(names, weights, np.array([name not in (UNKNOWN_ROLE, OUTSIDE_ROLE) for name in names], dtype=np.bool_))


def _must_have(table: RuleTable, names: list[str], column: str, name: str) -> None:
    if name not in names:
        raise table.fail(0, column, f"a row '{name}' somewhere in the file, for values without a row of their own")


class Touches:
    """Touches that can count, as sorted integers: one row per account, person, type and day."""

    def __init__(
        self, touch_days: pd.DataFrame, accounts: Accounts, types: TouchTypes, roles: Roles, today: int
    ) -> None:
        columns = ["account_id", "person_key", "role", "touch_type", "activity_date", "touch_count"]
        require(touch_days, "fct_touch_days", columns)
        self.size = len(accounts)
        dated = days(touch_days["activity_date"])
        if (dated > today).any():
            touch_days, dated = touch_days[dated <= today], dated[dated <= today]
        count = whole_counts(touch_days, "fct_touch_days", "touch_count")
        account = codes(touch_days["account_id"], accounts.ids)
        person, _ = pd.factorize(touch_days["person_key"])
        touch_type, type_notes = _codes_or(
            touch_days["touch_type"], types.names, OTHER_TYPE, "touch_types", "touch type"
        )
        role, role_notes = _codes_or(touch_days["role"], roles.names, UNKNOWN_ROLE, "role_weights", "role")
        self.notes = (*type_notes, *role_notes)
        known = (account >= 0) & (person >= 0) & (dated != NO_DATE) & (count > 0)
        self.observed_day = np.full(self.size, np.iinfo(np.int64).max)
        np.minimum.at(self.observed_day, account[known], dated[known])
        # Worthless types and people outside the committee are dropped here, so they can change nothing below.
        known &= (types.weights[touch_type] > 0) & (roles.weights[role] > 0)
        account, person, touch_type, role, dated, count = (
            part[known] for part in (account, person.astype(np.int64), touch_type, role, dated, count)
        )
        pair, self.person_account = _person_at_account(person, account)
        # A person has one role; should the rows disagree, the first by name stands, whatever their order.
        self.person_role = np.full(len(self.person_account), len(roles.names), dtype=np.int64)
        np.minimum.at(self.person_role, pair, role)
        del person, account, role
        self.first_day = int(dated.min(initial=0))
        offset = dated - self.first_day
        people = max(len(self.person_account), 1)
        largest = [people, len(types.names), int(offset.max(initial=0)), int(count.max(initial=0))]
        keys = packed(list(zip((pair, touch_type, offset, count), largest, strict=True)))
        del pair, touch_type, offset, count
        keys.sort()
        self.pair, self.touch_type, offset, self.count = unpacked(keys, largest)
        self.dated = offset + self.first_day

    def has_touch(self, reference_day: IntArray) -> BoolArray:
        """Accounts with any touch, even a worthless one, on or before their reference day."""
        return self.observed_day <= reference_day

    def engagement(
        self, reference_day: IntArray, types: TouchTypes, roles: Roles, parameters: Parameters
    ) -> RawEngagement:
        """Engagement of every account as it stood at the end of its own reference day."""
        age = reference_day[self.person_account[self.pair]] - self.dated
        seen = (age >= 0) & (age < HORIZON_DAYS)
        pair, touch_type, age, count = self.pair[seen], self.touch_type[seen], age[seen], self.count[seen]
        # One run per person and type; the sum runs over its days in order, so its last bit is fixed.
        begins = starts(pair * len(types.names) + touch_type)
        sums = run_sums(count * decay(age, types.half_lives[touch_type]), begins)
        newest = np.minimum.reduceat(age, begins) if len(begins) else age
        pair, touch_type = pair[begins], touch_type[begins]
        points = types.weights[touch_type] * np.minimum(types.caps[touch_type], sums)

        people = len(self.person_account)
        total = group_sums(pair, points, people)
        capped = np.minimum(parameters.engagement_person_cap, total)
        # Scaling by capped/total keeps the types' proportions, so that reasons add up to what the cap left.
        kept = np.where(total > 0, capped / np.where(total > 0, total, 1.0), 0.0)
        role_weight = roles.weights[np.minimum(self.person_role, len(roles.names) - 1)] if people else np.zeros(0)
        by_type_and_person = points * (kept * role_weight)[pair]
        value = capped * role_weight
        # Persons are numbered as they come, so their order is that of the input: add them up by size instead.
        order = np.flatnonzero(value > 0)
        order = order[np.lexsort((value[order], self.person_account[order]))]
        before = group_sums(self.person_account[order], value[order], self.size)

        is_recent = np.zeros(people, dtype=np.bool_)
        is_recent[pair[newest <= parameters.engagement_breadth_window_days]] = True
        person_count = np.bincount(self.person_account[is_recent], minlength=self.size)
        role_count = self._role_count(is_recent, roles)
        breadth = _breadth(person_count, role_count, parameters)
        cells = _by_type(self.person_account[pair], touch_type, by_type_and_person, newest, self.size, len(types.names))
        return RawEngagement(before * breadth, before, breadth, person_count, role_count, *cells)

    def _role_count(self, is_recent: BoolArray, roles: Roles) -> IntArray:
        chosen = is_recent & np.append(roles.is_committee, False)[self.person_role]
        pairs = np.unique(self.person_account[chosen] * len(roles.names) + self.person_role[chosen])
        return np.bincount(pairs // len(roles.names), minlength=self.size)


def _breadth(person_count: IntArray, role_count: IntArray, parameters: Parameters) -> FloatArray:
    roles = np.minimum(role_count, parameters.engagement_breadth_max_roles)
    doublings = np.log2(np.maximum(person_count, 1))
    by_role = parameters.engagement_breadth_base + parameters.engagement_breadth_per_role * roles
    return by_role * (1 + parameters.engagement_breadth_per_person_doubling * doublings)


def _by_type(
    account: IntArray, touch_type: IntArray, points: FloatArray, newest: IntArray, accounts: int, types: int
) -> tuple[IntArray, IntArray, FloatArray, IntArray, IntArray]:
    """Points, persons and latest touch per account and touch type, summed over persons."""
    key = account * types + touch_type
    order = np.argsort(key)
    begins = starts(key[order])
    at = key[order][begins]
    persons = np.diff(np.append(begins, len(order)))
    latest = np.minimum.reduceat(newest[order], begins) if len(begins) else newest[order]
    # Whole multiples of a tiny step add up exactly in any order, which spares sorting the persons within a run.
    sums = run_sums(np.rint(points[order] / POINT_STEP), begins) * POINT_STEP
    return at // types, at % types, sums, persons, latest


def _person_at_account(person: IntArray, account: IntArray) -> tuple[IntArray, IntArray]:
    """Number of each row's person-at-account, and the account of each number; a visitor of two accounts is two persons."""
    account_of = np.full(int(person.max(initial=-1)) + 1, -1, dtype=np.int64)
    account_of[person] = account
    if (account_of[person] == account).all():
        return person, account_of
    largest = int(person.max(initial=0))
    distinct, pair = np.unique(packed([(account, int(account.max())), (person, largest)]), return_inverse=True)
    return pair.astype(np.int64), unpacked(distinct, [int(account.max()), largest])[0]


def _codes_or(
    values: pd.Series, names: list[str], otherwise: str, file: str, what: str
) -> tuple[IntArray, tuple[str, ...]]:
    """Position of each value among `names`, that of `otherwise` where it is null or not there, with a note per value."""
    position, distinct = pd.factorize(values)
    place = {name: at for at, name in enumerate(names)}
    texts = [as_text(value) for value in distinct]
    found = np.array([place.get(text, place[otherwise]) for text in texts] + [place[otherwise]], dtype=np.int64)
    notes = tuple(
        f"The {what} '{text}' has no row in seeds/rules/{file}.csv and counts as '{otherwise}'."
        for text in sorted(set(texts) - set(names))
    )
    return found[position], notes


def fitted_half_point(
    touches: Touches,
    accounts: Accounts,
    types: TouchTypes,
    roles: Roles,
    parameters: Parameters,
    as_of: dt.date,
) -> tuple[float, str, int]:
    """E50, how it was found, and from how many accounts."""
    sqo = days(accounts.rows["first_sqo_date"])
    qualified = (sqo != NO_DATE) & (sqo <= day(as_of))
    eve = touches.engagement(np.where(qualified, sqo - 1, NO_DATE // 2), types, roles, parameters)
    newest = np.full(len(accounts), HORIZON_DAYS)
    np.minimum.at(newest, eve.account, eve.newest_age)
    # Residues of touches long past are no engagement before the opportunity; counted in, they would send E50 to zero.
    sample = np.sort(eve.raw[qualified & (newest < MONTH_DAYS)])
    default, widest = parameters.engagement_e50_default, parameters.engagement_e50_max_change
    if len(sample) < parameters.engagement_e50_min_accounts:
        note = (
            f"E50 is the rule default {default:g}: {len(sample)} accounts were engaged in the month before their first "
            f"qualified opportunity; {parameters.engagement_e50_min_accounts} are needed."
        )
        return default, note, len(sample)
    median = float(np.median(sample))
    value = float(np.clip(median, default / widest, default * widest))
    note = f"E50 is {value:.2f}; the median of {len(sample)} accounts before their first qualified opportunity is {median:.2f}."
    return value, note, len(sample)
