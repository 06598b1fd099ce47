from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from reverse_etl.guards import RunState, plan_is_current, upstream_is_sound
from tests.unit.reverse_etl.night import DAY, Night, account_row, tables

GOOD = RunState("run-2026-10-31", DAY, "succeeded")
TEST = "test.abm360.assert_every_tier_has_a_reason"


def results(*rows: dict[str, object]) -> pd.DataFrame:
    base = {"unique_id": TEST, "resource_type": "test", "severity": "ERROR", "status": "pass", "as_of_date": DAY}
    return pd.DataFrame([base | row for row in rows], columns=list(base))


def subjects(table: pd.DataFrame, expected: tuple[str, ...] = (TEST,), run: RunState | None = GOOD) -> list[str]:
    return [problem.subject for problem in upstream_is_sound(table, expected, run)]


def test_passed_tests_of_a_run_that_ended_well_are_sound() -> None:
    assert upstream_is_sound(results({}), [TEST], GOOD) == []


@pytest.mark.parametrize("status", ["fail", "error", "skipped", "runtime error", "no-op"])
def test_a_test_that_did_not_pass_stops_the_delivery(status: str) -> None:
    assert subjects(results({"status": status})) == [TEST]


def test_a_test_that_was_not_run_stops_the_delivery() -> None:
    (problem,) = upstream_is_sound(results(), [TEST], GOOD)
    assert problem.message == "has no result for 2026-10-31. Run the whole pipeline for that day, tests included."


def test_a_result_for_another_day_proves_nothing() -> None:
    assert subjects(results({"as_of_date": date(2026, 10, 30)})) == [TEST]
    assert subjects(results({"as_of_date": None})) == [TEST]


def test_a_warning_does_not_stop_a_delivery_but_a_skipped_one_does() -> None:
    assert subjects(results({"severity": "warn", "status": "warn"})) == []
    assert subjects(results({"severity": "WARN", "status": "fail"})) == []
    assert subjects(results({"severity": "warn", "status": "skipped"})) == [TEST]


def test_a_failed_test_that_nobody_listed_stops_the_delivery_too() -> None:
    assert subjects(results({}, {"unique_id": "test.abm360.other", "status": "fail"})) == ["test.abm360.other"]


def test_one_failure_among_several_results_of_a_test_is_enough() -> None:
    assert subjects(results({"status": "pass"}, {"status": "fail"})) == [TEST]
    assert subjects(results({"status": "fail"}, {"status": "pass"})) == [TEST]


def test_a_model_that_was_not_built_stops_the_delivery() -> None:
    model = {"unique_id": "model.abm360.dim_accounts", "resource_type": "model", "severity": None}
    assert subjects(results({}, model | {"status": "error"})) == ["model.abm360.dim_accounts"]
    assert subjects(results({}, model | {"status": "skipped"})) == ["model.abm360.dim_accounts"]
    assert subjects(results({}, model | {"status": "success"})) == []


@pytest.mark.parametrize("state", ["failed", "running", "", "Succeeded?"])
def test_a_run_that_did_not_end_well_stops_the_delivery(state: str) -> None:
    assert subjects(results({}), run=RunState("run-1", DAY, state)) == ["run-1"]


def test_a_run_may_deliver_its_own_results_before_it_ends() -> None:
    assert subjects(results({}), run=RunState("run-1", DAY, "running", delivering_run_id="run-1")) == []
    assert subjects(results({}), run=RunState("run-1", DAY, "running", delivering_run_id="run-2")) == ["run-1"]


def test_no_run_at_all_stops_the_delivery() -> None:
    assert subjects(results({}), run=None) == ["run"]


def test_a_plan_of_another_run_or_day_is_refused(night: Night) -> None:
    plan = night.plan(tables([account_row(1)]))
    assert plan_is_current(plan, GOOD) == []
    newer = RunState("run-2026-11-01", date(2026, 11, 1), "succeeded")
    messages = [problem.message for problem in plan_is_current(plan, newer)]
    assert messages == [
        "was made from run run-2026-10-31, but the latest run is run-2026-11-01. Plan again.",
        "speaks of 2026-10-31, but the latest run speaks of 2026-11-01. Plan again.",
    ]
    assert [problem.subject for problem in plan_is_current(plan, None)] == ["run"]
