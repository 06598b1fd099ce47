"""The commands of `abm score`: audit a table, train and judge fit models, put them in force, take them back."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from orchestration.cli_options import DEFAULT_WAREHOUSE, Json, WarehouseFile
from orchestration.errors import EXIT_FAILED, parse_date

score_app = typer.Typer(
    name="score", help="Audit, train, judge, promote and take back what scores accounts.", no_args_is_help=True
)
out = Console()
err = Console(stderr=True, highlight=False)


class Outcome(StrEnum):
    """What a past night is judged by."""

    QUALIFIED = "sqo"
    WON = "won"


OUTCOMES = {Outcome.QUALIFIED: "qualified opportunity", Outcome.WON: "won"}


@score_app.command()
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


@score_app.command()
def train(warehouse: WarehouseFile = DEFAULT_WAREHOUSE, as_json: Json = False) -> None:
    """Train fit on the worked accounts of the last night; a usable model scores in shadow, none is also an answer."""
    from orchestration.fit_registry import train_fit
    from orchestration.score_models import print_training

    print_training(train_fit(warehouse), as_json, out)


@score_app.command()
def models(warehouse: WarehouseFile = DEFAULT_WAREHOUSE, as_json: Json = False) -> None:
    """The registry: trained models, which is in force, and every promotion and rollback."""
    from orchestration.fit_registry import registry_of
    from orchestration.score_models import print_registry

    print_registry(*registry_of(warehouse), as_json, out)


@score_app.command()
def promote(
    version: Annotated[str, typer.Argument(help="a model of `abm score models`")],
    warehouse: WarehouseFile = DEFAULT_WAREHOUSE,
    override: Annotated[
        str | None, typer.Option("--override", help="why it is promoted although a gate is closed; the reason is kept")
    ] = None,
    as_json: Json = False,
) -> None:
    """Put a trained model in force, if every gate is open, and score the last night anew by it."""
    from orchestration.fit_registry import promote as promote_model
    from orchestration.score_models import print_change

    print_change(promote_model(warehouse, version, override), as_json, out)


@score_app.command()
def rollback(
    warehouse: WarehouseFile = DEFAULT_WAREHOUSE,
    note: Annotated[str, typer.Option("--note", help="why; the reason is kept")] = "taken back by hand",
    as_json: Json = False,
) -> None:
    """Take the last promotion back: the model before it scores the last night again, bit for bit as it did."""
    from orchestration.fit_registry import roll_back
    from orchestration.score_models import print_change

    print_change(roll_back(warehouse, note), as_json, out)


@score_app.command()
def backtest(
    first: Annotated[str, typer.Option("--from", help="first night to replay, YYYY-MM-DD")],
    last: Annotated[str, typer.Option("--to", help="last night to replay at most, YYYY-MM-DD")],
    warehouse: WarehouseFile = DEFAULT_WAREHOUSE,
    every: Annotated[int, typer.Option("--every", min=1, help="days from one night to the next")] = 28,
    horizon: Annotated[int, typer.Option("--horizon", min=1, help="days within which the outcome counts")] = 90,
    outcome: Annotated[Outcome, typer.Option("--outcome", help="what has to have happened")] = Outcome.QUALIFIED,
    as_json: Json = False,
) -> None:
    """Replay past nights with today's code and rules, and judge tiers, queue and composite by what happened after."""
    from orchestration.backtest import Request, print_backtest, run_backtest

    request = Request(parse_date(first), parse_date(last), every, horizon, OUTCOMES[outcome])
    found = run_backtest(warehouse, request, lambda text: err.print(f"[dim]… {text}[/]"))
    print_backtest(found, request, as_json, out)


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
