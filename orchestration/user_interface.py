"""The operator's pages: the Dagster UI and the sandbox CRM, on this machine only."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from orchestration.dbt_manifest import read_manifest
from orchestration.resources import (
    PROJECT_ROOT,
    dagster_home,
    set_input_environment,
    set_warehouse_environment,
    silence_usage_tracking,
)
from orchestration.sandbox_process import running_sandbox, sandbox_folder

HOST = "127.0.0.1"


def serve(
    as_of: date, warehouse: Path, input_folder: Path | None, port: int, sandbox_port: int, say: Callable[[str], None]
) -> None:
    """Serve both until interrupted.

    Raises
    ------
    UsageError
        If the sandbox does not start or the dbt project does not parse.
    """
    from orchestration.nightly import point_at_sandbox

    silence_usage_tracking()
    set_warehouse_environment(warehouse)
    set_input_environment(input_folder, as_of)
    dagster_home()
    read_manifest({"as_of_date": as_of.isoformat()})
    with running_sandbox(sandbox_folder(warehouse), input_folder, sandbox_port) as url:
        point_at_sandbox(url)
        command = [str(Path(sys.executable).with_name("dagster")), "dev", "--module-name", "orchestration.definitions"]
        command += ["--host", HOST, "--port", str(port), "--log-level", "warning"]
        process = subprocess.Popen(command, cwd=PROJECT_ROOT)
        say(f"Dagster UI: http://{HOST}:{port}   sandbox CRM (not Salesforce): {url}   Ctrl-C ends both")
        try:
            while process.poll() is None:
                time.sleep(0.5)
        except KeyboardInterrupt:
            pass
        finally:
            process.terminate()
            process.wait(timeout=30)
