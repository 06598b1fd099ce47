"""`abm score`: what the scores are worth and what the company's own outcomes say about their rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

score_app = typer.Typer(
    name="score", help="Judge and learn the rules of the scores from outcomes. Writes no rule.", no_args_is_help=True
)
out = Console()
WarehouseFile = Annotated[Path, typer.Option("--warehouse", help="DuckDB file of the run", envvar="ABM_WAREHOUSE_PATH")]
Json = Annotated[bool, typer.Option("--json", help="print JSON for a script")]
DEFAULT_WAREHOUSE = Path("var/abm.duckdb")


@score_app.command("engagement-weights")
def engagement_weights(warehouse: WarehouseFile = DEFAULT_WAREHOUSE, as_json: Json = False) -> None:
    """Weights of touch types learned from qualified opportunities, beside the expert's, and whether they are worth a change."""
    from orchestration.resources import read_published
    from orchestration.score_learning import print_engagement_weights, read_engagement_weights

    print_engagement_weights(read_published(warehouse, read_engagement_weights), as_json, out)


@score_app.command("half-lives")
def half_lives(warehouse: WarehouseFile = DEFAULT_WAREHOUSE, as_json: Json = False) -> None:
    """Half-lives of research and touches judged by qualified opportunities, and whether others are worth a change."""
    from orchestration.resources import read_published
    from orchestration.score_learning import print_half_lives, read_half_lives

    print_half_lives(read_published(warehouse, read_half_lives), as_json, out)
