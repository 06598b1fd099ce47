"""The `python -m sandbox` command."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from sandbox.clock import machine_clock, starting_at
from sandbox.deploy import Deployment, deploy
from sandbox.errors import SandboxError
from sandbox.limits import DAILY_API_REQUESTS
from sandbox.metadata_files import read_source_folder
from sandbox.org import Org, write_json
from sandbox.restore import restore
from sandbox.server import Server, announce, only_one
from sandbox.sessions import Credentials

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="A local Salesforce emulator on loopback. It is not Salesforce."
)

StateOption = Annotated[Path, typer.Option("--state", help="folder that keeps the org; made if it is not there")]


@app.command("serve")
def serve_command(
    state: StateOption,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="port on 127.0.0.1; 0 takes any")] = 8801,
    schema: Annotated[Path | None, typer.Option("--schema", help="SFDX source folder to deploy first")] = None,
    restore_from: Annotated[
        Path | None, typer.Option("--restore", help="landing folder to restore first, once")
    ] = None,
    start_at: Annotated[
        str | None, typer.Option("--clock", help="ISO time that the org's clock reads at the start")
    ] = None,
    daily_api_requests: Annotated[int, typer.Option("--daily-api-requests", min=1)] = DAILY_API_REQUESTS,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", exists=True, help="PEM file, to speak https")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", exists=True, help="PEM file with the certificate's key")] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(
            "--public-key", exists=True, help="PEM key or certificate of the app, to let it log in by JWT bearer"
        ),
    ] = None,
    field_security: Annotated[
        bool,
        typer.Option(
            "--field-security", help="hide deployed fields until a permission set is assigned, as an org does"
        ),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="log each request (method, path, status) to stderr")
    ] = False,
) -> None:
    """Serve until SIGTERM or Ctrl-C; one JSON line with url and pid on stdout says that it is ready."""
    logging.basicConfig(
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(message)s",
        level=logging.INFO if verbose else logging.WARNING,
    )
    with only_one(state):
        clock = starting_at(_moment(start_at)) if start_at else machine_clock
        org = Org(state, _credentials(public_key), clock, daily_api_requests, field_security)
        try:
            if schema:
                _say_deployed(_deploy(org, schema))
            if restore_from:
                _say_restored(state, restore(org, restore_from))
            server = Server(org, port, certificate, key)
            threading.Thread(target=_tell_when_ready, args=(server, state), daemon=True).start()
            server.run()
        finally:
            (state / "server.json").unlink(missing_ok=True)
            org.close()


@app.command("deploy")
def deploy_command(
    folder: Annotated[Path, typer.Argument(help="SFDX source folder, such as force-app")],
    state: StateOption,
    check_only: Annotated[bool, typer.Option("--check-only", help="check, and change nothing")] = False,
) -> None:
    """Deploy a source folder into a stopped state; prints JSON."""
    with _stopped(state) as org:
        result = deploy(org.store, read_source_folder(folder), is_check_only=check_only)
        problems = [
            {
                "type": each.component.type,
                "fullName": each.component.full_name,
                "file": each.component.file_name,
                "problem": each.problem,
            }
            for each in result.failures
        ]
        _print_json({"success": result.is_success, "components": len(result.messages), "failures": problems})
    if problems:
        raise typer.Exit(2)


@app.command("restore")
def restore_command(
    landing: Annotated[Path, typer.Argument(help="landing folder with a salesforce folder in it")], state: StateOption
) -> None:
    """Restore a landing folder's CRM files into a stopped state; prints JSON counts per file."""
    with _stopped(state) as org:
        report = restore(org, landing)
        write_json(state / "restore.json", report)
        _print_json(report)


def main() -> None:
    """Run the command; what the user must change ends with one line and exit code 2."""
    try:
        app()
    except SandboxError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)


@contextmanager
def _stopped(state: Path) -> Iterator[Org]:
    with only_one(state):
        org = Org(state)
        try:
            yield org
        finally:
            org.close()


def _credentials(public_key: Path | None) -> Credentials:
    default = Credentials()
    return Credentials(
        client_id=os.environ.get("ABM_SANDBOX_CLIENT_ID") or default.client_id,
        client_secret=os.environ.get("ABM_SANDBOX_CLIENT_SECRET") or default.client_secret,
        public_key=public_key.read_text(encoding="utf-8") if public_key else "",
    )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SandboxError(f"--clock {text}: not a time. Expected ISO 8601, such as 2026-11-01T06:00:00Z.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _deploy(org: Org, folder: Path) -> Deployment:
    result = deploy(org.store, read_source_folder(folder))
    if not result.is_success:
        first = result.failures[0]
        more = f" and {len(result.failures) - 1} more problems" if len(result.failures) > 1 else ""
        raise SandboxError(f"{folder / first.component.file_name}: {first.problem}{more}. Nothing was deployed.")
    return result


def _say_deployed(result: Deployment) -> None:
    typer.echo(f"deployed {len(result.messages)} metadata components", err=True)


def _say_restored(state: Path, report: dict[str, object]) -> None:
    write_json(state / "restore.json", report)
    files = report["files"]
    assert isinstance(files, dict)
    if report["already_restored"]:
        typer.echo("this landing folder was restored before; nothing to do", err=True)
        return
    for name, counts in files.items():
        told = ", ".join(
            f"{counts[key]} {key.removesuffix('_count')}"
            for key in ("rows", "restored", "superseded", "rejected_count")
        )
        typer.echo(f"{name}: {told}", err=True)


def _tell_when_ready(server: Server, state: Path) -> None:
    while not server.is_ready:
        time.sleep(0.01)
    sys.stdout.write(json.dumps(announce(state, server.url)) + "\n")
    sys.stdout.flush()


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
