"""Reads a Salesforce org: what it describes, what it holds now, and full or incremental extracts for the warehouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from reverse_etl.crm import CrmField, CrmObject
from reverse_etl.destinations.salesforce import bulk
from reverse_etl.destinations.salesforce.session import SalesforceConnection
from reverse_etl.errors import TerminalError

# A query may have 100,000 characters; a key and its quotes stay below 70.
KEYS_PER_QUERY = 1_000


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# The landing contract: what the pipeline reads, by object.
CONTRACT_COLUMNS: dict[str, tuple[str, ...]] = {
    "Account": _names("""
        Id Name Website Industry Type AnnualRevenue NumberOfEmployees BillingStreet BillingCity BillingState
        BillingPostalCode BillingCountry Phone ParentId OwnerId DunsNumber AccountNumber CreatedDate LastModifiedDate IsDeleted
    """),
    "Contact": _names("""
        Id AccountId FirstName LastName Email Title Department Phone HasOptedOutOfEmail DoNotCall CreatedDate
        LastModifiedDate IsDeleted
    """),
    "Opportunity": _names("""
        Id AccountId Name StageName Amount CloseDate CreatedDate LastModifiedDate IsClosed IsWon Type LeadSource OwnerId
    """),
    "OpportunityHistory": _names("Id OpportunityId StageName Amount CreatedDate"),
    "Task": _names("Id WhatId WhoId OwnerId Subject Type Status ActivityDate CreatedDate TaskSubtype CallDisposition"),
    "User": _names("Id Name Email IsActive UserRoleName TimeZoneSidKey"),
}
REQUIRED_COLUMNS: dict[str, tuple[str, ...]] = {
    "Account": _names("Id Name CreatedDate LastModifiedDate"),
    "Contact": _names("Id LastName CreatedDate LastModifiedDate"),
    "Opportunity": _names("Id Name StageName CloseDate CreatedDate LastModifiedDate IsClosed IsWon"),
    "OpportunityHistory": _names("Id OpportunityId StageName CreatedDate"),
    "Task": _names("Id CreatedDate"),
    "User": _names("Id Name IsActive"),
}
# Without these nobody can tell who has opted out: their columns come back empty, and empty means "has opted out".
_MASTER = "MasterRecordId"
PRIVACY_COLUMNS: dict[str, tuple[str, ...]] = {"Contact": ("HasOptedOutOfEmail", "DoNotCall")}
_RENAMED = {("User", "UserRoleName"): "UserRole.Name"}
_WATERMARK = "SystemModstamp"


@dataclass(frozen=True)
class Extract:
    """One object as the landing contract wants it: every contract column as text, null for empty.

    `missing_columns` are contract columns that this user does not see; they are all null. `missing_privacy_columns` are
    those of them that say who has opted out. `watermark` is the latest SystemModstamp read (text), '' if unknown: pass it
    as `since` next time.
    """

    object_name: str
    table: pa.Table
    missing_columns: tuple[str, ...]
    missing_privacy_columns: tuple[str, ...]
    watermark: str


@dataclass
class SalesforceReader:
    """What a Salesforce org holds. `described` keeps descriptions for the life of this object."""

    connection: SalesforceConnection
    described: dict[str, CrmObject] = field(default_factory=dict)

    def describe(self, object_name: str) -> CrmObject:
        """The object as the integration user sees it: a field hidden by field-level security is absent.

        Raises
        ------
        TerminalError
            If the org has no such object, or this user does not see it.
        """
        if object_name not in self.described:
            answer = self.connection.call(
                "GET", f"sobjects/{object_name}/describe", kind="describe", is_repeatable=True
            ).json()
            fields = [_described_field(one) for one in answer["fields"]]
            self.described[object_name] = CrmObject(
                object_name,
                {one.name: one for one in fields},
                is_createable=bool(answer.get("createable", True)),
                is_updateable=bool(answer.get("updateable", True)),
            )
        return self.described[object_name]

    def read(
        self, object_name: str, fields: Sequence[str], key_field: str = "", keys: Sequence[str] | None = None
    ) -> pa.Table:
        """Current values as text by Bulk API 2.0 query, ordered by Id; see `reverse_etl.crm.CrmReader`."""
        columns = ["Id", *(name for name in fields if name != "Id")]
        base = f"SELECT {', '.join(columns)} FROM {object_name}"
        if keys is None:
            queries = [base]
        else:
            ordered = sorted(set(keys))
            groups = [ordered[start : start + KEYS_PER_QUERY] for start in range(0, len(ordered), KEYS_PER_QUERY)]
            queries = [f"{base} WHERE {key_field} IN ({', '.join(_quoted(key) for key in group)})" for group in groups]
        empty = pa.table({name: pa.array([], pa.string()) for name in columns})
        pages = [page for soql in queries for page in bulk.query(self.connection, soql, columns)]
        return pa.concat_tables([empty, *pages]).combine_chunks().sort_by("Id")

    def deleted(self, object_name: str, ids: Sequence[str]) -> dict[str, str]:
        """Records in the recycle bin by Bulk API 2.0 query; see `reverse_etl.crm.CrmReader`."""
        columns = ["Id", "IsDeleted", *([_MASTER] if _MASTER in self.describe(object_name).fields else [])]
        ordered, found = sorted(set(ids)), {}
        for start in range(0, len(ordered), KEYS_PER_QUERY):
            listed = ", ".join(_quoted(key) for key in ordered[start : start + KEYS_PER_QUERY])
            soql = f"SELECT {', '.join(columns)} FROM {object_name} WHERE Id IN ({listed})"
            for page in bulk.query(self.connection, soql, columns, with_deleted=True):
                for row in page.to_pylist():
                    if str(row["IsDeleted"]).lower() == "true":
                        found[str(row["Id"])] = str(row.get(_MASTER) or "")
        return found

    def extract(self, object_name: str, since: str = "") -> Extract:
        """One object for the warehouse, by Bulk API 2.0 query.

        Parameters
        ----------
        object_name : one of CONTRACT_COLUMNS
        since : watermark of an earlier extract; only records changed at or after it are read. Deleted ones are read too
            where the object has IsDeleted, so that a deletion reaches the warehouse

        Raises
        ------
        TerminalError
            If a column that the contract requires is not visible; the others are reported in the result.
        """
        wanted = CONTRACT_COLUMNS[object_name]
        visible = self.describe(object_name).fields
        paths = {name: _RENAMED.get((object_name, name), name) for name in wanted}
        present = [name for name in wanted if _is_visible(paths[name], visible)]
        _require(object_name, present)
        asked = [paths[name] for name in present]
        has_watermark = _WATERMARK in visible
        if has_watermark:
            asked.append(_WATERMARK)
        soql = f"SELECT {', '.join(asked)} FROM {object_name}"
        if since and has_watermark:
            soql += f" WHERE {_WATERMARK} >= {_instant_literal(since)}"
        with_deleted = "IsDeleted" in present
        pages = list(bulk.query(self.connection, soql, asked, with_deleted))
        table = pa.concat_tables(pages).combine_chunks()
        rows = table.num_rows
        columns = {name: table[paths[name]] if name in present else pa.nulls(rows, pa.string()) for name in wanted}
        stamps = table[_WATERMARK] if has_watermark else None
        latest = pc.max(stamps).as_py() if stamps is not None and rows else None
        missing = tuple(name for name in wanted if name not in present)
        privacy = PRIVACY_COLUMNS.get(object_name, ())
        return Extract(
            object_name,
            pa.table(columns).sort_by("Id"),
            missing,
            tuple(name for name in missing if name in privacy),
            str(latest or since),
        )


def _described_field(answer: dict[str, object]) -> CrmField:
    picked = answer.get("picklistValues")
    values = picked if isinstance(picked, list) else []
    targets = answer.get("referenceTo")
    return CrmField(
        name=str(answer["name"]),
        type=str(answer["type"]),
        length=int(str(answer.get("length") or 0)),
        precision=int(str(answer.get("precision") or 0)),
        scale=int(str(answer.get("scale") or 0)),
        is_createable=bool(answer.get("createable")),
        is_updateable=bool(answer.get("updateable")),
        is_unique=bool(answer.get("unique")),
        is_external_id=bool(answer.get("externalId")),
        is_restricted=bool(answer.get("restrictedPicklist")),
        values=tuple(str(value["value"]) for value in values if value.get("active", True)),
        reference_to=tuple(str(name) for name in targets) if isinstance(targets, list) else (),
    )


def _is_visible(path: str, visible: Mapping[str, CrmField]) -> bool:
    relation, dot, _ = path.partition(".")
    return f"{relation}Id" in visible if dot else path in visible


def _require(object_name: str, present: Sequence[str]) -> None:
    missing = [name for name in REQUIRED_COLUMNS[object_name] if name not in present]
    if missing:
        raise TerminalError(
            f"The integration user does not see {object_name}.{', '.join(missing)}, which the pipeline cannot do without. Assign "
            "the permission set ABM_Sync.",
            code="MISSING_FIELD",
        )


def _instant_literal(text: str) -> str:
    # SOQL wants an instant without quotes and with a colon or Z in its offset.
    return text.replace("+0000", "Z")


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
