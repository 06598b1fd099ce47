"""How good probabilities are: discrimination, calibration against the noise of so few rows, lift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from scoring import logistic
from scoring.inputs import BoolArray, FloatArray

BINS: Final = 5
_SIMULATIONS: Final = 400
_SEED: Final = 7


@dataclass(frozen=True)
class Metrics:
    """Numbers of the model card.

    Attributes
    ----------
    rows, positives : counts
    auc : share of pairs of one positive and one negative in the right order; NaN with one outcome only
    log_loss, base_log_loss : nats per row of the model and of the base rate
    brier, brier_skill : mean squared error, and 1 - it over that of the base rate
    calibration_error, noise_floor : mean gap between said and seen over five bins of equal size, and what 95 of 100 perfect
        models of these probabilities stay below
    mean_gap, mean_gap_limit : |mean probability - rate| and twice its standard error
    slope : of the outcome's log-odds on the said ones; 1 is right
    """

    rows: int
    positives: int
    auc: float
    log_loss: float
    base_log_loss: float
    brier: float
    brier_skill: float
    calibration_error: float
    noise_floor: float
    mean_gap: float
    mean_gap_limit: float
    slope: float


def measure(log_odds: FloatArray, is_positive: BoolArray) -> Metrics:
    """Metrics of calibrated log-odds of rows that the model had not seen."""
    order = np.lexsort((is_positive, log_odds))
    z, outcome = log_odds[order], is_positive[order]
    p, rows, positives = expit(z), len(z), int(outcome.sum())
    rate = positives / max(rows, 1)
    both = 0 < positives < rows
    base = np.full(rows, rate)
    brier, base_brier = float(brier_score_loss(outcome, p)), float(((outcome - rate) ** 2).mean())
    slope = float(logistic.fit(z[:, None], outcome, 1.0, 1e-3).weights[0]) if both and z[0] != z[-1] else np.nan
    return Metrics(
        rows,
        positives,
        float(roc_auc_score(outcome, z)) if both else np.nan,
        float(logistic.log_loss(z, outcome).mean()),
        float(log_loss(outcome, base, labels=[False, True])) if both else 0.0,
        brier,
        1 - brier / base_brier if base_brier > 0 else np.nan,
        calibration_error(p, outcome),
        noise_floor(p),
        float(abs(p.mean() - rate)),
        float(2 * np.sqrt(rate * (1 - rate) / max(rows, 1))),
        slope,
    )


def calibration_error(probability: FloatArray, is_positive: BoolArray, bins: int = BINS) -> float:
    """Mean absolute gap between mean probability and share of positives over bins of equal size."""
    order = np.argsort(probability, kind="stable")
    cell = np.arange(len(order)) * bins // max(len(order), 1)
    counts = np.bincount(cell, minlength=bins)
    gaps = np.abs(
        np.bincount(cell, probability[order], bins) - np.bincount(cell, is_positive[order].astype(np.float64), bins)
    )
    return float(gaps.sum() / max(counts.sum(), 1))


def noise_floor(probability: FloatArray, bins: int = BINS, share: float = 0.95) -> float:
    """Calibration error that this share of perfect models with these probabilities stays below, by simulation."""
    p = np.sort(probability)
    rng = np.random.Generator(np.random.PCG64(_SEED))
    errors = [calibration_error(p, rng.random(len(p)) < p, bins) for _ in range(_SIMULATIONS)]
    return float(np.quantile(errors, share))


def lift_table(log_odds: FloatArray, is_positive: BoolArray, parts: int = 10) -> pd.DataFrame:
    """Best tenth first: part, rows, positives, rate, lift over the whole rate, mean probability.

    Rows of equal log-odds share the positives of their tie, so that their order does not matter.
    """
    order = np.argsort(-log_odds, kind="stable")
    z = log_odds[order]
    outcome = is_positive[order].astype(np.float64)
    _, tie = np.unique(z, return_inverse=True)
    outcome = (np.bincount(tie, outcome) / np.bincount(tie))[tie]
    cell = np.arange(len(z)) * parts // max(len(z), 1)
    rows = np.bincount(cell, minlength=parts)
    positives = np.bincount(cell, outcome, parts)
    rate = positives / np.maximum(rows, 1)
    whole = float(outcome.mean()) if len(outcome) else np.nan
    table = pd.DataFrame(
        {
            "part": np.arange(1, parts + 1),
            "row_count": rows,
            "positive_count": positives,
            "positive_share": rate,
            "lift": rate / whole if whole else np.full(parts, np.nan),
            "mean_probability": np.bincount(cell, expit(z), parts) / np.maximum(rows, 1),
        }
    )
    return table[table["row_count"] > 0].reset_index(drop=True)


def calibration_table(log_odds: FloatArray, is_positive: BoolArray, bins: int = BINS) -> pd.DataFrame:
    """Bins of equal size, least likely first: part, row_count, mean_probability, positive_share, and its standard error."""
    order = np.lexsort((is_positive, log_odds))
    p, outcome = expit(log_odds[order]), is_positive[order].astype(np.float64)
    cell = np.arange(len(p)) * bins // max(len(p), 1)
    rows = np.bincount(cell, minlength=bins)
    used = rows > 0
    said, seen = (np.bincount(cell, values, bins)[used] / rows[used] for values in (p, outcome))
    return pd.DataFrame(
        {
            "part": np.arange(1, int(used.sum()) + 1),
            "row_count": rows[used],
            "mean_probability": said,
            "positive_share": seen,
            "standard_error": np.sqrt(np.maximum(said * (1 - said), 0) / rows[used]),
        }
    )


def by_segment(
    log_odds: FloatArray, is_positive: BoolArray, segments: Sequence[str | None], selected_share: float = 0.2
) -> pd.DataFrame:
    """Per segment: rows, share among the selected best, mean probability and share of positives.

    Selection and calibration by region, size and industry show whether a model passes over a kind of company by accident.
    """
    limit = np.quantile(log_odds, 1 - selected_share) if len(log_odds) else np.nan
    frame = pd.DataFrame(
        {
            "segment": ["unknown" if name is None or pd.isna(name) else str(name) for name in segments],
            "is_selected": (log_odds >= limit).astype(np.float64),
            "probability": expit(log_odds),
            "is_positive": is_positive.astype(np.float64),
        }
    )
    table = frame.sort_values(["segment", "probability", "is_positive"]).groupby("segment", sort=True)
    return (
        table.agg(
            row_count=("is_positive", "size"),
            selected_share=("is_selected", "mean"),
            mean_probability=("probability", "mean"),
            positive_share=("is_positive", "mean"),
        )
        .reset_index()
        .sort_values(["row_count", "segment"], ascending=[False, True], ignore_index=True)
    )
