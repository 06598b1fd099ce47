"""Shared by the tests that run the whole pipeline."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).resolve().parents[1]
AS_OF = "2026-10-31"
DELIVERED = "select coalesce(sum(created_count + updated_count), 0) from delivery.plans where run_id = ?"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of large real input; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("ABM_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent")
    return folder


@pytest.fixture(scope="session")
def parsed_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """dbt's target folder for the project as its files are now, for the night `AS_OF` and a warehouse in memory.

    Parsing takes longer than most of what tests do with the result, so all workers share one; who writes there copies it first.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # beta notices of the orchestrator
        from orchestration.dbt_manifest import read_manifest
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "parsed_project"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock, pytest.MonkeyPatch.context() as patch:
        fcntl.flock(lock, fcntl.LOCK_EX)  # given back when the file is closed
        patch.setenv("DBT_TARGET_PATH", str(folder / "target"))
        patch.delenv("ABM_WAREHOUSE_PATH", raising=False)
        read_manifest({"as_of_date": AS_OF})
    return folder / "target"


@dataclass(frozen=True)
class Abm:
    """The `abm` command in a folder of its own, as a user would call it."""

    folder: Path
    project: Path = ROOT

    @property
    def warehouse(self) -> Path:
        return self.folder / "abm.duckdb"

    @property
    def dbt_target(self) -> Path:
        return self.folder / "dbt_target"

    def __call__(
        self, *arguments: str | Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ABM_", "PYTEST_"))}
        kept |= {
            "DAGSTER_HOME": str(self.folder / "dagster"),
            "DBT_TARGET_PATH": str(self.dbt_target),
            "PYTHONPATH": str(self.project),
            "COLUMNS": "180",
        }
        command = [sys.executable, "-m", "orchestration.cli", *map(str, arguments)]
        return subprocess.run(
            command,
            cwd=self.project,
            env=kept | dict(environment or {}),
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    def run(self, landing: Path, *more: str) -> subprocess.CompletedProcess[str]:
        return self("run", "--input", landing, "--as-of", AS_OF, "--warehouse", self.warehouse, *more)

    def query(self, sql: str, *parameters: object) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(sql, list(parameters) or None).fetchall()

    def crm_writes(self) -> int:
        """Records that the newest run wrote to the CRM."""
        return int(
            self.query(
                "select count(*) from delivery.ledger where state = 'sent' and run_id ="
                " (select run_id from delivery.runs order by run_number desc limit 1)"
            )[0][0]  # type: ignore[call-overload]
        )

    def mart_bytes(self, schemas: tuple[str, ...] = ("marts", "activation", "sync")) -> dict[str, str]:
        """SHA-256 of every table as it lies, row by row, in its stored order."""
        hashes = {}
        with duckdb.connect(str(self.warehouse), read_only=True, config={"threads": 1}) as connection:
            names = connection.execute(
                "select table_schema, table_name from information_schema.tables where list_contains($schemas, table_schema)"
                " order by all",
                {"schemas": list(schemas)},
            ).fetchall()
            for schema, name in names:
                file = self.folder / "export.csv"
                connection.execute(f'copy (select * from "{schema}"."{name}") to \'{file}\' (format csv, header)')
                hashes[f"{schema}.{name}"] = hashlib.sha256(file.read_bytes()).hexdigest()
                file.unlink()
        return hashes


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Scores that tests measured, in the open: a threshold that holds does not say by how much."""
    scores = {
        str(name): value
        for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
        for name, value in report.user_properties
        if str(name).startswith("score of ")
    }
    for name, value in sorted(scores.items()):
        terminalreporter.write_line(f"{name}: {value}")
