"""What the CRM holds against what it was last sent: edits of people, and records that are deleted, merged or out of sight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reverse_etl.cells import texts_differ
from reverse_etl.crm import CrmObject, CrmReader
from reverse_etl.rules import DeliveryRules

EDITED, DELETED, MERGED, GONE = "edited", "deleted", "merged", "gone"
KINDS = (EDITED, DELETED, MERGED, GONE)
DRIFT_SCHEMA = pa.schema(
    [
        (name, pa.string())
        for name in (
            "object",
            "record_key",
            "salesforce_id",
            "kind",
            "field",
            "sent_value",
            "held_value",
            "merged_into_id",
        )
    ]
)


@dataclass(frozen=True)
class Drift:
    """Rows of DRIFT_SCHEMA, ordered by object, record_key and field, and how many records and values were compared.

    A row of kind `edited` is about one field; `deleted`, `merged` (into `merged_into_id`) and `gone` (neither there nor in the
    recycle bin, or not visible) are about a whole record.
    """

    rows: pa.Table
    record_count: int
    value_count: int

    def counts(self) -> dict[str, dict[str, int]]:
        """Rows by object and kind; every kind is present."""
        found: dict[str, dict[str, int]] = {}
        for row in self.rows.group_by(["object", "kind"]).aggregate([("record_key", "count")]).to_pylist():
            found.setdefault(row["object"], dict.fromkeys(KINDS, 0))[row["kind"]] = int(row["record_key_count"])
        return dict(sorted(found.items()))


def reconcile(crm: CrmReader, last_sent: Mapping[str, pa.Table], rules: DeliveryRules) -> Drift:
    """Read back every record that was ever sent, and compare each field at the CRM's precision.

    Parameters
    ----------
    crm : only read
    last_sent : object -> one row per record: record_key, one column per field ('' = sent as empty, null = never sent)
    rules : which objects are delivered, and by which key
    """
    parts = [DRIFT_SCHEMA.empty_table()]
    records = values = 0
    for spec in rules.objects:
        sent = last_sent.get(spec.name)
        if sent is None or not sent.num_rows:
            continue
        described = crm.describe(spec.name)
        fields = [
            name for name in sent.column_names if name not in ("record_key", "as_of_date") and name in described.fields
        ]
        asked = fields if spec.key_field == "Id" else [spec.key_field, *fields]
        held = crm.read(spec.name, asked)
        keys = sent["record_key"].combine_chunks().cast(pa.string())
        is_id = spec.key_field == "Id"
        have = held[spec.key_field].combine_chunks()
        at = pc.index_in(keys if is_id else pc.utf8_lower(keys), have if is_id else pc.utf8_lower(have))
        edited, compared = _edited(spec.name, sent, held, at, fields, described)
        lost = keys.filter(at.is_null())
        parts += [edited, _lost(crm, spec.name, lost) if is_id else _gone(spec.name, lost)]
        records += len(keys)
        values += compared
    rows = pa.concat_tables(parts).sort_by(
        [("object", "ascending"), ("record_key", "ascending"), ("field", "ascending")]
    )
    return Drift(rows, records, values)


def _edited(
    object_name: str, sent: pa.Table, held: pa.Table, at: pa.Array, fields: list[str], described: CrmObject
) -> tuple[pa.Table, int]:
    parts, compared = [DRIFT_SCHEMA.empty_table()], 0
    there = np.asarray(at.is_valid().to_numpy(zero_copy_only=False), bool)
    for name in fields:
        raw = sent[name].combine_chunks().cast(pa.string())
        was_sent = there & np.asarray(raw.is_valid().to_numpy(zero_copy_only=False), bool)
        where = pa.array(np.flatnonzero(was_sent), pa.int64())
        ours, place = raw.take(where), at.take(where)
        theirs = held[name].combine_chunks().cast(pa.string()).take(place)
        is_other = pa.array(texts_differ(ours, theirs, described.fields[name]))
        compared += len(where)
        parts.append(
            _table(
                object_name,
                sent["record_key"].combine_chunks().take(where).filter(is_other),
                EDITED,
                ids=held["Id"].combine_chunks().take(place).filter(is_other),
                field=name,
                sent_value=ours.filter(is_other),
                held_value=theirs.filter(is_other),
            )
        )
    return pa.concat_tables(parts), compared


def _lost(crm: CrmReader, object_name: str, ids: pa.Array) -> pa.Table:
    """Records that are no more what they were, by what the recycle bin says of them."""
    fates = crm.deleted(object_name, ids.to_pylist()) if len(ids) else {}
    parts = [_gone(object_name, pa.array([one for one in ids.to_pylist() if one not in fates], pa.string()))]
    found = sorted(fates.items())
    for kind, chosen in ((DELETED, [one for one in found if not one[1]]), (MERGED, [one for one in found if one[1]])):
        keys = pa.array([key for key, _ in chosen], pa.string())
        into = pa.array([winner or None for _, winner in chosen], pa.string())
        parts.append(_table(object_name, keys, kind, ids=keys, merged_into_id=into))
    return pa.concat_tables(parts)


def _gone(object_name: str, keys: pa.Array) -> pa.Table:
    return _table(object_name, keys, GONE)


def _table(
    object_name: str,
    keys: pa.Array,
    kind: str,
    *,
    ids: pa.Array | None = None,
    field: str | None = None,
    sent_value: pa.Array | None = None,
    held_value: pa.Array | None = None,
    merged_into_id: pa.Array | None = None,
) -> pa.Table:
    count = len(keys)

    def column(value: str | pa.Array | None) -> pa.Array:
        if value is None or isinstance(value, str):
            return pa.repeat(pa.scalar(value, pa.string()), count)
        return value.cast(pa.string())

    given = (object_name, keys, ids, kind, field, sent_value, held_value, merged_into_id)
    return pa.table([column(one) for one in given], schema=DRIFT_SCHEMA)
