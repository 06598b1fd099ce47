from __future__ import annotations

from datetime import date

import duckdb
import pytest

from orchestration.run_record import begin_run, continue_run, set_run_state

AS_OF = date(2026, 10, 31)


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    begin_run(connection, "first", AS_OF)
    return connection


def newest(connection: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    return connection.execute("select run_id, state from delivery.runs order by run_number desc limit 1").fetchall()[0]


def test_a_run_begins_as_running_with_its_rules_and_revision(connection: duckdb.DuckDBPyConnection) -> None:
    (row,) = connection.execute("select run_number, as_of_date, rules_hash, git_revision from delivery.runs").fetchall()
    assert row[0] == 1 and row[1] == AS_OF and len(row[2]) == 16 and row[3]


def test_a_new_run_forgets_the_test_results_of_the_last(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create table delivery.test_results as select 'test.a' as unique_id")
    begin_run(connection, "second", AS_OF)
    assert connection.execute("select count(*) from delivery.test_results").fetchall() == [(0,)]


def test_a_run_goes_on_for_the_one_that_failed_and_for_no_other(connection: duckdb.DuckDBPyConnection) -> None:
    set_run_state(connection, "failed", "a test failed")
    continue_run(connection, "stranger", ("somebody", None))
    assert newest(connection) == ("first", "failed")
    continue_run(connection, "second", ("first", "first"))
    assert newest(connection) == ("second", "running")


def test_a_run_that_was_sound_stays_so(connection: duckdb.DuckDBPyConnection) -> None:
    set_run_state(connection, "sound")
    continue_run(connection, "second", ("first",))
    assert newest(connection) == ("first", "sound")
