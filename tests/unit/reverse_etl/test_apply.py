from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import date

import duckdb
import pyarrow as pa
import pytest

from reverse_etl.apply import apply
from reverse_etl.crm import OpenJob, RecordAnswer, WriteBatch
from reverse_etl.destinations.memory import MemoryCrm
from reverse_etl.errors import SyncError, TerminalError, TransientError
from reverse_etl.ledger import TERMINAL_STATES, LedgerStore
from tests.unit.reverse_etl.night import DAY, Night, account_id, account_row, contact_id, memory_crm, queue_row, tables


class Killed(BaseException):
    """The process ends here: nothing after this line runs."""


class KillSwitch:
    """Counts every step of a delivery and ends it at the n-th."""

    def __init__(self, at: int | None) -> None:
        self.at, self.steps = at, 0

    def __call__(self, step: str) -> None:
        self.steps += 1
        if self.steps == self.at:
            raise Killed(step)


class WatchedLedger(LedgerStore):
    """A ledger that passes a kill switch before and after each of its writes."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, switch: Callable[[str], None]) -> None:
        super().__init__(connection)
        self._switch = switch

    def begin(self, plan):  # type: ignore[no-untyped-def]
        self._switch("begin")
        kept = super().begin(plan)
        self._switch("begun")
        return kept

    def mark_in_flight(self, plan_id: str, object_name: str, record_keys: Sequence[str]) -> None:
        self._switch("mark")
        super().mark_in_flight(plan_id, object_name, record_keys)
        self._switch("marked")

    def record_answers(self, plan_id: str, object_name: str, answers: Sequence[RecordAnswer], job_id: str = "") -> None:
        self._switch("record")
        super().record_answers(plan_id, object_name, answers, job_id)
        self._switch("recorded")

    def finish(self, plan_id: str, message: str = "") -> None:
        self._switch("finish")
        super().finish(plan_id, message)
        self._switch("finished")


class JobCrm(MemoryCrm):
    """Hands every batch to a job whose answers can be fetched later, as Bulk API 2.0 does."""

    def write(self, batch: WriteBatch, on_job: Callable[[str], None]) -> Sequence[RecordAnswer]:
        job_id = f"750{len(self.jobs):015d}"
        on_job(job_id)
        self.on_step("job made")
        self.jobs[job_id] = list(super().write(batch, on_job))
        self.on_step("job done")
        return self.jobs[job_id]

    def finish_job(self, job: OpenJob) -> Sequence[RecordAnswer]:
        self.on_step("finish_job")
        return self.jobs.get(job.job_id, [])

    @property
    def jobs(self) -> dict[str, list[RecordAnswer]]:
        return self.__dict__.setdefault("_jobs", {})


def desired(shift: float = 0.0) -> dict[str, pa.Table]:
    return tables(
        [account_row(n, score=50.0 + n + shift) for n in range(1, 6)],
        [{"salesforce_contact_id": contact_id(n), "committee_role": "DM"} for n in (1, 2, 3)],
        [queue_row(n) for n in (1, 2, 3)],
    )


def fresh_crm(kind: type[MemoryCrm]) -> MemoryCrm:
    plain = memory_crm()
    return kind(schema=plain.schema, rows=plain.rows, records_per_batch=2)


@pytest.mark.parametrize("kind", [MemoryCrm, JobCrm])
def test_a_delivery_killed_at_any_step_ends_in_the_same_crm_state_after_a_rerun(kind: type[MemoryCrm]) -> None:
    wanted = tables([account_row(n) for n in (1, 2, 3)], [], [queue_row(1)])

    def run(at: int | None) -> tuple[MemoryCrm, int, duckdb.DuckDBPyConnection]:
        crm, connection, switch = fresh_crm(kind), duckdb.connect(), KillSwitch(at)
        night = Night(crm, WatchedLedger(connection, switch))
        plan = night.plan(wanted)
        crm.on_step = switch
        try:
            apply(plan, crm, night.ledger)
        except Killed:
            crm.on_step = lambda step: None
            assert Night(crm, LedgerStore(connection)).deliver(wanted, day=date(2026, 11, 1)).is_complete
        return crm, switch.steps, connection

    expected, steps, connection = run(None)
    connection.close()
    # Three batches (two of accounts, one queue item), each with at least six places to die, and four around them.
    assert steps >= 3 * 6 + 4
    for at in range(1, steps + 1):
        crm, _, connection = run(at)
        assert crm.rows == expected.rows, f"killed at step {at}"
        states = connection.execute(
            "select plan_id, object, record_key, count(*), max(state) from delivery.ledger group by all"
        ).fetchall()
        assert {(count, state in TERMINAL_STATES) for *_, count, state in states} == {(1, True)}, f"killed at step {at}"
        assert Night(crm, LedgerStore(connection)).plan(wanted, day=date(2026, 11, 2)).change_count == 0
        connection.close()


@pytest.mark.parametrize("step", ["write", "write committed"])
def test_a_killed_delivery_does_not_take_its_own_writes_for_edits(night: Night, step: str) -> None:
    night.deliver(desired())
    second = night.plan(desired(10.0), day=date(2026, 11, 1))

    def kill(seen: str) -> None:
        if seen == step:
            raise Killed

    night.crm.on_step = kill
    with pytest.raises(Killed):
        apply(second, night.crm, night.ledger)
    night.crm.on_step = lambda seen: None
    third = night.plan(desired(20.0), day=date(2026, 11, 2))
    assert sum(counts["conflict"] for counts in third.counts().values()) == 0
    assert apply(third, night.crm, night.ledger).is_complete


def test_rejected_records_keep_code_and_message_and_are_planned_again(night: Night) -> None:
    refused = account_id(2)
    night.crm.refuse = lambda object_name, key: (
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "not now") if key == refused else None
    )
    outcome = night.deliver(desired())
    assert (outcome.rejected, dict(outcome.rejected_by_code)) == (1, {"FIELD_CUSTOM_VALIDATION_EXCEPTION": 1})
    assert not outcome.is_complete
    assert night.plan(desired()).change_count == 1
    night.crm.refuse = lambda object_name, key: None
    assert night.deliver(desired()).sent == 1
    assert night.plan(desired()).change_count == 0


def test_the_same_plan_applied_twice_gets_two_ids(night: Night, connection: duckdb.DuckDBPyConnection) -> None:
    night.crm.refuse = lambda object_name, key: ("UNKNOWN_EXCEPTION", "down") if key == account_id(2) else None
    night.deliver(tables([account_row(2)]))
    second = night.deliver(tables([account_row(2)]))
    assert second.plan_id.endswith(".2")
    assert connection.execute("select count(*), count(distinct plan_id) from delivery.plans").fetchone() == (2, 2)


def test_the_states_of_an_outcome_add_up_to_the_planned_records(night: Night) -> None:
    night.deliver(tables([account_row(1)]))
    night.crm.rows["Account"][account_id(1)]["ABM_Tier__c"] = "Tier 1"
    night.crm.refuse = lambda object_name, key: ("X", "y") if key == account_id(3) else None
    wanted = tables([account_row(1), account_row(2), account_row(3), account_row(99)], [], [queue_row(1)])
    plan = night.plan(wanted)
    outcome = apply(plan, night.crm, night.ledger)
    assert (outcome.sent, outcome.rejected, outcome.withheld, outcome.conflict) == (2, 1, 1, 1)
    total = (
        outcome.sent + outcome.rejected + outcome.withheld + outcome.conflict + outcome.unchanged + outcome.in_flight
    )
    assert total == plan.records().num_rows


@pytest.mark.parametrize("step", ["write", "write committed"])
def test_a_crm_that_fails_stops_the_delivery_and_the_next_one_finishes_it(night: Night, step: str) -> None:
    calls = []

    def fail(seen: str) -> None:
        calls.append(seen)
        if seen == step and calls.count(step) == 2:
            raise TransientError("No answer from Salesforce.", code="NO_ANSWER")

    plan = night.plan(desired())
    night.crm.on_step = fail
    outcome = apply(plan, night.crm, night.ledger)
    # Batches of two: the first two accounts are sent, two are in flight, the rest was never handed over.
    assert (outcome.sent, outcome.in_flight, outcome.withheld) == (2, 2, 7)
    assert outcome.stopped == "No answer from Salesforce."
    night.crm.on_step = lambda seen: None
    assert night.deliver(desired()).is_complete
    assert night.plan(desired()).change_count == 0


def test_an_apply_on_top_of_an_unsettled_one_is_refused(night: Night) -> None:
    plan = night.plan(desired())

    def stop(step: str) -> None:
        raise TransientError("down")

    night.crm.on_step = stop
    apply(plan, night.crm, night.ledger)
    with pytest.raises(SyncError, match="Plan again"):
        apply(plan, night.crm, night.ledger)


def test_the_daily_limit_stops_the_delivery_without_a_record_lost(night: Night) -> None:
    plan = night.plan(desired())
    before = deepcopy(night.crm.rows)

    def stop(step: str) -> None:
        raise TerminalError("no calls left", code="DAILY_LIMIT")

    night.crm.on_step = stop
    outcome = apply(plan, night.crm, night.ledger)
    assert outcome.sent == 0 and outcome.in_flight + outcome.withheld == plan.records().num_rows
    assert night.crm.rows == before


def test_answers_for_records_that_were_not_sent_are_not_believed(night: Night) -> None:
    class Confused(MemoryCrm):
        def write(self, batch: WriteBatch, on_job: Callable[[str], None]) -> Sequence[RecordAnswer]:
            return [RecordAnswer("001000000000000999", True)]

    crm = Confused(schema=night.crm.schema, rows=night.crm.rows)
    outcome = apply(night.plan(tables([account_row(1)])), crm, night.ledger)
    assert outcome.sent == 0 and "not in the batch" in outcome.stopped


def test_each_field_can_be_joined_to_what_became_of_it(night: Night, connection: duckdb.DuckDBPyConnection) -> None:
    night.deliver(tables([account_row(1)]))
    night.crm.rows["Account"][account_id(1)]["ABM_Tier__c"] = "Tier 1"
    night.deliver(tables([account_row(1, score=70.0)]), day=date(2026, 11, 1))
    found = connection.execute(
        "select field, state from delivery.ledger_fields where as_of_date = '2026-11-01' order by field"
    ).fetchall()
    assert found == [("ABM_Score__c", "sent"), ("ABM_Tier__c", "conflict")]


def test_the_ledger_remembers_across_connections(tmp_path) -> None:  # type: ignore[no-untyped-def]
    crm = memory_crm()
    for expected in (11, 0):
        connection = duckdb.connect(str(tmp_path / "w.duckdb"))
        assert Night(crm, LedgerStore(connection)).deliver(desired(), day=DAY).sent == expected
        connection.close()
