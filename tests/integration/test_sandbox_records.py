"""Single records and collections through the real client."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import requests
from simple_salesforce import format_external_id
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from tests.unit.sandbox.running import Sandbox, custom_fields, running


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("sandbox")
    with running(folder / "state", custom_fields(folder)) as found:
        yield found


def refusal(call: Any) -> dict[str, Any]:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        call()
    return dict(caught.value.content[0])


def collection(
    sandbox: Sandbox, method: str, path: str, records: list[dict[str, Any]], **settings: object
) -> list[dict[str, Any]]:
    records = [{"attributes": {"type": "Account"}, **record} for record in records]
    return list(sandbox.call(method, f"composite/sobjects{path}", json={"records": records, **settings}).json())


def test_a_record_is_created_read_changed_and_deleted(sandbox: Sandbox) -> None:
    made = sandbox.client.Account.create({"name": "Firm <b>", "AnnualRevenue": 5, "Seen__c": True})
    assert (made["success"], made["errors"]) == (True, [])
    record = sandbox.client.Account.get(made["id"])
    assert (record["Name"], record["AnnualRevenue"], record["Seen__c"]) == ("Firm <b>", 5.0, True)
    assert record["attributes"] == {"type": "Account", "url": f"/services/data/v62.0/sobjects/Account/{made['id']}"}
    assert record["CreatedDate"] == "2026-11-01T06:00:00.000+0000"
    sandbox.clock.now += timedelta(minutes=1)
    assert sandbox.client.Account.update(made["id"][:15], {"Website": "firm.example"}) == 204
    changed = sandbox.client.Account.get(made["id"])
    assert (changed["LastModifiedDate"], changed["CreatedDate"]) == (
        "2026-11-01T06:01:00.000+0000",
        record["CreatedDate"],
    )
    assert sandbox.client.Account.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound, match="ENTITY_IS_DELETED"):
        sandbox.client.Account.get(made["id"])
    deleted = sandbox.client.query(f"SELECT IsDeleted FROM Account WHERE Id = '{made['id']}'", include_deleted=True)
    assert [each["IsDeleted"] for each in deleted["records"]] == [True]


@pytest.mark.parametrize(
    ("values", "code", "message", "fields"),
    [
        ({}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", ["Name"]),
        (
            {"Name": "x", "BillingCity": "y" * 41},
            "STRING_TOO_LONG",
            f"Billing City: data value too large: {'y' * 41} (max length=40)",
            ["BillingCity"],
        ),
        ({"Name": "x", "Nope__c": 1}, "INVALID_FIELD", "No such column 'Nope__c' on sobject of type Account", None),
        (
            {"Name": "x", "Tier__c": "X"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Tier: bad value for restricted picklist field: X",
            ["Tier__c"],
        ),
        ({"Name": "x", "OwnerId": "abc"}, "MALFORMED_ID", "Owner ID: id value of incorrect type: abc", ["OwnerId"]),
        (
            {"Name": "x", "ParentId": "001Sb0000ZZZZZZ"},
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            ["ParentId"],
        ),
        ({"Name": "x", "AnnualRevenue": "much"}, "JSON_PARSER_ERROR", "Cannot deserialize instance of currency", None),
    ],
)
def test_a_refused_create_says_why(
    sandbox: Sandbox, values: dict[str, object], code: str, message: str, fields: list[str] | None
) -> None:
    error = refusal(lambda: sandbox.client.Account.create(values))
    assert (error["errorCode"], error.get("fields")) == (code, fields)
    assert error["message"].startswith(message)


def test_fields_of_the_platform_can_not_be_written(sandbox: Sandbox) -> None:
    error = refusal(lambda: sandbox.client.Account.create({"Name": "x", "LastModifiedDate": "2026-01-01T00:00:00Z"}))
    assert error["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert error["message"].startswith(
        "Unable to create/update fields: LastModifiedDate. Please check the security settings"
    )


@pytest.mark.parametrize("key", ["plain", "a/b?c d", "日本 é", "http://acme.example/x", "50%", "it's"])
def test_an_external_id_creates_once_and_then_updates(sandbox: Sandbox, key: str) -> None:
    encoded = format_external_id("Key__c", key)
    replies = [
        sandbox.client.Account.upsert(encoded, {"Name": f"Firm {number}"}, raw_response=True) for number in (1, 2)
    ]
    assert [(reply.status_code, reply.json()["created"]) for reply in replies] == [(201, True), (200, False)]
    assert replies[0].json()["id"] == replies[1].json()["id"]
    found = sandbox.call("GET", f"sobjects/Account/Key__c/{quote(key, safe='')}").json()
    assert (found["Key__c"], found["Name"]) == (key, "Firm 2")


def test_before_version_46_an_upsert_that_updates_has_no_body(sandbox: Sandbox) -> None:
    old = sandbox.client_for("45.0")
    first = old.Account.upsert("Key__c/old", {"Name": "Firm"}, raw_response=True)
    second = old.Account.upsert("Key__c/old", {"Name": "Firm"}, raw_response=True)
    assert (first.status_code, "created" in first.json()) == (201, False)
    assert (second.status_code, second.content) == (204, b"")


def test_several_matches_are_300_and_nothing_is_written(sandbox: Sandbox) -> None:
    made = [sandbox.client.Account.create({"Name": "Twin", "Group_Key__c": "g"})["id"] for _ in range(2)]
    with pytest.raises(SalesforceMoreThanOneRecord) as caught:
        sandbox.client.Account.upsert("Group_Key__c/g", {"Name": "Changed"})
    assert caught.value.content == [f"/services/data/v62.0/sobjects/Account/{each}" for each in made]
    assert len(sandbox.query("SELECT Id FROM Account WHERE Name = 'Twin'")) == 2
    error = collection(sandbox, "PATCH", "/Account/Group_Key__c", [{"Group_Key__c": "g", "Name": "Changed"}])[0][
        "errors"
    ][0]
    assert error["statusCode"] == "DUPLICATE_EXTERNAL_ID"


def test_update_only_never_creates(sandbox: Sandbox) -> None:
    reply = sandbox.call("PATCH", "sobjects/Account/Key__c/nobody?updateOnly=true", json={"Name": "x"})
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (404, "NOT_FOUND")
    assert sandbox.query("SELECT Id FROM Account WHERE Key__c = 'nobody'") == []


def test_a_unique_key_belongs_to_one_record_whatever_its_letter_case(sandbox: Sandbox) -> None:
    holder = sandbox.client.Account.create({"Name": "Holder", "Key__c": "Unique-1"})["id"]
    error = refusal(lambda: sandbox.client.Account.create({"Name": "Other", "Key__c": "unique-1"}))
    assert error["errorCode"] == "DUPLICATE_VALUE"
    assert error["message"] == f"duplicate value found: Key__c duplicates value on record with id: {holder}"
    sandbox.client.Account.delete(holder)  # what is in the recycle bin holds no key
    assert sandbox.client.Account.create({"Name": "Other", "Key__c": "unique-1"})["success"]


def test_unknown_objects_fields_and_records_are_404(sandbox: Sandbox) -> None:
    for path in (
        "sobjects/Nope__c/describe",
        "sobjects/Account/001Sb0000ZZZZZZAAA",
        "sobjects/Account/Nope__c/x",
        "sobjects/Account/Industry/x",
    ):
        reply = sandbox.call("GET", path)
        assert (reply.status_code, reply.json()[0]["errorCode"]) == (404, "NOT_FOUND")


def test_a_contact_is_found_by_its_account_key(sandbox: Sandbox) -> None:
    account = sandbox.client.Account.create({"Name": "Parent", "Key__c": "parent"})["id"]
    made = sandbox.client.Contact.create({"LastName": "Person", "Account": {"Key__c": "parent"}})
    assert sandbox.client.Contact.get(made["id"])["AccountId"] == account
    error = refusal(lambda: sandbox.client.Contact.create({"LastName": "P", "Account": {"Key__c": "gone"}}))
    assert error["message"] == "Foreign key external ID: gone not found for field Key__c in entity Account"


def test_deleting_an_account_takes_its_people_and_empties_lookups(sandbox: Sandbox) -> None:
    account = sandbox.client.Account.create({"Name": "Parent"})["id"]
    contact = sandbox.client.Contact.create({"LastName": "Person", "AccountId": account})["id"]
    visit = sandbox.client.Visit__c.create({"Account__c": account})["id"]
    sandbox.client.Account.delete(account)
    assert sandbox.query(f"SELECT Id FROM Contact WHERE Id = '{contact}'") == []
    assert sandbox.client.Visit__c.get(visit)["Account__c"] is None


def test_a_stage_closes_an_opportunity_and_leaves_history(sandbox: Sandbox) -> None:
    made = sandbox.client.Opportunity.create(
        {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-01", "Amount": 10}
    )["id"]
    sandbox.client.Opportunity.update(made, {"StageName": "Closed Won"})
    sandbox.client.Opportunity.update(made, {"NextStep": "none"})
    record = sandbox.client.Opportunity.get(made)
    assert (record["IsClosed"], record["IsWon"]) == (True, True)
    history = sandbox.query(
        f"SELECT StageName, Amount FROM OpportunityHistory WHERE OpportunityId = '{made}' ORDER BY Id"
    )
    assert [(each["StageName"], each["Amount"]) for each in history] == [("Prospecting", 10.0), ("Closed Won", 10.0)]


def test_a_describe_tells_what_may_be_written(sandbox: Sandbox) -> None:
    fields = {each["name"]: each for each in sandbox.client.Account.describe()["fields"]}
    told = ("type", "length", "externalId", "unique", "idLookup", "updateable", "nillable", "restrictedPicklist")
    assert [fields["Key__c"][each] for each in told] == ["string", 64, True, True, True, True, True, False]
    assert [fields["Name"][each] for each in told] == ["string", 255, False, False, False, True, False, False]
    assert (fields["Score__c"]["precision"], fields["Score__c"]["scale"]) == (5, 2)
    assert [each["value"] for each in fields["Tier__c"]["picklistValues"]] == ["Tier 1", "Tier 2"]
    assert (fields["Tier__c"]["restrictedPicklist"], fields["Industry"]["restrictedPicklist"]) == (True, False)
    assert (fields["ParentId"]["referenceTo"], fields["CreatedDate"]["updateable"]) == (["Account"], False)
    assert {"Account", "Contact", "Visit__c"} <= {each["name"] for each in sandbox.client.describe()["sobjects"]}


def test_a_collection_keeps_its_order_and_refuses_record_by_record(sandbox: Sandbox) -> None:
    results = collection(sandbox, "POST", "", [{"Name": "One"}, {"Tier__c": "X", "Name": "Two"}, {"Name": "Three"}])
    assert [result["success"] for result in results] == [True, False, True]
    assert results[1]["errors"][0] == {
        "statusCode": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "message": "Tier: bad value for restricted picklist field: X",
        "fields": ["Tier__c"],
    }


def test_all_or_none_undoes_what_was_good(sandbox: Sandbox) -> None:
    results = collection(sandbox, "POST", "", [{"Name": "Undone"}, {}], allOrNone=True)
    codes = [result["errors"][0]["statusCode"] for result in results]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert sandbox.query("SELECT Id FROM Account WHERE Name = 'Undone'") == []


def test_the_same_key_twice_in_one_request_fails_both(sandbox: Sandbox) -> None:
    records = [{"Key__c": "twice", "Name": "A"}, {"Key__c": "once", "Name": "B"}, {"Key__c": "TWICE", "Name": "C"}]
    results = collection(sandbox, "PATCH", "/Account/Key__c", records)
    assert [result["success"] for result in results] == [False, True, False]
    assert results[0]["errors"][0]["message"] == "Duplicate external id specified: twice"
    assert results[1]["created"] is True


def test_an_upsert_by_id_creates_where_the_id_is_null(sandbox: Sandbox) -> None:
    known = sandbox.client.Account.create({"Name": "Known"})["id"]
    results = collection(
        sandbox, "PATCH", "/Account/Id", [{"Id": None, "Name": "New"}, {"Id": known, "Name": "Renamed"}]
    )
    assert [result["created"] for result in results] == [True, False]
    assert sandbox.client.Account.get(known)["Name"] == "Renamed"


def test_a_collection_takes_200_records(sandbox: Sandbox) -> None:
    assert all(result["success"] for result in collection(sandbox, "POST", "", [{"Name": str(n)} for n in range(200)]))
    reply = sandbox.call(
        "POST", "composite/sobjects", json={"records": [{"attributes": {"type": "Account"}, "Name": "x"}] * 201}
    )
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")


def test_collections_are_retrieved_and_deleted_by_id(sandbox: Sandbox) -> None:
    ids = [each["id"] for each in collection(sandbox, "POST", "", [{"Name": "A"}, {"Name": "B"}])]
    body = {"ids": [ids[1], "001Sb0000ZZZZZZAAA", ids[0]], "fields": ["Name"]}
    found = sandbox.call("POST", "composite/sobjects/Account", json=body).json()
    assert [each and each["Name"] for each in found] == ["B", None, "A"]
    results = sandbox.call("DELETE", f"composite/sobjects?ids={ids[0]},nonsense,{ids[1]}").json()
    assert [result["success"] for result in results] == [True, False, True]


def test_composite_requests_refer_to_each_other(sandbox: Sandbox) -> None:
    base = "/services/data/v62.0"
    body = {
        "allOrNone": True,
        "compositeRequest": [
            {"method": "POST", "url": f"{base}/sobjects/Account", "referenceId": "a", "body": {"Name": "Composite"}},
            {
                "method": "POST",
                "url": f"{base}/sobjects/Contact",
                "referenceId": "c",
                "body": {"LastName": "P", "AccountId": "@{a.id}"},
            },
            {"method": "GET", "url": f"{base}/sobjects/Contact/@{{c.id}}?fields=AccountId", "referenceId": "r"},
        ],
    }
    first, _, third = sandbox.call("POST", "composite", json=body).json()["compositeResponse"]
    assert (first["httpStatusCode"], third["body"]["AccountId"]) == (201, first["body"]["id"])
    body["compositeRequest"][1]["body"] = {"AccountId": "@{a.id}"}  # type: ignore[index]
    answers = sandbox.call("POST", "composite", json=body).json()["compositeResponse"]
    assert [answer["httpStatusCode"] for answer in answers] == [400, 400, 400]
    assert len(sandbox.query("SELECT Id FROM Account WHERE Name = 'Composite'")) == 1


def test_a_tree_is_created_whole_or_not_at_all(sandbox: Sandbox) -> None:
    contact = {"attributes": {"type": "Contact", "referenceId": "c"}, "LastName": "Person"}
    account = {
        "attributes": {"type": "Account", "referenceId": "a"},
        "Name": "Tree",
        "Contacts": {"records": [contact]},
    }
    reply = sandbox.call("POST", "composite/tree/Account", json={"records": [account]})
    assert (reply.status_code, [each["referenceId"] for each in reply.json()["results"]]) == (201, ["a", "c"])
    (found,) = sandbox.query("SELECT Name, (SELECT LastName FROM Contacts) FROM Account WHERE Name = 'Tree'")
    assert [each["LastName"] for each in found["Contacts"]["records"]] == ["Person"]
    del contact["LastName"]
    reply = sandbox.call("POST", "composite/tree/Account", json={"records": [account]})
    assert (
        reply.status_code,
        reply.json()["hasErrors"],
        [each["referenceId"] for each in reply.json()["results"]],
    ) == (400, True, ["c"])
    assert len(sandbox.query("SELECT Id FROM Account WHERE Name = 'Tree'")) == 1


def test_one_key_from_many_threads_makes_one_record(sandbox: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    url = f"{sandbox.url}/services/data/v62.0/sobjects/Account/Key__c/race"

    def upsert(number: int) -> int:
        return requests.patch(url, json={"Name": f"Firm {number}"}, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = sorted(threads.map(upsert, range(24)))
    assert statuses == [200] * 23 + [201]
    assert len(sandbox.query("SELECT Id FROM Account WHERE Key__c = 'race'")) == 1


def test_pages_of_a_query_hold_what_matched_when_it_began(sandbox: Sandbox) -> None:
    for start in range(0, 600, 200):
        collection(sandbox, "POST", "", [{"Name": f"Paged {start + n:04}", "Site": "paged"} for n in range(200)])
    soql = "SELECT Id, Name FROM Account WHERE Site = 'paged' ORDER BY Name"
    first = sandbox.call("GET", "query", params={"q": soql}, headers={"Sforce-Query-Options": "batchSize=200"}).json()
    assert (first["totalSize"], first["done"], len(first["records"])) == (600, False, 200)
    updates = [{"Id": each["Id"], "Site": "moved"} for each in first["records"]]
    assert all(each["success"] for each in collection(sandbox, "PATCH", "", updates))
    rest = sandbox.client.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    assert (rest["done"], [each["Name"] for each in rest["records"]][:1], len(rest["records"])) == (
        True,
        ["Paged 0200"],
        400,
    )
    reply = sandbox.call("GET", "query/01gSb0000zzzzzzAAA-200")
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def test_every_call_is_counted_and_the_last_is_refused(tmp_path: Any) -> None:
    with running(tmp_path, daily_api_requests=3) as found:
        used = [found.call("GET", "limits").headers["Sforce-Limit-Info"] for _ in range(3)]
        assert used == ["api-usage=1/3", "api-usage=2/3", "api-usage=3/3"]
        with pytest.raises(SalesforceRefusedRequest, match="REQUEST_LIMIT_EXCEEDED"):
            found.client.limits()


def test_a_session_that_ended_is_401(tmp_path: Any) -> None:
    with running(tmp_path) as found:
        found.org.sessions.revoke_all()
        with pytest.raises(SalesforceExpiredSession, match="INVALID_SESSION_ID"):
            found.client.query("SELECT Id FROM Account")


def test_what_is_not_there_says_so(sandbox: Sandbox) -> None:
    for method, path in (
        ("GET", "tooling/query"),
        ("GET", "search"),
        ("GET", "sobjects/Account/describe/layouts"),
    ):
        reply = sandbox.call(method, path, json={} if method == "POST" else None)
        assert (reply.status_code, reply.json()[0]["errorCode"]) == (501, "NOT_IMPLEMENTED")
    assert requests.post(f"{sandbox.url}/services/Soap/u/62.0", data=b"<x/>", timeout=10).status_code == 501
    assert sandbox.call("GET", "sobjects", version="20.0").status_code == 410
    assert sandbox.call("GET", "sobjects", version="99.0").status_code == 404
    reply = sandbox.call("PUT", "sobjects/Account")
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (405, "METHOD_NOT_ALLOWED")


def test_every_reply_says_that_it_is_no_salesforce(sandbox: Sandbox) -> None:
    for path in ("/services/data", "/services/data/v62.0/sobjects", "/", "/nothing", "/services/oauth2/userinfo"):
        reply = requests.get(sandbox.url + path, timeout=10)
        assert reply.headers["X-Sandbox"] == "abm360 local Salesforce emulator (not Salesforce)"


def test_who_am_i_and_what_is_there(sandbox: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    me = requests.get(f"{sandbox.url}/services/oauth2/userinfo", headers=headers, timeout=10).json()
    assert (me["organization_id"], me["user_id"]) == (sandbox.org.org_id, sandbox.org.user_id)
    resources = sandbox.call("GET", "").json()
    assert resources["identity"] == f"{sandbox.url}/id/{sandbox.org.org_id}/{sandbox.org.user_id}"
    versions = [each["version"] for each in requests.get(f"{sandbox.url}/services/data/", timeout=10).json()]
    assert {"45.0", "50.0", "62.0", "66.0"} <= set(versions)


def test_another_host_name_is_refused(sandbox: Sandbox) -> None:
    reply = requests.get(f"{sandbox.url}/", headers={"Host": "evil.example"}, timeout=10)
    assert reply.status_code == 421


def test_a_long_address_is_refused_as_salesforce_does(sandbox: Sandbox) -> None:
    reply = sandbox.call("GET", "query", params={"q": "SELECT Id FROM Account WHERE Name IN ('" + "x" * 17_000 + "')"})
    assert reply.status_code == 414


def test_faults_strike_the_calls_they_are_for(sandbox: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {sandbox.token}"}

    def arm(*faults: dict[str, object]) -> None:
        assert (
            requests.post(f"{sandbox.url}/sandbox/faults", json=list(faults), headers=headers, timeout=10).status_code
            == 200
        )

    arm({"kind": "server_unavailable", "path": "limits", "after": 1})
    assert [sandbox.call("GET", "limits").status_code for _ in range(3)] == [200, 503, 200]
    arm({"kind": "row_lock", "path": "Account"})
    results = collection(sandbox, "POST", "", [{"Name": "A"}, {"Name": "B"}])
    assert [each["errors"][0]["statusCode"] if each["errors"] else "" for each in results] == ["UNABLE_TO_LOCK_ROW", ""]
    arm({"kind": "drop_after", "path": "sobjects/Account"})
    with pytest.raises(requests.exceptions.RequestException):
        sandbox.call("PATCH", "sobjects/Account/Key__c/lost", json={"Name": "Lost answer"})
    assert (
        sandbox.call("PATCH", "sobjects/Account/Key__c/lost", json={"Name": "Lost answer"}).json()["created"] is False
    )
    arm()
