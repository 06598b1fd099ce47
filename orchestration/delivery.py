"""Plan and apply over a warehouse: the guard in front, the ledger behind."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.markup import escape

from loading.batches import create_raw_tables
from orchestration.crm import connect_crm
from orchestration.dbt_manifest import read_manifest
from orchestration.errors import BreakerTripped, UsageError
from orchestration.resources import Crm, open_warehouse, user_name
from orchestration.writer_lock import WriterLock
from reverse_etl import delivery
from reverse_etl.apply import Outcome, apply
from reverse_etl.breaker import SourceRows, Trip, describe_trips, trips
from reverse_etl.guards import Problem, RunState, upstream_is_sound
from reverse_etl.ledger import LedgerStore
from reverse_etl.plan import Plan
from reverse_etl.rules import DeliveryRules, read_rules
from reverse_etl.show import describe_outcome, describe_plan, visible_changes

# `sound` and `succeeded`: everything upstream of delivery was built and passed its tests.
_SOUND_STATES = ("sound", "succeeded")
_SOURCE_ROWS = """
with

good_night as (

    select max(arrivals.as_of_date) as as_of_date
    from raw.arrivals as arrivals
    inner join delivery.runs as runs on arrivals.as_of_date = runs.as_of_date and runs.state = 'succeeded'
    where arrivals.as_of_date < $as_of

)

select
    before.table_name || case when before.is_crm_extract then ' (CRM)' else ' (files)' end,
    coalesce(tonight.row_count, 0),
    before.row_count
from raw.arrivals as before
inner join good_night on before.as_of_date = good_night.as_of_date
left join raw.arrivals as tonight
    on before.table_name = tonight.table_name and before.is_crm_extract = tonight.is_crm_extract
    and tonight.as_of_date = $as_of
order by all
"""
_VIEWS = """
create or replace view delivery.latest_delivery as
select * from delivery.ledger where plan_id = (select plan_id from delivery.plans order by rowid desc limit 1);
create or replace view delivery.latest_delivery_fields as
select fields.* from delivery.ledger_fields as fields
where fields.plan_id = (
    select plans.plan_id from delivery.plans as plans
    inner join delivery.plan_rows as rows on plans.plan_id = rows.plan_id
    where rows.action in ('create', 'update') order by plans.rowid desc limit 1
);
"""


@dataclass(frozen=True)
class Planned:
    """What would change in the CRM, and the limits that this exceeds: with any, nothing is written unless a person says so."""

    plan: Plan
    trips: tuple[Trip, ...]


def plan_delivery(warehouse: Path) -> Planned:
    """What would change in the CRM now.

    Raises
    ------
    UsageError
        If something upstream is not sound, or another process writes the warehouse.
    """
    with WriterLock(warehouse, "abm plan"), open_warehouse(warehouse) as connection:
        require_sound(connection)
        return make_plan(connection, Crm())[0]


def apply_delivery(warehouse: Path, override: str | None = None) -> Outcome:
    """Plan again against what the CRM holds now, and write it.

    Parameters
    ----------
    override : why a plan that exceeds a limit is right; kept with the user's name. None: such a plan is not written

    Raises
    ------
    UsageError
        If something upstream is not sound, or another process writes the warehouse.
    BreakerTripped
        If the plan exceeds a limit and no reason is given.
    """
    with WriterLock(warehouse, "abm apply"), open_warehouse(warehouse) as connection:
        require_sound(connection)
        return apply_plan(connection, Crm(), override)


def require_sound(connection: duckdb.DuckDBPyConnection) -> None:
    """Refuse to go on while anything upstream of delivery is not built and tested for the newest run's night.

    Raises
    ------
    UsageError
        Names up to ten reasons.
    """
    problems = soundness_problems(connection)
    if problems:
        raise UsageError(
            "Nothing was written to the CRM, because upstream of it not all is sound:\n" + describe_problems(problems)
        )


def describe_problems(problems: Sequence[Problem]) -> str:
    """Up to ten reasons, what failed before what has not run, one a line."""
    ordered = sorted(problems, key=lambda problem: ("has no result" in problem.message, problem.subject))
    lines = [f"  {_short(problem.subject)} {problem.message}" for problem in ordered[:10]]
    return "\n".join([*lines, f"  and {len(problems) - 10} more"] if len(problems) > 10 else lines)


def soundness_problems(connection: duckdb.DuckDBPyConnection, delivering_run_id: str = "") -> list[Problem]:
    """Reasons not to deliver what stands in the sync tables; `delivering_run_id` is the run that asks, if a run does."""
    if not _has_table(connection, "runs") or not _has_table(connection, "test_results"):
        raise UsageError("This warehouse has no finished night. Make one with `abm run --input DIR --as-of D`.")
    newest = connection.execute(
        "select run_id, as_of_date, state from delivery.runs order by run_number desc limit 1"
    ).fetchall()
    state = None
    if newest:
        run_id, as_of, stored = newest[0]
        state = RunState(run_id, as_of, "succeeded" if stored in _SOUND_STATES else stored, delivering_run_id)
    results = connection.execute("select * from delivery.test_results").df()
    return upstream_is_sound(results, tests_upstream_of_sync(read_manifest()), state)


def tests_without_result(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of tests upstream of the sync tables that have not run since the night began."""
    manifest = read_manifest()
    seen = {row[0] for row in connection.execute("select unique_id from delivery.test_results").fetchall()}
    return sorted(manifest["nodes"][unique_id]["name"] for unique_id in tests_upstream_of_sync(manifest) - seen)


def tests_upstream_of_sync(manifest: Mapping[str, Any]) -> set[str]:
    """Unique ids of the data tests on every model and seed that a model of `sync` is made from, those models included."""
    parents: Mapping[str, list[str]] = manifest["parent_map"]
    nodes: Mapping[str, Any] = manifest["nodes"]
    waiting = [name for name, node in nodes.items() if node["resource_type"] == "model" and node["schema"] == "sync"]
    upstream: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in upstream:
            upstream.add(name)
            waiting.extend(parents.get(name, ()))
    return {
        name
        for name, node in nodes.items()
        if node["resource_type"] == "test" and upstream.intersection(node["depends_on"]["nodes"])
    }


def make_plan(connection: duckdb.DuckDBPyConnection, crm: Crm) -> tuple[Planned, Any, LedgerStore]:
    """The plan, the CRM that it was read from, and the ledger; writes nothing to the CRM."""
    rules = read_delivery_rules(connection)
    run_id, as_of = _newest_run(connection)
    ledger = LedgerStore(connection)
    salesforce = connect_crm(crm, rules.api_reserve_share)
    desired = {
        spec.sync_table: connection.sql(f'select * from sync."{spec.sync_table}"').to_arrow_table()
        for spec in rules.objects
    }
    plan = delivery.plan_delivery(salesforce, ledger, desired, rules, run_id=run_id, as_of_date=as_of)
    found = trips(plan, desired, ledger.delivered_accounts(), _source_rows(connection, as_of), rules)
    return Planned(plan, tuple(found)), salesforce, ledger


def apply_plan(connection: duckdb.DuckDBPyConnection, crm: Crm, override: str | None = None) -> Outcome:
    """Plan against what the CRM holds at this moment, write, and keep the CRM's answers.

    Raises
    ------
    BreakerTripped
        If the plan exceeds a limit and `override` gives no reason; nothing was written then.
    """
    planned, salesforce, ledger = make_plan(connection, crm)
    if planned.trips:
        said = describe_trips(planned.trips)
        if override is None:
            raise BreakerTripped(
                f"Nothing was written to the CRM: plan {planned.plan.plan_id} would change too much at once.\n{said}\n"
                "Look at it with `abm plan`. If it is right, `abm apply --override REASON` writes it and keeps the reason; if"
                " such nights are usual, the limits are rows of seeds/rules/delivery_parameters.csv."
            )
        ledger.record_override(planned.plan, user_name(), override, said)
    outcome = apply(planned.plan, salesforce, ledger)
    rules = read_delivery_rules(connection)
    ledger.expire(planned.plan.as_of_date - timedelta(days=rules.ledger_kept_days))
    create_delivery_views(connection)
    return outcome


def _source_rows(connection: duckdb.DuckDBPyConnection, as_of: date) -> list[SourceRows]:
    """Rows that each table brought on the last good night, and tonight; none before there was a good one."""
    create_raw_tables(connection)  # a warehouse of an earlier version lacks the counts
    rows = connection.execute(_SOURCE_ROWS, {"as_of": as_of}).fetchall()
    return [SourceRows(source, int(tonight), int(before)) for source, tonight, before in rows]


def create_delivery_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the views that show the newest delivery."""
    LedgerStore(connection)
    connection.execute(_VIEWS)


def print_plan(planned: Planned, account: str | None, as_json: bool, console: Console) -> None:
    """The plan as text or JSON, and the limits that it exceeds; contact fields are counted, never shown."""
    plan = planned.plan
    if as_json:
        shown = {
            "plan_id": plan.plan_id,
            "run_id": plan.run_id,
            "as_of_date": plan.as_of_date.isoformat(),
            "counts": plan.counts(),
            "exceeds": [asdict(trip) for trip in planned.trips],
            "notes": list(plan.notes),
            "changes": visible_changes(plan, account),
        }
        console.print_json(json.dumps(shown, ensure_ascii=False))
        return
    console.print(describe_plan(plan, account), markup=False, highlight=False)
    if planned.trips:
        console.print(
            f"[red]This plan exceeds limits, so nothing of it is written without a reason:[/]\n"
            f"{escape(describe_trips(planned.trips))}"
        )


def print_outcome(outcome: Outcome, as_json: bool, console: Console) -> None:
    """What became of each planned record."""
    if as_json:
        console.print_json(json.dumps(asdict(outcome), default=str))
    else:
        console.print(describe_outcome(outcome), markup=False, highlight=False)


def read_delivery_rules(connection: duckdb.DuckDBPyConnection) -> DeliveryRules:
    """The rules of delivery as the warehouse holds them."""
    return read_rules(
        connection.execute("select * from rules.salesforce_fields").df(),
        connection.execute("select * from rules.delivery_parameters").df(),
    )


def _newest_run(connection: duckdb.DuckDBPyConnection) -> tuple[str, date]:
    run_id, as_of = connection.execute(
        "select run_id, as_of_date from delivery.runs order by run_number desc limit 1"
    ).fetchall()[0]
    return run_id, as_of


def _has_table(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    return bool(
        connection.execute(
            "select 1 from information_schema.tables where table_schema = 'delivery' and table_name = ?", [name]
        ).fetchall()
    )


def _short(unique_id: str) -> str:
    """A dbt unique id without its package and hash."""
    parts = unique_id.split(".")
    return parts[2] if len(parts) > 2 and parts[0] in ("test", "model", "seed", "unit_test") else unique_id
