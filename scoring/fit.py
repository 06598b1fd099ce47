"""Fit: how well an account matches the ideal customer profile, 0-100 on a scale where +10 points double the odds."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from scoring import reference as reference_population
from scoring.criteria import Criteria, read_criteria
from scoring.inputs import BoolArray, FloatArray, dates, day, read_accounts
from scoring.labels import worked_cohort
from scoring.parameters import Parameters
from scoring.reasons import ReasonBlock, assemble, same_text
from scoring.recalibration import POINTS_PER_DOUBLING, recalibrate
from scoring.results import COLUMNS, ScoreResult, repeated, text_where

MISSING_REASON = "no attribute of the ideal customer profile is known"
NOTHING_KNOWN = ("Nothing is known about this company yet", "この企業の属性情報がまだありません")


def score(
    account_360: pd.DataFrame,
    icp_criteria: pd.DataFrame,
    parameters: Parameters,
    as_of: dt.date,
    reference: pd.DataFrame | None = None,
) -> ScoreResult:
    """Fit points, share and probability of every account, with reasons.

    Parameters
    ----------
    account_360 : one row per account: account_id, first_worked_date, first_won_date, is_customer and every attribute that
        `icp_criteria` names
    icp_criteria : rows criterion, attribute, operator, value_min, value_max, value_text, points, label_en, label_ja.
        `between` is value_min <= x < value_max with an open end where empty; `in` and `equals` compare folded text, `|`
        separates alternatives; `has_technology` looks for any of the `|` alternatives in a `|` list, `*` standing for any
        text around whole words; `missing` gives points where the attribute is unknown (0 without such a row)
    reference : rows of one reference version; without rows for fit, today's accounts are the population

    Returns
    -------
    scores: fit_points = clip(base + sum of points, 0, 100), null when no attribute is known; fit_share 0-1;
    fit_probability 0-1, null until enough outcomes have matured; method 'rules'. reasons: base, one row per matching or
    unknown criterion, cap.

    Raises
    ------
    RuleError
        If a criterion cannot be evaluated or two rows of one criterion could match the same value.
    InputError
        If a column is missing.

    Notes
    -----
    Points are log-odds in steps of ln 2 / 10. The logistic line of `recalibration` turns them into a probability.
    """
    rules = read_criteria(icp_criteria)
    accounts = read_accounts(
        account_360, sorted({"first_worked_date", "first_won_date", "is_customer", *rules.attributes})
    )
    matches, is_missing = rules.evaluate(accounts.rows)
    is_known = ~np.logical_and.reduce([is_missing[name] for name in rules.attributes])

    total = np.zeros(len(accounts))
    for at, is_match in enumerate(matches):
        total += np.where(is_match, rules.points[at], 0.0)
    above_base = np.where(is_known, total, np.nan)
    unclipped = parameters.fit_base_points + above_base
    points = np.clip(unclipped, 0, 100)

    cohort = worked_cohort(accounts.rows, as_of, parameters.fit_horizon_days)
    line, outcome_note = recalibrate(above_base, cohort, parameters)
    facts = {"fit_worked_matured_accounts": float(cohort.member_count), "fit_wins": float(cohort.positive_count)}
    probability = np.full(len(accounts), np.nan)
    if line is not None:
        log_odds = line.intercept + line.slope * np.log(2.0) / POINTS_PER_DOUBLING * above_base
        probability = 1 / (1 + np.exp(-log_odds))
        facts |= {"fit_intercept": line.intercept, "fit_slope": line.slope}

    grid = reference if reference is not None and (reference["score"] == "fit").any() else None
    if grid is None:
        grid = reference_population.freeze({"fit": points}, as_of)
    scores = pd.DataFrame(
        {
            "account_id": accounts.ids,
            "fit_probability": probability,
            "fit_points": points,
            "fit_share": reference_population.share(points, grid, "fit"),
            "method": repeated("rules", len(accounts)),
            "missing_reason": text_where(~is_known, MISSING_REASON),
            "as_of_date": dates(np.full(len(accounts), day(as_of))),
        }
    )[list(COLUMNS["fit_scores"])]
    blocks = _reasons(rules, matches, is_missing, is_known, parameters.fit_base_points, points - unclipped)
    return ScoreResult(scores, assemble("fit", accounts.ids, blocks, as_of), (outcome_note,), facts)


def _reasons(
    rules: Criteria,
    matches: list[BoolArray],
    is_missing: dict[str, BoolArray],
    is_known: BoolArray,
    base: float,
    capped: FloatArray,
) -> list[ReasonBlock]:
    everyone = np.flatnonzero(is_known)
    nobody = np.flatnonzero(~is_known)
    blocks = [
        same_text(
            everyone, np.full(len(everyone), base), "base", "Starting point: an average account", "出発点：平均的な企業"
        ),
        same_text(nobody, np.zeros(len(nobody)), "missing", *NOTHING_KNOWN),
    ]
    labelled = {rules.row_attributes[at] for at, name in enumerate(rules.operators) if name == "missing"}
    for at, is_match in enumerate(matches):
        english, japanese = rules.labels[at]
        rows = np.flatnonzero(is_match & is_known)
        # A single zero-point band ("reference level") is no news, an unknown attribute is.
        if rules.operators[at] == "missing":
            reason = f"missing:{rules.row_attributes[at]}" if rules.points[at] == 0 else f"fit:{rules.criteria[at]}"
        elif rules.points[at] == 0:
            continue
        else:
            reason = f"fit:{rules.criteria[at]}"
        blocks.append(same_text(rows, np.full(len(rows), rules.points[at]), reason, english, japanese))
    for name in sorted(set(rules.attributes) - labelled):
        rows = np.flatnonzero(is_missing[name] & is_known)
        words = name.replace("_", " ")
        blocks.append(same_text(rows, np.zeros(len(rows)), f"missing:{name}", f"Unknown: {words}", f"不明：{words}"))
    limited = np.flatnonzero(is_known & (capped != 0))
    blocks.append(same_text(limited, capped[limited], "cap", "Limited to the scale of 0 to 100", "0〜100の範囲に調整"))
    return blocks
