"""The landing contract: which tables a company hands over, with which columns.

The one place that names them: the loader, the demo generator's tests and the Salesforce extract read it from here.
A `*` behind a column means that a row without a readable value there is rejected; the word behind `:` is its type.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

ColumnType = Literal["text", "timestamp", "date", "number", "boolean"]


@dataclass(frozen=True)
class Column:
    """One column of a contract table; a row must have it readable when `required`."""

    name: str
    type: ColumnType = "text"
    required: bool = False


@dataclass(frozen=True)
class ContractTable:
    """One file of the landing contract: where it stands, what it holds, what it is loaded into."""

    folder: str
    file: str
    columns: tuple[Column, ...] = field(default=())

    @property
    def name(self) -> str:
        """Path of the file in a landing folder without its ending, such as `salesforce/OpportunityHistory`."""
        return f"{self.folder}/{self.file}"

    @property
    def raw_table(self) -> str:
        """Name of the table in schema `raw`, such as `salesforce_opportunity_history`."""
        return f"{self.folder}_{re.sub(r'(?<=[a-z])(?=[A-Z])', '_', self.file).lower()}"

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Columns that a file must have and a row must fill."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Every column of the contract, in its order, `loaded_at` included."""
        return tuple(column.name for column in self.columns)


def _table(name: str, columns: str) -> ContractTable:
    """Read a table from one line of text: `Id* Amount:number CloseDate*:date`."""
    parsed = []
    for word in columns.split():
        text, _, type_name = word.partition(":")
        parsed.append(Column(text.rstrip("*"), type_name or "text", text.endswith("*")))  # type: ignore[arg-type]
    folder, file = name.split("/")
    return ContractTable(folder, file, (*parsed, Column("loaded_at", "timestamp")))


CONTRACT: tuple[ContractTable, ...] = (
    _table(
        "salesforce/Account",
        "Id* Name* Website Industry Type AnnualRevenue:number NumberOfEmployees:number BillingStreet BillingCity"
        " BillingState BillingPostalCode BillingCountry Phone ParentId OwnerId DunsNumber AccountNumber"
        " CreatedDate*:timestamp LastModifiedDate*:timestamp IsDeleted:boolean",
    ),
    _table(
        "salesforce/Contact",
        "Id* AccountId FirstName LastName* Email Title Department Phone HasOptedOutOfEmail:boolean DoNotCall:boolean"
        " CreatedDate*:timestamp LastModifiedDate*:timestamp IsDeleted:boolean",
    ),
    _table(
        "salesforce/Opportunity",
        "Id* AccountId Name* StageName* Amount:number CloseDate*:date CreatedDate*:timestamp"
        " LastModifiedDate*:timestamp IsClosed*:boolean IsWon*:boolean Type LeadSource OwnerId",
    ),
    _table("salesforce/OpportunityHistory", "Id* OpportunityId* StageName* Amount:number CreatedDate*:timestamp"),
    _table(
        "salesforce/Task",
        "Id* WhatId WhoId OwnerId Subject Type Status ActivityDate:date CreatedDate*:timestamp TaskSubtype"
        " CallDisposition",
    ),
    _table("salesforce/User", "Id* Name* Email IsActive*:boolean UserRoleName TimeZoneSidKey"),
    _table(
        "firmographics/companies",
        "company_id* provider* name* name_en name_kana aliases domain other_domains country region address"
        " postal_code phone industry_code industry employees:number revenue_usd:number capital_jpy:number"
        " founded_year:number corporate_number lei duns status as_of*:date",
    ),
    _table(
        "firmographics/ownership",
        "child_company_id* parent_company_id* provider* kind valid_from:date valid_to:date",
    ),
    _table("technographics/installs", "domain* technology* category first_seen:date last_seen:date"),
    _table(
        "intent/topic_events", "event_id* occurred_at*:timestamp topic* visitor_id domain ip_hash user_agent source"
    ),
    _table("intent/vendor_surge", "domain* topic* week_start*:date surge_score*:number vendor*"),
    _table(
        "web/page_views",
        "event_id* occurred_at*:timestamp visitor_id* path* email domain referrer user_agent duration_seconds:number",
    ),
    _table("product/workspaces", "workspace_id* name created_at*:timestamp plan domain"),
    _table("product/events", "event_id* occurred_at*:timestamp workspace_id* user_email event_name* user_role"),
    _table("map/email_events", "event_id* occurred_at*:timestamp email* campaign event*"),
    _table("map/form_fills", "event_id* occurred_at*:timestamp email* asset* company_name job_title country"),
    _table("events/attendance", "event_id* occurred_at*:timestamp event_name* email company_name status*"),
    _table(
        "support/tickets",
        "ticket_id* created_at*:timestamp requester_email category priority status closed_at:timestamp",
    ),
    _table(
        "consent/records",
        "record_id* email* purpose* channel* status* lawful_basis source* occurred_at:timestamp expires_at:timestamp",
    ),
    _table(
        "ads/audience_matches",
        "platform* audience* pushed_at*:timestamp domain* uploaded_members:number matched_members:number",
    ),
    _table(
        "ads/impressions",
        "date*:date platform* campaign* domain* impressions*:number clicks:number spend_usd:number",
    ),
    _table("experiments/assignments", "experiment* unit_domain* arm* assigned_at*:timestamp"),
)
"""Every table of the contract, in its order."""
