"""The drill: a thousand accounts, 37 of them refused for seven reasons, and a CRM that fails at every call on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pyarrow as pa
import pytest

from reverse_etl.apply import Outcome, apply
from reverse_etl.destinations.salesforce.write import SalesforceCrm
from reverse_etl.plan import Plan
from tests.integration.delivery_org import ACCOUNTS, Org, account, connected_org, running_sandbox, wanted, with_checksum
from tests.integration.test_delivery_faults import BULK, COLLECTIONS, BulkOnly, break_calls
from tests.unit.reverse_etl.night import tables

RECORDS = 1_000
FIELDS = ("ABM_Score__c", "ABM_Tier__c", "ABM_Next_Best_Action__c", "ABM_Account_Key__c", "ABM_Duplicate_Of__c")
TAKEN_KEY = f"acc_{ACCOUNTS:016x}"
# What is wrong, where, for how many accounts, and how a CRM says so.
BAD: tuple[tuple[str, str, str, int, str], ...] = (
    ("a tier that the picklist lost", "ABM_Tier__c", "Tier 9", 6, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    ("a number too large", "ABM_Score__c", "123456789", 6, "NUMBER_OUTSIDE_VALID_RANGE"),
    ("a text too long", "ABM_Next_Best_Action__c", "x" * 300, 5, "STRING_TOO_LONG"),
    ("an id that is none", "", "not-an-id-", 5, "MALFORMED_ID"),
    ("a lookup to nothing", "ABM_Duplicate_Of__c", with_checksum("001A00000777777"), 5, ""),
    ("a key that another account has", "ABM_Account_Key__c", TAKEN_KEY, 5, "DUPLICATE_VALUE"),
    ("an account that is gone", "", "001A0000088", 5, ""),
)
EVERY_CALL = [
    {"kind": kind, "path": path}
    for path in (COLLECTIONS, *BULK.values())
    for kind in ("drop_before", "drop_after", "server_unavailable")
]


@pytest.fixture(params=[SalesforceCrm, BulkOnly], ids=["collections", "bulk"])
def org(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    with (
        running_sandbox(tmp_path_factory.mktemp("sandbox")) as url,
        connected_org(url) as connected,
    ):
        connected.edit("Account", account(ACCOUNTS), ABM_Account_Key__c=TAKEN_KEY)
        connected.crm = request.param(connected.crm.connection)
        yield connected


def desired() -> dict[str, pa.Table]:
    return tables([row | {"next_best_action": f"Ask {n} 日本"} for n, row in enumerate(wanted(1, RECORDS), start=1)])


def spoiled(plan: Plan) -> tuple[Plan, dict[str, str]]:
    """The plan with 37 records made bad, and the kind of each by its key."""
    rows = plan.rows.to_pylist()
    kinds: dict[str, str] = {}
    number = 0
    for name, field, value, count, _ in BAD:
        for _ in range(count):
            number += 27  # spread over the thousand
            key = account(number)
            if not field:
                gone = with_checksum(f"{value}{number:0{15 - len(value)}d}")
                rows = [
                    row | {"record_key": gone, "salesforce_id": gone} if row["record_key"] == key else row
                    for row in rows
                ]
                kinds[gone] = name
                continue
            mine = [row for row in rows if row["record_key"] == key]
            template = next((row for row in mine if row["field"] == field), None)
            if template is None:
                rows.append(mine[0] | {"field": field, "old_value": None, "new_value": value})
            else:
                template["new_value"] = value
            kinds[key] = name
    table = pa.Table.from_pylist(rows, schema=plan.rows.schema)
    return replace(plan, rows=table.sort_by([("record_key", "ascending"), ("field", "ascending")])), kinds


def refused(org: Org, outcome: Outcome) -> dict[str, tuple[str, str]]:
    """Key -> code and message of what the ledger says was refused."""
    rows = org.ledger._connection.execute(
        "select record_key, code, message from delivery.ledger where plan_id = ? and state = 'rejected'",
        [outcome.plan_id],
    ).fetchall()
    return {str(key): (str(code), str(message or "")) for key, code, message in rows}


def held(org: Org) -> dict[str, dict[str, str | None]]:
    return {key: row for key, row in org.held("Account", *FIELDS).items() if key != account(ACCOUNTS)}


def deliver_spoiled(org: Org, disturb: Callable[[], None]) -> tuple[Outcome, dict[str, str]]:
    plan, kinds = spoiled(org.plan(desired()))
    disturb()
    outcome = apply(plan, org.crm, org.ledger)
    break_calls(org)
    return outcome, kinds


def test_exactly_the_bad_ones_are_refused_by_name_and_only_they_go_again(org: Org) -> None:
    outcome, kinds = deliver_spoiled(org, lambda: break_calls(org, *EVERY_CALL))
    assert len(kinds) == 37
    assert (outcome.sent, outcome.rejected, outcome.in_flight, outcome.stopped) == (RECORDS - 37, 37, 0, "")
    answers = refused(org, outcome)
    assert set(answers) == set(kinds)
    for name, _, _, count, code in BAD:
        codes = {answers[key][0] for key, kind in kinds.items() if kind == name}
        assert len([key for key, kind in kinds.items() if kind == name]) == count
        assert all(codes) and (not code or codes == {code}), f"{name}: {codes}"
        assert all(answers[key][1] for key, kind in kinds.items() if kind == name)

    again = org.plan(desired())
    assert again.change_count == 37
    break_calls(org, *EVERY_CALL)
    second = apply(again, org.crm, org.ledger)
    break_calls(org)
    assert (second.sent, second.rejected) == (37, 0)
    assert org.plan(desired()).change_count == 0

    # What an undisturbed delivery of the same would have left.
    now = held(org)
    for number in range(1, RECORDS + 1):
        row = now[account(number)]
        assert float(row["ABM_Score__c"] or -1) == float(number % 100)
        assert (row["ABM_Tier__c"], row["ABM_Next_Best_Action__c"]) == ("Tier 2", f"Ask {number} 日本")
        assert (row["ABM_Account_Key__c"], row["ABM_Duplicate_Of__c"]) == (f"acc_{number:016x}", None)
