"""`abm score`: what concerns the scores, outside the nightly run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from orchestration.errors import EXIT_FAILED

app = typer.Typer(name="score", help="Audit what a fit model would learn from.", no_args_is_help=True)
out = Console()

Json = Annotated[bool, typer.Option("--json", help="print JSON for a script")]


@app.callback()
def score() -> None:
    """Audit what a fit model would learn from."""


@app.command()
def audit(
    table: Annotated[
        Path, typer.Option("--table", help="CSV (also .gz) or Parquet file with a header", show_default=False)
    ],
    label: Annotated[str, typer.Option("--label", help="column of the outcome, with two values", show_default=False)],
    positive: Annotated[
        str | None,
        typer.Option("--positive", help="value of the outcome to be learned; needless for yes/no, won/lost, 1/0"),
    ] = None,
    negative: Annotated[
        str | None, typer.Option("--negative", help="the other value; rows with a third one are then left out")
    ] = None,
    index: Annotated[
        str | None, typer.Option("--index", help="column of the day for which each row is to be known")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say which columns of any table know the outcome already, and why.

    Exit code 0 when no column is refused, 1 when one is, 2 when the file or an option cannot be used.
    """
    from orchestration import audit_table

    answer = audit_table.run(audit_table.Request(table, label, positive, negative, index))
    audit_table.print_answer(answer, as_json, out)
    if answer.refused:
        raise typer.Exit(EXIT_FAILED)
