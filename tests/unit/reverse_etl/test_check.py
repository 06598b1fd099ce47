from __future__ import annotations

from dataclasses import replace

from reverse_etl.check import check_crm, describe_visible
from reverse_etl.crm import CrmField, CrmObject
from reverse_etl.destinations.salesforce.metadata import expected_objects
from reverse_etl.destinations.salesforce.read import PRIVACY_COLUMNS
from tests.unit.reverse_etl.night import ROOT, crm_schema, house_rules, memory_crm

EXPECTED = expected_objects(ROOT / "reverse_etl" / "salesforce" / "force-app")


def messages(name: str, **changes: object) -> list[str]:
    """Problems of an org in which one Account field differs from what we ship."""
    schema = crm_schema()
    account = schema["Account"]
    fields = dict(account.fields)
    fields[name] = replace(fields[name], **changes)  # type: ignore[arg-type]
    found = check_crm(schema | {"Account": CrmObject("Account", fields)}, EXPECTED, house_rules())
    return [f"{problem.place} {problem.message}" for problem in found]


def test_an_org_with_our_folder_lacks_nothing() -> None:
    assert check_crm(crm_schema(), EXPECTED, house_rules()) == []


def test_each_difference_is_named() -> None:
    assert messages("ABM_Score__c", type="string") == [
        "Account.ABM_Score__c is of type string, expected double. Rename the other field, or restore ours."
    ]
    assert messages("ABM_Score__c", precision=4, scale=2) == [
        "Account.ABM_Score__c holds 2 digits and 2 decimals, expected 3 and 2."
    ]
    assert messages("ABM_Top_Reasons__c", length=80) == [
        "Account.ABM_Top_Reasons__c holds 80 characters, expected 255."
    ]
    assert messages("ABM_Tier__c", is_updateable=False) == [
        "Account.ABM_Tier__c cannot be written by this user. Assign ABM_Sync."
    ]
    assert messages("ABM_Tier__c", values=("Gold", "Tier 2", "Tier 3")) == [
        "Account.ABM_Tier__c lacks picklist value Tier 1: was it renamed? Values now: Gold, Tier 2, Tier 3."
    ]
    assert messages("ABM_Account_Key__c", is_unique=False) == [
        "Account.ABM_Account_Key__c is not unique, so items could be made twice."
    ]


def test_a_field_that_people_own_need_not_be_writable() -> None:
    assert messages("ABM_Tier_Override__c", is_updateable=False) == []


def test_an_org_without_our_folder_is_told_what_to_do() -> None:
    visible = describe_visible(memory_crm(), ["Account", "Nothing__c"])
    assert sorted(visible) == ["Account"]
    places = [problem.place for problem in check_crm(visible, EXPECTED, house_rules())]
    assert places == ["ABM_Queue_Item__c", "Contact"]
    bare = {name: CrmObject(name, {"Id": CrmField("Id", "id", length=18)}) for name in EXPECTED}
    assert len(check_crm(bare, EXPECTED, house_rules())) == 17 + 1 + 11


def test_hidden_opt_outs_are_reported_but_do_not_stop_delivery() -> None:
    problems = check_crm(crm_schema(), EXPECTED, house_rules(), PRIVACY_COLUMNS)
    assert [(problem.place, problem.is_fatal) for problem in problems] == [
        ("Contact.HasOptedOutOfEmail", False),
        ("Contact.DoNotCall", False),
    ]
