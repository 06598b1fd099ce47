"""The seam between delivery and a CRM: what is asked of it, and how it must answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

NUMBER_TYPES = frozenset({"double", "currency", "percent", "int", "long"})
ID_TYPES = frozenset({"id", "reference"})


@dataclass(frozen=True)
class CrmField:
    """One field as the CRM describes it to the user who is logged in.

    `scale` is the number of decimals; `length` counts UTF-16 units and is 0 where the type has none;
    `values` are the active picklist values; `reference_to` the objects that a lookup may point at.
    """

    name: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    is_createable: bool = True
    is_updateable: bool = True
    is_unique: bool = False
    is_external_id: bool = False
    is_restricted: bool = False
    values: tuple[str, ...] = ()
    reference_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class CrmObject:
    """One object of the CRM: its fields by API name, and whether this user may create and update records of it."""

    name: str
    fields: Mapping[str, CrmField]
    is_createable: bool = True
    is_updateable: bool = True


@dataclass(frozen=True)
class RecordWrite:
    """The fields to set on one record, as text in the CRM's own form; None empties a field."""

    record_key: str
    values: Mapping[str, str | None]


@dataclass(frozen=True)
class WriteBatch:
    """Records of one object that travel together.

    `key_field` is `Id` for an update, which never creates, or an external id for an upsert, which creates what is missing.
    """

    object_name: str
    key_field: str
    records: tuple[RecordWrite, ...]

    @property
    def is_upsert(self) -> bool:
        """True if a record that the CRM lacks is created."""
        return self.key_field != "Id"


@dataclass(frozen=True)
class RecordAnswer:
    """What the CRM said about one record. `code` and `message` are empty on success; the message is free of personal data."""

    record_key: str
    is_success: bool
    salesforce_id: str = ""
    is_created: bool = False
    code: str = ""
    message: str = ""


@dataclass(frozen=True)
class OpenJob:
    """An asynchronous job that an earlier run handed over and whose answers nobody has read."""

    job_id: str
    object_name: str
    key_field: str


class CrmReader(Protocol):
    """Says what the CRM holds."""

    def describe(self, object_name: str) -> CrmObject:
        """The object as this user sees it. Raises TerminalError if there is no such object."""
        ...

    def read(
        self, object_name: str, fields: Sequence[str], key_field: str = "", keys: Sequence[str] | None = None
    ) -> pa.Table:
        """Current values as text, null for empty: column `Id` first, then `fields` in the order given.

        With `keys`, only records whose `key_field` is one of them. Deleted records are left out.
        """
        ...

    def deleted(self, object_name: str, ids: Sequence[str]) -> Mapping[str, str]:
        """Those of `ids` that are in the recycle bin -> Id of the record into which each was merged, '' if it was deleted."""
        ...


class CrmWriter(Protocol):
    """Changes what the CRM holds.

    Error contract: what happened to a record is returned, one answer per record that the CRM has decided on; what happened
    to the whole batch is raised (TransientError, TerminalError). A record without an answer may or may not have been written.
    """

    def batch_size(self, record_count: int) -> int:
        """How many of `record_count` changed records of one object to hand over at a time."""
        ...

    def write(self, batch: WriteBatch, on_job: Callable[[str], None]) -> Sequence[RecordAnswer]:
        """Write one batch. `on_job` is called with the id of an asynchronous job before any row is uploaded to it."""
        ...

    def finish_job(self, job: OpenJob) -> Sequence[RecordAnswer]:
        """Answers of a job that an earlier run left behind, after making sure that it changes nothing any more."""
        ...


class Crm(CrmReader, CrmWriter, Protocol):
    """A CRM that can be read and written."""


@dataclass
class CallCount:
    """How many API calls were made, by kind. Kept by a destination, read by whoever reports."""

    by_kind: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str) -> None:
        """Count one call."""
        self.by_kind[kind] = self.by_kind.get(kind, 0) + 1

    @property
    def total(self) -> int:
        """All calls."""
        return sum(self.by_kind.values())
