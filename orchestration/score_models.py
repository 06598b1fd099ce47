"""What the commands of `abm score` about fit models print."""

from __future__ import annotations

import json

import pandas as pd
from rich import box
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
        for column in ("rung", "AUC", "log loss", "Brier", "behind, uncalibrated", ""):
            table.add_column(column, justify="left" if column in ("rung", "") else "right")
        for name, metrics in training.metrics.items():
            mean, error = training.judgement.differences.get(name, (0.0, 0.0))
            behind = "" if name == BASE_RATE else f"{mean:+.4f} ± {error:.4f}"
            mark = "chosen" if name == training.judgement.chosen and training.model is not None else ""
            table.add_row(name, f"{metrics.auc:.3f}", f"{metrics.log_loss:.4f}", f"{metrics.brier:.4f}", behind, mark)
        out.print(table)
    out.print(escape(training.verdict))
    if trained.version is not None:
        out.print(f"Registered as [bold]{trained.version}[/]; it scores in shadow from the next night on.")
        out.print(f"Card and plots: {trained.folder}")
    for reason in training.blocked:
        out.print(f"[yellow]Must be explained before promotion:[/] {escape(reason)}")


def print_change(change: Change, as_json: bool, out: Console) -> None:
    """What is in force now, and that the last night was scored anew."""
    tables = change.night.tables
    if as_json:
        out.print_json(
            json.dumps(
                {
                    "before": change.before,
                    "after": change.after,
                    "as_of_date": change.as_of.isoformat(),
                    "accounts_scored": len(tables["fit_scores"]),
                    "gates": [
                        {"gate": gate.name, "is_passed": gate.is_passed, "seen": gate.seen} for gate in change.gates
                    ],
                }
            )
        )
        return
    for gate in change.gates:
        out.print(
            f"{'[green]open[/]  ' if gate.is_passed else '[red]closed[/]'} {escape(gate.name)}: {escape(gate.seen)}"
        )
    out.print(f"In force: [bold]{change.after}[/] (before: {change.before})")
    out.print(
        f"The night of {change.as_of} was scored anew: {len(tables['fit_scores']):,} accounts. Tiers, queue and CRM follow with "
        "the next `abm run`."
    )


def print_registry(models: pd.DataFrame, events: pd.DataFrame, champion: str, as_json: bool, out: Console) -> None:
    """Trained models, and how the one in force came to be."""
    if as_json:
        out.print_json(
            json.dumps(
                {
                    "in_force": champion,
                    "models": json.loads(models.to_json(orient="records", date_format="iso")),
                    "events": json.loads(events.to_json(orient="records", date_format="iso")),
                }
            )
        )
        return
    # Narrow enough for a terminal of 80 columns: figures of models are worth nothing when they are cut.
    table = Table(title=f"In force: {champion}", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("model", "outcome", "examples", "AUC", "log loss", "base's"):
        table.add_column(column, justify="left" if column in ("model", "outcome") else "right", no_wrap=True)
    for row in models.itertuples():
        table.add_row(
            str(row.model_version),
            str(row.outcome).replace("qualified opportunity", "SQO"),
            f"{row.positive_count:,} of {row.example_count:,}",
            f"{row.auc:.3f}",
            f"{row.log_loss:.4f}",
            f"{row.base_log_loss:.4f}",
        )
    out.print(table)
    for row in models.itertuples():
        if row.blocked_by:
            out.print(
                f"[yellow]To be explained before {row.model_version} is promoted:[/] {escape(str(row.blocked_by))}"
            )
    for row in events.itertuples():
        out.print(f"{row.as_of_date:%Y-%m-%d}  {row.event:<11} {row.model_version}  [dim]{escape(str(row.note))}[/]")
