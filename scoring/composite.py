"""Composite: one number from fit, intent and engagement, by adding log-odds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from scoring import reference as reference_population
from scoring.inputs import FloatArray, InputError, dates, day, floats, require
from scoring.parameters import Parameters
from scoring.reasons import ReasonBlock, assemble, same_text
from scoring.results import COLUMNS, ScoreResult, repeated

LABELS = {
    "fit": ("Fit", "適合度"),
    "intent": ("Research intent", "調査意向"),
    "engagement": ("Engagement with us", "当社との接点"),
}
VALUE_COLUMNS = {"fit": "fit_points", "intent": "intent_score", "engagement": "engagement_score"}


def score(
    fit_scores: pd.DataFrame,
    intent_scores: pd.DataFrame,
    engagement_scores: pd.DataFrame,
    reference: pd.DataFrame,
    parameters: Parameters,
    as_of: dt.date,
) -> ScoreResult:
    """Composite score of every account, with reasons.

    Parameters
    ----------
    fit_scores, intent_scores, engagement_scores : tables of the three modules for the same accounts
    reference : rows of one version of the reference population

    Returns
    -------
    scores: composite_score 0-100 (null when all three are missing) and the share of the reference population that each
    score beats. reasons: base 50 and one row per score.

    Raises
    ------
    InputError
        If the three tables hold different accounts.

    Notes
    -----
    C = 100 sigmoid( sum w_k logit(clip(share_k, .01, .99)) ); weights of missing scores are spread over the others. 50 is an
    account in the middle of the reference population on everything.
    """
    ids, values = _aligned({"fit": fit_scores, "intent": intent_scores, "engagement": engagement_scores})
    shares = {name: reference_population.share(values[name], reference, name) for name in values}
    parts = compose(shares, parameters)
    scores = pd.DataFrame(
        {
            "account_id": ids,
            "composite_score": parts.composite,
            "fit_reference_share": shares["fit"],
            "intent_reference_share": shares["intent"],
            "engagement_reference_share": shares["engagement"],
            "method": repeated("rules", len(ids)),
            "as_of_date": dates(np.full(len(ids), day(as_of))),
        }
    )[list(COLUMNS["composite_scores"])]
    return ScoreResult(scores, assemble("composite", ids, _reasons(shares, parts), as_of))


@dataclass(frozen=True)
class Composition:
    """Composite score and its parts in points; `composite` = 50 + sum of points."""

    composite: FloatArray
    points: dict[str, FloatArray]


def compose(shares: dict[str, FloatArray], parameters: Parameters) -> Composition:
    """Weighted sum of log-odds of shares, on the scale 0-100.

    Parameters
    ----------
    shares : fit, intent, engagement -> (n,) float in [0, 1], NaN where missing

    Returns
    -------
    Composite 0-100, NaN where every share with a weight is missing, and each part's points (0 where missing).
    """
    weights = {
        "fit": parameters.composite_fit_weight,
        "intent": parameters.composite_intent_weight,
        "engagement": parameters.composite_engagement_weight,
    }
    clip = parameters.composite_share_clip
    present = {name: (~np.isnan(shares[name])).astype(np.float64) for name in weights}
    whole = sum((weights[name] * present[name] for name in weights), np.zeros(len(shares["fit"])))
    scale = np.where(whole > 0, 1 / np.where(whole > 0, whole, 1.0), 0.0)
    odds = {}
    for name in weights:
        clipped = np.clip(np.nan_to_num(shares[name], nan=0.5), clip, 1 - clip)
        odds[name] = weights[name] * present[name] * scale * (np.log(clipped) - np.log1p(-clipped))
    total = odds["fit"] + odds["intent"] + odds["engagement"]
    composite = np.where(whole > 0, 100 * expit(total), np.nan)
    # 100 sigmoid(z) - 50 = 50 tanh(z/2): per unit of log-odds this is 50 tanh(z/2)/z, which tends to 25 at z = 0.
    is_flat = np.abs(total) < 1e-9
    slope = np.where(is_flat, 25.0, 50 * np.tanh(total / 2) / np.where(is_flat, 1.0, total))
    return Composition(composite, {name: slope * odds[name] for name in weights})


def _aligned(tables: dict[str, pd.DataFrame]) -> tuple[pd.Index[str], dict[str, FloatArray]]:
    ids: pd.Index[str] | None = None
    values = {}
    for name, table in tables.items():
        require(table, f"{name}_scores", ["account_id", VALUE_COLUMNS[name]])
        ordered = table.sort_values("account_id", kind="stable")
        own = pd.Index(ordered["account_id"].astype("str"))
        if ids is not None and not own.equals(ids):
            raise InputError(
                f"{name}_scores holds other accounts than fit_scores. Expected: the same accounts in all three."
            )
        ids = own
        values[name] = floats(ordered, VALUE_COLUMNS[name])
    if ids is None:
        raise InputError("No score table was given.")
    return ids, values


def _reasons(shares: dict[str, FloatArray], parts: Composition) -> list[ReasonBlock]:
    scored = np.flatnonzero(~np.isnan(parts.composite))
    unscored = np.flatnonzero(np.isnan(parts.composite))
    blocks = [
        same_text(
            scored,
            np.full(len(scored), 50.0),
            "base",
            "Starting point: the middle of the reference population",
            "出発点：基準母集団の中央",
        ),
        same_text(
            unscored,
            np.zeros(len(unscored)),
            "missing",
            "None of the three scores is known",
            "3つのスコアがいずれも不明",
        ),
    ]
    for name, (english, japanese) in LABELS.items():
        known = np.flatnonzero(~np.isnan(shares[name]))
        percent = np.round(100 * shares[name][known]).astype(np.int64)
        texts = [
            (
                f"{name}",
                f"{english}: percentile {value} of the reference population",
                f"{japanese}：基準母集団の{value}パーセンタイル",
            )
            for value in range(101)
        ]
        blocks.append(ReasonBlock(known, percent, parts.points[name][known], texts))
        absent = np.flatnonzero(np.isnan(shares[name]) & ~np.isnan(parts.composite))
        blocks.append(
            same_text(
                absent,
                np.zeros(len(absent)),
                f"missing:{name}",
                f"{english} is unknown; the other scores count for it",
                f"{japanese}は不明のため、他のスコアで補完",
            )
        )
    return blocks
