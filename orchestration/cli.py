"""The `abm` command. Exit codes: 0 done, 1 the run or delivery failed, 2 something the user can mend."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from orchestration.cli_options import DEFAULT_WAREHOUSE, Json, WarehouseFile
from orchestration.crm_cli import CrmOption, crm_app, crm_name, with_crm
from orchestration.errors import (
    EXIT_BREAKER,
    EXIT_FAILED,
    EXIT_USER,
    BreakerTripped,
    RunFailed,
    UsageError,
    parse_date,
)
from orchestration.page_names import Language
from orchestration.score_cli import score_app

app = typer.Typer(
    name="abm",
    help="The open, warehouse-native engine for account-based marketing.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(crm_app)
app.add_typer(score_app)
out = Console()
err = Console(stderr=True, highlight=False)


AsOf = Annotated[str, typer.Option("--as-of", help="last day whose facts count, YYYY-MM-DD", show_default=False)]


@app.command()
def run(
    as_of: AsOf,
    input_folder: Annotated[
        Path | None, typer.Option("--input", help="landing folder; without it only the CRM is read", envvar="ABM_INPUT")
    ] = None,
    warehouse: WarehouseFile = DEFAULT_WAREHOUSE,
    crm: CrmOption = None,
    from_failure: Annotated[
        bool, typer.Option("--from-failure", help="go on from the step that failed last time")
    ] = False,
    as_json: Json = False,
) -> None:
    """One nightly run: load, resolve, score, queue, deliver, publish."""
    night = parse_date(as_of)
    if input_folder is not None:
        from loading.files import find_landing_files

        find_landing_files(input_folder)
    # What the user mistyped is said before the orchestrator is loaded, which takes seconds.
    from orchestration.nightly import run_nightly
    from orchestration.report_page import report_path

    outcome = run_nightly(night, input_folder, warehouse, crm_name(crm), from_failure)
    summary = _read(outcome.warehouse, lambda connection: _summary(connection, night))
    if as_json:
        typer.echo(json.dumps(summary.to_dict(), default=str, ensure_ascii=False, indent=2))
    else:
        from orchestration.summary import print_summary

        print_summary(summary, warehouse, report_path(warehouse), out)


@app.command()
def demo(
    out_folder: Annotated[Path, typer.Option("--out", help="landing folder to write")],
    as_of: AsOf,
    accounts: Annotated[int, typer.Option("--accounts", min=1, help="true companies to invent")] = 1000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="the same seed writes the same bytes")] = 7,
    truth: Annotated[Path | None, typer.Option("--truth", help="folder for the hidden structure")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="leave a folder alone that the same call has written")] = False,
) -> None:
    """Write a landing folder of invented Japanese and English companies on reserved domains."""
    from demo import is_written, write_landing

    night = parse_date(as_of)
    if keep and is_written(out_folder, accounts, seed, night):
        err.print(f"[dim]{out_folder} holds the demo input already; left as it is.[/]")
        return
    with err.status(f"writing {accounts:,} demo companies to {out_folder}"):
        summary = write_landing(out_folder, accounts=accounts, seed=seed, as_of=night, truth=truth)
    err.print(
        f"[green]✓[/] demo input: {out_folder} ({sum(summary.rows.values()):,} rows in {len(summary.rows)} tables)"
    )


@app.command()
def plan(
    warehouse: WarehouseFile = DEFAULT_WAREHOUSE,
    crm: CrmOption = None,
    account: Annotated[
        str | None, typer.Option("--account", help="only this CRM account id, or part of a name")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="write one HTML page that needs nothing else")] = None,
    as_json: Json = False,
) -> None:
    """Show what would change in the CRM: old and new value of every field. Writes nothing there."""
    from orchestration.delivery import plan_delivery, print_plan

    planned = with_crm(crm, warehouse, lambda: plan_delivery(warehouse))
    if html is not None:
        from orchestration.page_file import write_page
        from orchestration.plan_page import render_plan_page

        write_page(html, render_plan_page(planned.plan, planned.trips, account))
        err.print(f"[green]✓[/] page: {escape(str(html))}")
    if html is None or as_json:
        print_plan(planned, account, as_json, out)
    if planned.trips:
        raise typer.Exit(EXIT_BREAKER)


@app.command()
def apply(
    warehouse: WarehouseFile = DEFAULT_WAREHOUSE,
    crm: CrmOption = None,
    override: Annotated[
        str | None, typer.Option("--override", help="why a plan that the breaker stops is right; kept with your name")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the changes that `abm plan` shows, and record the CRM's answer to each."""
    from orchestration.delivery import apply_delivery, print_outcome

    if override is not None and not override.strip():
        raise UsageError("--override says why the plan is right all the same, in words; it was empty.")
    outcome = with_crm(crm, warehouse, lambda: apply_delivery(warehouse, override))
    print_outcome(outcome, as_json, out)
    if outcome.rejected:
        raise typer.Exit(EXIT_FAILED)


@app.command(name="reconcile")
def reconcile_crm(warehouse: WarehouseFile = DEFAULT_WAREHOUSE, crm: CrmOption = None, as_json: Json = False) -> None:
    """Read back everything that was ever sent, and say where the CRM differs: edits, deleted and merged records."""
    from orchestration.crm_reconcile import print_drift, reconcile_delivery

    print_drift(with_crm(crm, warehouse, lambda: reconcile_delivery(warehouse)), as_json, out)


@app.command()
def queue(
    warehouse: WarehouseFile = DEFAULT_WAREHOUSE,
    rep: Annotated[str | None, typer.Option("--rep", help="Salesforce user id; default: every rep")] = None,
    as_json: Json = False,
) -> None:
    """Today's queue of each rep, best first, with the reason and the next action."""
    from orchestration.views import print_queue, read_queue

    rows = _read_published(warehouse, lambda connection: read_queue(connection, rep))
    print_queue(rows, as_json, out)


@app.command()
def status(warehouse: WarehouseFile = DEFAULT_WAREHOUSE, as_json: Json = False) -> None:
    """Who writes the warehouse, how the last nights ended, what was delivered."""
    from orchestration.views import print_status, read_status

    print_status(_read_published(warehouse, read_status), as_json, out)


@app.command()
def titles(
    warehouse: WarehouseFile = DEFAULT_WAREHOUSE,
    review: Annotated[
        bool, typer.Option("--review", help="print rows for seeds/rules/title_aliases.csv, to be filled in")
    ] = False,
    as_json: Json = False,
) -> None:
    """Job titles whose role in a purchase nobody understands, the most useful to explain first."""
    from orchestration.views import print_titles, read_titles_to_review, title_alias_rows

    rows = _read_published(warehouse, read_titles_to_review)
    if review:
        typer.echo(title_alias_rows(rows), nl=False)
    else:
        print_titles(rows, as_json, out)


@app.command()
def explain(
    account: Annotated[str, typer.Argument(help="account id, CRM id or part of a name")],
    warehouse: WarehouseFile = DEFAULT_WAREHOUSE,
    html: Annotated[Path | None, typer.Option("--html", help="write one HTML page that needs nothing else")] = None,
    language: Annotated[
        Language | None, typer.Option("--language", help="of the page; default: by the account's country")
    ] = None,
    as_json: Json = False,
) -> None:
    """Everything behind one account: records joined, scores with reasons, tier history, what was sent."""
    from orchestration.views import print_explanation, read_explanation

    if language is not None and html is None:
        raise UsageError("--language is that of the page; give the page's file too: --html FILE.")
    if str(html) == "-":
        raise UsageError("--html takes the name of a file, such as account.html; the page is not printed.")
    explanation = _read_published(warehouse, lambda connection: read_explanation(connection, account))
    if html is not None:
        from orchestration.account_page import render_account_page
        from orchestration.page_file import write_page

        write_page(html, render_account_page(explanation, language))
        err.print(f"[green]✓[/] page: {escape(str(html))}")
    if html is None or as_json:
        print_explanation(explanation, as_json, out)


@app.command()
def resolve(
    records: Annotated[
        list[Path] | None,
        typer.Option("--records", help="CSV or Parquet list of companies; may be given several times"),
    ] = None,
    out_file: Annotated[Path | None, typer.Option("--out", help="answer: CSV, or Parquet by its ending")] = None,
    against: Annotated[Path | None, typer.Option("--against", help="link the records to this list")] = None,
    precision: Annotated[
        float | None,
        typer.Option("--precision", min=0.5, max=1, help="share of the joins that is to be right; default: the rule"),
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option("--column", help="OURS=HEADER, where a header is not understood")
    ] = None,
    also: Annotated[
        list[str] | None, typer.Option("--also", help="a further column whose equal values speak for one company")
    ] = None,
    decisions: Annotated[
        Path | None, typer.Option("--decisions", help="a review file with your decisions filled in")
    ] = None,
    previous: Annotated[Path | None, typer.Option("--previous", help="an earlier answer, whose ids stay")] = None,
    review: Annotated[
        bool, typer.Option("--review", help="print the pairs to decide; without --records those of the last night")
    ] = False,
    as_of: Annotated[str, typer.Option("--as-of", help="day written beside decisions, YYYY-MM-DD")] = "1970-01-01",
    warehouse: WarehouseFile = DEFAULT_WAREHOUSE,
    as_json: Json = False,
) -> None:
    """名寄せ: find the duplicates in any list of companies, or link it to another; list the pairs a person should decide."""
    from orchestration import resolve_list

    if not records:
        if not review:
            raise UsageError(
                "abm resolve needs --records FILE and --out FILE, or --review for the pairs of the last night."
            )
        typer.echo(_read_published(warehouse, resolve_list.read_review), nl=False)
        return
    if out_file is None and not review:
        raise UsageError("--out says where the answer goes, such as --out resolved.csv.")
    request = resolve_list.Request(
        records,
        against,
        out_file,
        precision,
        resolve_list.parse_columns(column or ()),
        also or [],
        decisions,
        previous,
        parse_date(as_of),
    )
    answer = resolve_list.run(request, lambda text: err.print(f"[dim]… {text}[/]"))
    resolve_list.print_answer(answer, request, review, as_json, out)


@app.command()
def report(warehouse: WarehouseFile = DEFAULT_WAREHOUSE) -> None:
    """Say where the report page of the last night is."""
    from orchestration.report_page import report_path

    page = report_path(warehouse)
    if not page.exists():
        raise UsageError(f"{page}: no report yet. Make one with `abm run --warehouse {warehouse} ...`.")
    typer.echo(str(page))


@app.command()
def sandbox(
    warehouse: WarehouseFile = DEFAULT_WAREHOUSE,
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8801,
    restore: Annotated[
        Path | None, typer.Option("--restore", help="landing folder whose salesforce/ files it starts from")
    ] = None,
) -> None:
    """Run the local sandbox CRM that belongs to a warehouse, until Ctrl-C."""
    from orchestration.sandbox_process import running_sandbox, sandbox_folder, wait_for_interrupt

    with running_sandbox(sandbox_folder(warehouse), restore, port) as url:
        err.print(f"sandbox CRM (not Salesforce): {url}   queue: {url}/queue   Ctrl-C ends it")
        wait_for_interrupt()


@app.command()
def ui(
    as_of: AsOf,
    warehouse: WarehouseFile = DEFAULT_WAREHOUSE,
    input_folder: Annotated[Path | None, typer.Option("--input", envvar="ABM_INPUT")] = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="port of the Dagster UI")] = 3000,
    sandbox_port: Annotated[int, typer.Option("--sandbox-port", min=0, max=65535)] = 8801,
) -> None:
    """Open the Dagster UI with its schedules and the sandbox CRM, on this machine only, until Ctrl-C."""
    from orchestration.user_interface import serve

    serve(parse_date(as_of), warehouse, input_folder, port, sandbox_port, err.print)


def _read(path: Path, reader: Callable[[Any], Any]) -> Any:
    from orchestration.resources import open_warehouse

    with open_warehouse(path, read_only=True) as connection:
        return reader(connection)


def _read_published(warehouse: Path, reader: Callable[[Any], Any]) -> Any:
    from orchestration.resources import read_published

    return read_published(warehouse, reader)


def _summary(connection: Any, night: date) -> Any:
    from orchestration.summary import read_summary

    return read_summary(connection, night)


def main() -> None:
    """Run the command line; every message for the user goes to standard error, without a traceback."""
    # A polite kill unwinds like Ctrl-C, so that the sandbox and the UI that were started end too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        app()
    except ValueError as error:
        if not isinstance(error, UsageError) and not isinstance(error, _user_errors()):
            raise
        err.print(f"[red]abm:[/] {_plain(error)}")
        sys.exit(EXIT_BREAKER if isinstance(error, BreakerTripped) else EXIT_USER)
    except RunFailed as error:
        err.print(f"[red]abm:[/] {_plain(error)}")
        sys.exit(EXIT_FAILED)


def _user_errors() -> tuple[type[Exception], ...]:
    """Errors that a person can mend; imported only when one is at hand, because `abm --help` needs none of these packages."""
    from demo.errors import DemoError
    from identity import RuleError as IdentityRuleError
    from loading.errors import LoadError
    from reverse_etl.errors import RuleError as DeliveryRuleError
    from reverse_etl.errors import SyncError
    from scoring.rules import RuleError as ScoringRuleError

    return (UsageError, LoadError, DemoError, IdentityRuleError, ScoringRuleError, DeliveryRuleError, SyncError)


def _plain(error: Exception) -> str:
    return str(error).replace("[", r"\[")


if __name__ == "__main__":
    main()
