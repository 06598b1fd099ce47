"""Insert, update, upsert and delete of many records, each accepted or refused on its own."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sandbox import derived, ids
from sandbox.clock import stamp
from sandbox.errors import RecordError
from sandbox.records import Write
from sandbox.schema import Field, Schema, SObject
from sandbox.store import Store, quote, select_in
from sandbox.values import Value


class Operation(StrEnum):
    """What to do with the records."""

    INSERT = "insert"
    UPDATE = "update"
    UPSERT = "upsert"
    DELETE = "delete"


@dataclass(frozen=True)
class Outcome:
    """What became of one record. `record_id` is None if it was refused before it had one."""

    record_id: str | None = None
    is_created: bool = False
    errors: tuple[RecordError, ...] = ()

    @property
    def is_success(self) -> bool:
        """True if the record was written."""
        return not self.errors


@dataclass
class _Row:
    """A record on its way: refused once `error` is set."""

    write: Write
    error: RecordError | None = None
    record_id: str | None = None
    is_created: bool = False

    def refuse(self, code: str, message: str, *fields: str) -> None:
        if self.error is None:
            self.error = RecordError(code, message, fields)


ROLLED_BACK = RecordError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)


class Dml:
    """Writes records of one schema as one user.

    Parameters
    ----------
    user_id : who writes; owner of what has no other, and named in the audit fields
    trouble : asked once per record of an object by that name; an error that it gives refuses the record
    """

    def __init__(
        self,
        store: Store,
        schema: Schema,
        user_id: str,
        trouble: Callable[[str], RecordError | None] = lambda name: None,
    ) -> None:
        self.trouble = trouble
        self.store = store
        self.schema = schema
        self.user_id = user_id

    def run(
        self,
        item: SObject,
        operation: Operation,
        writes: Sequence[Write],
        *,
        key_field: Field | None = None,
        is_update_only: bool = False,
        is_all_or_none: bool = False,
    ) -> list[Outcome]:
        """Outcomes in the order of `writes`; everything accepted is committed together before this returns."""
        rows = [_Row(write, write.error or self.trouble(item.name)) for write in writes]
        try:
            with self.store.transaction() as connection:
                self._decide(connection, item, operation, rows, key_field, is_update_only)
                if is_all_or_none and any(row.error for row in rows):
                    raise _RollBack
                self._write(connection, item, operation, rows)
        except _RollBack:
            for row in rows:
                row.error = row.error or ROLLED_BACK
        return [
            Outcome(row.write.record_id if not row.is_created else None, errors=(row.error,))
            if row.error
            else Outcome(row.record_id, row.is_created)
            for row in rows
        ]

    def _decide(
        self,
        connection: sqlite3.Connection,
        item: SObject,
        operation: Operation,
        rows: list[_Row],
        key_field: Field | None,
        is_update_only: bool,
    ) -> None:
        if operation is Operation.INSERT:
            for row in rows:
                row.is_created = True
                if row.write.record_id:
                    row.refuse("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", "Id")
        elif operation is Operation.UPSERT and key_field is not None and key_field.type != "id":
            self._match_keys(connection, item, key_field, rows, is_update_only)
        else:
            self._match_ids(connection, item, operation, rows)
        if operation is Operation.DELETE:
            if not item.deletable:
                _refuse_all(rows, "INVALID_TYPE_FOR_OPERATION", f"entity type {item.name} does not support delete")
            return
        self._check_rights(item, rows)
        self._resolve_links(connection, rows)
        whole = self.store.schema.objects[item.name]  # with the fields that this user does not see
        for row in rows:
            if row.is_created and row.error is None:
                self._fill_defaults(whole, row.write.values)
        self._check_required(item, rows)
        self._check_references(connection, item, rows)
        self._check_unique(connection, item, rows)

    def _match_ids(self, connection: sqlite3.Connection, item: SObject, operation: Operation, rows: list[_Row]) -> None:
        named = [row.write.record_id for row in rows if row.write.record_id]
        known = dict(find_ids(connection, item, named))
        repeated = {each for each, count in Counter(named).items() if count > 1}
        for row in rows:
            wanted = row.write.record_id
            if not wanted and operation is Operation.UPSERT:
                row.is_created = True
            elif not wanted:
                row.refuse("MISSING_ARGUMENT", f"Id not specified in an {operation} call")
            elif wanted in repeated:
                row.refuse("DUPLICATE_VALUE", f"Duplicate id specified: {wanted}", "Id")
            elif wanted in known:
                row.record_id = wanted
                if known[wanted]:
                    row.refuse("ENTITY_IS_DELETED", "entity is deleted")
            elif not ids.has_id_shape(wanted):
                row.refuse("MALFORMED_ID", f"{item.fields['Id'].label}: id value of incorrect type: {wanted}", "Id")
            else:
                row.refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")

    def _match_keys(
        self, connection: sqlite3.Connection, item: SObject, key_field: Field, rows: list[_Row], is_update_only: bool
    ) -> None:
        found = find_by_key(connection, item, key_field, [row.write.key for row in rows])
        counts = Counter(fold(key_field, row.write.key) for row in rows if row.write.key is not None)
        for row in rows:
            key = row.write.key
            matches = found.get(fold(key_field, key), [])
            if key is None:
                row.refuse("MISSING_ARGUMENT", f"{key_field.name} not specified")
            elif counts[fold(key_field, key)] > 1:
                row.refuse("DUPLICATE_VALUE", f"Duplicate external id specified: {key}", key_field.name)
            elif len(matches) > 1:
                shown = ", ".join(matches)
                message = f"{key_field.label}: more than one record found for external id field: [{shown}]"
                row.refuse("DUPLICATE_EXTERNAL_ID", message, key_field.name)
            elif matches:
                row.record_id = matches[0]
                if row.write.record_id and row.write.record_id != matches[0]:
                    row.refuse(
                        "INVALID_FIELD_FOR_INSERT_UPDATE", f"cannot specify Id in an upsert by {key_field.name}", "Id"
                    )
            elif is_update_only:
                row.refuse("NOT_FOUND", "The requested resource does not exist")
            else:
                row.is_created = True
                row.write.values[key_field.name] = key

    def _check_rights(self, item: SObject, rows: list[_Row]) -> None:
        for row in rows:
            if not (item.createable if row.is_created else item.updateable):
                doing = "inserted" if row.is_created else "updated"
                row.refuse("INVALID_TYPE_FOR_OPERATION", f"entity type cannot be {doing}: {item.label}")
            names = [*row.write.values, *(link.field.name for link in row.write.links)]
            fields = item.fields
            closed = [
                name for name in names if not (fields[name].createable if row.is_created else fields[name].updateable)
            ]
            if closed:
                message = (
                    f"Unable to create/update fields: {', '.join(closed)}. Please check the security settings of this field"
                    " and verify that it is read/write for your profile or permission set."
                )
                row.refuse("INVALID_FIELD_FOR_INSERT_UPDATE", message, *closed)

    def _resolve_links(self, connection: sqlite3.Connection, rows: list[_Row]) -> None:
        kinds = {(link.field, link.target.name, link.key_field) for row in rows for link in row.write.links}
        for reference, target_name, key_field in sorted(kinds, key=lambda kind: (kind[0].name, kind[1], kind[2].name)):
            target = self.schema.objects[target_name]
            pairs = [
                (row, link.key)
                for row in rows
                for link in row.write.links
                if (link.field, link.target.name, link.key_field) == (reference, target_name, key_field)
            ]
            found = find_by_key(connection, target, key_field, [key for _, key in pairs])
            for row, key in pairs:
                matches = found.get(fold(key_field, key), [])
                if len(matches) == 1:
                    row.write.values[reference.name] = matches[0]
                else:
                    problem = "not found" if not matches else "matches more than one entity"
                    message = (
                        f"Foreign key external ID: {key} {problem} for field {key_field.name} in entity {target.name}"
                    )
                    row.refuse("INVALID_FIELD", message)

    def _fill_defaults(self, item: SObject, values: dict[str, Value]) -> None:
        for each in item.fields_with_default:
            if values.get(each.name) is None:
                if each.name == "OwnerId":
                    values[each.name] = self.user_id
                elif each.type == "boolean":
                    values[each.name] = int(bool(each.default))
                elif each.default is not None and each.name not in values:
                    values[each.name] = str(each.default)

    def _check_required(self, item: SObject, rows: list[_Row]) -> None:
        required = [each.name for each in item.fields.values() if each.required]
        not_nullable = [each.name for each in item.fields.values() if each.updateable and not each.nillable]
        for row in rows:
            values = row.write.values
            if row.is_created:
                missing = [name for name in required if values.get(name) is None]
            else:
                missing = [name for name in not_nullable if name in values and values[name] is None]
            if missing:
                row.refuse("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", *missing)

    def _check_references(self, connection: sqlite3.Connection, item: SObject, rows: list[_Row]) -> None:
        for each in item.fields.values():
            if each.type != "reference":
                continue
            using = [row for row in rows if row.error is None and row.write.values.get(each.name) is not None]
            if not using:
                continue
            known: dict[str, bool] = {}
            for name in each.reference_to:
                known |= find_ids(
                    connection, self.schema.objects[name], [str(row.write.values[each.name]) for row in using]
                )
            inactive = self._inactive_users(connection) if each.name == "OwnerId" else set()
            for row in using:
                wanted = str(row.write.values[each.name])
                if wanted in inactive and wanted != self.user_id:
                    message = f"operation performed with inactive user [{wanted}] as owner of {item.name.lower()}"
                    row.refuse("INACTIVE_OWNER_OR_USER", message, each.name)
                elif wanted in known:
                    if known[wanted]:
                        row.refuse("ENTITY_IS_DELETED", "entity is deleted", each.name)
                elif not ids.has_id_shape(wanted):
                    row.refuse("MALFORMED_ID", f"{each.label}: id value of incorrect type: {wanted}", each.name)
                elif (other := self.schema.objects_by_prefix.get(wanted[:3])) and other.name not in each.reference_to:
                    message = f"{each.label}: id value of incorrect type: {wanted}"
                    row.refuse("FIELD_INTEGRITY_EXCEPTION", message, each.name)
                else:
                    row.refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", each.name)

    def _inactive_users(self, connection: sqlite3.Connection) -> set[str]:
        return {str(row[0]) for row in connection.execute('select "Id" from "User" where "IsActive" = 0')}

    def _check_unique(self, connection: sqlite3.Connection, item: SObject, rows: list[_Row]) -> None:
        for each in item.fields.values():
            if not each.unique:
                continue
            using = [row for row in rows if row.error is None and row.write.values.get(each.name) is not None]
            found = find_by_key(connection, item, each, [row.write.values[each.name] for row in using])
            taken: dict[Value, str] = {}
            for row in using:
                value = fold(each, row.write.values[each.name])
                holders = [holder for holder in found.get(value, []) if holder != row.record_id]
                holder = holders[0] if holders else taken.get(value)
                if holder is not None:
                    message = f"duplicate value found: {each.name} duplicates value on record with id: {holder}"
                    row.refuse("DUPLICATE_VALUE", message)
                elif row.error is None:
                    taken[value] = row.record_id or "unknown"

    def _write(self, connection: sqlite3.Connection, item: SObject, operation: Operation, rows: list[_Row]) -> None:
        accepted = [row for row in rows if row.error is None]
        now = stamp(self.store.now())
        if operation is Operation.DELETE:
            self._delete(connection, item, accepted, now)
            return
        created = [row for row in accepted if row.is_created]
        for row, record_id in zip(
            created, self.store.make_ids(connection, item.key_prefix, len(created)) if created else [], strict=True
        ):
            row.record_id = record_id
        self._number_names(connection, item, created)
        for row in accepted:
            derived.complete(item, row.write.values)
        changed = [row for row in accepted if not row.is_created]
        history = derived.history_rows(connection, item, [(str(row.record_id), row.write.values) for row in accepted])
        self._insert(connection, item, created, now)
        self._update(connection, item, changed, now)
        derived.follow(connection, item, [str(row.record_id) for row in accepted])
        self._insert_history(connection, history, now)

    def _number_names(self, connection: sqlite3.Connection, item: SObject, created: list[_Row]) -> None:
        name = item.name_field
        if name is None or not created:
            return
        if name.auto_number is not None:
            first = self.store.next_numbers(connection, f"{item.name}.{name.name}", len(created))
            for number, row in enumerate(created, start=first):
                row.write.values[name.name] = derived.auto_number(name.auto_number, number)
        elif item.custom:
            for row in created:
                if row.write.values.get(name.name) is None:
                    row.write.values[name.name] = str(row.record_id)[:15]

    def _audit(self, item: SObject, now: str, is_created: bool) -> dict[str, Value]:
        audit: dict[str, Value] = {"LastModifiedDate": now, "LastModifiedById": self.user_id, "SystemModstamp": now}
        if is_created:
            audit |= {"CreatedDate": now, "CreatedById": self.user_id}
        return {name: value for name, value in audit.items() if name in item.fields}

    def _insert(self, connection: sqlite3.Connection, item: SObject, rows: list[_Row], now: str) -> None:
        audit = self._audit(item, now, is_created=True)
        insert_rows(connection, item, [{"Id": row.record_id, **row.write.values, **audit} for row in rows])

    def _insert_history(self, connection: sqlite3.Connection, history: list[dict[str, Value]], now: str) -> None:
        if not history:
            return
        item = self.schema.objects["OpportunityHistory"]
        made = self.store.make_ids(connection, item.key_prefix, len(history))
        audit = self._audit(item, now, is_created=True)
        insert_rows(
            connection, item, [{"Id": made_id, **row, **audit} for made_id, row in zip(made, history, strict=True)]
        )

    def _update(self, connection: sqlite3.Connection, item: SObject, rows: list[_Row], now: str) -> None:
        audit = self._audit(item, now, is_created=False)
        groups: dict[tuple[str, ...], list[list[Value]]] = {}
        for row in rows:
            values = {**row.write.values, **audit}
            groups.setdefault(tuple(values), []).append([*values.values(), row.record_id])
        for names, parameters in groups.items():
            settings = ", ".join(f"{quote(name)} = ?" for name in names)
            connection.executemany(f'update {quote(item.name)} set {settings} where "Id" = ?', parameters)

    def _delete(self, connection: sqlite3.Connection, item: SObject, rows: list[_Row], now: str) -> None:
        doomed = [str(row.record_id) for row in rows]
        blocked = self._restricting(connection, item, doomed)
        for row in rows:
            if str(row.record_id) in blocked:
                message = "Your attempt to delete could not be completed because it is referenced by other records"
                row.refuse("DELETE_FAILED", message)
        self._delete_ids(connection, item, [each for each in doomed if each not in blocked], now)

    def _restricting(self, connection: sqlite3.Connection, item: SObject, doomed: list[str]) -> set[str]:
        blocked: set[str] = set()
        for child, reference in self.store.schema.references_to[item.name]:
            if reference.on_delete == "restrict":
                alive = ' and "IsDeleted" = 0' if child.has_is_deleted else ""
                column = quote(reference.name)
                statement = f"select distinct {column} from {quote(child.name)} where {column} in ({{marks}}){alive}"
                blocked |= {str(row[0]) for row in select_in(connection, statement, doomed)}
        return blocked

    def _delete_ids(self, connection: sqlite3.Connection, item: SObject, doomed: list[str], now: str) -> None:
        if not doomed:
            return
        table = quote(item.name)
        if item.has_is_deleted:
            audit = self._audit(item, now, is_created=False)
            settings = ", ".join(f"{quote(name)} = ?" for name in audit)
            statement = f'update {table} set "IsDeleted" = 1, {settings} where "Id" = ?'
            connection.executemany(statement, [[*audit.values(), each] for each in doomed])
        else:
            connection.executemany(f'delete from {table} where "Id" = ?', [[each] for each in doomed])
        for child, reference in self.store.schema.references_to[item.name]:
            column = quote(reference.name)
            if reference.on_delete == "set_null":
                statement = f"update {quote(child.name)} set {column} = null where {column} = ?"
                connection.executemany(statement, [[each] for each in doomed])
            elif reference.on_delete == "cascade":
                alive = ' and "IsDeleted" = 0' if child.has_is_deleted else ""
                statement = f'select "Id" from {quote(child.name)} where {column} in ({{marks}}){alive}'
                self._delete_ids(
                    connection, child, [str(row[0]) for row in select_in(connection, statement, doomed)], now
                )


class _RollBack(Exception):
    """Leaves the transaction without keeping anything."""


def fold(field: Field, value: Value) -> Value:
    """A key as it is compared: letter case counts only if the field says so."""
    return value.lower() if isinstance(value, str) and not field.case_sensitive and field.type != "id" else value


def find_ids(connection: sqlite3.Connection, item: SObject, wanted: Iterable[str | None]) -> dict[str, bool]:
    """Which of these ids exist, and whether each is deleted."""
    deleted = '"IsDeleted"' if item.has_is_deleted else "0"
    statement = f'select "Id", {deleted} from {quote(item.name)} where "Id" in ({{marks}})'
    return {
        str(row[0]): bool(row[1]) for row in select_in(connection, statement, sorted({each for each in wanted if each}))
    }


def find_by_key(
    connection: sqlite3.Connection, item: SObject, key_field: Field, keys: Iterable[Value]
) -> dict[Value, list[str]]:
    """Ids of the records that hold each key (folded), deleted ones left out."""
    wanted = {fold(key_field, key) for key in keys if key is not None}
    alive = ' and "IsDeleted" = 0' if item.has_is_deleted else ""
    collation = "" if key_field.case_sensitive or key_field.type == "id" else " collate nocase"
    column = quote(key_field.name)
    statement = (
        f'select {column}, "Id" from {quote(item.name)} where {column}{collation} in ({{marks}}){alive} order by pk'
    )
    found: dict[Value, list[str]] = {}
    for value, record_id in select_in(connection, statement, sorted(wanted, key=str)):
        found.setdefault(fold(key_field, value), []).append(str(record_id))
    return found


def insert_rows(connection: sqlite3.Connection, item: SObject, rows: Sequence[dict[str, Any]]) -> None:
    """Insert complete rows, given by API name."""
    groups: dict[tuple[str, ...], list[list[Value]]] = {}
    for row in rows:
        groups.setdefault(tuple(row), []).append(list(row.values()))
    for names, parameters in groups.items():
        columns = ", ".join(quote(name) for name in names)
        marks = ", ".join("?" * len(names))
        connection.executemany(f"insert into {quote(item.name)} ({columns}) values ({marks})", parameters)


def _refuse_all(rows: list[_Row], code: str, message: str) -> None:
    for row in rows:
        row.refuse(code, message)
