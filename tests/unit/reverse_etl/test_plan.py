from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reverse_etl.crm import CrmObject
from reverse_etl.errors import RuleError, SyncError
from reverse_etl.ledger import LedgerStore
from reverse_etl.plan import Plan
from tests.unit.reverse_etl.night import (
    DAY,
    OTHER_REP,
    Night,
    account_id,
    account_row,
    contact_id,
    crm_schema,
    memory_crm,
    queue_row,
    tables,
)


def rows(plan: Plan, key: str | None = None) -> dict[str | None, dict[str, str | None]]:
    """Plan rows of one record by field (of the only record with rows if no key is given)."""
    picked = [row for row in plan.rows.to_pylist() if row["action"] != "unchanged" or row["field"] is not None]
    return {row["field"]: row for row in picked if key is None or row["record_key"] == key}


def test_a_first_plan_updates_accounts_and_creates_queue_items(night: Night) -> None:
    plan = night.plan(tables([account_row(1), account_row(2)], [], [queue_row(1)]))
    assert plan.counts() == {
        "Account": {"create": 0, "update": 2, "conflict": 0, "withheld": 0, "unchanged": 0},
        "ABM_Queue_Item__c": {"create": 1, "update": 0, "conflict": 0, "withheld": 0, "unchanged": 0},
    }
    tier = rows(plan, account_id(1))["ABM_Tier__c"]
    assert (tier["old_value"], tier["new_value"], tier["action"]) == (None, "Tier 2", "update")


def test_a_second_plan_after_apply_has_nothing_to_do(night: Night) -> None:
    desired = tables(
        [account_row(1), account_row(2, score=None, tier=None)],
        [{"salesforce_contact_id": contact_id(1), "committee_role": "DM"}],
        [queue_row(1), queue_row(2, salesforce_contact_id=None)],
    )
    outcome = night.deliver(desired)
    assert (outcome.sent, outcome.created, outcome.is_complete) == (5, 2, True)
    assert night.plan(desired).change_count == 0


def test_numbers_are_compared_as_the_crm_stores_them(night: Night) -> None:
    night.deliver(tables([account_row(1, score=73.404)]))
    # 73.404 and 73.395 both round to 73.40 at two decimals; the CRM may show it as 73.4.
    night.crm.rows["Account"][account_id(1)]["ABM_Score__c"] = "73.4"
    assert night.plan(tables([account_row(1, score=73.395)])).change_count == 0


def test_text_is_compared_as_the_crm_stores_it(night: Night) -> None:
    night.deliver(tables([account_row(1, next_best_action="  Call\r\nher ")]))
    assert night.crm.rows["Account"][account_id(1)]["ABM_Next_Best_Action__c"] == "Call\nher"
    assert night.plan(tables([account_row(1, next_best_action="Call\nher")])).change_count == 0


def test_a_value_that_became_null_empties_the_field(night: Night) -> None:
    night.deliver(tables([account_row(1)]))
    night.deliver(tables([account_row(1, intent_score=None)]))
    assert night.crm.rows["Account"][account_id(1)]["ABM_Intent_Score__c"] is None


def test_a_text_that_is_too_long_is_cut_and_reported(night: Night) -> None:
    plan = night.plan(tables([account_row(1, next_best_action="x" * 300)]))
    row = rows(plan, account_id(1))["ABM_Next_Best_Action__c"]
    assert (len(row["new_value"] or ""), row["reason"]) == (255, "cut to 255 characters")
    assert plan.notes == ("Account.ABM_Next_Best_Action__c: 1 texts are longer than 255 characters and are cut there.",)


def test_a_value_outside_a_restricted_picklist_is_withheld_and_the_rest_is_sent(night: Night) -> None:
    plan = night.plan(tables([account_row(1, tier="Tier A")]))
    row = rows(plan, account_id(1))["ABM_Tier__c"]
    assert (row["action"], row["reason"]) == (
        "withheld",
        "not among the values of the picklist: Tier 1, Tier 2, Tier 3",
    )
    assert plan.counts()["Account"]["update"] == 1


def test_an_account_that_the_crm_no_longer_has_is_withheld_and_never_created(night: Night) -> None:
    outcome = night.deliver(tables([account_row(1), account_row(99)]))
    assert (outcome.sent, outcome.withheld) == (1, 1)
    assert account_id(99) not in night.crm.rows["Account"]


def test_two_sync_rows_for_one_record_are_both_withheld(night: Night) -> None:
    plan = night.plan(tables([account_row(1, tier="Tier 1"), account_row(1, tier="Tier 3"), account_row(2)]))
    assert plan.counts()["Account"] == {"create": 0, "update": 1, "conflict": 0, "withheld": 1, "unchanged": 0}
    assert (
        rows(plan, account_id(1))[None]["reason"]
        == "more than one row of sync.sync_salesforce_accounts names this record"
    )


def test_external_ids_that_differ_only_in_case_are_one_key(night: Night) -> None:
    plan = night.plan(tables([], [], [queue_row(1, queue_key="KeyA"), queue_row(2, queue_key="keya")]))
    assert plan.counts()["ABM_Queue_Item__c"]["withheld"] == 2


def test_a_row_without_a_key_is_withheld_and_counted(night: Night) -> None:
    plan = night.plan(tables([account_row(1, salesforce_account_id=None), account_row(2)]))
    assert plan.counts()["Account"]["withheld"] == 1
    assert plan.notes == (
        "Account: 1 rows of sync.sync_salesforce_accounts have no salesforce_account_id; they are withheld.",
    )


def test_an_id_of_15_characters_names_the_same_record(night: Night) -> None:
    # Ids of these tests are 18 digits without capitals, for which the case checksum would be AAA.
    night.crm.rows["Account"]["001000000000777AAA"] = {"Id": "001000000000777AAA", "Name": "Firm 777"}
    plan = night.plan(tables([account_row(7, salesforce_account_id="001000000000777")]))
    assert plan.counts()["Account"]["update"] == 1


def test_a_move_below_one_point_is_not_written(night: Night) -> None:
    night.deliver(tables([account_row(1, score=50.0)]))
    assert night.plan(tables([account_row(1, score=50.99)])).change_count == 0
    assert night.plan(tables([account_row(1, score=51.0)])).change_count == 1


def test_small_moves_and_passengers_travel_when_the_tier_changes(night: Night) -> None:
    night.deliver(tables([account_row(1)]))
    plan = night.plan(tables([account_row(1, score=50.5, tier="Tier 1", top_reasons="New.")]))
    found = rows(plan, account_id(1))
    assert {name: found[name]["reason"] for name in ("ABM_Score__c", "ABM_Tier__c", "ABM_Top_Reasons__c")} == {
        "ABM_Score__c": "travels along",
        "ABM_Tier__c": None,
        "ABM_Top_Reasons__c": "travels along",
    }


def test_small_moves_are_written_at_the_weekly_refresh(night: Night) -> None:
    night.deliver(tables([account_row(1)]), day=date(2026, 10, 1))
    moved = tables([account_row(1, score=50.5)])
    assert night.plan(moved, day=date(2026, 10, 7)).change_count == 0
    plan = night.plan(moved, day=date(2026, 10, 8))
    assert rows(plan)["ABM_Score__c"]["reason"] == "refresh"


def test_a_passenger_alone_is_not_written_before_the_refresh(night: Night) -> None:
    night.deliver(tables([account_row(1)]), day=date(2026, 10, 1))
    later = tables([account_row(1, scored_at=datetime(2026, 10, 2), top_reasons="Other words.")])
    assert night.plan(later, day=date(2026, 10, 2)).change_count == 0


def test_status_is_set_once_and_then_belongs_to_the_rep(night: Night) -> None:
    night.deliver(tables([], [], [queue_row(1)]))
    (item,) = night.crm.rows["ABM_Queue_Item__c"].values()
    assert item["Status__c"] == "New"
    item["Status__c"] = "Working"
    night.deliver(tables([], [], [queue_row(1, rank=7, status="New")]))
    assert (item["Status__c"], item["Rank__c"]) == ("Working", "7")


def test_a_field_that_a_person_edited_is_a_conflict_and_is_kept(night: Night) -> None:
    night.deliver(tables([account_row(1)]))
    night.crm.rows["Account"][account_id(1)]["ABM_Next_Best_Action__c"] = "Leave them alone until May"
    plan = night.plan(tables([account_row(1, next_best_action="Call again.", tier="Tier 1")]))
    assert rows(plan)["ABM_Next_Best_Action__c"]["action"] == "conflict"
    outcome = night.deliver(tables([account_row(1, next_best_action="Call again.", tier="Tier 1")]))
    held = night.crm.rows["Account"][account_id(1)]
    assert (held["ABM_Next_Best_Action__c"], held["ABM_Tier__c"]) == ("Leave them alone until May", "Tier 1")
    assert (outcome.sent, outcome.conflict) == (1, 0), "the record itself was sent; the conflict is one of its fields"


def test_an_edit_is_kept_for_as_long_as_it_differs(night: Night) -> None:
    night.deliver(tables([account_row(1)]))
    night.crm.rows["Account"][account_id(1)]["ABM_Tier__c"] = "Tier 1"
    for day in (date(2026, 11, 1), date(2026, 11, 20)):
        outcome = night.deliver(tables([account_row(1)]), day=day)
        assert outcome.conflict + outcome.sent == 1
        assert night.crm.rows["Account"][account_id(1)]["ABM_Tier__c"] == "Tier 1"


def test_an_emptied_field_is_an_edit_too(night: Night) -> None:
    night.deliver(tables([account_row(1)]))
    night.crm.rows["Account"][account_id(1)]["ABM_Next_Best_Action__c"] = None
    assert rows(night.plan(tables([account_row(1)])))["ABM_Next_Best_Action__c"]["action"] == "conflict"


def test_a_field_that_the_engine_owns_is_written_again_and_the_edit_is_reported(night: Night) -> None:
    night.deliver(tables([account_row(1)]))
    night.crm.rows["Account"][account_id(1)]["ABM_Account_Key__c"] = "acc_wrong"
    row = rows(night.plan(tables([account_row(1)])))["ABM_Account_Key__c"]
    assert row["action"] == "update"
    assert (
        row["reason"] == "edited in the CRM since it was last written: the engine owns this field and writes it again"
    )


def test_agreement_with_an_edit_ends_the_conflict(night: Night) -> None:
    night.deliver(tables([account_row(1, tier="Tier 2")]))
    night.crm.rows["Account"][account_id(1)]["ABM_Tier__c"] = "Tier 1"
    night.deliver(tables([account_row(1, tier="Tier 1")]))
    plan = night.plan(tables([account_row(1, tier="Tier 3")]))
    assert rows(plan)["ABM_Tier__c"]["action"] == "update"


def test_a_field_can_be_handed_back_to_the_engine(night: Night) -> None:
    night.deliver(tables([account_row(1)]))
    night.crm.rows["Account"][account_id(1)]["ABM_Tier__c"] = "Tier 1"
    night.ledger.forget("Account", account_id(1), "ABM_Tier__c")
    assert rows(night.plan(tables([account_row(1)])))["ABM_Tier__c"]["action"] == "update"


def test_set_if_empty_fills_and_never_replaces(night: Night) -> None:
    fields = tuple(
        replace(rule, policy="set_if_empty") if rule.field == "ABM_Tier__c" else rule for rule in night.rules.fields
    )
    night.rules = replace(night.rules, fields=fields)
    night.deliver(tables([account_row(1, tier="Tier 2")]))
    night.deliver(tables([account_row(1, tier="Tier 1", score=90.0)]))
    assert night.crm.rows["Account"][account_id(1)]["ABM_Tier__c"] == "Tier 2"


def test_a_role_is_taken_back_when_its_permission_ends(night: Night) -> None:
    night.deliver(tables([], [{"salesforce_contact_id": contact_id(1), "committee_role": "DM"}]))
    assert night.crm.rows["Contact"][contact_id(1)]["ABM_Committee_Role__c"] == "DM"
    outcome = night.deliver(tables([]))
    assert (outcome.sent, night.crm.rows["Contact"][contact_id(1)]["ABM_Committee_Role__c"]) == (1, None)
    assert night.plan(tables([])).change_count == 0


def test_a_role_that_a_person_set_is_not_taken_back(night: Night) -> None:
    night.deliver(tables([], [{"salesforce_contact_id": contact_id(1), "committee_role": "DM"}]))
    night.crm.rows["Contact"][contact_id(1)]["ABM_Committee_Role__c"] = "CH"
    night.deliver(tables([]))
    assert night.crm.rows["Contact"][contact_id(1)]["ABM_Committee_Role__c"] == "CH"


def test_a_queue_item_for_somebody_who_left_is_withheld(night: Night) -> None:
    plan = night.plan(tables([], [], [queue_row(1, salesforce_owner_id=OTHER_REP)]))
    assert plan.counts()["ABM_Queue_Item__c"]["withheld"] == 1
    assert rows(plan)["OwnerId"]["reason"] == "OwnerId does not point at an active user"


def test_a_queue_item_for_a_deleted_contact_is_withheld(night: Night) -> None:
    plan = night.plan(tables([], [], [queue_row(1, salesforce_contact_id=contact_id(99))]))
    assert plan.counts()["ABM_Queue_Item__c"]["withheld"] == 1


def test_a_unique_key_is_given_up_before_another_record_takes_it(night: Night) -> None:
    night.deliver(tables([account_row(1, abm_account_key="acc_x"), account_row(2, abm_account_key=None)]))
    swapped = tables([account_row(1, abm_account_key="acc_y"), account_row(2, abm_account_key="acc_x")])
    plan = night.plan(swapped)
    assert [(release.record_key, release.field) for release in plan.releases] == [(account_id(1), "ABM_Account_Key__c")]
    assert night.deliver(swapped).is_complete
    back = tables([account_row(1, abm_account_key="acc_x"), account_row(2, abm_account_key="acc_y")])
    assert night.deliver(back).is_complete, "two records that swap their keys"


def test_a_sync_table_without_a_mapped_column_is_refused_by_name(night: Night) -> None:
    desired = tables([account_row(1)])
    desired["sync_salesforce_accounts"] = desired["sync_salesforce_accounts"].drop_columns(["tier"])
    with pytest.raises(RuleError, match=r"sync.sync_salesforce_accounts: column tier is missing"):
        night.plan(desired)


def test_every_field_that_the_crm_does_not_offer_is_named(night: Night) -> None:
    account = crm_schema()["Account"]
    fields = {name: field for name, field in account.fields.items() if name != "ABM_Tier__c"}
    fields["ABM_Score__c"] = replace(fields["ABM_Score__c"], is_updateable=False)
    night.crm.schema = crm_schema() | {"Account": CrmObject("Account", fields)}
    with pytest.raises(SyncError, match=r"Account.ABM_Score__c \(not writable\); Account.ABM_Tier__c \(not visible\)"):
        night.plan(tables([account_row(1)]))


def test_columns_of_pandas_and_of_arrow_give_the_same_plan(night: Night) -> None:
    desired = tables([account_row(1), account_row(2, tier=None, score=None)], [], [queue_row(1)])
    as_pandas = {name: table.to_pandas() for name, table in desired.items()}
    assert night.plan(as_pandas).plan_id == night.plan(desired).plan_id  # type: ignore[arg-type]


values = st.fixed_dictionaries(
    {
        "score": st.one_of(st.none(), st.floats(0, 100)),
        "tier": st.sampled_from([None, "Tier 1", "Tier 2", "Tier 3"]),
        "fit_score": st.one_of(st.none(), st.floats(0, 100)),
        "committee_coverage_pct": st.one_of(st.none(), st.floats(0, 100)),
        "next_best_action": st.one_of(st.none(), st.text(alphabet=st.characters(codec="utf-8"), max_size=300)),
        "is_suppressed": st.booleans(),
        "scored_at": st.datetimes(),
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.lists(values, min_size=3, max_size=3), second=st.lists(values, min_size=3, max_size=3), seed=st.integers()
)
def test_plan_then_apply_then_plan_is_nothing_to_do_in_any_order_of_rows(
    first: list[dict[str, object]], second: list[dict[str, object]], seed: int
) -> None:
    connection = duckdb.connect()
    night = Night(memory_crm(), LedgerStore(connection))
    for wanted in (first, second):
        given_rows = [account_row(number, **changes) for number, changes in enumerate(wanted, start=1)]
        shuffled = random.Random(seed).sample(given_rows, len(given_rows))
        plan = night.plan(tables(given_rows))
        again = night.plan(tables(shuffled))
        assert plan.rows.equals(again.rows) and plan.plan_id == again.plan_id
        night.deliver(tables(shuffled))
        assert night.plan(tables(given_rows)).change_count == 0
    connection.close()


def test_the_plan_names_the_accounts_that_change(night: Night) -> None:
    plan = night.plan(tables([account_row(1)], [], [queue_row(2)]))
    assert plan.names == {account_id(1): "Firm 1", account_id(2): "Firm 2"}


def test_an_empty_crm_and_empty_tables_give_an_empty_plan(night: Night) -> None:
    night.crm.rows = {"Account": {}, "Contact": {}, "ABM_Queue_Item__c": {}, "User": {}}
    plan = night.plan(tables([]))
    assert (plan.rows.num_rows, plan.change_count, plan.as_of_date) == (0, 0, DAY)
    assert isinstance(plan.rows, pa.Table)
