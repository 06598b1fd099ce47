"""A CRM in memory, sync tables and a nightly delivery between them, for the tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa

from reverse_etl.apply import Outcome, apply
from reverse_etl.crm import CrmField, CrmObject
from reverse_etl.delivery import plan_delivery
from reverse_etl.destinations.memory import MemoryCrm
from reverse_etl.destinations.salesforce.metadata import expected_objects
from reverse_etl.ledger import LedgerStore
from reverse_etl.plan import Plan
from reverse_etl.rules import DeliveryRules, read_rules

ROOT = Path(__file__).parents[3]
DAY = date(2026, 10, 31)
REP, OTHER_REP = "005000000000001AAA", "005000000000002AAA"


def account_id(number: int) -> str:
    return f"001{number:015d}"


def contact_id(number: int) -> str:
    return f"003{number:015d}"


def account_row(number: int, **changes: object) -> dict[str, object]:
    """A row of sync_salesforce_accounts, as the warehouse makes it."""
    row: dict[str, object] = {
        "salesforce_account_id": account_id(number),
        "is_primary": True,
        "abm_account_key": f"acc_{number:016x}",
        "duplicate_of_salesforce_account_id": None,
        "score": 50.0,
        "tier": "Tier 2",
        "previous_tier": None,
        "fit_score": 40.0,
        "intent_score": 30.0,
        "engagement_score": 20.0,
        "committee_coverage_pct": 60.0,
        "committee_roles_missing": "SEC|USER",
        "top_reasons": "Three people read about pricing.",
        "next_best_action": "Call the decision maker.",
        "is_suppressed": False,
        "suppressed_reason": None,
        "score_method": "rules",
        "scored_at": pd.Timestamp("2026-10-31"),
    }
    return row | changes


def queue_row(number: int, **changes: object) -> dict[str, object]:
    """A row of sync_salesforce_queue_items."""
    row: dict[str, object] = {
        "queue_key": f"q{number:039d}",
        "salesforce_account_id": account_id(number),
        "salesforce_contact_id": contact_id(number),
        "salesforce_owner_id": REP,
        "rank": number,
        "priority": "High",
        "reason": "Two people of the committee came back this week.",
        "suggested_action": "Write to the decision maker.",
        "due_date": date(2026, 11, 2),
        "status": "New",
        "expires_on_date": date(2026, 11, 7),
    }
    return row | changes


ACCOUNT_TYPES = pa.schema(
    [
        ("salesforce_account_id", pa.string()),
        ("is_primary", pa.bool_()),
        ("abm_account_key", pa.string()),
        ("duplicate_of_salesforce_account_id", pa.string()),
        ("score", pa.float64()),
        ("tier", pa.string()),
        ("previous_tier", pa.string()),
        ("fit_score", pa.float64()),
        ("intent_score", pa.float64()),
        ("engagement_score", pa.float64()),
        ("committee_coverage_pct", pa.float64()),
        ("committee_roles_missing", pa.string()),
        ("top_reasons", pa.string()),
        ("next_best_action", pa.string()),
        ("is_suppressed", pa.bool_()),
        ("suppressed_reason", pa.string()),
        ("score_method", pa.string()),
        ("scored_at", pa.timestamp("us")),
    ]
)
CONTACT_TYPES = pa.schema([("salesforce_contact_id", pa.string()), ("committee_role", pa.string())])
QUEUE_TYPES = pa.schema(
    [
        ("queue_key", pa.string()),
        ("salesforce_account_id", pa.string()),
        ("salesforce_contact_id", pa.string()),
        ("salesforce_owner_id", pa.string()),
        ("rank", pa.int64()),
        ("priority", pa.string()),
        ("reason", pa.string()),
        ("suggested_action", pa.string()),
        ("due_date", pa.date32()),
        ("status", pa.string()),
        ("expires_on_date", pa.date32()),
    ]
)


def tables(
    accounts: list[dict[str, object]],
    contacts: list[dict[str, object]] | None = None,
    queue: list[dict[str, object]] | None = None,
) -> dict[str, pa.Table]:
    """The three sync tables."""
    return {
        "sync_salesforce_accounts": pa.Table.from_pylist(accounts, schema=ACCOUNT_TYPES),
        "sync_salesforce_contacts": pa.Table.from_pylist(contacts or [], schema=CONTACT_TYPES),
        "sync_salesforce_queue_items": pa.Table.from_pylist(queue or [], schema=QUEUE_TYPES),
    }


def crm_schema() -> dict[str, CrmObject]:
    """What an org with our folder deployed describes."""
    shipped = expected_objects(ROOT / "reverse_etl" / "salesforce" / "force-app")
    name = {"Name": CrmField("Name", "string", length=255)}
    owner = {"OwnerId": CrmField("OwnerId", "reference", length=18, reference_to=("Group", "User"))}
    return {
        "Account": CrmObject("Account", {**shipped["Account"].fields, **name}),
        "Contact": shipped["Contact"],
        "ABM_Queue_Item__c": CrmObject("ABM_Queue_Item__c", {**shipped["ABM_Queue_Item__c"].fields, **owner}),
        "User": CrmObject("User", {"IsActive": CrmField("IsActive", "boolean")}),
    }


def memory_crm(size: int = 5) -> MemoryCrm:
    """A CRM with `size` accounts, a contact each, an active rep and one who left."""
    return MemoryCrm(
        schema=crm_schema(),
        rows={
            "Account": {account_id(n): {"Id": account_id(n), "Name": f"Firm {n}"} for n in range(1, size + 1)},
            "Contact": {contact_id(n): {"Id": contact_id(n)} for n in range(1, size + 1)},
            "ABM_Queue_Item__c": {},
            "User": {REP: {"Id": REP, "IsActive": "true"}, OTHER_REP: {"Id": OTHER_REP, "IsActive": "false"}},
        },
        records_per_batch=2,
    )


def house_rules() -> DeliveryRules:
    """The rules as shipped."""
    folder = ROOT / "seeds" / "rules"
    return read_rules(
        pd.read_csv(folder / "salesforce_fields.csv", dtype=str, keep_default_na=False),
        pd.read_csv(folder / "delivery_parameters.csv", dtype=str, keep_default_na=False),
    )


@dataclass
class Night:
    """A CRM, a warehouse and the rules: `plan` and `deliver` as a nightly run would."""

    crm: MemoryCrm
    ledger: LedgerStore
    rules: DeliveryRules = field(default_factory=house_rules)

    def plan(self, desired: dict[str, pa.Table], day: date = DAY) -> Plan:
        return plan_delivery(self.crm, self.ledger, desired, self.rules, run_id=f"run-{day}", as_of_date=day)

    def deliver(self, desired: dict[str, pa.Table], day: date = DAY) -> Outcome:
        return apply(self.plan(desired, day), self.crm, self.ledger)
