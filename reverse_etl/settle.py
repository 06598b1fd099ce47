"""What became of records that were handed over and never answered, decided by what the CRM holds now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reverse_etl.cells import differ, read_cells
from reverse_etl.crm import CrmObject, RecordAnswer

ARRIVED = "found in the CRM after an interruption"
LOST = "not in the CRM after an interruption; planned again"


@dataclass(frozen=True)
class Settled:
    """An answer for each record, and the values that did arrive: record_key, field, new_value."""

    answers: Sequence[RecordAnswer]
    arrived: pa.Table


def settle_records(rows: pa.Table, held: pa.Table, described: CrmObject, key_field: str) -> Settled:
    """Answers for the records of `rows`, in the place of those that the CRM never gave.

    A record to be created was sent if it is there, for its key is ours. A record to be updated was sent if a field holds
    its new value: the CRM writes a record whole or not at all, and a field that differs was edited afterwards.

    Parameters
    ----------
    rows : record_key, field, new_value, record_action (create, update): what was handed over
    held : what the CRM holds now: `Id`, the key field, the fields
    described : the CRM's description of the object
    key_field : `Id` or the external id
    """
    keys, have = _fold(rows["record_key"], key_field), _fold(held[key_field], key_field)
    at = pc.index_in(keys, have)
    exists = np.asarray(at.is_valid().to_numpy(zero_copy_only=False), bool)
    holds = np.zeros(rows.num_rows, bool)
    for name in rows["field"].unique().to_pylist():
        if name not in held.column_names or name not in described.fields:
            continue
        where = pa.array(
            np.flatnonzero(pc.equal(rows["field"], name).combine_chunks().to_numpy(zero_copy_only=False)), pa.int64()
        )
        wanted = read_cells(rows["new_value"].combine_chunks().take(where), described.fields[name])
        found = read_cells(held[name], described.fields[name]).take(at.take(where))
        holds[where.to_numpy()] = ~differ(wanted, found)
    holds &= exists
    is_new = np.asarray(pc.equal(rows["record_action"], "create").combine_chunks().to_numpy(zero_copy_only=False), bool)
    arrived = np.where(is_new, exists, holds)
    by_key = pa.table({"record_key": rows["record_key"], "arrived": arrived})
    decided = by_key.group_by("record_key").aggregate([("arrived", "any")]).sort_by("record_key").to_pylist()
    answers = [
        RecordAnswer(one["record_key"], True, message=ARRIVED)
        if one["arrived_any"]
        else RecordAnswer(one["record_key"], False, code="INTERRUPTED", message=LOST)
        for one in decided
    ]
    return Settled(answers, rows.filter(pa.array(arrived)).select(["record_key", "field", "new_value"]))


def _fold(keys: pa.ChunkedArray, key_field: str) -> pa.Array:
    text = keys.combine_chunks().cast(pa.string())
    return text if key_field == "Id" else pc.utf8_lower(text)
