"""Writes batches to Salesforce and gives the org's answer for every record."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reverse_etl.crm import NUMBER_TYPES, CrmField, OpenJob, RecordAnswer, RecordWrite, WriteBatch
from reverse_etl.destinations.salesforce import bulk
from reverse_etl.destinations.salesforce.read import SalesforceReader
from reverse_etl.destinations.salesforce.session import redact
from reverse_etl.errors import TransientError

# Salesforce's own threshold between collections and Bulk API 2.0, and its limit for one collections call.
MOST_BY_COLLECTIONS, RECORDS_PER_COLLECTION = 2_000, 200
# One internal batch of Bulk API 2.0.
RECORDS_PER_JOB = 10_000
# Locked records go again in groups of 50, then 25: smaller ones would spend the day's calls on a table that stays locked.
LOCK_ATTEMPTS, SMALLEST_GROUP = 3, 25

_BULK_ERROR = re.compile(r"^([A-Z][A-Z0-9_]+):(.*?)(?::([^:]*?) ?--)?$", re.DOTALL)
_EMPTY_CELL, _NULL_CELL = "", "#N/A"


@dataclass
class SalesforceCrm(SalesforceReader):
    """A Salesforce org as `reverse_etl.crm.Crm`."""

    def batch_size(self, record_count: int) -> int:
        """200 while one object has at most 2,000 changed records, else 10,000."""
        return RECORDS_PER_COLLECTION if record_count <= MOST_BY_COLLECTIONS else RECORDS_PER_JOB

    def write(self, batch: WriteBatch, on_job: Callable[[str], None]) -> Sequence[RecordAnswer]:
        """The org's answer for each record: by collections up to 200 records, else by one Bulk API 2.0 job.

        Both are safe to repeat: an update names the Id and an upsert the external id, so a second time changes nothing.
        """
        fields = self.describe(batch.object_name).fields
        if len(batch.records) <= RECORDS_PER_COLLECTION:
            return self._write_with_patience(batch, batch.records, fields)
        # A cell that reads #N/A means "empty" in a bulk file, so a text of exactly that goes another way.
        odd = tuple(record for record in batch.records if _NULL_CELL in record.values.values())
        plain = tuple(record for record in batch.records if _NULL_CELL not in record.values.values())
        answers = self._write_job(batch, plain, on_job)
        for start in range(0, len(odd), RECORDS_PER_COLLECTION):
            answers += self._write_with_patience(batch, odd[start : start + RECORDS_PER_COLLECTION], fields)
        return answers

    def finish_job(self, job: OpenJob) -> Sequence[RecordAnswer]:
        """Answers of a Bulk API 2.0 job that an earlier run handed over."""
        return [
            _answer(result) for result in bulk.finish(self.connection, job.job_id, job.key_field) if result.is_processed
        ]

    def _write_with_patience(
        self, batch: WriteBatch, records: Sequence[RecordWrite], fields: Mapping[str, CrmField]
    ) -> list[RecordAnswer]:
        """Answers by collections; records that were locked are tried again, in smaller groups, after a pause."""
        answers: dict[str, RecordAnswer] = {}
        waiting, size = list(records), RECORDS_PER_COLLECTION
        for attempt in range(LOCK_ATTEMPTS):
            for start in range(0, len(waiting), size):
                for answer in self._write_collection(batch, waiting[start : start + size], fields):
                    answers[answer.record_key] = answer
            waiting = [
                record
                for record in waiting
                if record.record_key in answers and answers[record.record_key].code == "UNABLE_TO_LOCK_ROW"
            ]
            if not waiting:
                break
            if attempt + 1 < LOCK_ATTEMPTS:
                size = max(SMALLEST_GROUP, size // 4)
                self.connection.sleep(2.0**attempt)
        return list(answers.values())

    def _write_collection(
        self, batch: WriteBatch, records: Sequence[RecordWrite], fields: Mapping[str, CrmField]
    ) -> list[RecordAnswer]:
        key_name = "id" if not batch.is_upsert else batch.key_field
        body = {
            "allOrNone": False,
            "records": [
                {
                    "attributes": {"type": batch.object_name},
                    key_name: record.record_key,
                    **{name: _json_value(value, fields[name]) for name, value in record.values.items()},
                }
                for record in records
            ],
        }
        path = f"composite/sobjects/{batch.object_name}/{batch.key_field}" if batch.is_upsert else "composite/sobjects"
        replies = self.connection.call("PATCH", path, kind="collections", is_repeatable=True, json=body).json()
        if not isinstance(replies, list) or len(replies) != len(records):
            raise TransientError(
                f"Salesforce answered {len(records)} {batch.object_name} records with another number of results; nothing is "
                "taken as sent.",
                code="BROKEN_ANSWER",
            )
        return [_collection_answer(record, reply) for record, reply in zip(records, replies, strict=True)]

    def _write_job(
        self, batch: WriteBatch, records: Sequence[RecordWrite], on_job: Callable[[str], None]
    ) -> list[RecordAnswer]:
        names = sorted({name for record in records for name in record.values})
        rows = [[record.record_key, *(_cell(record, name) for name in names)] for record in records]
        content = bulk.write_csv([batch.key_field, *names], rows)
        del rows
        results = bulk.ingest(self.connection, batch.object_name, batch.key_field, content, on_job)
        keys = {
            record.record_key.casefold() if batch.is_upsert else record.record_key: record.record_key
            for record in records
        }
        answers = []
        for result in results:
            key = keys.get(result.key.casefold() if batch.is_upsert else result.key, result.key)
            answers.append(_answer(result, key))
        return answers


def _cell(record: RecordWrite, name: str) -> str:
    if name not in record.values:
        return _EMPTY_CELL
    value = record.values[name]
    return _NULL_CELL if value is None else value


def _json_value(value: str | None, described: CrmField) -> str | float | int | bool | None:
    if value is None:
        return None
    if described.type in NUMBER_TYPES:
        return float(value) if described.scale else int(value)
    if described.type == "boolean":
        return value == "true"
    return value


def _collection_answer(record: RecordWrite, reply: dict[str, object]) -> RecordAnswer:
    if reply.get("success"):
        return RecordAnswer(record.record_key, True, str(reply.get("id") or ""), bool(reply.get("created")))
    errors = reply.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    code = str(first.get("statusCode") or first.get("errorCode") or "UNKNOWN")
    return RecordAnswer(record.record_key, False, code=code, message=redact(str(first.get("message") or "")))


def _answer(result: bulk.RowResult, key: str = "") -> RecordAnswer:
    if result.is_success:
        return RecordAnswer(key or result.key, True, result.salesforce_id, result.is_created)
    if not result.is_processed:
        return RecordAnswer(key or result.key, False, code="UNPROCESSED", message=redact(result.error))
    parts = _BULK_ERROR.match(result.error)
    code, message = (parts[1], parts[2]) if parts else ("UNKNOWN", result.error)
    return RecordAnswer(key or result.key, False, code=code, message=redact(message))
