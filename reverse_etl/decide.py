"""The decision for every record and field of one object: write, leave, conflict, or withhold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reverse_etl.cells import Cells, differ, is_empty, long_ids, read_cells, texts_differ
from reverse_etl.crm import CrmField, CrmObject
from reverse_etl.rules import DeliveryObject, DeliveryRules, FieldRule

EDITED_KEPT = "edited in the CRM since it was last written: kept"
EDITED_OVERWRITTEN = "edited in the CRM since it was last written: the engine owns this field and writes it again"
AGREES_AGAIN = "the CRM holds the wanted value, which somebody else put there"
PERMISSION_ENDED = "no longer permitted, or no longer in the warehouse: taken back"


ROW_SCHEMA = pa.schema(
    [
        (name, pa.string())
        for name in (
            "object",
            "record_key",
            "salesforce_id",
            "action",
            "field",
            "old_value",
            "new_value",
            "reason",
        )
    ]
)


@dataclass
class Decisions:
    """Plan rows of one object in parts of ROW_SCHEMA, in no order, and notes for the reader."""

    object_name: str
    parts: list[pa.Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(
        self,
        keys: pa.Array,
        action: str,
        reason: str | pa.Array | None,
        *,
        ids: pa.Array | None = None,
        field_name: str | None = None,
        old: pa.Array | None = None,
        new: pa.Array | None = None,
    ) -> None:
        """Append one row per key."""
        count = len(keys)

        def column(value: str | pa.Array | None) -> pa.Array:
            if value is None:
                return pa.nulls(count, pa.string())
            return pa.repeat(pa.scalar(value, pa.string()), count) if isinstance(value, str) else value

        values = (self.object_name, keys, ids, action, field_name, old, new, reason)
        self.parts.append(pa.table([column(value) for value in values], schema=ROW_SCHEMA))

    def rows(self) -> pa.Table:
        """All rows, ordered by record key and field; a row about a whole record comes after those about its fields."""
        table = pa.concat_tables([ROW_SCHEMA.empty_table(), *self.parts]).combine_chunks()
        return table.sort_by([("record_key", "ascending"), ("field", "ascending")])


@dataclass(frozen=True)
class _Records:
    """Wanted records with a usable key, sorted by it. `at` is the row in `current`, null where the CRM has no such record.

    `at` and `sent_at` are None where every record has its own row, in this order: most nights want all that the CRM holds, and
    taking a million texts to where they are is a fifth of a plan.
    """

    keys: pa.Array
    wanted: pa.Table
    at: pa.Array | None
    ids: pa.Array
    sent_at: pa.Array | None
    is_taken_back: np.ndarray

    @property
    def exists(self) -> np.ndarray:
        return np.ones(len(self.keys), bool) if self.at is None else _bools(self.at.is_valid())


@dataclass(frozen=True)
class _FieldDecision:
    rule: FieldRule
    described: CrmField
    want: Cells
    have: Cells
    must_send: np.ndarray
    may_send: np.ndarray
    is_overwriting: np.ndarray
    is_conflict: np.ndarray
    is_agreed_again: np.ndarray
    problem: np.ndarray
    problem_text: str


def decide_object(
    spec: DeliveryObject,
    rules: DeliveryRules,
    wanted: pa.Table,
    current: pa.Table,
    last_sent: pa.Table | None,
    described: CrmObject,
    as_of_date: date,
    known_ids: Mapping[str, pa.Array],
) -> Decisions:
    """Rows of the plan for one object; inputs as for `build_plan`.

    For a record that the CRM holds, field by field: equal at the CRM's precision -> nothing. `create_only` -> nothing.
    `set_if_empty` -> nothing unless empty. Changed by somebody since we wrote it -> conflict, unless `engine_owns`.
    A value that the CRM would refuse -> withheld. Otherwise it is to be written; but a passenger, and a move smaller than
    `min_change`, is written only together with something else, or when the record was last sent `refresh_days` ago.
    """
    sent = last_sent if last_sent is not None else pa.table({"record_key": pa.array([], pa.string())})
    result = Decisions(spec.name)
    records = _match(spec, rules, wanted, current, sent, described, result)
    decisions = [
        _decide_field(rule, described.fields[rule.field], records, current, sent, known_ids)
        for rule in rules.fields_of(spec.name)
    ]
    is_due = _is_refresh_due(records, sent, as_of_date, rules.refresh_days)
    is_sent = np.zeros(len(records.keys), bool)
    may_send = np.zeros(len(records.keys), bool)
    for decision in decisions:
        is_sent |= decision.must_send
        may_send |= decision.may_send
    is_refreshed = is_due & may_send & ~is_sent
    is_sent |= is_refreshed
    is_new = ~records.exists
    is_missing = is_new & (not spec.creates)
    is_blocked = is_new & spec.creates & _cannot_be_made(decisions, len(records.keys))
    has_row = is_missing | is_blocked
    _add_whole(
        result,
        records,
        is_missing,
        "withheld",
        "the CRM has no record with this Id: deleted or merged since it was read",
    )
    for decision in decisions:
        new = is_new & ~is_missing & ~is_blocked
        has_row |= _add_field_rows(result, records, decision, is_sent, is_refreshed, new)
    for decision in decisions:
        if decision.described.reference_to:
            blocked = is_blocked & decision.problem
            has_row |= _add_rows(result, records, decision, blocked, "withheld", decision.problem_text)
    bare = is_new & ~has_row
    _add_whole(result, records, bare, "withheld", "every field of the new record is empty")
    _add_whole(result, records, ~has_row & ~bare, "unchanged", None)
    return result


def _match(
    spec: DeliveryObject,
    rules: DeliveryRules,
    wanted: pa.Table,
    current: pa.Table,
    sent: pa.Table,
    described: CrmObject,
    result: Decisions,
) -> _Records:
    keys = _keys(wanted[spec.key_column], spec)
    without_key = int(pc.sum(keys.is_null()).as_py() or 0)
    if without_key:
        reason = f"{without_key} rows of sync.{spec.sync_table} have no {spec.key_column}"
        result.add(pa.array([""]), "withheld", reason)
        result.notes.append(f"{spec.name}: {reason}; they are withheld.")
    held_keys = _keys(current[spec.key_field], spec)
    sent_keys = sent["record_key"].combine_chunks().cast(pa.string())
    gone = _taken_back(spec, rules, keys, held_keys, sent, sent_keys, described)
    if keys.null_count or not pc.all(pc.less_equal(keys[:-1], keys[1:]), min_count=0).as_py():
        order = pc.sort_indices(keys)
        order = order.filter(keys.take(order).is_valid())
        wanted, keys = wanted.take(order), keys.take(order)
    folded = _fold(keys, spec)
    counted = folded.value_counts()
    repeated = counted.field("values").filter(pc.greater(counted.field("counts"), 1))
    if len(repeated):
        is_repeated = pc.is_in(folded, repeated)
        text = f"more than one row of sync.{spec.sync_table} names this record"
        result.add(keys.filter(is_repeated).unique(), "withheld", text)
        result.notes.append(
            f"{spec.name}: {len(repeated)} records are named by more than one sync row; they are withheld."
        )
        wanted, keys = wanted.filter(pc.invert(is_repeated)), keys.filter(pc.invert(is_repeated))
    if len(gone):
        empty = pa.table({name: pa.nulls(len(gone), wanted.schema.field(name).type) for name in wanted.column_names})
        wanted = pa.concat_tables([wanted, empty])
        keys = pa.concat_arrays([keys, gone])
    at = _rows_of(_fold(keys, spec), _fold(held_keys, spec))
    ids = _taken(current["Id"].combine_chunks().cast(pa.string()), at)
    sent_at = _rows_of(_fold(keys, spec), _fold(sent_keys, spec))
    is_taken_back = np.arange(len(keys)) >= len(keys) - len(gone)
    return _Records(keys, wanted, at, ids, sent_at, is_taken_back)


def _taken_back(
    spec: DeliveryObject,
    rules: DeliveryRules,
    keys: pa.Array,
    held_keys: pa.Array,
    sent: pa.Table,
    sent_keys: pa.Array,
    described: CrmObject,
) -> pa.Array:
    """Persons whose data was sent, who are still in the CRM, and whom the sync table no longer names."""
    names = [rule.field for rule in rules.fields_of(spec.name) if rule.field in sent.column_names]
    if not (spec.is_about_a_person and rules.clear_contacts_without_permission and names):
        return pa.array([], pa.string())
    holds = np.zeros(len(sent_keys), bool)
    for name in names:
        holds |= ~is_empty(read_cells(sent[name], described.fields[name]))
    gone = pa.array(holds) if len(holds) else pa.array([], pa.bool_())
    gone = pc.and_(gone, pc.invert(pc.is_in(sent_keys, keys)))
    gone = pc.and_(gone, pc.is_in(sent_keys, held_keys))
    found = sent_keys.filter(gone)
    return found.take(pc.sort_indices(found))


def _rows_of(keys: pa.Array, of: pa.Array) -> pa.Array | None:
    """Row of each key among `of`, null where there is none; None if each is in its own row."""
    return None if keys.equals(of) else pc.index_in(keys, of)


def _taken(values: pa.Array, at: pa.Array | None) -> pa.Array:
    return values if at is None else values.take(at)


def _keys(column: pa.ChunkedArray, spec: DeliveryObject) -> pa.Array:
    cells = read_cells(column, CrmField(spec.key_field, "id" if spec.key_field == "Id" else "string"))
    return cells.values


def _fold(keys: pa.Array, spec: DeliveryObject) -> pa.Array:
    # Ids differ by case; a text external id does not, for the CRM's unique index ignores case.
    return keys if spec.key_field == "Id" else pc.utf8_lower(keys)


def _decide_field(
    rule: FieldRule,
    described: CrmField,
    records: _Records,
    current: pa.Table,
    sent: pa.Table,
    known_ids: Mapping[str, pa.Array],
) -> _FieldDecision:
    count = len(records.keys)
    want = read_cells(records.wanted[rule.source_column], described, rule.decimals, cut=True)
    have = read_cells(current[rule.field], described)
    have = have if records.at is None else have.take(records.at)
    exists = records.exists
    no = np.zeros(count, bool)
    different = differ(want, have)
    have_empty = is_empty(have)
    problem, problem_text = _problem(rule, described, want, known_ids)
    problem &= ~is_empty(want)
    wants_write = exists & different
    if rule.policy == "create_only":
        wants_write = no
    elif rule.policy == "set_if_empty":
        wants_write = wants_write & have_empty & ~is_empty(want)
    is_edited = no
    if rule.field in sent.column_names:
        raw = _taken(sent[rule.field].combine_chunks().cast(pa.string()), records.sent_at)
        is_edited = (
            exists
            & _bools(raw.is_valid())
            & texts_differ(raw, _taken(current[rule.field].combine_chunks().cast(pa.string()), records.at), described)
        )
    is_overwriting = wants_write & is_edited & (rule.policy == "engine_owns")
    is_conflict = wants_write & is_edited & (rule.policy in ("human_wins", "passenger"))
    wants_write = wants_write & ~is_conflict
    small = _is_small(rule, want, have) if rule.policy != "passenger" else np.ones(count, bool)
    may = wants_write & ~problem
    return _FieldDecision(
        rule=rule,
        described=described,
        want=want,
        have=have,
        must_send=may & ~small,
        may_send=may,
        is_overwriting=is_overwriting & ~problem,
        is_conflict=is_conflict,
        is_agreed_again=is_edited & ~different,
        problem=problem & (wants_write | ~exists),
        problem_text=problem_text,
    )


def _problem(
    rule: FieldRule, described: CrmField, want: Cells, known_ids: Mapping[str, pa.Array]
) -> tuple[np.ndarray, str]:
    """Values that the CRM would refuse, and why."""
    if described.is_restricted and described.values:
        refused = pc.invert(pc.is_in(want.values, pa.array(described.values, pa.string())))
        return _bools(
            pc.fill_null(refused, False)
        ), f"not among the values of the picklist: {', '.join(described.values)}"
    checked = [name for name in described.reference_to if name in known_ids]
    if checked:
        known = pa.concat_arrays([known_ids[name].cast(pa.string()) for name in checked])
        refused = pc.invert(pc.is_in(want.values, long_ids(known)))
        whom = "an active user" if "User" in checked else f"a record of {' or '.join(checked)} that the CRM holds"
        return _bools(pc.fill_null(refused, False)), f"{rule.field} does not point at {whom}"
    if (described.is_unique or described.is_external_id) and want.cut is not None and len(want.cut):
        too_long = np.zeros(len(want), bool)
        too_long[want.cut.to_numpy()] = True
        return too_long, f"longer than {described.length} characters, and a key must not be cut"
    return np.zeros(len(want), bool), ""


def _is_small(rule: FieldRule, want: Cells, have: Cells) -> np.ndarray:
    if not rule.min_change or want.values.type != pa.int64():
        return np.zeros(len(want), bool)
    move = pc.abs(pc.subtract(want.values, have.values))
    return _bools(pc.fill_null(pc.less(move, rule.min_change * 10**want.field.scale), False))


def _is_refresh_due(records: _Records, sent: pa.Table, as_of_date: date, refresh_days: int) -> np.ndarray:
    if "as_of_date" not in sent.column_names:
        return np.ones(len(records.keys), bool)
    days = _taken(sent["as_of_date"].combine_chunks().cast(pa.date32()).cast(pa.int32()), records.sent_at)
    day_number = (as_of_date - date(1970, 1, 1)).days
    return _bools(pc.fill_null(pc.greater_equal(pc.subtract(day_number, days), refresh_days), True))


def _cannot_be_made(decisions: list[_FieldDecision], count: int) -> np.ndarray:
    blocked = np.zeros(count, bool)
    for decision in decisions:
        if decision.described.reference_to:
            blocked |= decision.problem
    return blocked


def _add_field_rows(
    result: Decisions,
    records: _Records,
    decision: _FieldDecision,
    is_sent: np.ndarray,
    is_refreshed: np.ndarray,
    is_new: np.ndarray,
) -> np.ndarray:
    """Rows of one field; returns the records that got one."""
    sends = is_sent & decision.may_send
    small = sends & ~decision.must_send
    plain = decision.must_send & ~decision.is_overwriting & ~records.is_taken_back
    shown = _add_rows(result, records, decision, plain, "update", "")
    shown |= _add_rows(
        result, records, decision, decision.must_send & decision.is_overwriting, "update", EDITED_OVERWRITTEN
    )
    shown |= _add_rows(
        result, records, decision, decision.must_send & records.is_taken_back, "update", PERMISSION_ENDED
    )
    shown |= _add_rows(result, records, decision, small & ~is_refreshed, "update", "travels along")
    shown |= _add_rows(result, records, decision, small & is_refreshed, "update", "refresh")
    shown |= _add_rows(result, records, decision, is_new & ~is_empty(decision.want) & ~decision.problem, "create", "")
    shown |= _add_rows(result, records, decision, decision.is_conflict, "conflict", EDITED_KEPT)
    refused = decision.problem & (records.exists | is_new)
    shown |= _add_rows(result, records, decision, refused, "withheld", decision.problem_text)
    shown |= _add_rows(result, records, decision, decision.is_agreed_again, "unchanged", AGREES_AGAIN)
    cut = decision.want.cut
    if cut is not None and len(cut):
        result.notes.append(
            f"{decision.rule.object_name}.{decision.rule.field}: {len(cut)} texts are longer than "
            f"{decision.described.length} characters and are cut there."
        )
    return shown


def _add_rows(
    result: Decisions, records: _Records, decision: _FieldDecision, where: np.ndarray, action: str, reason: str
) -> np.ndarray:
    positions = np.flatnonzero(where)
    if len(positions):
        picked = pa.array(positions, pa.int64())
        result.add(
            records.keys.take(picked),
            action,
            _reasons(decision, picked, reason),
            ids=records.ids.take(picked),
            field_name=decision.rule.field,
            old=None if action == "create" else decision.have.texts(positions),
            new=decision.want.texts(positions),
        )
    return where.copy()


def _reasons(decision: _FieldDecision, positions: pa.Array, reason: str) -> str | pa.Array | None:
    cut = decision.want.cut
    if cut is None or not len(cut):
        return reason or None
    note = f"cut to {decision.described.length} characters"
    is_cut = pc.is_in(positions, cut)
    return pc.if_else(
        is_cut, "; ".join(part for part in (reason, note) if part), pa.scalar(reason or None, pa.string())
    )


def _add_whole(result: Decisions, records: _Records, where: np.ndarray, action: str, reason: str | None) -> None:
    positions = pa.array(np.flatnonzero(where), pa.int64())
    if len(positions):
        result.add(records.keys.take(positions), action, reason, ids=records.ids.take(positions))


def _bools(array: pa.Array) -> np.ndarray:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=bool)
