from __future__ import annotations

import pyarrow as pa

from reverse_etl.settle import settle_records
from tests.unit.reverse_etl.night import crm_schema


def handed_over(*rows: tuple[str, str, str | None, str]) -> pa.Table:
    names = ("record_key", "field", "new_value", "record_action")
    return pa.table({name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(names)})


def held(**columns: list[str | None]) -> pa.Table:
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def test_an_update_arrived_if_a_field_holds_its_new_value_at_the_crms_precision() -> None:
    rows = handed_over(("001A", "ABM_Score__c", "73.40", "update"), ("001A", "ABM_Tier__c", "Tier 1", "update"))
    found = settle_records(rows, held(Id=["001A"], ABM_Score__c=["73.4"], ABM_Tier__c=["Tier 3"]), account(), "Id")
    assert [answer.is_success for answer in found.answers] == [True]
    assert found.arrived.to_pylist() == [{"record_key": "001A", "field": "ABM_Score__c", "new_value": "73.40"}]


def test_an_update_of_which_nothing_is_there_did_not_arrive() -> None:
    rows = handed_over(("001A", "ABM_Score__c", "73.40", "update"), ("001B", "ABM_Score__c", None, "update"))
    found = settle_records(rows, held(Id=["001A"], ABM_Score__c=["50"]), account(), "Id")
    assert [(answer.record_key, answer.code) for answer in found.answers] == [
        ("001A", "INTERRUPTED"),
        ("001B", "INTERRUPTED"),
    ]
    assert found.arrived.num_rows == 0


def test_a_new_record_arrived_if_its_key_is_there_whatever_people_did_to_it_since() -> None:
    rows = handed_over(("key1", "Status__c", "New", "create"), ("key2", "Status__c", "New", "create"))
    found = settle_records(
        rows,
        held(Id=["a00"], Queue_Key__c=["KEY1"], Status__c=["Working"]),
        crm_schema()["ABM_Queue_Item__c"],
        "Queue_Key__c",
    )
    assert [answer.is_success for answer in found.answers] == [True, False]
    assert found.arrived["new_value"].to_pylist() == ["New"], "so that the rep's Working shows as an edit of ours"


def test_a_field_that_is_not_read_any_more_does_not_count() -> None:
    rows = handed_over(("001A", "Gone__c", "x", "update"))
    assert not settle_records(rows, held(Id=["001A"]), account(), "Id").answers[0].is_success


def account():  # type: ignore[no-untyped-def]
    return crm_schema()["Account"]
