"""What a user can get wrong: exit code 2, one clear message, no traceback, nothing half written."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration.writer_lock import WriterLock
from tests.conftest import AS_OF, ROOT, Abm


@pytest.fixture
def abm(tmp_path: Path, parsed_project: Path) -> Abm:
    found = Abm(tmp_path)
    shutil.copytree(parsed_project, found.dbt_target)  # none of these runs comes as far as dbt
    return found


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    folder = tmp_path / "landing"
    (folder / "support").mkdir(parents=True)
    (folder / "support" / "tickets.csv").write_text("ticket_id,created_at\nt1,2026-01-01\n")
    return folder


def assert_refused(done: object, *words: str) -> None:
    assert done.returncode == 2, done.stderr  # type: ignore[attr-defined]
    assert "Traceback" not in done.stderr  # type: ignore[attr-defined]
    for word in words:
        assert word in " ".join(done.stderr.split()), done.stderr  # type: ignore[attr-defined]


def test_a_missing_folder(abm: Abm) -> None:
    assert_refused(abm.run(abm.folder / "nowhere"), "nowhere", "expected a landing folder", "--input")
    assert not abm.warehouse.exists()


def test_a_folder_without_tables(abm: Abm) -> None:
    assert_refused(abm.run(abm.folder), "no table of the landing contract")


def test_a_date_that_is_none(abm: Abm, landing: Path) -> None:
    assert_refused(abm("run", "--as-of", "31.10.2026", "--input", landing), "31.10.2026", "YYYY-MM-DD")


def test_an_unknown_option(abm: Abm) -> None:
    assert_refused(abm("run", "--as-of", AS_OF, "--inptu", "x"), "inptu")


def test_a_wrong_column(abm: Abm, landing: Path) -> None:
    (landing / "support" / "tickets.csv").write_text("ticket_id,create_at\nt1,2026-01-01\n")
    assert_refused(
        abm.run(landing, "--crm", "files"), "support/tickets.csv, line 1", "created_at is missing", "Did you mean"
    )
    assert abm.query("select count(*) from raw.loads") == [(0,)]


def test_an_unreadable_file(abm: Abm, landing: Path) -> None:
    (landing / "support" / "tickets.csv").rename(landing / "support" / "tickets.parquet")
    assert_refused(abm.run(landing, "--crm", "files"), "support/tickets.parquet", "cannot be read as parquet")


def test_a_rule_out_of_range(abm: Abm, landing: Path) -> None:
    project = abm.folder / "project"
    shutil.copytree(
        ROOT,
        project,
        ignore=shutil.ignore_patterns(".venv", ".git", "var", "target", "__pycache__", ".*_cache", ".hypothesis"),
    )
    tiers = project / "seeds" / "rules" / "tiers.csv"
    lines = tiers.read_text().splitlines()
    cells = lines[1].split(",")
    cells[1] = "-5"
    tiers.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n")
    refused = Abm(abm.folder, project).run(landing)
    assert_refused(refused, "seeds/rules/tiers.csv, line 2", "-5", "allowed is")
    assert not abm.warehouse.exists()


def test_no_crm_reachable(abm: Abm, landing: Path) -> None:
    environment = {
        "ABM_SALESFORCE_LOGIN_URL": "http://127.0.0.1:9",
        "ABM_SALESFORCE_CLIENT_ID": "id-of-nobody",
        "ABM_SALESFORCE_CLIENT_SECRET": "secret-of-nobody",
    }
    done = abm(
        "run",
        "--input",
        landing,
        "--as-of",
        AS_OF,
        "--warehouse",
        abm.warehouse,
        "--crm",
        "salesforce",
        environment=environment,
    )
    assert_refused(done, "127.0.0.1:9")
    assert "secret-of-nobody" not in done.stderr + done.stdout


def test_salesforce_without_settings(abm: Abm, landing: Path) -> None:
    assert_refused(abm.run(landing, "--crm", "salesforce"), "ABM_SALESFORCE_LOGIN_URL is not set")


def test_a_second_writer(abm: Abm, landing: Path) -> None:
    with WriterLock(abm.warehouse, "run of a test"):
        assert_refused(abm.run(landing, "--crm", "files"), f"process {os.getpid()} (run of a test)", "one writer")


def test_a_warehouse_that_another_process_has_open(abm: Abm, landing: Path) -> None:
    connection = duckdb.connect(str(abm.warehouse))
    try:
        assert_refused(abm.run(landing, "--crm", "files"), "is open in another process")
    finally:
        connection.close()


def test_a_warehouse_that_is_no_database(abm: Abm, landing: Path) -> None:
    abm.warehouse.write_text("not a database")
    assert_refused(abm.run(landing, "--crm", "files"), "cannot be opened as a warehouse")


def test_commands_that_need_a_night_say_how_to_make_one(abm: Abm) -> None:
    for command in (["queue"], ["status"], ["explain", "x"], ["apply"], ["plan"], ["report"]):
        assert_refused(abm(*command, "--warehouse", abm.warehouse), "abm run")
