"""What the commands of `abm score` about fit models print."""

from __future__ import annotations

import json

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestration.fit_registry import Change, Trained
from scoring.ladder import BASE_RATE


def print_training(trained: Trained, as_json: bool, out: Console) -> None:
    """Verdict, labels, ladder, and where the card is."""
    training = trained.training
    if as_json:
        out.print_json(
            json.dumps(
                {
                    "as_of_date": trained.as_of.isoformat(),
                    "model_version": trained.version,
                    "verdict": training.verdict,
                    "outcome": training.labels.outcome,
                    "notes": list(training.notes),
                    "rungs": {
                        name: {"auc": metrics.auc, "log_loss": metrics.log_loss, "brier": metrics.brier}
                        for name, metrics in training.metrics.items()
                    },
                    "refused_columns": [f.column for f in training.findings if f.refuses],
                    "blocked_by": list(training.blocked),
                    "card": str(trained.folder / "card.md") if trained.folder else None,
                },
                ensure_ascii=False,
                allow_nan=True,
            )
        )
        return
    for note in training.notes:
        out.print(f"[dim]{escape(note)}[/]")
    for finding in training.findings:
        out.print(f"[yellow]{escape(finding.sentence)}[/]")
    if training.metrics and training.judgement is not None:
        table = Table(title="The ladder, on accounts that were not learned from", title_justify="left")
        for column in ("model", "outcome", "examples", "AUC", "log loss", "base rate's", "to be explained"):
        is_number = column in ("examples", "AUC", "log loss", "base rate's")
        table.add_column(column, justify="right" if is_number else "left", no_wrap=column == "model")
    for row in models.itertuples():
        table.add_row(
            str(row.model_version),
            str(row.outcome),
            f"{row.positive_count:,} of {row.example_count:,}",
            f"{row.auc:.3f}",
            f"{row.log_loss:.4f}",
            f"{row.base_log_loss:.4f}",
            escape(str(row.blocked_by or "")),
        )
    out.print(table)
    for row in events.itertuples():
        out.print(f"{row.as_of_date:%Y-%m-%d}  {row.event:<11} {row.model_version}  [dim]{escape(str(row.note))}[/]")
