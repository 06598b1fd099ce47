"""Assets of layer `delivery`: the plan, what the CRM answered, and the copy that readers open."""

import json
import os
import shutil
from collections.abc import Iterator

import dagster as dg
from dagster_dbt import DbtCliResource

from orchestration.delivery import (
    apply_plan,
    create_delivery_views,
    make_plan,
    soundness_problems,
    tests_without_result,
)
from orchestration.errors import UsageError
from orchestration.report_page import write_report
from orchestration.resources import Crm, NightlyRun, Warehouse
from orchestration.run_record import continue_run, set_run_state

_OWNERS = ["team:revops"]
SYNC_MODELS = ("sync_salesforce_accounts", "sync_salesforce_contacts", "sync_salesforce_queue_items")
_PLAN_KEY = dg.AssetKey(["delivery", "plan_rows"])
_TESTS_KEY = dg.AssetKey(["delivery", "test_results"])
_SYNC_KEYS = [dg.AssetKey(["sync", model]) for model in SYNC_MODELS]
_LAST_KEYS = [
    dg.AssetKey(["delivery", "ledger"]),
    dg.AssetKey(["measurement", "win_curve"]),
    dg.AssetKey(["measurement", "funnel_accounts"]),
]


@dg.asset(key=_TESTS_KEY, deps=_SYNC_KEYS, group_name="delivery", owners=["team:data"], kinds={"dbt"})
def completed_tests(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, nightly_run: NightlyRun, warehouse: Warehouse
) -> dg.MaterializeResult:
    """The night's result of every data test; tests over models that were built in different steps run here."""
    with warehouse.connect() as connection:
        left = tests_without_result(connection)
    if left:
        context.log.info(f"{len(left)} tests over models of different steps")
        arguments = ["test", "--select", " ".join(left), "--vars", json.dumps(nightly_run.dbt_vars)]
        dbt.cli(arguments, raise_on_error=False).wait()  # the check in front of delivery reads what they found
    return dg.MaterializeResult(metadata={"tests_run_here": len(left)})


@dg.asset(
    key=_PLAN_KEY,
    deps=[
        _TESTS_KEY,
        *_SYNC_KEYS,
        dg.AssetKey(["rules", "salesforce_fields"]),
        dg.AssetKey(["rules", "delivery_parameters"]),
    ],
    group_name="delivery",
    owners=_OWNERS,
    kinds={"python", "salesforce"},
    check_specs=[
        dg.AssetCheckSpec(
            "changes_are_usual",
            asset=_PLAN_KEY,
            description="No limit of the breaker is exceeded (seeds/rules/delivery_parameters.csv).",
        )
    ],
)
def crm_plan(
    context: dg.AssetExecutionContext, nightly_run: NightlyRun, warehouse: Warehouse, crm: Crm
) -> dg.MaterializeResult:
    """What would change in the CRM: old and new value of every field, against what it holds now. Writes nothing there."""
    if nightly_run.crm == "files":
        return dg.MaterializeResult(
            metadata={"planned": "nothing: this run has no CRM"}, check_results=[dg.AssetCheckResult(passed=True)]
        )
    with warehouse.connect() as connection:
        planned, _, _ = make_plan(connection, crm)
    plan = planned.plan
    for note in plan.notes:
        context.log.info(note)
    counts = {f"{name}/{action}": count for name, actions in plan.counts().items() for action, count in actions.items()}
    # The check shows what is unusual; what stops the night is the delivery itself, which plans again and says it in words.
    usual = dg.AssetCheckResult(
        passed=not planned.trips,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={trip.limit: trip.seen for trip in planned.trips},
    )
    return dg.MaterializeResult(metadata={"changes": plan.change_count, **counts}, check_results=[usual])


@dg.asset_check(
    asset=_PLAN_KEY, blocking=True, description="Everything upstream of delivery was built and passed its tests."
)
def upstream_is_sound(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
    """Stop before the CRM is written while any upstream test of severity error has not passed for this night."""
    with warehouse.connect() as connection:
        continue_run(connection, context.run.run_id, (context.run.parent_run_id, context.run.root_run_id))
        problems = soundness_problems(connection, delivering_run_id=context.run.run_id)
        if not problems:
            set_run_state(connection, "sound")
    return dg.AssetCheckResult(
        passed=not problems,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"problems": [f"{problem.subject} {problem.message}" for problem in problems[:20]]},
    )


@dg.asset(
    key=["delivery", "ledger"], deps=[_PLAN_KEY], group_name="delivery", owners=_OWNERS, kinds={"python", "salesforce"}
)
def crm_ledger(nightly_run: NightlyRun, warehouse: Warehouse, crm: Crm) -> dg.MaterializeResult:
    """Write the plan to the CRM and keep its answer to every record; a record that it refused is planned again next time."""
    if nightly_run.crm == "files":
        return dg.MaterializeResult(metadata={"sent": "nothing: this run has no CRM"})
    with warehouse.connect() as connection:
        outcome = apply_plan(connection, crm)
    if outcome.stopped:
        raise UsageError(
            f"The delivery stopped after {outcome.sent:,} records: {outcome.stopped} What was answered is in"
            " delivery.ledger; `abm apply` or the next run goes on from there."
        )
    return dg.MaterializeResult(
        metadata={
            name: getattr(outcome, name)
            for name in ("sent", "created", "unchanged", "rejected", "withheld", "conflict")
        }
    )


@dg.multi_asset(
    name="published",
    specs=[
        dg.AssetSpec(
            ["delivery", "published"],
            deps=_LAST_KEYS,
            description="The copy of the warehouse that readers open: the last night that ended well.",
            group_name="delivery",
            owners=["team:data"],
            kinds={"duckdb"},
        ),
        dg.AssetSpec(
            ["delivery", "report_page"],
            deps=_LAST_KEYS,
            description="The night as one HTML page.",
            group_name="delivery",
            owners=["team:data"],
            kinds={"python"},
        ),
    ],
)
def published(nightly_run: NightlyRun, warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:
    """End the run: mark it as succeeded, write the report page, and swap in the readers' copy."""
    with warehouse.connect() as connection:
        create_delivery_views(connection)
        set_run_state(connection, "succeeded")
        page = write_report(connection, nightly_run.as_of, warehouse.published_path)
        connection.execute("checkpoint")
    published_path = warehouse.published_path
    fresh = published_path.with_name(published_path.name + ".new")
    shutil.copyfile(warehouse.path, fresh)
    os.replace(fresh, published_path)
    yield dg.MaterializeResult(
        asset_key=["delivery", "published"],
        metadata={"path": dg.MetadataValue.path(published_path), "megabytes": published_path.stat().st_size / 1e6},
    )
    yield dg.MaterializeResult(asset_key=["delivery", "report_page"], metadata={"path": dg.MetadataValue.path(page)})
