from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.deploy import Deployment, deploy, schema_with_deployed
from sandbox.errors import SandboxError
from sandbox.metadata_files import read_source_folder, read_zip
from sandbox.org import Org
from tests.unit.sandbox.running import FIELD, LOOKUP, SCORE, TIER, VISIT, TestClock, custom_fields, write, zipped

OBJECT = """<?xml version="1.0" encoding="UTF-8"?>
<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata"><fields><fullName>Score__c</fullName>{rest}</fields></CustomObject>
"""
PACKAGE = """<?xml version="1.0" encoding="UTF-8"?>
<Package xmlns="http://soap.sforce.com/2006/04/metadata"><types><members>{member}</members><name>CustomField</name></types>
<version>62.0</version></Package>
"""
PERMISSIONS = """<?xml version="1.0" encoding="UTF-8"?>
<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata"><fieldPermissions><editable>true</editable><field>{field}</field>
<readable>true</readable></fieldPermissions><label>Sync</label></PermissionSet>
"""


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Org]:
    made = Org(tmp_path / "state", clock=TestClock())
    yield made
    made.close()


def deploy_field(org: Org, folder: Path, rest: str, name: str = "X__c", where: str = "Account") -> Deployment:
    path = folder / "force-app" / "objects" / where / "fields" / f"{name}.field-meta.xml"
    write(path, FIELD.format(name=name, rest=rest))
    return deploy(org.store, read_source_folder(folder / "force-app"))


def test_a_source_folder_makes_fields_objects_and_relationships(org: Org, tmp_path: Path) -> None:
    assert deploy(org.store, read_source_folder(custom_fields(tmp_path))).is_success
    account, visit = org.schema.objects["Account"], org.schema.objects["Visit__c"]
    tier, key = account.fields["Tier__c"], account.fields["Key__c"]
    assert (tier.type, tier.restricted, [value for value, _ in tier.values]) == ("picklist", True, ["Tier 1", "Tier 2"])
    assert (key.external_id, key.unique, key.length, key.case_sensitive) == (True, True, 64, False)
    assert (visit.key_prefix, visit.fields["Account__c"].relationship, visit.fields["OwnerId"].reference_to) == (
        "a00",
        "Account__r",
        ("User",),
    )
    assert schema_with_deployed(org.store) == org.schema  # what a restart reads is what was deployed


def test_a_second_deploy_changes_nothing_and_adds_what_is_new(org: Org, tmp_path: Path) -> None:
    folder = custom_fields(tmp_path)
    first, second = (deploy(org.store, read_source_folder(folder)) for _ in range(2))
    assert all(message.is_created for message in first.messages)
    assert not any(message.is_created for message in second.messages)
    assert org.schema.objects["Visit__c"].key_prefix == "a00"


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        ("<label>X</label><type>Numbr</type>", "'Numbr' is not a valid value for the enum 'FieldType'"),
        ("<label>X</label><type>Text</type>", "Must specify 'length'"),
        ("<label>X</label><length>300</length><type>Text</type>", "from 1 to 255"),
        ("<colour>red</colour><label>X</label><type>Date</type>", "colour invalid at this location"),
        ("<label>X</label><required>perhaps</required><type>Date</type>", "not a valid value for the type xsd:boolean"),
        ("<label>X</label><precision>4</precision><scale>5</scale><type>Number</type>", "scale is 5"),
        ("<label>X</label><type>Checkbox</type>", "default value for a checkbox"),
        ("<label>X</label><type>Picklist</type>", "Must specify a valueSet"),
        (LOOKUP.replace("<referenceTo>Account", "<referenceTo>Nothing__c"), "does not resolve to a valid sObject type"),
        ("<externalId>true</externalId><label>X</label><type>Date</type>", "can not be an external id"),
        ("<formula>1</formula><label>X</label><type>Number</type>", "not implemented by this emulator"),
        ("<label>" + "x" * 41 + "</label><type>Date</type>", "max length=40"),
        ("<label>X</label><type>Date", "Error parsing file"),
    ],
)
def test_a_broken_field_is_refused_and_nothing_is_deployed(org: Org, tmp_path: Path, rest: str, problem: str) -> None:
    custom_fields(tmp_path)
    result = deploy_field(org, tmp_path, rest)
    assert [problem in failure.problem for failure in result.failures] == [True]
    assert not result.is_success
    assert "Tier__c" not in org.schema.objects["Account"].fields


def test_the_type_of_a_field_can_not_change(org: Org, tmp_path: Path) -> None:
    assert deploy_field(org, tmp_path, SCORE).is_success
    assert "Cannot change the type" in deploy_field(org, tmp_path, TIER).failures[0].problem


def test_a_permission_set_names_only_fields_that_are_there_and_may_be_granted(org: Org, tmp_path: Path) -> None:
    folder = custom_fields(tmp_path)
    path = folder / "main" / "default" / "permissionsets" / "Sync.permissionset-meta.xml"
    expected = {
        "Account.Nope__c": "no CustomField named Account.Nope__c found",
        "Account.Name": "You cannot deploy to a required field: Account.Name",
        "Account.CreatedDate": "Field Account.CreatedDate is not editable",
        "Account.Tier__c": "",
    }
    for field, problem in expected.items():
        write(path, PERMISSIONS.format(field=field))
        result = deploy(org.store, read_source_folder(folder))
        assert [problem in failure.problem for failure in result.failures] == ([True] if problem else [])


def test_a_check_only_deploy_changes_nothing(org: Org, tmp_path: Path) -> None:
    result = deploy(org.store, read_source_folder(custom_fields(tmp_path)), is_check_only=True)
    assert result.is_success and "Visit__c" not in org.schema.objects


def test_a_zip_in_metadata_format_is_read_from_the_folder_of_its_package(org: Org) -> None:
    good = zipped(
        {
            "unpackaged/objects/Account.object": OBJECT.format(rest=SCORE),
            "unpackaged/package.xml": PACKAGE.format(member="Account.Score__c"),
        }
    )
    assert deploy(org.store, read_zip(good)).is_success
    assert org.schema.objects["Account"].fields["Score__c"].precision == 5


def test_a_member_of_the_package_without_a_file_fails_the_deploy(org: Org) -> None:
    data = zipped(
        {"objects/Account.object": OBJECT.format(rest=SCORE), "package.xml": PACKAGE.format(member="Account.Other__c")}
    )
    result = deploy(org.store, read_zip(data))
    assert (result.is_success, result.missing) == (False, (("CustomField", "Account.Other__c"),))


def test_a_document_type_is_not_read(org: Org, tmp_path: Path) -> None:
    bomb = VISIT.replace("?>\n", '?>\n<!DOCTYPE x [<!ENTITY a "aaaa">]>\n', 1)
    path = write(tmp_path / "force-app" / "objects" / "Visit__c" / "Visit__c.object-meta.xml", bomb)
    result = deploy(org.store, read_source_folder(path.parents[2]))
    assert "document type declaration" in result.failures[0].problem


def test_a_folder_without_metadata_and_a_broken_zip_are_clear_errors(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"no file named \*-meta.xml"):
        read_source_folder(tmp_path)
    with pytest.raises(SandboxError, match="not a readable zip"):
        read_zip(b"nothing")
    with pytest.raises(SandboxError, match=r"No package.xml"):
        read_zip(zipped({"a.txt": "a"}))
