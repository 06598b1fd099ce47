"""The run's own record in `delivery.runs`: what it was made from and how far it came."""

from __future__ import annotations

import subprocess
from collections.abc import Collection
from datetime import date

import duckdb

from orchestration.resources import PROJECT_ROOT, RULES_FOLDER
from orchestration.rule_files import check_rules


def begin_run(connection: duckdb.DuckDBPyConnection, run_id: str, as_of: date) -> None:
    """Record that a run began: nothing is delivered from its tables until it is sound.

    Raises
    ------
    RuleError
        If a rule file has a row that is not allowed.
    """
    rules_hash = check_rules(RULES_FOLDER)
    connection.execute("create schema if not exists delivery")
    connection.execute(
        "create table if not exists delivery.runs (run_number bigint primary key, run_id varchar, as_of_date date,"
        " state varchar, git_revision varchar, rules_hash varchar, message varchar)"
    )
    # A test that does not run tonight has no result tonight: what it said another night proves nothing.
    if connection.execute(
        "select 1 from information_schema.tables where table_schema = 'delivery' and table_name = 'test_results'"
    ).fetchall():
        connection.execute("delete from delivery.test_results")
    connection.execute(
        "insert into delivery.runs select coalesce(max(run_number), 0) + 1, $run_id, $as_of, 'running', $revision, $rules, null"
        " from delivery.runs",
        {"run_id": run_id, "as_of": as_of, "revision": git_revision(), "rules": rules_hash},
    )


def continue_run(connection: duckdb.DuckDBPyConnection, run_id: str, earlier_run_ids: Collection[str | None]) -> None:
    """Hand the newest record to a run that goes on where an earlier one failed; nothing happens for any other run."""
    connection.execute(
        "update delivery.runs set run_id = $run_id, state = 'running', message = null"
        " where run_number = (select max(run_number) from delivery.runs)"
        " and state in ('running', 'failed') and list_contains($earlier, run_id)",
        {"run_id": run_id, "earlier": [earlier for earlier in earlier_run_ids if earlier]},
    )


def set_run_state(connection: duckdb.DuckDBPyConnection, state: str, message: str | None = None) -> None:
    """Move the newest run on: `running` -> `sound` (upstream of delivery is built and tested) -> `succeeded`, or `failed`."""
    connection.execute(
        "update delivery.runs set state = $state, message = $message"
        " where run_number = (select max(run_number) from delivery.runs)",
        {"state": state, "message": message},
    )


def git_revision() -> str:
    """Short hash of the commit, with -dirty where files differ from it; `not in git` outside a repository."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "not in git"
