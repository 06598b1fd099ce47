"""The model card: what a trained fit model is, was made of, is good for, and is not, as Markdown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from scoring import evaluation
from scoring.fit_training import Training
from scoring.inputs import BoolArray, FloatArray
from scoring.ladder import BASE_RATE, is_judged

COLUMNS_SHOWN = 25
SEGMENTS_SHOWN = 12


def model_card(training: Training, version: str, as_of: dt.date, git_revision: str) -> str:
    """Markdown of a training that gave a model.

    Raises
    ------
    ValueError
        If the training gave none.
    """
    model, examples, judgement = training.model, training.examples, training.judgement
    if model is None or examples is None or judgement is None or training.log_odds is None:
        raise ValueError("The training gave no model, so there is nothing to describe.")
    judged = is_judged(judgement)
    log_odds, outcome = training.log_odds[judged], examples.is_positive[judged]
    metrics = training.metrics[model.rung.name]
    parts = [
        f"# Fit model {version}",
        training.verdict,
        "## What it says",
        f"The probability that an account, once worked, has the outcome **{model.outcome}** within "
        f"**{model.horizon_days} days**. "
        + (
            "Points are 10 per doubling of the odds against the worked accounts of its training, which are at 50."
            if model.is_learned
            else "The expert's rules were found to be the best model: points stay theirs, the probability is learned."
        ),
        "## What it was made from",
        _table(
            ("", ""),
            [
                ("trained as of", as_of.isoformat()),
                ("examples", f"{len(examples):,}, of which {int(examples.is_positive.sum()):,} with the outcome"),
                ("hash of the training rows", f"`{training.data_hash}`"),
                ("hash of the rules that were read", f"`{training.rules_hash}`"),
                ("git revision", f"`{git_revision}`"),
                ("calibration", model.calibration.method),
                ("judged by", judgement.how),
            ],
        ),
        *(f"- {note}" for note in training.notes),
        "## How good it is on accounts that it had not seen",
        _table(
            ("", "value", "to be read as"),
            [
                ("AUC", f"{metrics.auc:.3f}", "0.5 is a coin, firmographics alone seldom exceed 0.75"),
                ("log loss", f"{metrics.log_loss:.4f}", f"base rate {metrics.base_log_loss:.4f}"),
                ("Brier score", f"{metrics.brier:.4f}", f"skill {metrics.brier_skill:+.3f} over the base rate"),
                (
                    "calibration error",
                    f"{metrics.calibration_error:.3f}",
                    f"{metrics.noise_floor:.3f} is what 95 of 100 perfect models stay below with so many rows",
                ),
                (
                    "mean probability less rate",
                    f"{metrics.mean_gap:.3f}",
                    f"within {metrics.mean_gap_limit:.3f} by chance",
                ),
                ("calibration slope", f"{metrics.slope:.2f}", "1 is right; below 1 it is too sure of itself"),
            ],
        ),
        "![Calibration](calibration.svg) ![Lift](lift.svg)",
        "## The ladder",
        _ladder(training),
        "## What it looks at",
        _weights(training),
        "## Who is chosen and how well it knows them",
        "Chosen are the best fifth. A segment that is chosen seldom although it has the outcome as often is passed over.",
        *_segments(training, log_odds, outcome, judged),
        "## What has to be explained before it is promoted",
        "\n".join(f"- {sentence}" for sentence in training.blocked) or "Nothing.",
        "## What the leak guard refused",
        "\n".join(f"- {f.sentence}" for f in training.findings if f.refuses) or "Nothing.",
        "## What moved since",
        "![Drift](drift.svg)",
        "## What it is not for",
        "It knows companies and no persons, worked accounts and not the market. What was never worked it has never seen; "
        "existing customers are no part of it. It is no evidence that working an account causes the outcome.",
    ]
    return "\n\n".join(parts) + "\n"


def _ladder(training: Training) -> str:
    judgement = training.judgement
    assert judgement is not None
    rows = []
    for name, metrics in training.metrics.items():
        mean, error = judgement.differences.get(name, (np.nan, np.nan))
        behind = "" if name == BASE_RATE else f"{mean:+.4f} ± {error:.4f}"
        mark = "chosen" if name == judgement.chosen else ""
        rows.append((name, f"{metrics.auc:.3f}", f"{metrics.log_loss:.4f}", behind, mark))
    return _table(("rung", "AUC", "log loss, calibrated", "loss behind the best, uncalibrated", ""), rows)


def _weights(training: Training) -> str:
    """Mean size of each column's part in the log-odds, in points; largest first."""
    model, examples = training.model, training.examples
    assert model is not None and examples is not None
    _, parts = model.rung.contributions(examples.expert, examples.design, examples.values)
    spread = np.abs(parts - parts.mean(axis=0)).mean(axis=0) * model.calibration.slope / np.log(2.0) * 10
    order = sorted(range(len(spread)), key=lambda at: (-spread[at], model.design.columns[at].key))[:COLUMNS_SHOWN]
    rows = [
        (
            model.design.columns[at].key.replace("|", "/"),
            f"{spread[at]:.1f}",
            ""
            if model.design.columns[at].source != "icp"
            else f"{model.design.columns[at].prior / np.log(2.0) * 10:+.0f}",
            f"{np.isnan(examples.values[:, at]).mean():.0%}",
        )
        for at in order
    ]
    return _table(("column", "moves a score by (points, mean)", "expert's points", "unknown"), rows)


def _segments(training: Training, log_odds: FloatArray, outcome: BoolArray, judged: BoolArray) -> list[str]:
    parts = []
    for name, values in training.segments.items():
        known = [value for value, is_in in zip(values, judged.tolist(), strict=True) if is_in]
        table = evaluation.by_segment(log_odds, outcome, known).head(SEGMENTS_SHOWN)
        rows = [
            (
                str(row.segment),
                f"{row.row_count:,}",
                f"{row.selected_share:.0%}",
                f"{row.mean_probability:.1%}",
                f"{row.positive_share:.1%}",
            )
            for row in table.itertuples()
        ]
        parts.append(
            f"By {name.replace('_', ' ')}:\n\n"
            + _table(("", "accounts", "chosen", "mean probability", "had the outcome"), rows)
        )
    return parts


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = [list(header), ["---"] * len(header), *[list(row) for row in rows]]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)
