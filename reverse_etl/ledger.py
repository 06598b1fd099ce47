"""What was planned, sent and answered, kept in the warehouse so that a run can be killed at any instant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from reverse_etl.crm import CrmObject, OpenJob, RecordAnswer
from reverse_etl.errors import SyncError
from reverse_etl.plan import Plan
from reverse_etl.settle import settle_records

TERMINAL_STATES = ("sent", "unchanged", "rejected", "withheld", "conflict")

_TABLES = """
create schema if not exists delivery;
create table if not exists delivery.plans (
    plan_id varchar not null, run_id varchar not null, as_of_date date not null,
    state varchar not null,          -- applying, applied, stopped, interrupted
    message varchar,
    created_count bigint, updated_count bigint, unchanged_count bigint, withheld_count bigint, conflict_count bigint
);
create table if not exists delivery.plan_rows (
    plan_id varchar not null, object varchar not null, record_key varchar not null, salesforce_id varchar,
    action varchar not null, field varchar, old_value varchar, new_value varchar, reason varchar
);
create table if not exists delivery.ledger (
    plan_id varchar not null, run_id varchar not null, as_of_date date not null,
    object varchar not null, record_key varchar not null, salesforce_id varchar, action varchar not null,
    state varchar not null,          -- planned, in_flight; then for good: sent, unchanged, rejected, withheld, conflict
    code varchar, message varchar, job_id varchar
);
create table if not exists delivery.jobs (
    job_id varchar not null, plan_id varchar not null, object varchar not null, key_field varchar not null,
    state varchar not null           -- open, closed
);
create table if not exists delivery.sent_values (
    object varchar not null, record_key varchar not null, field varchar not null, value varchar,
    plan_id varchar not null, as_of_date date not null
);
create table if not exists delivery.overrides (
    plan_id varchar not null, run_id varchar not null, as_of_date date not null,
    overridden_by varchar not null, reason varchar not null, trips varchar not null
);
create table if not exists delivery.drift (
    object varchar not null, record_key varchar not null, salesforce_id varchar,
    kind varchar not null,           -- edited, deleted, merged, gone
    field varchar, sent_value varchar, held_value varchar, merged_into_id varchar
);
create or replace view delivery.ledger_fields as
select
    plan_rows.plan_id, ledger.run_id, ledger.as_of_date, plan_rows.object, plan_rows.record_key, ledger.salesforce_id,
    plan_rows.field, plan_rows.old_value, plan_rows.new_value, plan_rows.reason,
    case when plan_rows.action in ('create', 'update') then ledger.state else plan_rows.action end as state,
    case when plan_rows.action in ('create', 'update') then ledger.code end as code,
    case when plan_rows.action in ('create', 'update') then ledger.message end as message
from delivery.plan_rows
inner join delivery.ledger
    on plan_rows.plan_id = ledger.plan_id
    and plan_rows.object = ledger.object
    and plan_rows.record_key = ledger.record_key
where plan_rows.field is not null;
-- Records that the CRM has refused every night since it last took them, or since they were first planned.
create or replace view delivery.refusals as
with
nights as (
    select
        object, record_key, as_of_date, bool_and(state = 'rejected') as is_refused,
        arg_max(code, rowid) as code, arg_max(message, rowid) as message
    from delivery.ledger
    where state in ('sent', 'unchanged', 'rejected', 'withheld', 'conflict')
    group by object, record_key, as_of_date
),
latest as (
    select object, record_key, max(as_of_date) as as_of_date from nights where not is_refused group by all
)
select
    nights.object, nights.record_key, count(*) as refused_nights,
    min(nights.as_of_date) as first_refused_on, max(nights.as_of_date) as last_refused_on,
    arg_max(nights.code, nights.as_of_date) as code, arg_max(nights.message, nights.as_of_date) as message
from nights
left join latest on nights.object = latest.object and nights.record_key = latest.record_key
where latest.as_of_date is null or nights.as_of_date > latest.as_of_date
group by nights.object, nights.record_key;
"""


def dead_letters(connection: duckdb.DuckDBPyConnection, nights: int) -> list[dict[str, object]]:
    """Records that a CRM has refused for so many nights running.

    Returns
    -------
    Rows of object, record_key, refused_nights, first_refused_on, code, message; those that wait longest first.
    """
    rows: list[dict[str, object]] = (
        connection.sql(
            "select object, record_key, refused_nights, first_refused_on, code, message from delivery.refusals"
            " where refused_nights >= ? order by refused_nights desc, object, record_key",
            params=[nights],
        )
        .to_arrow_table()
        .to_pylist()
    )
    return rows


class LedgerStore:
    """The delivery tables of one warehouse.

    Every method that writes is one transaction: after a crash a record is in the state before it or after it, never between.

    Parameters
    ----------
    connection : open connection with the right to write; not inside a transaction
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._connection.execute(_TABLES)

    def begin(self, plan: Plan) -> Plan:
        """Keep `plan` and its records; records that need no write get their final state at once.

        Returns
        -------
        The plan as kept: its id gets a suffix (`.2`) if the same plan was applied before, as after rejected rows.

        Raises
        ------
        SyncError
            If an earlier apply was interrupted and its records are not settled yet (see `settle`).
        """
        if self.unsettled_plans():
            raise SyncError(
                "An earlier delivery was interrupted and some of its records are in flight. Plan again: planning reads the "
                "CRM and settles them.",
                code="UNSETTLED",
            )
        attempts = self._value(
            "select count(*) from delivery.plans where split_part(plan_id, '.', 1) = ?", plan.plan_id
        )
        kept = plan if not attempts else replace(plan, plan_id=f"{plan.plan_id}.{attempts + 1}")
        totals = _totals(plan)
        records = kept.records()
        states = {
            "create": "planned",
            "update": "planned",
            "conflict": "conflict",
            "withheld": "withheld",
            "unchanged": "unchanged",
        }
        state = pa.array([states[action] for action in records["action"].to_pylist()], pa.string())
        with self._transaction():
            self._connection.execute(
                "insert into delivery.plans values (?, ?, ?, 'applying', null, ?, ?, ?, ?, ?)",
                [
                    kept.plan_id,
                    kept.run_id,
                    kept.as_of_date,
                    totals["create"],
                    totals["update"],
                    totals["unchanged"],
                    totals["withheld"],
                    totals["conflict"],
                ],
            )
            self._insert("select ? as plan_id, given.* from given", kept.rows, "delivery.plan_rows", [kept.plan_id])
            self._insert(
                "select ?, ?, cast(? as date), object, record_key, salesforce_id, action, state, null, "
                "case when state in ('withheld', 'conflict') then reason end, null from given",
                records.append_column("state", state),
                "delivery.ledger",
                [kept.plan_id, kept.run_id, kept.as_of_date],
            )
            agreed = kept.rows.filter(
                pc.and_(pc.equal(kept.rows["action"], "unchanged"), pc.is_valid(kept.rows["field"]))
            )
            self._remember(agreed.select(["object", "record_key", "field", "new_value"]), kept.plan_id)
        return kept

    def mark_in_flight(self, plan_id: str, object_name: str, record_keys: Sequence[str]) -> None:
        """Say that these records are about to be sent: from now on only the CRM knows whether they were."""
        with self._transaction():
            self._set_state(plan_id, object_name, [RecordAnswer(key, False) for key in record_keys], in_flight=True)

    def record_job(self, plan_id: str, job: OpenJob, record_keys: Sequence[str]) -> None:
        """Keep the id of an asynchronous job before any row is uploaded to it."""
        with self._transaction():
            self._connection.execute(
                "insert into delivery.jobs values (?, ?, ?, ?, 'open')",
                [job.job_id, plan_id, job.object_name, job.key_field],
            )
            self._update_job(plan_id, job, record_keys)

    def record_answers(self, plan_id: str, object_name: str, answers: Sequence[RecordAnswer], job_id: str = "") -> None:
        """Move records to `sent` or `rejected` on the CRM's own answers, and remember the values of those sent."""
        with self._transaction():
            self._set_state(plan_id, object_name, answers)
            keys = [answer.record_key for answer in answers if answer.is_success]
            self._remember(self._sent_rows(plan_id, object_name, keys), plan_id)
            if job_id:
                self._connection.execute("update delivery.jobs set state = 'closed' where job_id = ?", [job_id])

    def finish(self, plan_id: str, message: str = "") -> None:
        """End an apply. Records that were never handed over become `withheld`, with `message` as the reason."""
        with self._transaction():
            self._withhold_planned(plan_id, message or "the delivery ended before this record")
            in_flight = self._value(
                "select count(*) from delivery.ledger where plan_id = ? and state = 'in_flight'", plan_id
            )
            state = "applying" if in_flight else "stopped" if message else "applied"
            self._connection.execute(
                "update delivery.plans set state = ?, message = ? where plan_id = ?", [state, message or None, plan_id]
            )

    def unsettled_plans(self) -> list[str]:
        """Plans whose apply did not come to its end, oldest first."""
        rows = self._connection.execute(
            "select plan_id from delivery.plans where state = 'applying' order by rowid"
        ).fetchall()
        return [str(row[0]) for row in rows]

    def open_jobs(self) -> list[tuple[str, OpenJob]]:
        """(plan_id, job) for jobs whose answers nobody has read."""
        rows = self._connection.execute(
            "select plan_id, job_id, object, key_field from delivery.jobs where state = 'open' order by rowid"
        ).fetchall()
        return [(str(plan), OpenJob(str(job), str(name), str(key))) for plan, job, name, key in rows]

    def settle(
        self, current: Mapping[str, pa.Table], schema: Mapping[str, CrmObject], key_fields: Mapping[str, str]
    ) -> int:
        """Give every record that an interrupted apply left in flight its final state; see `settle.settle_records`.

        Records that did not arrive become `rejected` with code INTERRUPTED, and are planned again; records that were never
        handed over become `withheld`.

        Parameters
        ----------
        current : object -> what the CRM holds, read after every open job has been finished
        schema : object -> the CRM's description
        key_fields : object -> name of the key field

        Returns
        -------
        Number of records that were in flight.
        """
        settled = 0
        for plan_id in self.unsettled_plans():
            for object_name, held in current.items():
                settled += self._settle_object(plan_id, object_name, held, schema[object_name], key_fields[object_name])
            with self._transaction():
                self._withhold_planned(plan_id, "the delivery was interrupted before this record")
                # Objects that no rule writes any more are not read, so nobody can tell.
                self._connection.execute(
                    "update delivery.ledger set state = 'rejected', code = 'INTERRUPTED', message = 'no longer delivered' "
                    "where plan_id = ? and state = 'in_flight'",
                    [plan_id],
                )
                self._connection.execute("update delivery.plans set state = 'interrupted' where plan_id = ?", [plan_id])
        return settled

    def last_sent(self) -> dict[str, pa.Table]:
        """Object -> one row per record ever sent: record_key, as_of_date, one column per field ('' = sent as empty)."""
        result: dict[str, pa.Table] = {}
        objects = self._connection.execute(
            "select distinct object from delivery.sent_values order by object"
        ).fetchall()
        for (object_name,) in objects:
            fields = self._connection.execute(
                "select distinct field from delivery.sent_values where object = ? order by field", [object_name]
            ).fetchall()
            columns = ", ".join(
                f"max(case when field = {_quoted(name)} then coalesce(value, '') end) as {_identifier(name)}"
                for (name,) in fields
            )
            result[str(object_name)] = self._arrow(
                f"select record_key, max(as_of_date) as as_of_date, {columns} from delivery.sent_values "
                "where object = ? group by record_key order by record_key",
                [object_name],
            )
        return result

    def delivered_accounts(self) -> list[str]:
        """Ids of the accounts that the last delivery named and the CRM had; none before the first."""
        rows = self._connection.execute(
            "select distinct record_key from delivery.ledger where object = 'Account' and state <> 'withheld' and plan_id ="
            " (select plan_id from delivery.plans where state = 'applied' order by rowid desc limit 1) order by record_key"
        ).fetchall()
        return [str(row[0]) for row in rows]

    def record_override(self, plan: Plan, overridden_by: str, reason: str, trips: str) -> None:
        """Keep who let a plan pass that the breaker stops, why, and which limits it exceeds."""
        self._connection.execute(
            "insert into delivery.overrides values (?, ?, ?, ?, ?, ?)",
            [plan.plan_id, plan.run_id, plan.as_of_date, overridden_by, reason, trips],
        )

    def expire(self, before: date) -> None:
        """Forget deliveries of nights before a day; what was last sent to each record stays, as edits are told by it."""
        old = "select plan_id from delivery.plans where as_of_date < ? and state <> 'applying'"
        with self._transaction():
            for table in ("plan_rows", "ledger", "jobs", "overrides"):
                self._connection.execute(f"delete from delivery.{table} where plan_id in ({old})", [before])
            self._connection.execute(
                "delete from delivery.plans where as_of_date < ? and state <> 'applying'", [before]
            )

    def keep_drift(self, rows: pa.Table) -> None:
        """Keep where the CRM differs from what it was sent, in the place of what was found before."""
        with self._transaction():
            self._connection.execute("delete from delivery.drift")
            self._insert("select * from given", rows, "delivery.drift", [])

    def forget(self, object_name: str, record_key: str, field: str) -> None:
        """Hand a field back to the engine: the next plan no longer sees an edit there."""
        self._connection.execute(
            "delete from delivery.sent_values where object = ? and record_key = ? and field = ?",
            [object_name, record_key, field],
        )

    def all_states(self) -> dict[str, int]:
        """Records of all plans by state."""
        rows = self._connection.execute("select state, count(*) from delivery.ledger group by state order by state")
        return {str(state): int(count) for state, count in rows.fetchall()}

    def states(self, plan_id: str) -> dict[str, int]:
        """Records of a plan by state."""
        rows = self._connection.execute(
            "select state, count(*) from delivery.ledger where plan_id = ? group by state order by state", [plan_id]
        ).fetchall()
        return {str(state): int(count) for state, count in rows}

    def rejections(self, plan_id: str) -> dict[str, int]:
        """Rejected records of a plan by the CRM's code."""
        rows = self._connection.execute(
            "select code, count(*) from delivery.ledger where plan_id = ? and state = 'rejected' group by code order by code",
            [plan_id],
        ).fetchall()
        return {str(code): int(count) for code, count in rows}

    def _settle_object(
        self, plan_id: str, object_name: str, held: pa.Table, described: CrmObject, key_field: str
    ) -> int:
        rows = self._arrow(
            "select plan_rows.record_key, plan_rows.field, plan_rows.new_value, ledger.action as record_action "
            "from delivery.plan_rows inner join delivery.ledger using (plan_id, object, record_key) "
            "where plan_id = ? and object = ? and ledger.state = 'in_flight' and plan_rows.action in ('create', 'update') "
            "order by record_key, field",
            [plan_id, object_name],
        )
        if not rows.num_rows:
            return 0
        settled = settle_records(rows, held, described, key_field)
        arrived = settled.arrived.add_column(0, "object", pa.repeat(object_name, settled.arrived.num_rows))
        with self._transaction():
            self._set_state(plan_id, object_name, settled.answers)
            self._remember(arrived, plan_id)
        return len(settled.answers)

    def _set_state(
        self, plan_id: str, object_name: str, answers: Sequence[RecordAnswer], in_flight: bool = False
    ) -> None:
        given = pa.table(
            {
                "record_key": pa.array([answer.record_key for answer in answers], pa.string()),
                "state": pa.array(
                    ["in_flight" if in_flight else "sent" if answer.is_success else "rejected" for answer in answers],
                    pa.string(),
                ),
                "salesforce_id": pa.array([answer.salesforce_id or None for answer in answers], pa.string()),
                "code": pa.array([answer.code or None for answer in answers], pa.string()),
                "message": pa.array([answer.message or None for answer in answers], pa.string()),
            }
        )
        with self._given(given):
            self._connection.execute(
                "update delivery.ledger set state = given.state, code = given.code, message = given.message, "
                "salesforce_id = coalesce(given.salesforce_id, ledger.salesforce_id) from given "
                "where ledger.plan_id = ? and ledger.object = ? and ledger.record_key = given.record_key",
                [plan_id, object_name],
            )

    def _update_job(self, plan_id: str, job: OpenJob, record_keys: Sequence[str]) -> None:
        with self._given(pa.table({"record_key": pa.array(record_keys, pa.string())})):
            self._connection.execute(
                "update delivery.ledger set job_id = ? from given "
                "where ledger.plan_id = ? and ledger.object = ? and ledger.record_key = given.record_key",
                [job.job_id, plan_id, job.object_name],
            )

    def _sent_rows(self, plan_id: str, object_name: str, record_keys: Sequence[str]) -> pa.Table:
        with self._given(pa.table({"record_key": pa.array(record_keys, pa.string())})):
            return self._arrow(
                "select object, record_key, field, new_value from delivery.plan_rows "
                "where plan_id = ? and object = ? and action in ('create', 'update') "
                "and record_key in (select record_key from given)",
                [plan_id, object_name],
            )

    def _remember(self, sent: pa.Table, plan_id: str) -> None:
        """Keep (object, record_key, field, new_value) as the last sent values."""
        if not sent.num_rows:
            return
        with self._given(sent):
            self._connection.execute(
                "delete from delivery.sent_values using given where sent_values.object = given.object "
                "and sent_values.record_key = given.record_key and sent_values.field = given.field"
            )
            self._connection.execute(
                "insert into delivery.sent_values select object, record_key, field, new_value, ?, "
                "(select max(as_of_date) from delivery.plans where plan_id = ?) from given",
                [plan_id, plan_id],
            )

    def _withhold_planned(self, plan_id: str, message: str) -> None:
        self._connection.execute(
            "update delivery.ledger set state = 'withheld', message = ? where plan_id = ? and state = 'planned'",
            [message, plan_id],
        )

    def _insert(self, select: str, given: pa.Table, table: str, parameters: Sequence[object]) -> None:
        with self._given(given):
            self._connection.execute(f"insert into {table} {select}", list(parameters))

    def _arrow(self, query: str, parameters: Sequence[object]) -> pa.Table:
        return self._connection.sql(query, params=list(parameters)).to_arrow_table()

    def _value(self, query: str, parameter: str) -> int:
        row = self._connection.execute(query, [parameter]).fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def _given(self, table: pa.Table) -> Iterator[None]:
        self._connection.register("given", table)
        try:
            yield
        finally:
            self._connection.unregister("given")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.begin()
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()


def _totals(plan: Plan) -> dict[str, int]:
    totals = dict.fromkeys(("create", "update", "conflict", "withheld", "unchanged"), 0)
    for counts in plan.counts().values():
        for action, count in counts.items():
            totals[action] += count
    return totals


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
