from __future__ import annotations

from reverse_etl.reconcile import Drift, reconcile
from tests.unit.reverse_etl.night import Night, account_id, account_row, contact_id, queue_row, tables


def read_back(night: Night) -> Drift:
    return reconcile(night.crm, night.ledger.last_sent(), night.rules)


def delivered(night: Night) -> Night:
    contacts = [{"salesforce_contact_id": contact_id(1), "committee_role": "DM"}]
    outcome = night.deliver(tables([account_row(n) for n in range(1, 5)], contacts, [queue_row(1)]))
    assert outcome.is_complete
    return night


def test_what_arrived_unchanged_is_no_drift(night: Night) -> None:
    found = read_back(delivered(night))
    assert found.rows.num_rows == 0
    assert found.record_count == 6
    assert found.value_count > 50


def test_numbers_and_spaces_are_compared_as_the_crm_stores_them(night: Night) -> None:
    delivered(night)
    held = night.crm.rows["Account"][account_id(1)]
    held["ABM_Score__c"] = "50.000"
    assert read_back(night).rows.num_rows == 0
    held["ABM_Score__c"] = "50.01"
    assert read_back(night).counts() == {"Account": {"edited": 1, "deleted": 0, "merged": 0, "gone": 0}}


def test_edits_and_emptied_fields_are_named_with_both_values(night: Night) -> None:
    delivered(night)
    night.crm.rows["Account"][account_id(2)]["ABM_Tier__c"] = "Tier 1"
    night.crm.rows["Account"][account_id(2)]["ABM_Next_Best_Action__c"] = None
    found = read_back(night).rows.to_pylist()
    assert [(row["kind"], row["field"], row["sent_value"], row["held_value"]) for row in found] == [
        ("edited", "ABM_Next_Best_Action__c", "Call the decision maker.", None),
        ("edited", "ABM_Tier__c", "Tier 2", "Tier 1"),
    ]
    assert {row["salesforce_id"] for row in found} == {account_id(2)}


def test_deleted_merged_and_vanished_records_are_told_apart(night: Night) -> None:
    delivered(night)
    for number in (1, 2, 3):
        del night.crm.rows["Account"][account_id(number)]
    night.crm.recycle_bin = {"Account": {account_id(1): "", account_id(2): account_id(4)}}
    night.crm.rows["ABM_Queue_Item__c"].clear()
    found = {row["record_key"]: (row["kind"], row["merged_into_id"]) for row in read_back(night).rows.to_pylist()}
    assert found == {
        account_id(1): ("deleted", None),
        account_id(2): ("merged", account_id(4)),
        account_id(3): ("gone", None),
        queue_row(1)["queue_key"]: ("gone", None),
    }


def test_a_record_that_comes_back_is_compared_again(night: Night) -> None:
    delivered(night)
    gone = night.crm.rows["Account"].pop(account_id(1))
    night.crm.recycle_bin = {"Account": {account_id(1): ""}}
    assert read_back(night).counts()["Account"]["deleted"] == 1
    night.crm.rows["Account"][account_id(1)] = gone
    night.crm.recycle_bin = {}
    assert read_back(night).rows.num_rows == 0


def test_what_was_found_is_kept_in_the_place_of_what_was_found_before(night: Night, connection: object) -> None:
    delivered(night)
    night.crm.rows["Account"][account_id(2)]["ABM_Tier__c"] = "Tier 1"
    night.ledger.keep_drift(read_back(night).rows)
    night.ledger.keep_drift(read_back(night).rows)
    kept = connection.execute("select record_key, kind, field from delivery.drift").fetchall()  # type: ignore[attr-defined]
    assert kept == [(account_id(2), "edited", "ABM_Tier__c")]
