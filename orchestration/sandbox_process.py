"""The sandbox CRM as a process beside the run; the package itself is never imported here."""

from __future__ import annotations

import contextlib
import json
import select
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration.errors import UsageError
from orchestration.resources import FORCE_APP, PROJECT_ROOT

START_SECONDS = 300


def sandbox_folder(warehouse: Path) -> Path:
    """Where the sandbox that belongs to a warehouse keeps its state."""
    return warehouse.with_name(f"{warehouse.stem}.sandbox")


@contextmanager
def running_sandbox(state: Path, restore: Path | None, port: int = 0) -> Iterator[str]:
    """URL of a sandbox over `state`: the one that runs already, else one that ends with the block.

    Raises
    ------
    UsageError
        If it does not start; with what it said.
    """
    if (url := _url_of_running(state)) is not None:
        yield url
        return
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "serve",
        "--state",
        str(state),
        "--port",
        str(port),
        "--schema",
        str(FORCE_APP),
    ]
    if restore and (restore / "salesforce").is_dir():
        command += ["--restore", str(restore)]
    state.mkdir(parents=True, exist_ok=True)
    with (state / "server.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=PROJECT_ROOT, text=True)
    try:
        yield _await_url(process, state / "server.log")
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
        if process.stdout:
            process.stdout.close()


def wait_for_interrupt() -> None:
    """Return when the user presses Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()


def _await_url(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    line = process.stdout.readline() if ready else ""
    try:
        return str(json.loads(line)["url"])
    except (ValueError, KeyError):
        said = log.read_text(errors="replace").strip().splitlines()
        raise UsageError(
            f"The sandbox CRM did not start: {said[-1] if said else 'it said nothing'}. The whole log is {log}."
        ) from None


def _url_of_running(state: Path) -> str | None:
    try:
        url = str(json.loads((state / "server.json").read_text())["url"])
        with urllib.request.urlopen(f"{url}/services/data/", timeout=5):
            return url
    except (OSError, ValueError, KeyError, urllib.error.URLError):
        return None
