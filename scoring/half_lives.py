"""How quickly research and touches go stale, judged by the company's own outcomes: the current half-lives against others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import norm

from scoring import intent, logistic
from scoring.engagement import TouchTypes
from scoring.engagement_panel import EngagementPanel, clipped_log_odds, engagement_panel
from scoring.folds import FOLDS, LARGE_FOLDS, grouped_folds
from scoring.inputs import (
    NO_DATE,
    Accounts,
    BoolArray,
    FloatArray,
    codes,
    dates,
    day,
    days,
    floats,
    read_accounts,
    require,
)
from scoring.ladder import paired
from scoring.outcome_panel import COLUMNS, LARGE_PANEL_ROWS, Panel, outcome_panel, too_few
from scoring.parameters import Parameters
from scoring.recalibration import fit_line

SHORT_DAYS: Final = (7.0, 10.0, 14.0, 21.0, 28.0)
LONG_DAYS: Final = (42.0, 60.0, 90.0)
FACTORS: Final = (0.5, 0.71, 1.0, 1.41, 2.0)
_ONE_SIDED: Final = float(norm.sf(1.0))  # chance that noise alone gains more than one standard error


@dataclass(frozen=True)
class Choice:
    """One question about half-lives and what the outcomes say.

    Attributes
    ----------
    subject : `intent`, `touches` (one factor on all) or a touch type
    settings : of each candidate the half-lives (intent: short and long, days) or the factor (touches), as in `table`
    table : candidate, log_loss (nats per row on accounts that the line was not fitted to), gain against the current rule and its
        standard_error, is_current; best first. Empty where nothing could be judged
    current, best : settings
    gain : (mean, standard error) of choosing the best on some accounts and judging it on others, in nats per row
    errors_needed : standard errors that the gain must exceed; above 1 where several touch types are asked at once
    is_change : whether the current rule is worth changing
    verdict : one sentence
    """

    subject: str
    table: pd.DataFrame
    current: tuple[float, ...]
    best: tuple[float, ...]
    gain: tuple[float, float]
    errors_needed: float
    is_change: bool
    verdict: str


@dataclass(frozen=True)
class HalfLives:
    """Answers: intent, all touches together, and each touch type that enough outcomes speak about; what was counted."""

    intent: Choice
    touches: Choice
    touch_types: tuple[Choice, ...]
    notes: tuple[str, ...]


def fit_half_lives(
    account_360: pd.DataFrame,
    intent_days: pd.DataFrame,
    intent_persons: pd.DataFrame,
    vendor_surge: pd.DataFrame,
    touch_days: pd.DataFrame,
    intent_topics: pd.DataFrame,
    exposure_calendar: pd.DataFrame,
    touch_types: pd.DataFrame,
    role_weights: pd.DataFrame,
    parameters: Parameters,
    as_of: dt.date,
) -> HalfLives:
    """Every question about half-lives, answered.

    Parameters
    ----------
    intent_persons : account_id, month_end_date, person_count: distinct persons seen in the 28 days up to each month end
    account_360 and the others : as for `intent.score` and `engagement.score`, with the columns `outcome_panel.COLUMNS`

    Raises
    ------
    RuleError, InputError
        If a rule or a table cannot be used.

    Notes
    -----
    The score at each month end is put through a logistic line on its log-odds, by `outcome_panel`'s label: the first qualified
    opportunity soon after. Half-lives are compared by the loss of rows that the line was not fitted to, accounts of one ultimate
    parent together. The gain of the best is judged as a rule of choosing: in each fold the candidate of the smallest loss on the
    other folds speaks, so that the best of fifteen gets no credit for luck. The current rule stays unless that gain exceeds its
    standard error.
    """
    by_intent, intent_note = _intent(
        account_360, intent_days, intent_persons, vendor_surge, intent_topics, exposure_calendar, parameters, as_of
    )
    known = engagement_panel(account_360, touch_days, touch_types, role_weights, parameters, as_of)
    reason = too_few(known.panel, parameters)
    common, by_type = _keep("touches", (1.0,), reason), tuple[Choice, ...]()
    if not reason:
        common = compare(
            "touches",
            {(factor,): known.log_odds(_faster(known.types, factor)) for factor in FACTORS},
            (1.0,),
            known.panel.is_positive,
            known.panel.groups,
        )
        by_type = _by_type(known, parameters)
    notes = (f"Intent: {intent_note}", f"Touches: {known.panel.sentence}")
    return HalfLives(by_intent, common, by_type, notes)


def compare(
    subject: str,
    candidates: Mapping[tuple[float, ...], FloatArray],
    current: tuple[float, ...],
    is_positive: BoolArray,
    groups: Sequence[str],
    questions: int = 1,
) -> Choice:
    """Candidates by the loss of a logistic line on their log-odds, and whether one beats the current rule.

    Parameters
    ----------
    candidates : settings -> (n,) log-odds of the score
    current : settings of the rule in force, among the candidates
    is_positive, groups : (n,) outcome and ultimate parent, with both outcomes in every part
    questions : how many such questions are asked at once; the chance that noise alone changes any rule stays that of one
    """
    names = sorted(candidates)
    count = LARGE_FOLDS if len(is_positive) > LARGE_PANEL_ROWS else FOLDS
    losses = np.zeros((len(names), len(is_positive)))
    chosen = np.zeros(len(is_positive))
    for split in grouped_folds(groups, is_positive, count, 0):
        learned = is_positive[split.train]
        within = np.zeros(len(names))
        for at, name in enumerate(names):
            log_odds = candidates[name]
            line = fit_line(log_odds[split.train], learned, can_have_slope=True)
            z = line.intercept + line.slope * log_odds
            within[at] = np.sort(logistic.log_loss(z[split.train], learned)).sum()
            losses[at, split.test] = logistic.log_loss(z[split.test], is_positive[split.test])
        # Equal losses keep the current rule.
        best_here = min(
            range(len(names)), key=lambda at: (round(float(within[at]), 9), names[at] != current, names[at])
        )
        chosen[split.test] = losses[best_here, split.test]
    now = losses[names.index(current)]
    gains = [paired(now - losses[at], groups) for at in range(len(names))]
    table = pd.DataFrame(
        {
            "candidate": [" / ".join(f"{part:g}" for part in name) for name in names],
            "log_loss": [float(np.sort(row).mean()) for row in losses],
            "gain": [gain for gain, _ in gains],
            "standard_error": [error for _, error in gains],
            "is_current": [name == current for name in names],
        }
    )
    order = sorted(range(len(names)), key=lambda at: (-round(gains[at][0], 12), names[at] != current, names[at]))
    best = names[order[0]]
    gain = paired(now - chosen, groups)
    needed = float(norm.isf(_ONE_SIDED / questions))
    is_change = best != current and gain[0] > needed * gain[1]
    said = (
        f"choosing by the outcomes changes the log loss by {-gain[0]:+.5f} nats per row (standard error {gain[1]:.5f})"
    )
    if is_change:
        verdict = f"Change to {_worded(subject, best)}: {said}."
    else:
        verdict = f"Keep: {said}; {needed:.1f} standard errors better would be a reason to change."
    return Choice(subject, table.iloc[order].reset_index(drop=True), current, best, gain, needed, is_change, verdict)


def _worded(subject: str, settings: tuple[float, ...]) -> str:
    if subject == "intent":
        return f"{settings[0]:g} and {settings[1]:g} days"
    return f"half-lives {settings[0]:g} times as long"


def _keep(subject: str, current: tuple[float, ...], reason: str) -> Choice:
    columns = {
        "candidate": "str",
        "log_loss": "float64",
        "gain": "float64",
        "standard_error": "float64",
        "is_current": "bool",
    }
    empty = pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in columns.items()})
    return Choice(subject, empty, current, current, (np.nan, np.nan), 1.0, False, f"Keep: {reason}")


def _faster(types: TouchTypes, factor: float, chosen: int | None = None) -> TouchTypes:
    factors = np.ones(len(types.names))
    factors[slice(None) if chosen is None else chosen] = factor
    return replace(types, half_lives=types.half_lives * factors)


def _by_type(known: EngagementPanel, parameters: Parameters) -> tuple[Choice, ...]:
    """One answer per touch type with outcomes enough, the others as the rules have them."""
    panel, types = known.panel, known.types
    touched = known.counts() > 0
    asked = [
        at
        for at in range(len(types.names))
        if types.weights[at] > 0
        and len(np.unique(panel.account[panel.is_positive & touched[:, at]])) >= parameters.outcome_min_accounts
    ]
    current = known.log_odds(types) if asked else np.zeros(0)
    return tuple(
        compare(
            types.names[at],
            {(factor,): current if factor == 1.0 else known.log_odds(_faster(types, factor, at)) for factor in FACTORS},
            (1.0,),
            panel.is_positive,
            panel.groups,
            questions=len(asked),
        )
        for at in asked
    )


def _intent(
    account_360: pd.DataFrame,
    intent_days: pd.DataFrame,
    intent_persons: pd.DataFrame,
    vendor_surge: pd.DataFrame,
    intent_topics: pd.DataFrame,
    exposure_calendar: pd.DataFrame,
    parameters: Parameters,
    as_of: dt.date,
) -> tuple[Choice, str]:
    current = (float(parameters.intent_short_half_life_days), float(parameters.intent_long_half_life_days))
    accounts = read_accounts(account_360, [*COLUMNS, "intent_tracked_days", "is_intent_trackable"])
    require(intent_days, "fct_intent_days", ["account_id", "activity_date"])
    require(intent_persons, "intent persons", ["account_id", "month_end_date", "person_count"])
    account, at_day = codes(intent_days["account_id"], accounts.ids), days(intent_days["activity_date"])
    seen = (account >= 0) & (at_day != NO_DATE) & (at_day <= day(as_of))
    since = np.full(len(accounts), np.iinfo(np.int64).max)
    np.minimum.at(since, account[seen], at_day[seen])
    since = np.where(since == np.iinfo(np.int64).max, NO_DATE, since)
    log_start = int(at_day[seen].min()) if seen.any() else NO_DATE
    panel = outcome_panel(accounts, since, log_start, parameters, as_of)
    if reason := too_few(panel, parameters):
        return _keep("intent", current, reason), panel.sentence

    settings: list[tuple[float, float]] = sorted(
        {current, *((short, long) for short in SHORT_DAYS for long in LONG_DAYS)}
    )
    topics = intent.read_topics(intent_topics)
    candidates: dict[tuple[float, ...], FloatArray] = {name: np.full(len(panel), np.nan) for name in settings}
    for at, end in enumerate(panel.dates):
        rows = panel.date_of == at
        on_day = _as_of_month_end(accounts, intent_persons, end, as_of)
        for short, long in settings:
            tried = replace(parameters, intent_short_half_life_days=short, intent_long_half_life_days=long)
            found = intent.observe(
                on_day,
                intent_days,
                vendor_surge,
                topics,
                exposure_calendar,
                tried,
                dates(np.array([end]))[0].astype("datetime64[D]").item(),
            )
            score = np.where(found.is_tracked, 100 * found.total, np.nan)
            candidates[(short, long)][rows] = clipped_log_odds(score, parameters)[panel.account[rows]]
    judged = ~np.isnan(candidates[current])
    visible = _part(panel, judged)
    if reason := too_few(visible, parameters):
        return _keep("intent", current, f"among accounts whose research can be seen, {reason}"), visible.sentence
    scores = {name: values[judged] for name, values in candidates.items()}
    return compare("intent", scores, current, visible.is_positive, visible.groups), visible.sentence


def _as_of_month_end(accounts: Accounts, intent_persons: pd.DataFrame, end: int, as_of: dt.date) -> pd.DataFrame:
    """Account rows with what was known at a month end: days tracked by then, and persons seen in the 28 days before it."""
    tracked = floats(accounts.rows, "intent_tracked_days") - (day(as_of) - end)
    rows = intent_persons[days(intent_persons["month_end_date"]) == end]
    account = codes(rows["account_id"], accounts.ids)
    persons = np.zeros(len(accounts))
    persons[account[account >= 0]] = floats(rows, "person_count")[account >= 0]
    return accounts.rows.assign(
        intent_tracked_days=np.where(tracked > 0, tracked, np.nan), intent_person_count_28d=persons
    )


def _part(panel: Panel, chosen: BoolArray) -> Panel:
    places = np.flatnonzero(chosen)
    return replace(
        panel,
        date_of=panel.date_of[places],
        account=panel.account[places],
        is_positive=panel.is_positive[places],
        groups=[panel.groups[at] for at in places.tolist()],
    )
