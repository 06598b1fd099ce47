"""Training of fit: from worked accounts, as they were known before they were worked, to a model or to none."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from scoring import evaluation
from scoring.calibration import Calibration, calibrate, cross_fitted
from scoring.criteria import Criteria, read_criteria
from scoring.evaluation import Metrics
from scoring.features import Feature, column_values, learn_design, read_features, unknown_attributes, years_of
from scoring.fit_model import FitModel, expert_log_odds, stored_criteria
from scoring.inputs import BoolArray, FloatArray, days, floats, read_accounts
from scoring.labels import Labels, label
from scoring.ladder import BASE_RATE, Judgement, climb, is_judged
from scoring.leak_guard import Finding, audit, together_too_good
from scoring.parameters import Parameters
from scoring.rungs import Examples, fit_rung

NO_MODEL = "no usable fit model"
SEGMENTS = ("country_code", "industry_group")
SIZE_BANDS = ((0, 50), (50, 200), (200, 1_000), (1_000, 10_000), (10_000, np.inf))


@dataclass(frozen=True)
class Training:
    """What training found.

    Attributes
    ----------
    verdict : one sentence; begins with `NO_MODEL` where the expert's rules go on alone
    model : the trained model, None without a usable one
    labels, judgement : the examples, and how the rungs did (None where there was nothing to judge)
    examples : rows that were learned from (None likewise)
    log_odds : (n,) calibrated log-odds of the examples by models that had not seen them, NaN where none judged
    metrics : rung -> numbers on unseen rows, calibrated
    segments : name -> segment of each example, by which selection and calibration are looked at
    findings : what the leak guard says of the columns
    data_hash, rules_hash : of the training rows and of the rules that were read
    notes : sentences for the model card
    """

    verdict: str
    model: FitModel | None
    labels: Labels
    judgement: Judgement | None
    examples: Examples | None
    log_odds: FloatArray | None
    metrics: Mapping[str, Metrics]
    segments: Mapping[str, Sequence[str | None]]
    findings: tuple[Finding, ...]
    data_hash: str
    rules_hash: str
    notes: tuple[str, ...]

    @property
    def blocked(self) -> tuple[str, ...]:
        """Why the model must not be promoted before a person has looked."""
        return tuple(finding.sentence for finding in self.findings if finding.blocks)


def train(
    training_accounts: pd.DataFrame,
    icp_criteria: pd.DataFrame,
    fit_features: pd.DataFrame,
    leak_columns: pd.DataFrame,
    parameters: Parameters,
    as_of: dt.date,
) -> Training:
    """Train the ladder and choose.

    Parameters
    ----------
    training_accounts : rows of marts.fit_training_accounts: account_id, ultimate_parent_account_id, first_worked_date (the
        index date), first_won_date, first_sqo_date, is_customer, and the attributes as they were known the day before
    icp_criteria, fit_features, leak_columns : rule tables

    Raises
    ------
    RuleError, InputError
        If a rule or the table cannot be used.
    """
    criteria, features = read_criteria(icp_criteria), read_features(fit_features)
    sources = sorted({*criteria.attributes, *(feature.source_column for feature in features)})
    accounts = read_accounts(
        training_accounts,
        [
            "ultimate_parent_account_id",
            "first_worked_date",
            "first_won_date",
            "first_sqo_date",
            "is_customer",
            *sources,
        ],
    )
    labels = label(accounts.rows, parameters, as_of)
    is_unknown = unknown_attributes(accounts.rows, criteria)
    member = np.flatnonzero(labels.cohort.is_member & ~is_unknown)
    unknown_count = int((labels.cohort.is_member & is_unknown).sum())
    notes = labels.notes
    if unknown_count:
        notes += (
            f"Left out: {unknown_count:,} examples of which nothing was known on the day before they were worked.",
        )
    rows = accounts.rows.iloc[member].reset_index(drop=True)
    is_positive = labels.cohort.is_positive[member]
    hashes = _hash(rows.assign(is_positive=is_positive)), _hash(icp_criteria, fit_features, leak_columns)

    findings = (
        audit(rows[sources], is_positive, leak_columns, rows["first_worked_date"], parameters=parameters)
        if len(rows)
        else ()
    )
    refused = {finding.column for finding in findings if finding.refuses}
    usable = [feature for feature in features if feature.source_column not in refused]

    def without(verdict: str, judgement: Judgement | None = None, examples: Examples | None = None) -> Training:
        sentence = f"{NO_MODEL}: {verdict} The rules score, with method = rules."
        metrics = _metrics(examples, judgement) if examples is not None and judgement is not None else {}
        if examples is not None:
            # A profile may rank accounts the wrong way round where the outcomes are too few to learn a better one.
            order = roc_auc_score(examples.is_positive, examples.expert)
            sentence += f" The profile's points put the accounts in an order of AUC {order:.2f}; 0.5 is chance."
        return Training(sentence, None, labels, judgement, examples, None, metrics, {}, findings, *hashes, notes)

    positives, negatives = int(is_positive.sum()), int((~is_positive).sum())
    least = parameters.fit_min_wins_for_intercept
    if min(positives, negatives) < least:
        return without(
            f"{positives} accounts have the outcome '{labels.outcome}' and {negatives} have not; "
            f"at least {least} of each are needed."
        )
    examples = _examples(rows, is_positive, criteria, usable, refused, parameters)
    judgement = climb(examples, labels.horizon_days, parameters)
    if judgement.chosen == BASE_RATE:
        gain, error = judgement.gain
        return without(
            f"nothing beats the base rate of {positives / len(examples):.1%} on unseen accounts; the best rung's log loss is "
            f"{gain:+.4f} nats per account better, with a standard error of {error:.4f}.",
            judgement,
            examples,
        )
    judged = is_judged(judgement)
    raw = judgement.log_odds[judgement.chosen]
    calibration = calibrate(raw[judged], examples.is_positive[judged])
    model = _model(examples, judgement.chosen, calibration, criteria, icp_criteria, features, labels, parameters)
    log_odds = np.full(len(examples), np.nan)
    log_odds[judged] = cross_fitted(raw[judged], examples.is_positive[judged])
    metrics = _metrics(examples, judgement)
    found = together_too_good(metrics[judgement.chosen].auc, parameters)
    chosen = f"'{judgement.chosen}' is the simplest rung within one standard error of the best"
    return Training(
        f"{chosen}: AUC {metrics[judgement.chosen].auc:.3f}, log loss {metrics[judgement.chosen].log_loss:.4f} against "
        f"{metrics[judgement.chosen].base_log_loss:.4f} of the base rate, on accounts that it had not seen.",
        model,
        labels,
        judgement,
        examples,
        log_odds,
        metrics,
        _segments(rows),
        (*findings, *found),
        *hashes,
        notes,
    )


def _examples(
    rows: pd.DataFrame,
    is_positive: BoolArray,
    criteria: Criteria,
    features: Sequence[Feature],
    refused: set[str],
    parameters: Parameters,
) -> Examples:
    index_days = days(rows["first_worked_date"])
    years = years_of(index_days)
    design = learn_design(rows, years, criteria, features, parameters.fit_min_rows_per_category)
    # A row of the profile whose column leaks keeps its points in the rules; nothing is learned from it.
    kept = tuple(
        column
        for column in design.columns
        if column.source != "icp" or criteria.row_attributes[int(column.detail)] not in refused
    )
    design = replace(design, columns=kept)
    parents = rows["ultimate_parent_account_id"].astype("str").fillna(rows["account_id"].astype("str"))
    return Examples(
        rows["account_id"].astype("str").tolist(),
        parents.tolist(),
        index_days,
        is_positive,
        expert_log_odds(criteria, rows),
        design,
        column_values(rows, years, criteria, design.columns),
    )


def _model(
    examples: Examples,
    chosen: str,
    calibration: Calibration,
    criteria: Criteria,
    icp_criteria: pd.DataFrame,
    features: Sequence[Feature],
    labels: Labels,
    parameters: Parameters,
) -> FitModel:
    rate = float(examples.is_positive.mean())
    return FitModel(
        fit_rung(chosen, examples, parameters.fit_min_wins_for_slope),
        examples.design,
        calibration,
        stored_criteria(icp_criteria),
        {feature.name: feature.labels for feature in features},
        float(np.log(rate / (1 - rate))),
        labels.outcome,
        labels.horizon_days,
    )


def _metrics(examples: Examples, judgement: Judgement) -> dict[str, Metrics]:
    judged = is_judged(judgement)
    outcome = examples.is_positive[judged]
    out = {}
    for name, raw in judgement.log_odds.items():
        log_odds = raw[judged] if name == BASE_RATE else cross_fitted(raw[judged], outcome)
        out[name] = evaluation.measure(log_odds, outcome)
    return out


def _segments(rows: pd.DataFrame) -> dict[str, list[str | None]]:
    """Country, industry and size band of each row."""
    out: dict[str, list[str | None]] = {}
    for name in SEGMENTS:
        if name in rows.columns:
            out[name] = [None if pd.isna(value) else str(value) for value in rows[name].tolist()]
    if "employees_count" in rows.columns:
        out["size"] = [
            next((f"{low:,} employees or more" for low, high in SIZE_BANDS if low <= value < high), None)
            for value in floats(rows, "employees_count").tolist()
        ]
    return out


def _hash(*tables: pd.DataFrame) -> str:
    """First 16 hex digits of a hash of rows, whatever their order and that of their columns."""
    whole = hashlib.sha256()
    for table in tables:
        ordered = table[sorted(table.columns)]
        hashes = np.sort(pd.util.hash_pandas_object(ordered.astype("str").fillna(""), index=False).to_numpy())
        whole.update("|".join(ordered.columns).encode())
        whole.update(hashes.tobytes())
    return whole.hexdigest()[:16]
