"""Kill a night at any instant, run it again: the same warehouse, the same CRM, nothing twice.

A night over demo input is killed with SIGKILL, with every process that it started, at instants spread over its length; after each
kill the same command goes on. In the end tables and CRM must equal those of a night that nobody disturbed.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import AS_OF, ROOT, Abm

KILLS = 8
SEED = 11
ACCOUNTS = 200
# Columns that say when and by whom a record was written; everything else must be equal.
VOLATILE = {"pk", "Id", "Name", "CreatedDate", "LastModifiedDate", "SystemModstamp", "CreatedById", "LastModifiedById"}
OBJECTS = ("Account", "Contact", "ABM_Queue_Item__c")


def crm_content(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """What the sandbox holds, without what says when it was written."""
    connection = sqlite3.connect(folder / "abm.sandbox" / "org.sqlite")
    content = {}
    for name in OBJECTS:
        columns = [row[1] for row in connection.execute(f'pragma table_info("{name}")') if row[1] not in VOLATILE]
        listed = ", ".join(f'"{column}"' for column in columns)
        content[name] = sorted(connection.execute(f'select {listed} from "{name}"').fetchall(), key=repr)
    connection.close()
    return content


def run_and_kill(abm: Abm, landing: Path, seconds: float) -> bool:
    """Start a night and kill it, with all its processes, after `seconds`; whether it was still running."""
    environment = os.environ | {
        "DAGSTER_HOME": str(abm.folder / "dagster"),
        "DBT_TARGET_PATH": str(abm.folder / "dbt_target"),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "orchestration.cli", "run", "--input", str(landing), "--as-of", AS_OF]
    process = subprocess.Popen(
        [*command, "--warehouse", str(abm.warehouse)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True


def main() -> int:
    """Print one line per kill and the verdict; 0 when both nights end the same."""
    with tempfile.TemporaryDirectory() as scratch:
        calm, disturbed = Abm(Path(scratch) / "calm"), Abm(Path(scratch) / "disturbed")
        for abm in (calm, disturbed):
            abm.folder.mkdir()
        landing = Path(scratch) / "landing"
        calm("demo", "--accounts", str(ACCOUNTS), "--as-of", AS_OF, "--out", landing)
        start = time.perf_counter()
        done = calm.run(landing)
        length = time.perf_counter() - start
        if done.returncode != 0:
            say(done.stderr)
            return 1
        say(f"undisturbed night: {length:.0f} s, {calm.crm_writes()} records written")
        instants = random.Random(SEED)
        for number in range(KILLS):
            # Each kill falls into its own part of the night, the last ones into the delivery.
            seconds = length * (number + instants.random()) / KILLS
            say(
                f"kill {number + 1} after {seconds:.1f} s: {'killed' if run_and_kill(disturbed, landing, seconds) else 'over'}"
            )
        last = disturbed.run(landing)
        if last.returncode != 0:
            say(last.stderr)
            return 1
        again = disturbed.run(landing)
        verdicts = {
            "marts, activation and sync are equal to the byte": calm.mart_bytes() == disturbed.mart_bytes(),
            "the CRM holds the same": crm_content(calm.folder) == crm_content(disturbed.folder),
            "one more run writes nothing": again.returncode == 0 and disturbed.crm_writes() == 0,
            "every planned record is in one final state": disturbed.query(
                "select count(*) from delivery.ledger where state in ('planned', 'in_flight')"
            )
            == [(0,)],
        }
    for claim, holds in verdicts.items():
        say(f"{'yes' if holds else 'NO '}  {claim}")
    return 0 if all(verdicts.values()) else 1


def say(text: str) -> None:
    """One line for whoever watches."""
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
