from __future__ import annotations

import subprocess
from pathlib import Path

import dagster as dg
import pytest

from orchestration.schedules import failure_sensor, notify_by_command


def test_the_notifier_is_told_which_night_failed_in_which_step() -> None:
    told: list[str] = []

    @dg.op
    def broken_step() -> None:
        raise ValueError("c001@customer.example is in this row")

    @dg.job
    def broken_job() -> None:
        broken_step()

    with dg.DagsterInstance.ephemeral() as instance:
        result = broken_job.execute_in_process(
            instance=instance, raise_on_error=False, tags={"as_of_date": "2026-10-31"}
        )
        (failure,) = [event for event in result.all_events if event.event_type_value == "PIPELINE_FAILURE"]
        context = dg.build_run_status_sensor_context(
            sensor_name="tell_of_failed_runs",
            dagster_event=failure,
            dagster_instance=instance,
            dagster_run=result.dagster_run,
        ).for_run_failure()
        failure_sensor(lambda message, log: told.append(message))(context)
    (message,) = told
    assert "2026-10-31" in message and "broken_step" in message and result.run_id in message
    assert "customer.example" not in message


def test_a_message_goes_to_the_command_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABM_NOTIFY_COMMAND", f"tee '{tmp_path / 'told.txt'}'")
    notify_by_command("the run failed", print)
    assert (tmp_path / "told.txt").read_text() == "the run failed"


def test_without_a_command_the_log_has_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[str] = []
    monkeypatch.delenv("ABM_NOTIFY_COMMAND", raising=False)
    notify_by_command("the run failed", logged.append)
    assert logged == ["the run failed"]


def test_a_command_that_fails_is_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABM_NOTIFY_COMMAND", "false")
    with pytest.raises(subprocess.CalledProcessError):
        notify_by_command("the run failed", print)
