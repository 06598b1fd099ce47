"""A CRM held in memory, with Salesforce's rules for keys, lengths and picklists: for tests and dry runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from reverse_etl.crm import CrmObject, OpenJob, RecordAnswer, RecordWrite, WriteBatch
from reverse_etl.errors import TerminalError

Row = dict[str, str | None]


@dataclass
class MemoryCrm:
    """A CRM as dictionaries: object -> Id -> field -> text.

    `on_step` is called with a name at every point where a real call could break ("write", "write committed", "read",
    "job", "finish_job") and may raise; `refuse` returns (code, message) for a record that the CRM would reject.
    Values are stored stripped and empty text as null, as Salesforce does.
    """

    schema: Mapping[str, CrmObject]
    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    recycle_bin: dict[str, dict[str, str]] = field(default_factory=dict)
    records_per_batch: int = 200
    on_step: Callable[[str], None] = lambda step: None
    refuse: Callable[[str, str], tuple[str, str] | None] = lambda object_name, key: None
    written: int = 0

    def describe(self, object_name: str) -> CrmObject:
        """The object given at the start."""
        if object_name not in self.schema:
            raise TerminalError(f"There is no object {object_name}.", code="NOT_FOUND")
        return self.schema[object_name]

    def read(
        self, object_name: str, fields: Sequence[str], key_field: str = "", keys: Sequence[str] | None = None
    ) -> pa.Table:
        """Current values as text, ordered by Id."""
        self.on_step("read")
        held = self.rows.get(object_name, {})
        wanted = None if keys is None else {key.casefold() for key in keys}
        ids = [
            one
            for one in sorted(held)
            if wanted is None or (self._value(held, one, key_field) or "").casefold() in wanted
        ]
        columns = {name: pa.array([held[one].get(name) for one in ids], pa.string()) for name in fields if name != "Id"}
        return pa.table({"Id": pa.array(ids, pa.string()), **columns})

    def deleted(self, object_name: str, ids: Sequence[str]) -> Mapping[str, str]:
        """Those of `ids` that the test put into `recycle_bin`."""
        held = self.recycle_bin.get(object_name, {})
        return {one: held[one] for one in ids if one in held}

    def batch_size(self, record_count: int) -> int:
        """Always `records_per_batch`."""
        return self.records_per_batch

    def write(self, batch: WriteBatch, on_job: Callable[[str], None]) -> Sequence[RecordAnswer]:
        """Write record by record; a refused record does not stop the others."""
        self.on_step("write")
        answers = [self._write_one(batch, record) for record in batch.records]
        self.on_step("write committed")
        return answers

    def finish_job(self, job: OpenJob) -> Sequence[RecordAnswer]:
        """Nothing is ever left open here."""
        self.on_step("finish_job")
        return []

    def _write_one(self, batch: WriteBatch, record: RecordWrite) -> RecordAnswer:
        held = self.rows.setdefault(batch.object_name, {})
        refusal = self.refuse(batch.object_name, record.record_key) or self._fault(batch.object_name, record)
        found = self._find(held, batch, record.record_key)
        if refusal is None and found is None and not batch.is_upsert:
            refusal = ("ENTITY_IS_DELETED", "entity is deleted")
        refusal = refusal or self._clash(batch.object_name, held, found, record)
        if refusal is not None:
            return RecordAnswer(record.record_key, False, code=refusal[0], message=refusal[1])
        is_created = found is None
        if found is None:
            found = f"a{len(held):017d}"
            held[found] = {"Id": found, batch.key_field: record.record_key}
        for name, value in record.values.items():
            held[found][name] = (value or "").strip() or None
        self.written += 1
        return RecordAnswer(record.record_key, True, salesforce_id=found, is_created=is_created)

    def _find(self, held: dict[str, Row], batch: WriteBatch, key: str) -> str | None:
        if not batch.is_upsert:
            return key if key in held else None
        return next((one for one in held if (held[one].get(batch.key_field) or "").casefold() == key.casefold()), None)

    def _fault(self, object_name: str, record: RecordWrite) -> tuple[str, str] | None:
        for name, value in record.values.items():
            described = self.schema[object_name].fields.get(name)
            if described is None:
                return "INVALID_FIELD", f"No such column '{name}' on sobject of type {object_name}"
            if value is not None and described.length and len(value.encode("utf-16-le")) > 2 * described.length:
                return "STRING_TOO_LONG", f"{name}: data value too large (max length={described.length})"
            if value is not None and described.is_restricted and value not in described.values:
                return "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f"{name}: bad value for restricted picklist field"
        return None

    def _clash(
        self, object_name: str, held: dict[str, Row], found: str | None, record: RecordWrite
    ) -> tuple[str, str] | None:
        for name, value in record.values.items():
            if value is not None and self.schema[object_name].fields[name].is_unique:
                other = next((one for one in held if one != found and held[one].get(name) == value), None)
                if other is not None:
                    return (
                        "DUPLICATE_VALUE",
                        f"duplicate value found: {name} duplicates value on record with id: {other}",
                    )
        return None

    @staticmethod
    def _value(held: dict[str, Row], one: str, name: str) -> str | None:
        return one if name == "Id" else held[one].get(name)
