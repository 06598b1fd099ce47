"""A deploy over HTTP, as `sf project deploy start` makes it over REST; then the new fields are used at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.deploy import deploy
from sandbox.metadata_files import read_source_folder
from tests.unit.sandbox.running import SCORE, TIER, VISIT, Sandbox, running, zipped

FORCE_APP = Path(__file__).parents[2] / "reverse_etl" / "salesforce" / "force-app"
NAMESPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
ACCOUNT = f"<CustomObject {NAMESPACE}><fields><fullName>Tier__c</fullName>{{tier}}</fields></CustomObject>"
PACKAGE = f"""<Package {NAMESPACE}><types><members>Account.Tier__c</members><name>CustomField</name></types>
<types><members>Visit__c</members><name>CustomObject</name></types><version>62.0</version></Package>"""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running(tmp_path / "state") as found:
        yield found


def post(sandbox: Sandbox, tier: str, part: str = "json", **options: object) -> dict[str, Any]:
    data = zipped(
        {"objects/Account.object": ACCOUNT.format(tier=tier), "objects/Visit__c.object": VISIT, "package.xml": PACKAGE}
    )
    parts = {
        part: (None, json.dumps({"deployOptions": {"rollbackOnError": True, **options}}), "application/json"),
        "file": ("deploy.zip", data, "application/zip"),
    }
    reply = sandbox.call("POST", "metadata/deployRequest", files=parts)
    assert (reply.status_code, reply.json()["deployResult"]["status"]) == (201, "Pending")
    polled = sandbox.call("GET", f"metadata/deployRequest/{reply.json()['id']}?includeDetails=true").json()
    return dict(polled["deployResult"])


def test_a_deploy_makes_a_field_that_can_be_written_at_once(sandbox: Sandbox) -> None:
    result = post(sandbox, TIER)
    assert (result["status"], result["success"], result["numberComponentsDeployed"]) == ("Succeeded", True, 2)
    kinds = {
        (each["componentType"], each["fullName"], each["created"]) for each in result["details"]["componentSuccesses"]
    }
    assert kinds == {("CustomField", "Account.Tier__c", True), ("CustomObject", "Visit__c", True)}
    made = sandbox.client.Account.create({"Name": "Firm", "Tier__c": "Tier 1"})["id"]
    assert sandbox.client.Account.get(made)["Tier__c"] == "Tier 1"
    assert sandbox.client.Visit__c.create({})["success"]


def test_a_broken_component_fails_the_deploy_and_nothing_is_there(sandbox: Sandbox) -> None:
    result = post(sandbox, SCORE.replace("Number", "Numbr"))
    assert (result["status"], result["numberComponentErrors"]) == ("Failed", 1)
    (failure,) = result["details"]["componentFailures"]
    assert (failure["fullName"], failure["problem"]) == (
        "Account.Tier__c",
        "'Numbr' is not a valid value for the enum 'FieldType'",
    )
    assert sandbox.call("GET", "sobjects/Visit__c").status_code == 404


@pytest.mark.parametrize("part", ["json", "entity_content"])  # as documented, and as `sf` names it
def test_a_check_only_deploy_is_reported_and_not_done(sandbox: Sandbox, part: str) -> None:
    assert post(sandbox, TIER, part, checkOnly=True)["checkOnly"] is True
    assert sandbox.call("GET", "sobjects/Visit__c").status_code == 404


def test_what_is_no_zip_is_refused(sandbox: Sandbox) -> None:
    reply = sandbox.call("POST", "metadata/deployRequest", files={"file": ("x.zip", b"nothing")})
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "INVALID_ZIP")
    assert sandbox.call("POST", "metadata/deployRequest", json={}).status_code == 415


def test_our_own_folder_deploys(sandbox: Sandbox) -> None:
    result = deploy(sandbox.org.store, read_source_folder(FORCE_APP))
    assert [(each.component.full_name, each.problem) for each in result.failures] == []
    fields = {each["name"]: each for each in sandbox.client.Account.describe()["fields"]}
    assert (fields["ABM_Account_Key__c"]["externalId"], fields["ABM_Account_Key__c"]["unique"]) == (True, True)


def test_with_field_security_a_field_is_unknown_until_a_permission_set_is_assigned(tmp_path: Path) -> None:
    with running(tmp_path / "state", FORCE_APP, has_field_security=True) as found:

        def names(object_name: str) -> set[str]:
            return {each["name"] for each in found.call("GET", f"sobjects/{object_name}/describe").json()["fields"]}

        assert "ABM_Tier__c" not in names("Account") and "DoNotCall" not in names("Contact")
        refused = found.call("POST", "sobjects/Account", json={"Name": "Firm", "ABM_Tier__c": "Tier 1"}).json()
        assert refused[0]["message"] == "No such column 'ABM_Tier__c' on sobject of type Account"
        assert found.call("GET", "sobjects/ABM_Queue_Item__c/describe").status_code == 404
        (permissions,) = found.query("SELECT Id FROM PermissionSet WHERE Name = 'ABM_Sync'")
        found.client.PermissionSetAssignment.create(
            {"PermissionSetId": permissions["Id"], "AssigneeId": found.org.user_id}
        )
        assert {"ABM_Tier__c", "ABM_Score__c"} <= names("Account") and "DoNotCall" in names("Contact")
        made = found.client.Account.create({"Name": "Firm", "ABM_Tier__c": "Tier 1"})["id"]
        override = found.call("PATCH", f"sobjects/Account/{made}", json={"ABM_Tier_Override__c": "Tier 2"}).json()
        assert override[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"  # it belongs to people: read, not written
