"""Runs the nightly job from the command line: the same graph that the schedule runs."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb

from orchestration.dbt_manifest import read_manifest
from orchestration.delivery import describe_problems, soundness_problems
from orchestration.errors import BreakerTripped, RunFailed, UsageError
from orchestration.resources import (
    RULES_FOLDER,
    SANDBOX_CREDENTIALS,
    crm_from_environment,
    dagster_home,
    open_warehouse,
    set_crm_environment,
    set_warehouse_environment,
    silence_usage_tracking,
)
from orchestration.rule_files import check_rules
from orchestration.sandbox_process import running_sandbox, sandbox_folder
from orchestration.schedules import NIGHTLY_JOB, run_config
from orchestration.writer_lock import WriterLock
from reverse_etl.destinations.salesforce.session import redact

# Errors that a person mends; they cross Dagster's boundary as class names only.
_USER_ERRORS = ("UsageError", "RuleError", "LoadError", "SyncError", "TransientError", "TerminalError", "DemoError")


@dataclass(frozen=True)
class NightlyOutcome:
    """A run that ended well."""

    run_id: str
    warehouse: Path


def run_nightly(
    as_of: date, input_folder: Path | None, warehouse: Path, crm: str, from_failure: bool
) -> NightlyOutcome:
    """Run every layer for one night and publish the warehouse.

    Raises
    ------
    UsageError
        For what a person can mend: input, rules, CRM access, a second writer.
    RunFailed
        For anything else that ended the run, among it a failed test; nothing behind it was built or delivered.
    """
    silence_usage_tracking()
    check_rules(RULES_FOLDER)
    with WriterLock(warehouse, "abm run, starting"):
        pass  # say who writes before the slow part begins; the run itself takes the lock again
    set_warehouse_environment(warehouse)
    read_manifest({"as_of_date": as_of.isoformat()})
    home = dagster_home()
    with crm_at_hand(crm, warehouse, input_folder), dg.DagsterInstance.from_config(str(home)) as instance:
        config = run_config(
            as_of.isoformat(), str(input_folder.resolve()) if input_folder else "", crm, str(warehouse.resolve())
        )
        config["loggers"] = {"progress": {"config": {}}}
        parent = _last_failed_run(instance, warehouse) if from_failure else None
        # dbt writes its own log to standard output; it is kept in full beside its results, and --json needs the stream.
        with warnings.catch_warnings(), (home / "dbt.log").open("w") as log, contextlib.redirect_stdout(log):
            warnings.simplefilter("ignore")  # beta notices of the orchestrator are not the operator's business
            result = dg.execute_job(
                dg.reconstructable(nightly_job),
                instance=instance,
                run_config=config,
                tags={"as_of_date": as_of.isoformat(), "warehouse": str(warehouse.resolve())},
                reexecution_options=dg.ReexecutionOptions.from_failure(parent, instance) if parent else None,
            )
        if not result.success:
            reason = _reason(result, warehouse)
            _record_failure(warehouse, result.run_id, str(reason))
            raise reason
    return NightlyOutcome(result.run_id, warehouse)


def nightly_job() -> dg.JobDefinition:
    """The nightly job; by name, so that Dagster can load it again."""
    from orchestration.definitions import build_definitions

    return build_definitions().resolve_job_def(NIGHTLY_JOB)


@contextmanager
def crm_at_hand(crm: str, warehouse: Path, restore: Path | None) -> Iterator[str | None]:
    """The CRM's login URL while the block runs: an org's from the environment, or that of a local sandbox."""
    if crm == "files":
        yield None
    elif crm == "salesforce":
        if crm_from_environment() is None:
            raise UsageError(
                "ABM_SALESFORCE_LOGIN_URL is not set. Set it to your org's https://...my.salesforce.com address"
                " with ABM_SALESFORCE_CLIENT_ID and ABM_SALESFORCE_CLIENT_SECRET, or run with --crm sandbox."
            )
        yield crm_from_environment()
    else:
        with running_sandbox(sandbox_folder(warehouse), restore) as url:
            point_at_sandbox(url)
            yield url


def point_at_sandbox(url: str) -> None:
    """Make a sandbox the CRM of this process and its children."""
    set_crm_environment(url, *SANDBOX_CREDENTIALS)


def _last_failed_run(instance: dg.DagsterInstance, warehouse: Path) -> str:
    filters = dg.RunsFilter(
        job_name=NIGHTLY_JOB, statuses=[dg.DagsterRunStatus.FAILURE], tags={"warehouse": str(warehouse.resolve())}
    )
    runs = instance.get_runs(filters, limit=1)
    if not runs:
        raise UsageError(f"{warehouse}: no failed run to go on from. Run without --from-failure.")
    return runs[0].run_id


def _reason(result: dg.JobExecutionResult, warehouse: Path) -> Exception:
    """The error that ended a run, in words; one that a person can mend keeps its kind."""
    for event in result.all_events:
        if event.event_type_value not in ("STEP_FAILURE", "PIPELINE_FAILURE"):
            continue
        error = getattr(event.event_specific_data, "error", None)
        while error is not None:
            kind = (error.cls_name or "").split(".")[-1]
            message = re.sub(r"^[\w.]+: ", "", error.message.strip(), count=1)
            if kind == BreakerTripped.__name__:
                return BreakerTripped(message)
            if kind in _USER_ERRORS:
                return UsageError(message)
            if error.cause is None and event.event_type_value == "STEP_FAILURE":
                tests = _failed_tests(warehouse) or _problems(warehouse, result.run_id)
                said = "\n".join(tests) if tests else f"{kind}: {redact(message)}"
                return RunFailed(f"The run ended in {event.step_key}; nothing was written to any destination.\n{said}")
            error = error.cause
    return RunFailed("The run did not end well; the Dagster UI (`make ui`) has its log.")


def _record_failure(warehouse: Path, run_id: str, message: str) -> None:
    """Mark a run that ended before its tables were sound; one that ended later can still be delivered by `abm apply`."""
    with contextlib.suppress(UsageError, duckdb.Error), open_warehouse(warehouse) as connection:
        connection.execute(
            "update delivery.runs set state = 'failed', message = ? where run_id = ? and state = 'running'",
            [message, run_id],
        )


def _problems(warehouse: Path, run_id: str) -> list[str]:
    """What the check in front of delivery found."""
    try:
        with open_warehouse(warehouse, read_only=True) as connection:
            problems = soundness_problems(connection, run_id)
            return [describe_problems(problems)] if problems else []
    except Exception:  # the reason of the failure must be told even when the warehouse cannot be read
        return []


def _failed_tests(warehouse: Path) -> list[str]:
    """Failed tests and models as the newest dbt command left them; names and counts only."""
    try:
        with open_warehouse(warehouse, read_only=True) as connection:
            found = connection.execute(
                "select unique_id, status, failures, message from delivery.test_results"
                " where severity = 'error' and status in ('fail', 'error', 'runtime error') order by unique_id limit 10"
            ).fetchall()
    except Exception:  # the reason of the failure must be told even when the warehouse cannot be read
        return []
    return [
        f"  {unique_id.split('.')[2] if unique_id.count('.') > 1 else unique_id}: {status}"
        + (f", {failures} rows" if failures else "")
        + (f" ({redact(str(message).splitlines()[0])})" if message and status != "fail" else "")
        for unique_id, status, failures, message in found
    ]
