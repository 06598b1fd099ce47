from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reverse_etl.destinations.salesforce.metadata import check_folder, expected_objects
from tests.unit.reverse_etl.night import ROOT

FORCE_APP = ROOT / "reverse_etl" / "salesforce" / "force-app"
FIELDS = Path("main/default/objects/Account/fields")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FORCE_APP, tmp_path / "force-app"))


def damage(folder: Path, file: Path, old: str, new: str) -> list[str]:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return [problem.message for problem in check_folder(folder) if problem.file == file.as_posix()]


def test_every_shipped_file_is_deployable_as_far_as_can_be_told_offline() -> None:
    assert check_folder(FORCE_APP) == []
    assert len(list(FORCE_APP.rglob("*-meta.xml"))) > 30


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<type>Text</type>", "<type>Textt</type>", "not an element of the set"),
        ("<unique>true</unique>", "<unique>yes</unique>", "not a valid value"),
        ("<unique>true</unique>", "<colour>red</colour>", "This element is not expected"),
        ("<length>64</length>", "", "length is missing: type Text needs it"),
        ("<length>64</length>", "<length>500</length>", "length is 500: a Text field has 1 to 255"),
        ("</CustomField>", "", "is not XML"),
        ("ABM_Account_Key__c", "ABM_Key__c", "they must agree"),
        ("<unique>true</unique>", "<unique>false</unique>", "an external id that is not unique"),
    ],
)
def test_a_broken_field_is_refused(copy: Path, old: str, new: str, message: str) -> None:
    found = damage(copy, FIELDS / "ABM_Account_Key__c.field-meta.xml", old, new)
    assert any(message in one for one in found), found


def test_a_number_without_room_for_its_decimals_is_refused(copy: Path) -> None:
    found = damage(copy, FIELDS / "ABM_Score__c.field-meta.xml", "<precision>5</precision>", "<precision>1</precision>")
    assert found == ["precision 1 and scale 2: at most 18 digits, of which scale are decimals"]


def test_a_field_of_the_customer_is_not_touched(copy: Path) -> None:
    stranger = copy / FIELDS / "Region__c.field-meta.xml"
    text = (copy / FIELDS / "ABM_Score_Method__c.field-meta.xml").read_text(encoding="utf-8")
    stranger.write_text(text.replace("ABM_Score_Method__c", "Region__c"), encoding="utf-8")
    assert any("must start with ABM_" in problem.message for problem in check_folder(copy))


def test_a_layout_of_a_standard_object_is_refused(copy: Path) -> None:
    layouts = copy / "main/default/layouts"
    shutil.copy(
        layouts / "ABM_Queue_Item__c-ABM Queue Item Layout.layout-meta.xml",
        layouts / "Account-Account Layout.layout-meta.xml",
    )
    assert [problem.message for problem in check_folder(copy)] == [
        "is a layout of Account: it would overwrite the customer's"
    ]


def test_a_permission_for_a_field_that_is_not_shipped_is_refused(copy: Path) -> None:
    (copy / FIELDS / "ABM_Score_Method__c.field-meta.xml").unlink()
    assert sorted({problem.message for problem in check_folder(copy)}) == [
        "Account.ABM_Score_Method__c is not shipped in this folder"
    ]


def test_a_right_without_the_rights_that_it_needs_is_refused(copy: Path) -> None:
    file = Path("main/default/permissionsets/ABM_Sync.permissionset-meta.xml")
    found = damage(copy, file, "<allowDelete>true</allowDelete>", "<allowDelete>false</allowDelete>")
    assert found == ["ABM_Queue_Item__c: modifyAllRecords needs allowDelete"]


def test_the_sync_user_may_read_opt_outs_and_write_nothing_that_belongs_to_people() -> None:
    text = (FORCE_APP / "main/default/permissionsets/ABM_Sync.permissionset-meta.xml").read_text(encoding="utf-8")
    for field in (
        "Contact.HasOptedOutOfEmail",
        "Contact.DoNotCall",
        "Account.ABM_Tier_Override__c",
        "ABM_Queue_Item__c.Outcome__c",
    ):
        block = text[: text.index(f"<field>{field}</field>")].rpartition("<fieldPermissions>")[2]
        assert "<editable>false</editable>" in block, field


def test_two_lookups_with_one_relationship_name_are_refused(copy: Path) -> None:
    file = Path("main/default/objects/Account/fields/ABM_Duplicate_Of__c.field-meta.xml")
    path = copy / file
    path.write_text(path.read_text(encoding="utf-8").replace("ABM_Duplicates", "ABM_Queue_Items"), encoding="utf-8")
    assert any("relationshipName ABM_Queue_Items on Account is taken" in one.message for one in check_folder(copy))


def test_the_shipped_fields_are_what_the_rules_and_pages_rely_on() -> None:
    account = expected_objects(FORCE_APP)["Account"].fields
    assert len([name for name in account if name.startswith("ABM_")]) == 17
    assert account["ABM_Tier__c"].values == ("Tier 1", "Tier 2", "Tier 3") and account["ABM_Tier__c"].is_restricted
    key = account["ABM_Account_Key__c"]
    assert (key.type, key.length, key.is_external_id, key.is_unique) == ("string", 64, True, True)
