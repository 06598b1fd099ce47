"""The asset graph: everything that Dagster and the command line run."""

from __future__ import annotations

import dagster as dg

from orchestration.assets.dbt_models import build_dbt_models
from orchestration.assets.delivery import completed_tests, crm_ledger, crm_plan, published, upstream_is_sound
from orchestration.assets.identity import account_hierarchy, host_keys, resolved_accounts, title_readings
from orchestration.assets.measurement import win_curve
from orchestration.assets.raw import raw_tables
from orchestration.assets.score_checks import score_checks
from orchestration.assets.scoring import scores
from orchestration.assets.target_list import target_list
from orchestration.dbt_manifest import dbt_resource, read_manifest
from orchestration.progress import progress_logger
from orchestration.resources import Crm, NightlyRun, Warehouse, environment_defaults
from orchestration.schedules import NIGHTLY_JOB, failure_sensor, nightly_schedule, notify_by_command


def build_definitions() -> dg.Definitions:
    """Assets, checks, the nightly job, its schedule and the failure sensor.

    Raises
    ------
    UsageError
        If the dbt project does not parse.
    """
    # One process for the whole run: the warehouse has one writer, and its lock is held from the first step to the last.
    nightly = dg.define_asset_job(
        NIGHTLY_JOB,
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description="Load, resolve, score, queue, deliver, publish.",
    )
    defaults = environment_defaults()
    return dg.Definitions(
        assets=[
            raw_tables,
            host_keys,
            resolved_accounts,
            account_hierarchy,
            title_readings,
            scores,
            target_list,
            win_curve,
            completed_tests,
            crm_plan,
            crm_ledger,
            published,
            build_dbt_models(read_manifest()),
        ],
        asset_checks=[upstream_is_sound, score_checks],
        jobs=[nightly],
        schedules=[nightly_schedule()],
        sensors=[failure_sensor(notify_by_command)],
        resources={
            "nightly_run": NightlyRun(**defaults["nightly_run"]),
            "warehouse": Warehouse(**defaults["warehouse"]),
            "crm": Crm(),
            "dbt": dbt_resource(),
        },
        loggers={"progress": progress_logger},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What `dagster dev -m orchestration.definitions` loads."""
    return build_definitions()
