"""What the commands about a CRM have in common, and those of `abm crm`: what an org lacks."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from orchestration.cli_options import DEFAULT_WAREHOUSE, Json, WarehouseFile
from orchestration.errors import EXIT_USER, UsageError

crm_app = typer.Typer(name="crm", help="What a CRM has and lacks.", no_args_is_help=True)
out = Console()


class CrmChoice(StrEnum):
    """Where CRM records come from and scores go to."""

    SANDBOX = "sandbox"
    SALESFORCE = "salesforce"
    FILES = "files"


CrmOption = Annotated[
    CrmChoice | None,
    typer.Option(
        "--crm", help="default: the org that ABM_SALESFORCE_LOGIN_URL names, else the local sandbox", envvar="ABM_CRM"
    ),
]


def crm_name(choice: CrmChoice | None) -> str:
    """The CRM that was chosen, or the one that the environment names, or the sandbox."""
    from orchestration.resources import crm_from_environment

    return str(choice or (CrmChoice.SALESFORCE if crm_from_environment() else CrmChoice.SANDBOX))


def with_crm(choice: CrmChoice | None, warehouse: Path, action: Callable[[], Any], needs_night: bool = True) -> Any:
    """What an action gives while a CRM is at hand.

    Raises
    ------
    UsageError
        If there is no CRM to talk to, or no warehouse where the action needs one.
    """
    from orchestration.nightly import crm_at_hand

    crm = crm_name(choice)
    if crm == CrmChoice.FILES:
        raise UsageError(
            "--crm files has no CRM to compare with or to write to. Use --crm sandbox or --crm salesforce."
        )
    if needs_night and not warehouse.exists():
        raise UsageError(
            f"{warehouse}: no such warehouse. Make one with `abm run --warehouse {warehouse} --input DIR --as-of D`."
        )
    with crm_at_hand(crm, warehouse, None):
        return action()


@crm_app.command()
def check(warehouse: WarehouseFile = DEFAULT_WAREHOUSE, crm: CrmOption = None, as_json: Json = False) -> None:
    """Say by name which object, field, type, length, value or permission the CRM lacks; writes nothing."""
    from orchestration.crm_check import check_org, print_problems

    problems = with_crm(crm, warehouse, check_org, needs_night=False)
    print_problems(problems, as_json, out)
    if any(problem.is_fatal for problem in problems):
        raise typer.Exit(EXIT_USER)
