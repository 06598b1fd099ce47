"""When the nightly run starts, and who hears of it when it fails."""

import shlex
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from orchestration.resources import BUSINESS_TIME_ZONE, environment_defaults, notify_command

NIGHTLY_JOB = "nightly"
# Source systems deliver their day by 02:00; the run must be through before the first rep opens the queue at 08:00.
NIGHTLY_CRON = "0 4 * * *"

Log = Callable[[str], None]
Notifier = Callable[[str, Log], None]


def run_config(as_of_date: str, input_folder: str, crm: str, warehouse: str) -> dict[str, Any]:
    """Run configuration of the nightly job."""
    return {
        "resources": {
            "nightly_run": {"config": {"as_of_date": as_of_date, "input_folder": input_folder, "crm": crm}},
            "warehouse": {"config": {"path": warehouse}},
        }
    }


def nightly_schedule() -> dg.ScheduleDefinition:
    """Every night in the business time zone, over the day that has just ended there."""

    @dg.schedule(
        name="every_night",
        job_name=NIGHTLY_JOB,
        cron_schedule=NIGHTLY_CRON,
        execution_timezone=BUSINESS_TIME_ZONE,
        description="Over the day that has just ended, after the sources' deliveries and before the first rep starts.",
    )
    def every_night(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        as_of = day_that_ended(context.scheduled_execution_time).isoformat()
        defaults = environment_defaults()
        return dg.RunRequest(
            run_key=as_of,
            run_config=run_config(
                as_of,
                defaults["nightly_run"]["input_folder"],
                defaults["nightly_run"]["crm"],
                defaults["warehouse"]["path"],
            ),
            tags={"as_of_date": as_of},
        )

    return every_night


def day_that_ended(scheduled_at: datetime) -> Any:
    """The last whole day, in the business time zone, before the scheduled moment."""
    return (scheduled_at.astimezone(ZoneInfo(BUSINESS_TIME_ZONE)) - timedelta(days=1)).date()


def failure_sensor(notify: Notifier) -> dg.SensorDefinition:
    """Tells `notify` of every failed run: which night, which step, what it said."""

    @dg.run_failure_sensor(
        name="tell_of_failed_runs",
        description="Hands the message of a failed run to the notifier (ABM_NOTIFY_COMMAND, else the log).",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=30,
    )
    def tell_of_failed_runs(context: dg.RunFailureSensorContext) -> None:
        notify(failure_message(context), context.log.error)

    return tell_of_failed_runs


def failure_message(context: dg.RunFailureSensorContext) -> str:
    """One paragraph for a person who was asleep; holds no row of data."""
    run = context.dagster_run
    steps = sorted({event.step_key for event in context.get_step_failure_events() if event.step_key})
    return (
        f"abm360: the run for {run.tags.get('as_of_date', 'an unstated night')} failed"
        f" in {', '.join(steps) or 'its set-up'} (run {run.run_id}). Nothing behind that step was built or delivered."
        " Open the run in the Dagster UI, mend the cause and re-execute from failure."
    )


def notify_by_command(message: str, log: Log) -> None:
    """Give the message to the command that the environment names, on its standard input; log it when there is none.

    Raises
    ------
    CalledProcessError
        If the command fails; the sensor then shows the failure and tries again.
    """
    command = notify_command()
    if command is None:
        log(message)
        return
    subprocess.run(shlex.split(command), input=message, text=True, check=True, timeout=60)
