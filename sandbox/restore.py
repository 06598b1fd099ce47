"""A landing folder's CRM files into the org, with the ids and dates that they have: as a backup does, and no API user may."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sandbox import derived
from sandbox.clock import offset_to_pass, stamp
from sandbox.errors import SandboxError
from sandbox.landing import (
    TABLES,
    Adjusted,
    Batch,
    LandingFile,
    Unreadable,
    cell_reader,
    content_hash,
    find_files,
    read_batches,
)
from sandbox.org import Org
from sandbox.schema import Field, SObject
from sandbox.store import quote
from sandbox.values import Value

MOST_LISTED = 200  # examples per file of each kind; the counts are complete

REQUIRED = {
    "User": ("Id", "Name", "IsActive"),
    "Account": ("Id", "Name", "CreatedDate", "LastModifiedDate"),
    "Contact": ("Id", "LastName", "CreatedDate", "LastModifiedDate"),
    "Opportunity": ("Id", "Name", "StageName", "CloseDate", "CreatedDate", "LastModifiedDate", "IsClosed"),
    "OpportunityHistory": ("Id", "OpportunityId", "StageName", "CreatedDate"),
    "Task": ("Id", "CreatedDate"),
}


@dataclass
class FileReport:
    """What became of the rows of one file: rows = restored + superseded + kept_newer + rejected."""

    rows: int = 0
    restored: int = 0
    superseded: int = 0  # another row of the landing has the same Id and is newer
    kept_newer: int = 0  # the org's own record was modified later
    rejected_count: int = 0
    adjusted_count: int = 0  # cells, of rows that were restored
    rejected: list[dict[str, object]] = field(default_factory=list)
    adjusted: list[dict[str, object]] = field(default_factory=list)
    ignored_columns: list[str] = field(default_factory=list)

    def reject(self, line: int, column: str, reason: str) -> None:
        """Count a row that is left out."""
        self.rejected_count += 1
        if len(self.rejected) < MOST_LISTED:
            self.rejected.append({"line": line, "column": column, "reason": reason})

    def adjust(self, line: int, column: str, reason: str) -> None:
        """Count a cell that is stored otherwise than it stands."""
        self.adjusted_count += 1
        if len(self.adjusted) < MOST_LISTED:
            self.adjusted.append({"line": line, "column": column, "reason": reason})


@dataclass
class _Column:
    """How a column of a file is read. `target` is None for the name of a user's role, which is a record of its own."""

    position: int
    name: str
    target: Field | None
    read: Callable[[Any], Value]
    is_required: bool


@dataclass
class _Table:
    """The rows of one object as they are gathered: by Id, the newest."""

    item: SObject
    winners: dict[str, tuple[str, FileReport]] = field(default_factory=dict)
    in_org: dict[str, str] = field(default_factory=dict)


def restore(org: Org, landing: Path) -> dict[str, object]:
    """Restore a landing folder in one transaction, once: the same content again changes nothing.

    Returns
    -------
    `{"already_restored": bool, "files": {file: counts}}`; counts are a FileReport: rows, restored, superseded, kept_newer,
    rejected_count, rejected [{line, column, reason}], adjusted_count, adjusted, ignored_columns. Lists end after 200 examples.

    Raises
    ------
    SandboxError
        If a file cannot be read or lacks a required column; nothing is restored then.
    """
    files = find_files(landing)
    key = f"restored {content_hash(files)}"
    known = org.store.get_meta(key)
    if known is not None:
        return {"already_restored": True, "files": json.loads(known)}
    with org.store.transaction() as connection:
        reports, newest = _Restorer(org, connection).run(files)
        if newest:
            now = org.store.now()
            org.store.move_clock(connection, offset_to_pass(datetime.fromisoformat(newest), now))
        counts = {name: vars(report) for name, report in reports.items()}
        org.store.set_meta(connection, key, json.dumps(counts))
    return {"already_restored": False, "files": counts}


class _Restorer:
    def __init__(self, org: Org, connection: sqlite3.Connection) -> None:
        self.org = org
        self.connection = connection
        self.now = stamp(org.store.now())
        self.roles = {
            str(name): str(role_id) for name, role_id in connection.execute('select "Name", "Id" from "UserRole"')
        }
        self.usernames = {str(row[0]).lower() for row in connection.execute('select "Username" from "User"')}
        self.newest_load = ""
        self.newest_change: list[str] = []

    def run(self, files: list[LandingFile]) -> tuple[dict[str, FileReport], str]:
        reports = {}
        for table in TABLES:
            mine = [file for file in files if file.table == table]
            if mine:
                gathered = _Table(self.org.store.schema.objects[table])
                gathered.in_org = self._in_org(gathered.item)
                for file in mine:
                    reports[file.name] = self._file(file, gathered)
        self._complete(sorted({file.table for file in files}))
        loaded = self.newest_load
        return reports, max((each for each in self.newest_change if not loaded or each <= loaded), default="")

    def _in_org(self, item: SObject) -> dict[str, str]:
        changed = "LastModifiedDate" if "LastModifiedDate" in item.fields else "CreatedDate"
        rows = self.connection.execute(f'select "Id", {quote(changed)} from {quote(item.name)}')
        return {str(record_id): str(moment) for record_id, moment in rows}

    def _file(self, file: LandingFile, table: _Table) -> FileReport:
        report = FileReport()
        columns: list[_Column] = []
        for number, batch in enumerate(read_batches(file)):
            if number == 0:
                columns = self._columns(file, batch.columns, table.item, report)
            self._batch(batch, columns, table, report)
        return report

    def _columns(self, file: LandingFile, header: tuple[str, ...], item: SObject, report: FileReport) -> list[_Column]:
        required = REQUIRED[file.table]
        columns = []
        for position, name in enumerate(header):
            role = file.table == "User" and name.lower() == "userrolename"
            target = item.find_field("LastName" if file.table == "User" and name == "Name" else name)
            if role:
                columns.append(
                    _Column(
                        position,
                        name,
                        None,
                        cell_reader(self.org.store.schema.objects["UserRole"].fields["Name"]),
                        False,
                    )
                )
            elif target is not None and target.formula is None:
                columns.append(_Column(position, target.name, target, cell_reader(target), name in required))
            elif name.lower() == "loaded_at":
                columns.append(_Column(position, "loaded_at", None, cell_reader(item.fields["CreatedDate"]), False))
            else:
                report.ignored_columns.append(name)
        given = {name.lower() for name in header}
        missing = [name for name in required if name.lower() not in given]
        if missing:
            raise SandboxError(
                f"{file.name}: lacks the required column {', '.join(missing)}. It has: {', '.join(header) or 'none'}."
            )
        return columns

    def _batch(self, batch: Batch, columns: list[_Column], table: _Table, report: FileReport) -> None:
        rows: dict[str, dict[str, Value]] = {}
        width = len(batch.columns)
        for cells, line in zip(batch.rows, batch.lines, strict=True):
            report.rows += 1
            if len(cells) != width:
                report.reject(line, "", f"the row has {len(cells)} cells, the header {width}")
                continue
            values = self._row(cells, columns, line, report)
            if values is not None:
                self._take(values, table, report, rows)
        self._write(table.item, list(rows.values()))

    def _row(
        self, cells: Sequence[Any], columns: list[_Column], line: int, report: FileReport
    ) -> dict[str, Value] | None:
        values: dict[str, Value] = {}
        adjusted: list[tuple[str, str]] = []
        for column in columns:
            cell = cells[column.position]
            value: Value = None
            if cell is not None and cell != "":
                try:
                    value = column.read(cell)
                except Adjusted as change:
                    value = change.value
                    adjusted.append((column.name, str(change)))
                except Unreadable as problem:
                    if column.is_required:
                        report.reject(line, column.name, str(problem))
                        return None
                    adjusted.append((column.name, f"{problem}; left empty"))
            if value is None and column.is_required:
                report.reject(line, column.name, "required value is missing")
                return None
            values[column.name] = value
        for name, reason in adjusted:
            report.adjust(line, name, reason)
        return values

    def _take(
        self, values: dict[str, Value], table: _Table, report: FileReport, rows: dict[str, dict[str, Value]]
    ) -> None:
        """Keep a row if it is the newest of its Id so far."""
        loaded = values.pop("loaded_at", None)
        self.newest_load = max(self.newest_load, str(loaded or ""))
        record_id = str(values["Id"])
        self._fill(table.item, values)
        changed = str(values.get("LastModifiedDate") or values["CreatedDate"])
        if record_id in table.in_org and table.in_org[record_id] >= changed:
            report.kept_newer += 1
            return
        earlier = table.winners.get(record_id)
        if earlier is not None and earlier[0] > changed:
            report.superseded += 1
            return
        if earlier is not None:
            earlier[1].restored -= 1
            earlier[1].superseded += 1
        report.restored += 1
        table.winners[record_id] = (changed, report)
        rows[record_id] = values
        if "LastModifiedDate" in values and table.item.name != "User":
            self._note_change(changed)

    def _note_change(self, changed: str) -> None:
        if not self.newest_change or changed > self.newest_change[-1]:
            self.newest_change.append(changed)

    def _fill(self, item: SObject, values: dict[str, Value]) -> None:
        """Add what a record always has and the file does not say."""
        if item.name == "User":
            self._fill_user(values)
        if values.get("CreatedDate") is None:
            values["CreatedDate"] = self.now
        changed = values.get("LastModifiedDate") or values["CreatedDate"]
        user = self.org.user_id
        system = {"CreatedById": user, "LastModifiedDate": changed, "LastModifiedById": user, "SystemModstamp": changed}
        for name, value in system.items():
            if name in item.fields and values.get(name) is None:
                values[name] = value
        for each in item.fields_with_default:
            if each.type == "boolean" and values.get(each.name) is None:
                values[each.name] = int(bool(each.default))

    def _fill_user(self, values: dict[str, Value]) -> None:
        role = values.pop("UserRoleName", None)
        if isinstance(role, str):
            values["UserRoleId"] = self._role(role)
        name = str(values["LastName"])
        email = str(values.get("Email") or f"{values['Id']}@restored.invalid")
        username = email if email.lower() not in self.usernames else f"{values['Id']}@restored.invalid"
        self.usernames.add(username.lower())
        values |= {"Email": email, "Username": username, "Alias": name[:8], "UserType": "Standard"}
        values |= {"LocaleSidKey": "en_US", "LanguageLocaleKey": "en_US", "EmailEncodingKey": "UTF-8"}

    def _role(self, name: str) -> str:
        if name not in self.roles:
            role_id = self.org.store.make_ids(self.connection, "00E", 1)[0]
            values = (role_id, name, self.now, self.org.user_id, self.now)
            columns = '"Id", "Name", "LastModifiedDate", "LastModifiedById", "SystemModstamp"'
            statement = f'insert into "UserRole" ({columns}) values (?, ?, ?, ?, ?)'
            self.connection.execute(statement, values)
            self.roles[name] = role_id
        return self.roles[name]

    def _write(self, item: SObject, rows: list[dict[str, Value]]) -> None:
        if not rows:
            return
        names = list(rows[0]) if len({tuple(row) for row in islice(rows, 50)}) == 1 else []
        if not names or any(len(row) != len(names) for row in rows):
            names = sorted({name for row in rows for name in row})
        columns = ", ".join(quote(name) for name in names)
        settings = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in names if name != "Id")
        statement = (
            f"insert into {quote(item.name)} ({columns}) values ({', '.join('?' * len(names))})"
            f' on conflict ("Id") do update set {settings}'
        )
        self.connection.executemany(statement, ([row.get(name) for name in names] for row in rows))

    def _complete(self, tables: list[str]) -> None:
        """What records have that follows from other records: owners, the account of a task, the outcome of a stage."""
        user = (self.org.user_id,)
        for table in ("Account", "Contact", "Opportunity", "Task"):
            if table in tables:
                owner = "?" if table == "Account" else '(select "OwnerId" from "Account" where "Id" = "AccountId")'
                if table == "Task":
                    self.connection.execute(derived.TASK_ACCOUNT)
                if table != "Account":
                    self.connection.execute(f'update {quote(table)} set "OwnerId" = {owner} where "OwnerId" is null')
                self.connection.execute(f'update {quote(table)} set "OwnerId" = ? where "OwnerId" is null', user)
