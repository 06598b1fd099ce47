"""A whole night over demo input: the command that the schedule's job is, with the sandbox as the CRM."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.measure import print_table

SIZES = (250, 1_000, 4_000)
ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, *arguments: str) -> tuple[float, str]:
    """Seconds that an `abm` command took, and what it said on standard error."""
    environment = os.environ | {
        "DAGSTER_HOME": str(folder / "dagster"),
        "DBT_TARGET_PATH": str(folder / "dbt"),
        "PYTHONPATH": str(ROOT),
    }
    start = time.perf_counter()
    command = [sys.executable, "-m", "orchestration.cli", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return time.perf_counter() - start, done.stderr


def main() -> None:
    """Print the table."""
    rows: list[tuple[object, ...]] = []
    for accounts in SIZES:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            landing, warehouse = str(folder / "landing"), str(folder / "abm.duckdb")
            run(folder, "demo", "--accounts", str(accounts), "--as-of", "2026-10-31", "--out", landing)
            night = ("run", "--input", landing, "--as-of", "2026-10-31", "--warehouse", warehouse)
            first, said = run(folder, *night)
            again, _ = run(folder, *night)
        in_dbt = sum(float(seconds) for seconds in re.findall(r"dbt: build and test models ([\d.]+) s", said))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        rows.append((f"{accounts:,}", f"{first:.0f} s", f"{in_dbt:.0f} s", f"{again:.0f} s", f"{peak:,.0f} MB"))
    header = ("accounts", "first night", "of which in dbt", "the same night again", "peak memory of any process so far")
    print_table("One night, end to end", header, rows)


if __name__ == "__main__":
    main()
