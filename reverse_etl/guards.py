"""Reasons not to deliver: decisions over test results and runs, without touching anything."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import pandas as pd

from reverse_etl.plan import Plan

PASSED = ("pass", "success")
BUILT_TYPES = ("model", "seed", "snapshot")


@dataclass(frozen=True)
class Problem:
    """One reason to send nothing. `subject` is the test, model or run; `message` says what was seen and what to do."""

    subject: str
    message: str


@dataclass(frozen=True)
class RunState:
    """The latest run of the pipeline. `state` is running, succeeded or failed.

    `delivering_run_id` is the run that wants to deliver, if it is a run; empty for a delivery by hand afterwards.
    """

    run_id: str
    as_of_date: date
    state: str
    delivering_run_id: str = ""


def upstream_is_sound(
    test_results: pd.DataFrame, expected_tests: Collection[str], run_state: RunState | None
) -> list[Problem]:
    """Every reason why what stands in the sync tables must not be sent; empty = sound.

    Parameters
    ----------
    test_results : latest result of each dbt node: unique_id, resource_type (test, unit_test, model, seed, snapshot),
        severity (error, warn; null = error), status (pass, success, warn, fail, error, skipped), as_of_date. If a node has
        several rows, each of them counts: one failure is enough
    expected_tests : unique ids of the tests upstream of the sync tables; each must have passed for this `as_of_date`
    run_state : the latest run; None = there was none

    Notes
    -----
    A test that is missing, was skipped, or passed on another day proves nothing, so it counts as a failure; a failure counts
    whatever its day. A test of severity
    warn does not stop a delivery, whatever it found, but it must have run.
    """
    problems = _run_problems(run_state)
    if run_state is None:
        return problems
    # A null date means a command without as_of_date: a failure there counts, a success says nothing about this day.
    days = pd.to_datetime(test_results["as_of_date"]).dt.date
    seen = set(test_results.loc[days == run_state.as_of_date, "unique_id"])
    for row in test_results.sort_values("unique_id").to_dict("records"):
        status, kind = str(row["status"]).lower(), str(row["resource_type"])
        name = str(row["unique_id"])
        if status in PASSED:
            continue
        if kind in BUILT_TYPES:
            problems.append(Problem(name, f"was not built (status {status}). Mend it and run again."))
        elif status == "warn" or str(row.get("severity") or "error").lower() == "warn":
            if status == "skipped" and name in expected_tests:
                problems.append(Problem(name, "was skipped, so it proves nothing. Run again."))
        elif status == "skipped":
            problems.append(Problem(name, "was skipped because something before it failed. Mend that and run again."))
        else:
            problems.append(Problem(name, f"did not pass (status {status}). Mend the data or the test and run again."))
    for name in sorted(set(expected_tests) - seen):
        problems.append(
            Problem(
                name, f"has no result for {run_state.as_of_date}. Run the whole pipeline for that day, tests included."
            )
        )
    return sorted(set(problems), key=lambda problem: (problem.subject, problem.message))


def plan_is_current(plan: Plan, run_state: RunState | None) -> list[Problem]:
    """Reasons why `plan` must not be applied: it comes from another run or day than the latest; empty = current."""
    if run_state is None:
        return _run_problems(run_state)
    problems = []
    if plan.run_id != run_state.run_id:
        problems.append(
            Problem(
                plan.plan_id, f"was made from run {plan.run_id}, but the latest run is {run_state.run_id}. Plan again."
            )
        )
    if plan.as_of_date != run_state.as_of_date:
        problems.append(
            Problem(
                plan.plan_id,
                f"speaks of {plan.as_of_date}, but the latest run speaks of {run_state.as_of_date}. Plan again.",
            )
        )
    return problems


def _run_problems(run_state: RunState | None) -> list[Problem]:
    if run_state is None:
        return [Problem("run", "no run is recorded in delivery.runs. Run the pipeline first.")]
    if run_state.state == "succeeded":
        return []
    if run_state.state == "running" and run_state.run_id == run_state.delivering_run_id:
        return []
    return [
        Problem(
            run_state.run_id,
            f"is in state {run_state.state!r}, expected 'succeeded'. Find out why it did not end well and run again.",
        )
    ]
