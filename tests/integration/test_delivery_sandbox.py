"""Delivery against the sandbox over real HTTP: what is planned arrives, is read back equal, and is not sent twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyarrow.compute as pc
import pytest

from reverse_etl.apply import apply
from reverse_etl.check import check_crm, describe_visible
from reverse_etl.crm import OpenJob, RecordWrite, WriteBatch
from reverse_etl.destinations.salesforce.metadata import expected_objects
from reverse_etl.destinations.salesforce.read import CONTRACT_COLUMNS, PRIVACY_COLUMNS
from reverse_etl.destinations.salesforce.session import Credentials, connect
from reverse_etl.errors import TerminalError
from reverse_etl.reconcile import reconcile
from tests.integration.delivery_org import (
    ACCOUNTS,
    CONTACTS,
    FORCE_APP,
    Org,
    account,
    connected_org,
    contact,
    item,
    running_sandbox,
    wanted,
    with_checksum,
)
from tests.unit.reverse_etl.night import tables

HARD_TEXTS = (
    'q"uo"te, comma',
    "accents é ü ñ",
    "日本語の理由",
    "emoji 😀",
    "line one\nline two",
    "=cmd|x",
    "#N/A",
    "x" * 255,
)


@pytest.fixture(scope="module")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as url:
        yield url


@pytest.fixture
def org(sandbox_url: str) -> Iterator[Org]:
    with connected_org(sandbox_url) as connected:
        yield connected


def test_the_sandbox_has_all_that_delivery_needs(org: Org) -> None:
    expected = expected_objects(FORCE_APP)
    actual = describe_visible(org.crm, sorted(expected))
    assert check_crm(actual, expected, org.rules, PRIVACY_COLUMNS) == []


def test_wrong_credentials_are_a_clear_error(sandbox_url: str) -> None:
    with pytest.raises(TerminalError, match="refused the login"):
        connect(Credentials(sandbox_url, "sandbox", "wrong"))


def test_an_extract_has_the_contract_columns_and_every_record(org: Org) -> None:
    accounts, contacts = org.crm.extract("Account"), org.crm.extract("Contact")
    assert tuple(accounts.table.column_names) == CONTRACT_COLUMNS["Account"]
    assert (accounts.table.num_rows, contacts.table.num_rows) == (ACCOUNTS, CONTACTS)
    assert (contacts.missing_columns, contacts.missing_privacy_columns) == ((), ())
    by_id = {row["Id"]: row for row in accounts.table.to_pylist()}
    assert by_id[account(1)]["Name"] == "Firm 1 株式会社"
    assert by_id[account(2)]["Name"] == 'Firm "2", Ltd'
    assert by_id[account(1)]["CreatedDate"].startswith("2026-01-05T10:00:00")
    opted_out = {row["Id"]: row["HasOptedOutOfEmail"] for row in contacts.table.to_pylist()}
    assert (opted_out[contact(1)], opted_out[contact(2)]) == ("true", "false")
    for name in ("Opportunity", "OpportunityHistory", "Task", "User"):
        assert tuple(org.crm.extract(name).table.column_names) == CONTRACT_COLUMNS[name]


def test_an_incremental_extract_reads_what_changed(org: Org) -> None:
    watermark = org.crm.extract("Contact").watermark
    assert watermark
    org.edit("Contact", contact(3), Title="Head of Testing")
    changed = org.crm.extract("Contact", since=watermark).table
    assert contact(3) in changed["Id"].to_pylist()
    assert changed.num_rows < CONTACTS or watermark <= "2026-01-06"


def test_a_night_arrives_is_read_back_and_is_not_sent_twice(org: Org) -> None:
    texts = {n: HARD_TEXTS[(n - 1) % len(HARD_TEXTS)] for n in range(1, 17)}
    accounts = [row | {"next_best_action": texts[n]} for n, row in enumerate(wanted(1, 16), start=1)]
    roles = [{"salesforce_contact_id": contact(n), "committee_role": "DM"} for n in range(1, 11)]
    desired = tables(accounts, roles, [item(n) for n in range(1, 6)])
    plan = org.plan(desired)
    before = org.crm.connection.calls.total
    outcome = apply(plan, org.crm, org.ledger)
    # One collections call per object: 16 accounts, 10 contacts, 5 queue items.
    assert org.crm.connection.calls.total - before == 3
    assert outcome.is_complete and outcome.sent == plan.change_count
    held = org.held("Account", "ABM_Next_Best_Action__c", "ABM_Score__c", "ABM_Tier__c", "ABM_Suppressed__c")
    for number, text in texts.items():
        assert held[account(number)]["ABM_Next_Best_Action__c"] == text
        assert float(held[account(number)]["ABM_Score__c"] or -1) == float(number % 100)
    assert org.plan(desired).change_count == 0


def test_many_records_go_by_bulk_and_end_the_same(org: Org) -> None:
    desired = tables(wanted(101, ACCOUNTS, next_best_action='é 日本, "q"\nsecond line 😀', intent_score=None))
    plan = org.plan(desired)
    assert plan.counts()["Account"]["update"] == ACCOUNTS - 100
    before = dict(org.crm.connection.calls.by_kind)
    outcome = apply(plan, org.crm, org.ledger)
    made = {kind: count - before.get(kind, 0) for kind, count in org.crm.connection.calls.by_kind.items()}
    assert outcome.is_complete and outcome.sent == ACCOUNTS - 100
    assert sum(made.values()) <= 15 and made["bulk upload"] == 1
    held = org.held("Account", "ABM_Next_Best_Action__c", "ABM_Intent_Score__c")
    assert held[account(ACCOUNTS)]["ABM_Next_Best_Action__c"] == 'é 日本, "q"\nsecond line 😀'
    assert org.plan(desired).change_count == 0
    cleared = tables(wanted(101, ACCOUNTS, next_best_action=None, intent_score=None))
    assert org.deliver(cleared).is_complete
    assert org.held("Account", "ABM_Next_Best_Action__c")[account(ACCOUNTS)]["ABM_Next_Best_Action__c"] is None


def test_an_edit_by_a_person_is_kept_and_a_reps_status_is_never_touched(org: Org) -> None:
    desired = tables(wanted(21, 22), [], [item(6)])
    org.deliver(desired)
    org.edit("Account", account(21), ABM_Tier__c="Tier 1")
    key = str(item(6)["queue_key"])
    (item_id,) = [
        row["Id"] for row in org.crm.read("ABM_Queue_Item__c", ["Queue_Key__c"], "Queue_Key__c", [key]).to_pylist()
    ]
    org.edit("ABM_Queue_Item__c", item_id, Status__c="Working", Outcome__c="Connected")
    changed = tables(wanted(21, 22, tier="Tier 3"), [], [item(6, rank=99, status="New")])
    outcome = org.deliver(changed)
    assert (outcome.sent, outcome.conflict) == (2, 1)
    tiers = org.held("Account", "ABM_Tier__c")
    assert (tiers[account(21)]["ABM_Tier__c"], tiers[account(22)]["ABM_Tier__c"]) == ("Tier 1", "Tier 3")
    kept = org.held("ABM_Queue_Item__c", "Status__c", "Outcome__c", "Rank__c")[item_id]
    assert (kept["Status__c"], kept["Outcome__c"], float(kept["Rank__c"] or 0)) == ("Working", "Connected", 99.0)


def test_a_refused_record_is_reported_by_code_and_the_others_arrive(org: Org) -> None:
    plan = org.plan(tables(wanted(31, 33)))
    is_tier = pc.and_(pc.equal(plan.rows["record_key"], account(32)), pc.equal(plan.rows["field"], "ABM_Tier__c"))
    broken = pc.if_else(is_tier, "Tier 9", plan.rows["new_value"])
    at = plan.rows.column_names.index("new_value")
    outcome = apply(replace(plan, rows=plan.rows.set_column(at, "new_value", broken)), org.crm, org.ledger)
    assert (outcome.sent, outcome.rejected) == (2, 1)
    assert dict(outcome.rejected_by_code) == {"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": 1}
    assert org.plan(tables(wanted(31, 33))).change_count == 1


def test_refused_rows_of_a_bulk_job_are_told_apart(org: Org) -> None:
    records = tuple(
        RecordWrite(account(n), {"ABM_Tier__c": "Tier 9" if n in (41, 43) else "Tier 2"}) for n in range(41, 341)
    )
    unknown = RecordWrite(with_checksum("001A00000999999"), {"ABM_Tier__c": "Tier 2"})
    jobs: list[str] = []
    answers = org.crm.write(WriteBatch("Account", "Id", (*records, unknown)), jobs.append)
    refused = {answer.record_key: answer.code for answer in answers if not answer.is_success}
    assert len(answers) == 301 and len(jobs) == 1
    assert set(refused) == {account(41), account(43), unknown.record_key}
    assert refused[account(41)] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    again = org.crm.finish_job(OpenJob(jobs[0], "Account", "Id"))
    assert sorted(answer.record_key for answer in again) == sorted(answer.record_key for answer in answers)


def test_a_unique_key_moves_from_one_record_to_another(org: Org) -> None:
    assert org.deliver(tables(wanted(51, 52))).is_complete
    first, second = wanted(51, 52)
    swapped = tables([first | {"abm_account_key": second["abm_account_key"]}, second | {"abm_account_key": None}])
    assert org.deliver(swapped).is_complete
    keys = org.held("Account", "ABM_Account_Key__c")
    assert keys[account(51)]["ABM_Account_Key__c"] == second["abm_account_key"]
    assert keys[account(52)]["ABM_Account_Key__c"] is None


def test_an_account_that_is_gone_is_withheld(org: Org) -> None:
    gone = wanted(61, 61)[0] | {"salesforce_account_id": with_checksum("001A00000888888")}
    outcome = org.deliver(tables([gone]))
    assert (outcome.sent, outcome.withheld) == (0, 1)


def test_reading_back_finds_an_edit_and_a_deleted_account(org: Org) -> None:
    org.deliver(tables(wanted(71, 73, next_best_action="Ask."), [], [item(9)]))
    assert reconcile(org.crm, org.ledger.last_sent(), org.rules).rows.num_rows == 0
    org.edit("Account", account(71), ABM_Next_Best_Action__c="Wait.")
    org.crm.connection.call("DELETE", f"sobjects/Account/{account(72)}", kind="edit", is_repeatable=False)
    found = reconcile(org.crm, org.ledger.last_sent(), org.rules)
    assert found.counts() == {"Account": {"edited": 1, "deleted": 1, "merged": 0, "gone": 0}}
    assert found.record_count == 4
    # An account that is deleted is not written to, and is no error.
    outcome = org.deliver(tables(wanted(71, 73, next_best_action="Write."), [], [item(9)]))
    assert (outcome.rejected, outcome.withheld) == (0, 1)
