"""The tables of a demo folder: columns, formats, and how columns of text are put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from demo.world import Bools, Ints

_LISTED = {
    "salesforce/Account": "Id Name Website Industry Type AnnualRevenue NumberOfEmployees BillingStreet BillingCity"
    " BillingState BillingPostalCode BillingCountry Phone ParentId OwnerId DunsNumber AccountNumber CreatedDate"
    " LastModifiedDate IsDeleted",
    "salesforce/Contact": "Id AccountId FirstName LastName Email Title Department Phone HasOptedOutOfEmail DoNotCall"
    " CreatedDate LastModifiedDate IsDeleted",
    "salesforce/Opportunity": "Id AccountId Name StageName Amount CloseDate CreatedDate LastModifiedDate IsClosed"
    " IsWon Type LeadSource OwnerId",
    "salesforce/OpportunityHistory": "Id OpportunityId StageName Amount CreatedDate",
    "salesforce/Task": "Id WhatId WhoId OwnerId Subject Type Status ActivityDate CreatedDate TaskSubtype"
    " CallDisposition",
    "salesforce/User": "Id Name Email IsActive UserRoleName TimeZoneSidKey",
    "firmographics/companies": "company_id provider name name_en name_kana aliases domain other_domains country"
    " region address postal_code phone industry_code industry employees revenue_usd capital_jpy founded_year"
    " corporate_number lei duns status as_of",
    "firmographics/ownership": "child_company_id parent_company_id provider kind valid_from valid_to",
    "technographics/installs": "domain technology category first_seen last_seen",
    "intent/topic_events": "event_id occurred_at topic visitor_id domain ip_hash user_agent source",
    "intent/vendor_surge": "domain topic week_start surge_score vendor",
    "web/page_views": "event_id occurred_at visitor_id path email domain referrer user_agent duration_seconds",
    "product/workspaces": "workspace_id name created_at plan domain",
    "product/events": "event_id occurred_at workspace_id user_email event_name user_role",
    "map/email_events": "event_id occurred_at email campaign event",
    "map/form_fills": "event_id occurred_at email asset company_name job_title country",
    "events/attendance": "event_id occurred_at event_name email company_name status",
    "support/tickets": "ticket_id created_at requester_email category priority status closed_at",
    "consent/records": "record_id email purpose channel status lawful_basis source occurred_at expires_at",
    "ads/audience_matches": "platform audience pushed_at domain uploaded_members matched_members",
    "ads/impressions": "date platform campaign domain impressions clicks spend_usd",
    "experiments/assignments": "experiment unit_domain arm assigned_at",
}
COLUMNS: dict[str, tuple[str, ...]] = {name: (*text.split(), "loaded_at") for name, text in _LISTED.items()}
"""Columns of every table of the landing contract, by its path without ending."""

PARQUET_TABLES = frozenset(
    {"intent/topic_events", "intent/vendor_surge", "web/page_views", "product/events", "map/email_events"}
)
"""Tables written as Parquet because of their length; the others are CSV."""

PARTITIONED_TABLE = "web/page_views"
"""The table that is split by the month of its load, as a warehouse export would be."""

Tables = dict[str, pa.Table]


def schema(name: str) -> pa.Schema:
    """Columns of one table, all of them text: a landing file may hold cells that no type fits."""
    return pa.schema([(column, pa.string()) for column in COLUMNS[name]])


def table(name: str, columns: Mapping[str, Any]) -> pa.Table:
    """One table of the contract from its columns; columns that are not given stay empty."""
    if unknown := set(columns) - set(COLUMNS[name]):
        raise KeyError(f"{name} has no column {sorted(unknown)}")
    arrays = {column: text(values) for column, values in columns.items()}
    rows = len(next(iter(arrays.values())))
    filled = [arrays.get(column, pa.nulls(rows, pa.string())) for column in COLUMNS[name]]
    return pa.Table.from_arrays(filled, schema=schema(name))


def text(values: Any) -> pa.Array:
    """Values as text: numbers as they are written, booleans as true and false, None as an empty cell."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    array = values if isinstance(values, pa.Array) else pa.array(values)
    return array if array.type == pa.string() else array.cast(pa.string())


def pick(words: Sequence[str | None] | np.ndarray, positions: Ints, given: Bools | None = None) -> pa.Array:
    """The word at each position, empty where `given` is false."""
    mask = None if given is None else ~given
    return pa.array(words, pa.string()).take(pa.array(positions, mask=mask))


def times(seconds: Ints, given: Bools | None = None) -> pa.Array:
    """Epoch seconds as ISO 8601 in UTC, empty where `given` is false."""
    words = np.datetime_as_string(seconds.astype("M8[s]"), timezone="UTC")
    return pa.array(words, pa.string(), mask=None if given is None else ~given)


def dates(days: Ints, given: Bools | None = None) -> pa.Array:
    """Epoch days as YYYY-MM-DD, empty where `given` is false."""
    words = np.datetime_as_string(days.astype("M8[D]"))
    return pa.array(words, pa.string(), mask=None if given is None else ~given)


def concat(parts: Sequence[pa.Table]) -> pa.Table:
    """Tables of one schema below each other, as one contiguous table."""
    return pa.concat_tables(parts).combine_chunks()


def shuffled(rows: pa.Table, rng: np.random.Generator) -> pa.Table:
    """The same rows in random order: a landing file promises no order."""
    return rows.take(pa.array(rng.permutation(rows.num_rows)))
