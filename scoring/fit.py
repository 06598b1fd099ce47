"""Fit: how well an account matches the ideal customer profile, 0-100 on a scale where +10 points double the odds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from scoring import reference as reference_population
from scoring.criteria import Criteria, read_criteria
from scoring.features import POINTS_TO_LOG_ODDS
from scoring.fit_model import FitModel, Opinion, explain, opinion
from scoring.inputs import BoolArray, FloatArray, dates, day, read_accounts
from scoring.labels import worked_cohort
from scoring.parameters import Parameters
from scoring.reasons import ReasonBlock, assemble, same_text
from scoring.recalibration import POINTS_PER_DOUBLING, recalibrate
from scoring.results import COLUMNS, ScoreResult, repeated, text_where
from scoring.rungs import RULES

MISSING_REASON = "no attribute of the ideal customer profile is known"
NOTHING_KNOWN = ("Nothing is known about this company yet", "この企業の属性情報がまだありません")


def score(
    account_360: pd.DataFrame,
    icp_criteria: pd.DataFrame,
    parameters: Parameters,
    as_of: dt.date,
    reference: pd.DataFrame | None = None,
    model: FitModel | None = None,
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
    model : the model in force; None: the rules above, with a probability from tonight's outcomes

    Returns
    -------
    scores: fit_points = clip(base + sum of points, 0, 100), null when no attribute is known; fit_share 0-1;
    fit_probability 0-1, null until enough outcomes have matured, with Venn-Abers bounds where a model has them; method 'rules',
    or the rung of the model and its fingerprint. reasons: base, one row per matching or unknown criterion (rules) or per
    group of columns (a learned model), cap.

    Raises
    ------
    RuleError
        If a criterion cannot be evaluated or two rows of one criterion could match the same value.
    InputError
        If a column is missing.

    Notes
    -----
    Points are log-odds in steps of ln 2 / 10. The logistic line of `recalibration` turns them into a probability. A learned
    model has points = base + 10 / ln 2 (calibrated log-odds - log-odds of its worked cohort); where the expert's rules were
    found to be the best model, points stay theirs and the model gives the probability.
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
    said = _Said.of_rules(accounts.rows, above_base, parameters, as_of)
    if model is not None:
        years = np.full(len(accounts), float(as_of.year))
        heard = opinion(model, accounts.rows, years)
        if model.is_learned:
            learned = (heard.log_odds - model.reference_log_odds) / POINTS_TO_LOG_ODDS
            unclipped = parameters.fit_base_points + np.where(is_known, learned, np.nan)
        said = _Said.of_model(heard, is_known, model)
    points = np.clip(unclipped, 0, 100)

    grid = reference if reference is not None and (reference["score"] == "fit").any() else None
    if grid is None:
        grid = reference_population.freeze({"fit": points}, as_of)
    scores = pd.DataFrame(
        {
            "account_id": accounts.ids,
            "fit_probability": said.probability,
            "fit_probability_low": said.low,
            "fit_probability_high": said.high,
            "fit_points": points,
            "fit_share": reference_population.share(points, grid, "fit"),
            "method": repeated(method_of(model), len(accounts)),
            "missing_reason": text_where(~is_known, MISSING_REASON),
            "as_of_date": dates(np.full(len(accounts), day(as_of))),
        }
    )[list(COLUMNS["fit_scores"])]
    limited = np.flatnonzero(is_known & (points != unclipped))
    cap = (points - unclipped)[limited]
    blocks = [same_text(limited, cap, "cap", "Limited to the scale of 0 to 100", "0〜100の範囲に調整")]
    if model is not None and model.is_learned:
        nobody = np.flatnonzero(~is_known)
        blocks.append(same_text(nobody, np.zeros(len(nobody)), "missing", *NOTHING_KNOWN))
        blocks.extend(explain(model, accounts.rows, years, is_known, parameters.fit_base_points))
    else:
        blocks.extend(_reasons(rules, matches, is_missing, is_known, parameters.fit_base_points))
    return ScoreResult(scores, assemble("fit", accounts.ids, blocks, as_of), said.notes, said.facts)


def method_of(model: FitModel | None) -> str:
    """What stands in `method`: rules while the points are the expert's, else the rung and the fingerprint of the model."""
    return f"{model.rung.name}-{model.fingerprint}" if model is not None and model.is_learned else RULES


@dataclass(frozen=True)
class _Said:
    """Probabilities of every account, and what the run log hears of them."""

    probability: FloatArray
    low: FloatArray
    high: FloatArray
    notes: tuple[str, ...]
    facts: dict[str, float]

    @classmethod
    def of_rules(cls, rows: pd.DataFrame, above_base: FloatArray, parameters: Parameters, as_of: dt.date) -> _Said:
        cohort = worked_cohort(rows, as_of, parameters.fit_horizon_days)
        line, note = recalibrate(above_base, cohort, parameters)
        facts = {"fit_worked_matured_accounts": float(cohort.member_count), "fit_wins": float(cohort.positive_count)}
        unknown = np.full(len(rows), np.nan)
        if line is None:
            return cls(unknown, unknown, unknown, (note,), facts)
        log_odds = line.intercept + line.slope * np.log(2.0) / POINTS_PER_DOUBLING * above_base
        facts |= {"fit_intercept": line.intercept, "fit_slope": line.slope}
        return cls(expit(log_odds), unknown, unknown, (note,), facts)

    @classmethod
    def of_model(cls, heard: Opinion, is_known: BoolArray, model: FitModel) -> _Said:
        name = f"{model.rung.name}-{model.fingerprint}"
        note = f"fit_probability is that of '{model.outcome}' within {model.horizon_days} days, by {name}."
        low, high, probability = (
            np.where(is_known, values, np.nan) for values in (heard.low, heard.high, heard.probability)
        )
        return cls(probability, low, high, (note,), {})


def _reasons(
    rules: Criteria,
    matches: list[BoolArray],
    is_missing: dict[str, BoolArray],
    is_known: BoolArray,
    base: float,
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
    return blocks
