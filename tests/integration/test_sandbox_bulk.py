"""Bulk API 2.0 through the real client and by hand."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import bulk
from sandbox.dml import Dml
from sandbox.org import Org
from tests.unit.sandbox.running import Sandbox, TestClock, custom_fields, finished, ingest, running


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("sandbox")
    with running(folder / "state", custom_fields(folder)) as found:
        yield found


def results(sandbox: Sandbox, info: dict[str, Any], which: str) -> list[dict[str, str]]:
    reply = sandbox.call("GET", f"jobs/ingest/{info['id']}/{which}")
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "text/csv")
    return list(csv.DictReader(io.StringIO(reply.content.decode(), newline="")))


def test_the_client_loads_and_reads_back(sandbox: Sandbox) -> None:
    records = [{"Key__c": f"bulk-{n}", "Name": f"企業 {n}"} for n in range(300)]
    (summary,) = sandbox.client.bulk2.Account.upsert(records=records, external_id_field="Key__c", wait=0.01)
    assert (summary["numberRecordsProcessed"], summary["numberRecordsFailed"]) == (300, 0)
    pages = list(
        sandbox.client.bulk2.Account.query(
            "SELECT Key__c, Name FROM Account WHERE Key__c LIKE 'bulk-%'", max_records=120, wait=0.01
        )
    )
    assert [page.count("\n") for page in pages] == [121, 121, 61]  # each page has its header
    rows = [row for page in pages for row in csv.DictReader(io.StringIO(page))]
    assert sorted(row["Name"] for row in rows) == sorted(record["Name"] for record in records)


def test_states_follow_each_other_and_an_upload_comes_once(sandbox: Sandbox) -> None:
    job = sandbox.call("POST", "jobs/ingest", json={"object": "Account", "operation": "insert"}).json()
    assert (job["state"], job["lineEnding"], job["columnDelimiter"], job["contentType"]) == (
        "Open",
        "LF",
        "COMMA",
        "CSV",
    )
    assert job["contentUrl"] == f"services/data/v62.0/jobs/ingest/{job['id']}/batches"
    path, headers = f"jobs/ingest/{job['id']}", {"Content-Type": "text/csv"}
    assert (
        sandbox.call("PUT", f"{path}/batches", data=iter([b"Name\n", b"Chunked\n"]), headers=headers).status_code == 201
    )
    again = sandbox.call("PUT", f"{path}/batches", data=b"Name\nB\n", headers=headers)
    assert (again.status_code, again.json()[0]["errorCode"]) == (400, "CLIENTINPUTERROR")
    assert sandbox.call("GET", f"{path}/successfulResults").status_code == 400
    assert sandbox.call("PATCH", path, json={"state": "UploadComplete"}).json()["state"] == "UploadComplete"
    info = finished(sandbox, path)
    assert (info["state"], info["jobType"], info["numberRecordsProcessed"]) == ("JobComplete", "V2Ingest", 1)
    assert sandbox.call("PATCH", path, json={"state": "Aborted"}).status_code == 400
    assert sandbox.call("DELETE", path).status_code == 204
    assert sandbox.call("GET", path).status_code == 404


def test_rows_are_refused_one_by_one_in_the_bulk_format(sandbox: Sandbox) -> None:
    rows = "Name,Key__c,Tier__c,Score__c\nGood,r1,Tier 1,1.5\nBad tier,r2,X,\nTwin,r3,,\nTwin,R3,,\nNumber,r4,,abc\n,r5,,\n"
    info = ingest(sandbox, "upsert", rows, externalIdFieldName="Key__c")
    assert (info["state"], info["numberRecordsProcessed"], info["numberRecordsFailed"]) == ("JobComplete", 6, 5)
    assert [row["sf__Error"] for row in results(sandbox, info, "failedResults")] == [
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST:Tier: bad value for restricted picklist field: X:Tier__c --",
        "DUPLICATE_VALUE:Duplicate external id specified: r3:Key__c --",
        "DUPLICATE_VALUE:Duplicate external id specified: R3:Key__c --",
        "INVALID_TYPE_ON_FIELD_IN_RECORD:Score: value not of required type: abc:Score__c --",
        "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --",
    ]
    (good,) = results(sandbox, info, "successfulResults")
    assert (good["sf__Created"], good["Key__c"], len(good["sf__Id"])) == ("true", "r1", 18)
    assert results(sandbox, info, "unprocessedrecords") == results(sandbox, info, "unprocessedRecords") == []


def test_an_empty_cell_is_left_alone_and_na_empties(sandbox: Sandbox) -> None:
    made = sandbox.client.Account.create({"Name": "Firm", "Site": "old", "Website": "old.example", "Seen__c": True})[
        "id"
    ]
    rows = f'Id,Site,Website,Description,Seen__c\n{made},,#N/A,"two\nlines, ""quoted""",0\n'
    assert ingest(sandbox, "update", rows)["numberRecordsFailed"] == 0
    record = sandbox.client.Account.get(made)
    assert (record["Site"], record["Website"], record["Seen__c"]) == ("old", None, False)
    assert record["Description"] == 'two\nlines, "quoted"'


@pytest.mark.parametrize(
    ("rows", "settings", "message"),
    [
        ("Name,Nope__c\nA,1\n", {}, "InvalidBatch : Field name not found : Nope__c"),
        (
            "Name\r\nA\r\n",
            {},
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
        (
            "Name\nA\n",
            {"lineEnding": "CRLF"},
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is CRLF",
        ),
        ('"Name" ,Site\nA,B\n', {}, "ClientInputError : the header is not valid CSV"),
        ("", {}, "InvalidBatch : the job has no data"),
    ],
)
def test_a_job_whose_data_is_not_right_fails_whole(
    sandbox: Sandbox, rows: str, settings: dict[str, str], message: str
) -> None:
    info = ingest(sandbox, "insert", rows, **settings)
    assert info["state"] == "Failed" and info["errorMessage"].startswith(message)
    assert results(sandbox, info, "successfulResults") == results(sandbox, info, "failedResults") == []


def test_a_row_that_is_no_csv_is_refused_alone(sandbox: Sandbox) -> None:
    info = ingest(sandbox, "insert", 'Name,Site\n"One" ,x\nTwo, "x"\nThree\n"Fo""ur\n",x\n')
    assert (info["state"], info["numberRecordsProcessed"], info["numberRecordsFailed"]) == ("JobComplete", 4, 3)
    problems = [row["sf__Error"] for row in results(sandbox, info, "failedResults")]
    between = "CLIENTINPUTERROR:a quote stands inside a cell, or a space between a quote and a delimiter:--"
    assert problems == [between, between, "CLIENTINPUTERROR:the row has 1 cells, the header has 2:--"]
    assert [row["Name"] for row in results(sandbox, info, "successfulResults")] == ['Fo"ur\n']


def test_what_a_failed_job_did_not_look_at_is_unprocessed(sandbox: Sandbox) -> None:
    info = ingest(sandbox, "insert", "Name,Nope__c\nA,1\nB,2\n")
    assert [row["Name"] for row in results(sandbox, info, "unprocessedrecords")] == ["A", "B"]


@pytest.mark.parametrize(
    ("name", "sign"), [("TAB", "\t"), ("PIPE", "|"), ("BACKQUOTE", "`"), ("CARET", "^"), ("SEMICOLON", ";")]
)
def test_delimiters_and_line_ends_are_those_of_the_job(sandbox: Sandbox, name: str, sign: str) -> None:
    rows = f"Name{sign}Site\r\nFirm, {name}{sign}x\r\n"
    info = ingest(sandbox, "insert", rows, columnDelimiter=name, lineEnding="CRLF")
    text = sandbox.call("GET", f"jobs/ingest/{info['id']}/successfulResults").content.decode()
    assert text.startswith(f'"sf__Id"{sign}"sf__Created"{sign}"Name"{sign}"Site"\r\n')


def test_records_are_deleted_and_unknown_ids_refused(sandbox: Sandbox) -> None:
    made = sandbox.client.Account.create({"Name": "Gone"})["id"]
    info = ingest(sandbox, "delete", f"Id\n{made}\n001Sb0000ZZZZZZAAA\nnonsense\n")
    assert info["numberRecordsFailed"] == 2
    errors = [row["sf__Error"] for row in results(sandbox, info, "failedResults")]
    assert errors[0] == "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--"
    assert errors[1].startswith("MALFORMED_ID:Account ID: id value of incorrect type: nonsense:Id --")


def test_a_header_may_name_the_parent_by_its_key(sandbox: Sandbox) -> None:
    account = sandbox.client.Account.create({"Name": "Parent", "Key__c": "bulk-parent"})["id"]
    rows = "Visit_Key__c,Account__r.Key__c,Id\nv1,bulk-parent,\nv2,nobody,\n"  # jsforce sends an empty Id column along
    info = ingest(sandbox, "upsert", rows, "Visit__c", externalIdFieldName="Visit_Key__c")
    (failed,) = results(sandbox, info, "failedResults")
    assert failed["sf__Error"].startswith("INVALID_FIELD:Foreign key external ID: nobody not found for field Key__c")
    (visit,) = sandbox.query("SELECT Account__r.Name, Account__c, Name FROM Visit__c WHERE Visit_Key__c = 'v1'")
    assert (visit["Account__c"], visit["Account__r"]["Name"], visit["Name"][:2]) == (account, "Parent", "V-")


def test_a_bad_job_is_refused_when_it_is_made(sandbox: Sandbox) -> None:
    bodies: list[dict[str, str]] = [
        {"object": "Nope__c", "operation": "insert"},
        {"object": "Account", "operation": "merge"},
        {"object": "Account", "operation": "upsert", "externalIdFieldName": "Industry"},
        {"object": "Account", "operation": "hardDelete"},
        {"object": "Account", "operation": "insert", "columnDelimiter": "SPACE"},
    ]
    replies = [sandbox.call("POST", "jobs/ingest", json=body) for body in bodies]
    assert [reply.status_code for reply in replies] == [400] * 5
    assert replies[3].json()[0]["errorCode"] == "FEATURENOTENABLED"
    query = sandbox.call("POST", "jobs/query", json={"operation": "query", "query": "SELECT Nope FROM Account"})
    assert (query.status_code, query.json()[0]["errorCode"]) == (400, "INVALID_FIELD")


def test_an_empty_result_has_its_header_and_ends(sandbox: Sandbox) -> None:
    body = {"operation": "queryAll", "query": "SELECT Id, Owner.Name FROM Account WHERE Name = 'nobody at all'"}
    job = sandbox.call("POST", "jobs/query", json=body).json()
    info = finished(sandbox, f"jobs/query/{job['id']}")
    reply = sandbox.call("GET", f"jobs/query/{info['id']}/results")
    assert reply.content == b'"Id","Owner.Name"\n'
    assert (reply.headers["Sforce-Locator"], reply.headers["Sforce-NumberOfRecords"]) == ("null", "0")


def test_a_job_goes_on_where_a_server_that_ended_left_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", 2)
    state = tmp_path / "state"
    org = Org(state, clock=TestClock())
    jobs = bulk.Jobs(org)
    body = {
        "operation": "insert",
        "object": "Account",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
        "contentType": "CSV",
    }
    job = jobs.create("ingest", {**body, "concurrencyMode": "Parallel", "apiVersion": 62.0}, "Open")
    jobs.upload(job, b"Name\nA\nB\nC\nD\nE\n")
    jobs.move(job, "InProgress")
    make_writer, going_on = Org.dml, iter([True, False])

    def end_at_the_second_batch(self: Org) -> Dml:
        if not next(going_on):
            raise KeyboardInterrupt
        return make_writer(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Org, "dml", end_at_the_second_batch)
        with pytest.raises(KeyboardInterrupt):
            jobs._run_ingest(job)
    org.close()
    with running(state) as found:
        info = finished(found, f"jobs/ingest/{job.id}")
        assert (info["state"], info["numberRecordsProcessed"]) == ("JobComplete", 5)
        names = [each["Name"] for each in found.query("SELECT Name FROM Account ORDER BY Name")]
        assert names == ["A", "B", "C", "D", "E"]
