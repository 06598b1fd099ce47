"""One emulated org: its store and schema, its user, its sessions and limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sandbox import deploy
from sandbox.clock import Clock, machine_clock, stamp
from sandbox.dml import Dml
from sandbox.faults import Faults
from sandbox.limits import DAILY_API_REQUESTS, ApiUsage
from sandbox.permissions import combine, visible
from sandbox.query import Queries
from sandbox.schema import Schema, SObject, standard_schema
from sandbox.sessions import Credentials, Sessions
from sandbox.store import Store, quote

ORG_NAME = "abm360 sandbox (not Salesforce)"


class Org:
    """Everything that a request may touch.

    Parameters
    ----------
    folder : where the state is, made if it is not there
    credentials : what the token endpoint accepts
    daily_api_requests : the allocation of API calls per 24 hours
    has_field_security : whether deployed fields stay hidden until a permission set that grants them is assigned
    """

    def __init__(
        self,
        folder: Path,
        credentials: Credentials | None = None,
        clock: Clock = machine_clock,
        daily_api_requests: int = DAILY_API_REQUESTS,
        has_field_security: bool = False,
    ) -> None:
        self.has_field_security = has_field_security
        self._seen: tuple[Schema, tuple[str, ...], Schema] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.store = Store(folder, standard_schema(), clock)
        self._found()
        self.store.schema = deploy.schema_with_deployed(self.store)
        self.org_id = str(self.store.get_meta("org_id"))
        self.user_id = str(self.store.get_meta("user_id"))
        self.credentials = credentials or Credentials()
        self.sessions = Sessions(self.credentials, self.org_id)
        self.usage = ApiUsage(daily_api_requests)
        self.faults = Faults()

    @property
    def schema(self) -> Schema:
        """The objects and fields as the integration user sees them now."""
        everything = self.store.schema
        if not self.has_field_security:
            return everything
        statement = (
            'select "Name" from "PermissionSet" where "Id" in (select "PermissionSetId" from "PermissionSetAssignment"'
        )
        assigned = self.store.reader().execute(f'{statement} where "AssigneeId" = ?) order by 1', (self.user_id,))
        names = tuple(str(row[0]) for row in assigned)
        if self._seen is None or self._seen[0] is not everything or self._seen[1] != names:
            sets = self.store.metadata("PermissionSet")
            self._seen = everything, names, visible(everything, combine(sets[name] for name in names))
        return self._seen[2]

    def dml(self) -> Dml:
        """A writer for the integration user."""
        return Dml(self.store, self.schema, self.user_id, self.faults.record_error)

    def queries(self, base: str) -> Queries:
        """A reader for the integration user."""
        return Queries(self.store, self.schema, self.user_id, base)

    def row(self, item: SObject, record_id: str) -> dict[str, Any] | None:
        """The stored row of a record by its id of 15 or 18 characters, deleted or not."""
        names = list(item.fields)
        columns = ", ".join(quote(name) for name in names)
        short = len(record_id) == 15
        where = 'substr("Id", 1, 15) = ?' if short else '"Id" = ?'
        found = (
            self.store.reader()
            .execute(f"select {columns} from {quote(item.name)} where {where}", (record_id,))
            .fetchone()
        )
        return None if found is None else dict(zip(names, found, strict=True))

    def close(self) -> None:
        """Let go of the files."""
        self.store.close()

    def _found(self) -> None:
        """Make the tables; in a new state also the organisation and its integration user."""
        with self.store.transaction() as connection:
            self.store.use_schema(connection, self.store.schema)
            if self.store.get_meta("org_id"):
                return
            org_id, user_id = (self.store.make_ids(connection, prefix, 1)[0] for prefix in ("00D", "005"))
            now = stamp(self.store.now())
            audit = {
                "CreatedDate": now,
                "CreatedById": user_id,
                "LastModifiedDate": now,
                "LastModifiedById": user_id,
                "SystemModstamp": now,
            }
            username = Credentials().username
            user = {
                "Username": username,
                "Email": username,
                "LastName": "ABM Integration",
                "Alias": "abmint",
                "IsActive": 1,
            }
            locale = {"TimeZoneSidKey": "GMT", "LocaleSidKey": "en_US", "LanguageLocaleKey": "en_US"}
            user |= locale | {"EmailEncodingKey": "UTF-8", "UserType": "Standard"}
            organisation = {
                "Name": ORG_NAME,
                "OrganizationType": "Developer Edition",
                "InstanceName": "SBX0",
                "IsSandbox": 1,
            }
            organisation |= {"TimeZoneSidKey": "GMT", "DefaultLocaleSidKey": "en_US", "LanguageLocaleKey": "en_US"}
            for table, record_id, values in (("User", user_id, user), ("Organization", org_id, organisation)):
                row: dict[str, object] = {"Id": record_id, **values, **audit}
                columns = ", ".join(quote(name) for name in row)
                marks = ", ".join("?" * len(row))
                connection.execute(f"insert into {quote(table)} ({columns}) values ({marks})", list(row.values()))
            self.store.set_meta(connection, "org_id", org_id)
            self.store.set_meta(connection, "user_id", user_id)


def write_json(path: Path, value: object) -> None:
    """Write a small file in one piece."""
    draft = path.with_suffix(path.suffix + ".new")
    draft.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)
