"""What a score module hands back, and the columns of the tables it fills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

# Column types of the tables of schema `scoring`, for whoever creates them. Dates travel as datetime64[s] at midnight.
COLUMNS: dict[str, dict[str, str]] = {
    "fit_scores": {
        "account_id": "varchar",
        "fit_probability": "double",
        "fit_probability_low": "double",
        "fit_probability_high": "double",
        "fit_points": "double",
        "fit_share": "double",
        "method": "varchar",
        "missing_reason": "varchar",
        "as_of_date": "date",
    },
    "intent_scores": {
        "account_id": "varchar",
        "intent_score": "double",
        "surge_ratio": "double",
        "person_count_28d": "bigint",
        "intent_level": "double",
        "vendor_surge_score": "double",
        "is_low_confidence": "boolean",
        "top_topics": "varchar",
        "method": "varchar",
        "missing_reason": "varchar",
        "as_of_date": "date",
    },
    "engagement_scores": {
        "account_id": "varchar",
        "engagement_score": "double",
        "raw_engagement": "double",
        "person_count": "bigint",
        "role_count": "bigint",
        "method": "varchar",
        "missing_reason": "varchar",
        "as_of_date": "date",
    },
    "composite_scores": {
        "account_id": "varchar",
        "composite_score": "double",
        "fit_reference_share": "double",
        "intent_reference_share": "double",
        "engagement_reference_share": "double",
        "method": "varchar",
        "as_of_date": "date",
    },
    "score_reasons": {
        "account_id": "varchar",
        "score": "varchar",
        "rank": "bigint",
        "reason": "varchar",
        "points": "double",
        "text_en": "varchar",
        "text_ja": "varchar",
        "as_of_date": "date",
    },
    "reference_population": {
        "reference_version": "varchar",
        "score": "varchar",
        "position": "bigint",
        "value": "double",
        "frozen_on": "date",
    },
    "feature_reference": {
        "reference_version": "varchar",
        "feature": "varchar",
        "kind": "varchar",
        "bin": "bigint",
        "upper_bound": "double",
        "value": "varchar",
        "account_count": "bigint",
        "frozen_on": "date",
    },
    "fit_models": {
        "model_version": "varchar",
        "trained_on_date": "date",
        "rung": "varchar",
        "outcome": "varchar",
        "horizon_days": "bigint",
        "example_count": "bigint",
        "positive_count": "bigint",
        "auc": "double",
        "log_loss": "double",
        "base_log_loss": "double",
        "brier_skill": "double",
        "calibration_error": "double",
        "calibration_noise_floor": "double",
        "verdict": "varchar",
        "blocked_by": "varchar",
        "data_hash": "varchar",
        "rules_hash": "varchar",
        "git_revision": "varchar",
        "artefact": "varchar",
    },
    "fit_model_events": {
        "event_number": "bigint",
        "event": "varchar",
        "model_version": "varchar",
        "note": "varchar",
        "as_of_date": "date",
    },
    "fit_shadow_scores": {
        "account_id": "varchar",
        "model_version": "varchar",
        "fit_probability": "double",
        "fit_points": "double",
        "as_of_date": "date",
    },
    "tiers": {
        "account_id": "varchar",
        "tier": "varchar",
        "previous_tier": "varchar",
        "tier_rank": "bigint",
        "tier_since_date": "date",
        "evaluated_on_date": "date",
        "tier_reason": "varchar",
        "is_locked": "boolean",
        "as_of_date": "date",
    },
    "target_list": {
        "account_id": "varchar",
        "list_quarter": "varchar",
        "reason_code": "varchar",
        "is_exception": "boolean",
        "listed_since_date": "date",
        "decided_on_date": "date",
        "as_of_date": "date",
    },
    "target_list_changes": {
        "account_id": "varchar",
        "other_account_id": "varchar",
        "action": "varchar",
        "reason_code": "varchar",
        "detail": "varchar",
        "approved_by": "varchar",
        "list_quarter": "varchar",
        "score_method": "varchar",
        "composite_score": "double",
        "fit_points": "double",
        "intent_score": "double",
        "engagement_score": "double",
        "is_exception": "boolean",
        "counts_as_swap": "boolean",
        "listed_since_date": "date",
        "as_of_date": "date",
    },
    "target_list_quarters": {
        "list_quarter": "varchar",
        "list_size": "bigint",
        "member_count": "bigint",
        "swap_limit": "bigint",
        "swap_count": "bigint",
        "composite_threshold": "double",
        "set_on_date": "date",
    },
}


@dataclass(frozen=True)
class ScoreResult:
    """One score for every account.

    Attributes
    ----------
    scores : one row per account in order of account_id, columns as in COLUMNS
    reasons : rows of score_reasons; points of an account sum to its score
    notes : sentences about input that was counted with weight 0 or left out, for the run log
    facts : fitted numbers of the run (dispersion, E50, intercept, ...) by name
    """

    scores: pd.DataFrame
    reasons: pd.DataFrame
    notes: tuple[str, ...] = ()
    facts: Mapping[str, float] = field(default_factory=dict)


def repeated(text: str, count: int) -> pd.api.extensions.ExtensionArray:
    """Text column that says the same in every row."""
    return pd.array([text], dtype="str").take(np.zeros(count, dtype=np.int64))


def text_where(chosen: npt.NDArray[np.bool_], text: str) -> pd.api.extensions.ExtensionArray:
    """Text column with `text` in the chosen rows and null in the others."""
    return pd.array([None, text], dtype="str").take(chosen.astype(np.int64))
