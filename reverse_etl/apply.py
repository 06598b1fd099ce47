"""Carries a plan out: intent first, then the write, then the CRM's own answer, record by record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reverse_etl.crm import CrmWriter, OpenJob, RecordAnswer, RecordWrite, WriteBatch
from reverse_etl.errors import SyncError
from reverse_etl.ledger import LedgerStore
from reverse_etl.plan import Plan
from reverse_etl.rules import OBJECTS, DeliveryObject

_SENT_COLUMNS = ("record_key", "field", "new_value")


@dataclass(frozen=True)
class Outcome:
    """How an apply ended: records by final state, and why it stopped if it did.

    `in_flight` records were handed over without an answer; the next plan settles them by reading the CRM. The sum of the
    counts is the number of planned records.
    """

    plan_id: str
    sent: int = 0
    unchanged: int = 0
    rejected: int = 0
    withheld: int = 0
    conflict: int = 0
    in_flight: int = 0
    created: int = 0
    rejected_by_code: Mapping[str, int] = field(default_factory=dict)
    stopped: str = ""

    @property
    def is_complete(self) -> bool:
        """True if every change was handed over and accepted."""
        return not (self.rejected or self.in_flight or self.stopped)


def apply(plan: Plan, writer: CrmWriter, ledger: LedgerStore, objects: Sequence[DeliveryObject] = OBJECTS) -> Outcome:
    """Outcome of writing `plan` to the CRM.

    Parameters
    ----------
    plan : made from what the CRM holds now; `delivery.plan_delivery` makes one
    writer : the CRM
    ledger : keeps every step; safe to kill at any instant
    objects : what is written, in this order

    Raises
    ------
    SyncError
        If an earlier apply is not settled. A CRM that fails during the work does not raise: the outcome says where it
        stopped, and the ledger what became of each record.
    """
    kept = ledger.begin(plan)
    created = 0
    stopped = ""
    try:
        for spec in objects:
            created += _write_object(kept, spec, writer, ledger)
    except SyncError as error:
        stopped = str(error)
    ledger.finish(kept.plan_id, stopped)
    states = ledger.states(kept.plan_id)
    return Outcome(
        plan_id=kept.plan_id,
        sent=states.get("sent", 0),
        unchanged=states.get("unchanged", 0),
        rejected=states.get("rejected", 0),
        withheld=states.get("withheld", 0),
        conflict=states.get("conflict", 0),
        in_flight=states.get("in_flight", 0),
        created=created,
        rejected_by_code=ledger.rejections(kept.plan_id),
        stopped=stopped,
    )


def _write_object(plan: Plan, spec: DeliveryObject, writer: CrmWriter, ledger: LedgerStore) -> int:
    is_write = pc.is_in(plan.rows["action"], pa.array(["create", "update"]))
    rows = plan.rows.filter(pc.and_(pc.equal(plan.rows["object"], spec.name), is_write))
    if not rows.num_rows:
        return 0
    _release(plan, spec, writer, ledger)
    created = 0
    for records in _batches(rows, spec, writer):
        keys = [record.record_key for record in records]
        ledger.mark_in_flight(plan.plan_id, spec.name, keys)
        jobs: list[str] = []
        answers = writer.write(
            WriteBatch(spec.name, spec.key_field, tuple(records)), _job_keeper(plan, spec, keys, ledger, jobs)
        )
        _require_known(answers, keys, spec)
        ledger.record_answers(plan.plan_id, spec.name, answers)
        for job_id in jobs:
            ledger.record_answers(plan.plan_id, spec.name, [], job_id)
        created += sum(answer.is_created for answer in answers)
    return created


def _release(plan: Plan, spec: DeliveryObject, writer: CrmWriter, ledger: LedgerStore) -> None:
    """Empty unique values that another record is about to take; the ledger speaks of these records when they are written."""
    released: dict[str, dict[str, str | None]] = {}
    for release in plan.releases:
        if release.object_name == spec.name:
            released.setdefault(release.record_key, {})[release.field] = None
    if released:
        records = tuple(RecordWrite(key, values) for key, values in sorted(released.items()))
        ledger.mark_in_flight(plan.plan_id, spec.name, [record.record_key for record in records])
        size = writer.batch_size(len(records))
        for start in range(0, len(records), size):
            batch = WriteBatch(spec.name, spec.key_field, records[start : start + size])
            writer.write(batch, lambda job_id: None)


def _batches(rows: pa.Table, spec: DeliveryObject, writer: CrmWriter) -> Iterator[list[RecordWrite]]:
    """Records in batches of the writer's size, neighbours by parent account so that they wait less for each other's locks."""
    is_parent = pc.equal(rows["field"], "Account__c")
    at = pc.index_in(rows["record_key"], rows["record_key"].filter(is_parent).combine_chunks())
    parent = pc.fill_null(rows["new_value"].filter(is_parent).combine_chunks().take(at.combine_chunks()), "")
    rows = rows.append_column("parent", parent).sort_by(
        [("parent", "ascending"), ("record_key", "ascending"), ("field", "ascending")]
    )
    codes = rows["record_key"].combine_chunks().dictionary_encode().indices.to_numpy()
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    size = writer.batch_size(len(starts))
    for first in range(0, len(starts), size):
        end = starts[first + size] if first + size < len(starts) else len(codes)
        part = rows.slice(starts[first], end - starts[first])
        records: dict[str, dict[str, str | None]] = {}
        for key, field_name, value in zip(*(part[name].to_pylist() for name in _SENT_COLUMNS), strict=True):
            records.setdefault(key, {})[field_name] = value
        yield [RecordWrite(key, values) for key, values in records.items()]


def _job_keeper(
    plan: Plan, spec: DeliveryObject, keys: Sequence[str], ledger: LedgerStore, jobs: list[str]
) -> Callable[[str], None]:
    def keep(job_id: str) -> None:
        ledger.record_job(plan.plan_id, OpenJob(job_id, spec.name, spec.key_field), keys)
        jobs.append(job_id)

    return keep


def _require_known(answers: Sequence[RecordAnswer], keys: Sequence[str], spec: DeliveryObject) -> None:
    strangers = {answer.record_key for answer in answers} - set(keys)
    if strangers:
        raise SyncError(
            f"The CRM answered for {len(strangers)} {spec.name} records that were not in the batch. Nothing of this batch is "
            "taken as sent; the next plan reads what the CRM holds.",
            code="UNKNOWN_ANSWER",
        )
