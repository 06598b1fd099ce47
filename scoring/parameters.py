"""The numbers of scoring_parameters as one typed value."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from scoring.rules import RuleError, RuleTable, as_text

TABLE = "scoring_parameters"


@dataclass(frozen=True)
class Parameters:
    """One field per row of seeds/rules/scoring_parameters.csv; the file's `unit` and `note` explain each."""

    fit_base_points: float
    fit_horizon_days: int
    fit_min_wins_for_intercept: int
    fit_min_wins_for_slope: int
    fit_min_wins_for_learning: int
    fit_min_wins_for_trees: int
    fit_min_rows_for_trees: int
    fit_min_rows_per_category: int
    fit_surrogate_horizon_days: int
    fit_promotion_min_shadow_days: int
    fit_promotion_max_tier_change: float
    outcome_horizon_days: int
    outcome_min_accounts: int
    intent_short_half_life_days: float
    intent_long_half_life_days: float
    intent_baseline_lag_days: int
    intent_min_exposure_days: float
    intent_prior_strength: float
    intent_surge_ratio: float
    intent_full_weight_persons: int
    intent_min_tracked_days: int
    intent_dispersion_min_expected: float
    intent_vendor_floor: float
    intent_vendor_expiry_days: int
    intent_vendor_weight: float
    intent_vendor_topic_share: float
    engagement_person_cap: float
    engagement_breadth_base: float
    engagement_breadth_per_role: float
    engagement_breadth_max_roles: int
    engagement_breadth_per_person_doubling: float
    engagement_breadth_window_days: int
    engagement_e50_default: float
    engagement_e50_min_accounts: int
    engagement_e50_max_change: float
    composite_fit_weight: float
    composite_intent_weight: float
    composite_engagement_weight: float
    composite_share_clip: float
    tier_evaluation_interval_days: int
    leak_single_feature_auc: float
    leak_together_auc: float
    leak_fill_gap: float
    leak_one_outcome_ratio: float
    leak_future_date_share: float
    leak_distinct_share: float
    leak_false_alarm_share: float
    drift_min_psi: float
    drift_noise_percentile: float
    drift_coarse_bins: int
    drift_fine_bins: int
    drift_fine_bins_min_accounts: int
    drift_max_account_change: float
    drift_max_scored_change: float
    drift_max_unattributed_share: float


# What the formulas themselves can bear, (low, high). The file's min_value and max_value may be narrower, never wider.
LIMITS: dict[str, tuple[float, float]] = {
    "fit_base_points": (0, 100),
    "fit_horizon_days": (1, 3650),
    "fit_min_wins_for_intercept": (1, 1e6),
    "fit_min_wins_for_slope": (2, 1e6),
    "fit_min_wins_for_learning": (2, 1e6),
    "fit_min_wins_for_trees": (2, 1e6),
    "fit_min_rows_for_trees": (2, 1e7),
    "fit_min_rows_per_category": (1, 1e6),
    "fit_surrogate_horizon_days": (1, 3650),
    "fit_promotion_min_shadow_days": (0, 3650),
    "fit_promotion_max_tier_change": (0, 1),
    "outcome_horizon_days": (1, 3650),
    "outcome_min_accounts": (10, 1e6),
    "intent_short_half_life_days": (0.1, 365),
    "intent_long_half_life_days": (0.1, 3650),
    "intent_baseline_lag_days": (0, 365),
    "intent_min_exposure_days": (0.1, 3650),
    "intent_prior_strength": (1, 5),
    "intent_surge_ratio": (1, 10),
    "intent_full_weight_persons": (1, 1000),
    "intent_min_tracked_days": (0, 3650),
    "intent_dispersion_min_expected": (0.01, 1000),
    "intent_vendor_floor": (0, 99.9),
    "intent_vendor_expiry_days": (0, 365),
    "intent_vendor_weight": (0, 1),
    "intent_vendor_topic_share": (0, 1),
    "engagement_person_cap": (0.1, 1e6),
    "engagement_breadth_base": (0, 10),
    "engagement_breadth_per_role": (0, 10),
    "engagement_breadth_max_roles": (1, 100),
    "engagement_breadth_per_person_doubling": (0, 10),
    "engagement_breadth_window_days": (1, 3650),
    "engagement_e50_default": (0.01, 1e6),
    "engagement_e50_min_accounts": (1, 1e6),
    "engagement_e50_max_change": (1, 1000),
    "composite_fit_weight": (0, 1),
    "composite_intent_weight": (0, 1),
    "composite_engagement_weight": (0, 1),
    "composite_share_clip": (1e-6, 0.49),
    "tier_evaluation_interval_days": (1, 365),
    "leak_single_feature_auc": (0.5, 1),
    "leak_together_auc": (0.5, 1),
    "leak_fill_gap": (0, 1),
    "leak_one_outcome_ratio": (0, 1),
    "leak_future_date_share": (0, 1),
    "leak_distinct_share": (0.5, 1),
    "leak_false_alarm_share": (1e-9, 0.5),
    "drift_min_psi": (0, 10),
    "drift_noise_percentile": (0.5, 0.999),
    "drift_coarse_bins": (2, 100),
    "drift_fine_bins": (2, 100),
    "drift_fine_bins_min_accounts": (1, 1e7),
    "drift_max_account_change": (0, 10),
    "drift_max_scored_change": (0, 1),
    "drift_max_unattributed_share": (0, 1),
}


def read_parameters(rows: pd.DataFrame) -> Parameters:
    """Parameters from the rows of `scoring_parameters`; row order does not matter, unknown parameters are refused.

    Parameters
    ----------
    rows : columns parameter, value, min_value, max_value (unit and note are for people)

    Raises
    ------
    RuleError
        If a parameter is missing, unknown, repeated, no number, fractional where days or counts are meant, or out of range.
    """
    table = RuleTable(TABLE, rows, ["parameter"], ["value", "min_value", "max_value"])
    names = table.texts("parameter")
    wanted = {field.name: field.type for field in fields(Parameters)}
    for at, name in enumerate(names):
        if name not in wanted:
            raise table.fail(at, "parameter", f"one of {', '.join(sorted(wanted))}")
    for name in wanted:
        if name not in names:
            low, high = LIMITS[name]
            raise RuleError(
                table.file, f"parameter = {name}", "value", "the row is missing", f"a number from {low:g} to {high:g}"
            )
    lows = table.numbers("min_value", -np.inf, np.inf, required=False)
    highs = table.numbers("max_value", -np.inf, np.inf, required=False)
    values: dict[str, float] = {}
    for at, name in enumerate(names):
        low, high = LIMITS[name]
        low = low if np.isnan(lows[at]) else max(low, float(lows[at]))
        high = high if np.isnan(highs[at]) else min(high, float(highs[at]))
        value = _one_number(table, at)
        whole = wanted[name] == "int"
        if not low <= value <= high or (whole and value != int(value)):
            kind = "a whole number" if whole else "a number"
            raise table.fail(at, "value", f"{kind} from {low:g} to {high:g}")
        values[name] = int(value) if whole else value
    if values["composite_fit_weight"] + values["composite_intent_weight"] + values["composite_engagement_weight"] <= 0:
        raise table.fail(names.index("composite_fit_weight"), "value", "at least one composite weight above 0")
    return Parameters(**values)  # type: ignore[arg-type]


def _one_number(table: RuleTable, at: int) -> float:
    try:
        return float(as_text(table.rows["value"].iloc[at]))
    except ValueError:
        raise table.fail(at, "value", "a number") from None
