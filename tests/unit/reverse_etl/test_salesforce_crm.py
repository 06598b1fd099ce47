from __future__ import annotations

import csv
import io
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from loading.contract import CONTRACT
from reverse_etl.crm import OpenJob, RecordAnswer, RecordWrite, WriteBatch
from reverse_etl.destinations.salesforce import bulk
from reverse_etl.destinations.salesforce.read import CONTRACT_COLUMNS, REQUIRED_COLUMNS
from reverse_etl.destinations.salesforce.write import SalesforceCrm
from reverse_etl.errors import TerminalError, TransientError
from tests.unit.reverse_etl.night import account_id
from tests.unit.reverse_etl.stub_org import Reply, StubOrg

LOST = requests.ConnectionError("lost")
JOB = "jobs/ingest/750J"


def described(name: str, fields: dict[str, str], **more: object) -> dict[str, object]:
    return {
        "name": name,
        "createable": True,
        "updateable": True,
        "fields": [
            {"name": field, "type": kind, "length": 255, "scale": 2, "createable": True, "updateable": True} | more
            for field, kind in fields.items()
        ],
    }


@pytest.fixture
def org() -> StubOrg:
    stub = StubOrg()
    fields = {
        "Id": "id",
        "Name": "string",
        "ABM_Score__c": "double",
        "ABM_Tier__c": "picklist",
        "ABM_Suppressed__c": "boolean",
    }
    stub.on("GET sobjects/Account/describe", Reply(200, described("Account", fields)))
    item = {"Id": "id", "Queue_Key__c": "string", "Reason__c": "string"}
    stub.on("GET sobjects/ABM_Queue_Item__c/describe", Reply(200, described("ABM_Queue_Item__c", item)))
    return stub


def batch(count: int = 1, **values: str | None) -> WriteBatch:
    wanted = values or {"ABM_Score__c": "73.40", "ABM_Tier__c": None, "ABM_Suppressed__c": "true"}
    return WriteBatch("Account", "Id", tuple(RecordWrite(account_id(n), wanted) for n in range(1, count + 1)))


def saved(count: int = 1) -> Reply:
    return Reply(200, [{"id": account_id(n), "success": True, "errors": []} for n in range(1, count + 1)])


def failed(code: str, message: str = "") -> dict[str, object]:
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": []}]}


def bulk_job(org: StubOrg, ok: str = "", bad: str = "", left: str = "", state: str = "JobComplete") -> None:
    org.on("POST jobs/ingest", Reply(200, {"id": "750J", "state": "Open"}))
    org.on(f"PUT {JOB}/batches", Reply(201))
    org.on(f"PATCH {JOB}", Reply(200, {"id": "750J", "state": "UploadComplete"}))
    org.on(
        f"GET {JOB}",
        Reply(200, {"state": "InProgress"}),
        Reply(200, {"state": state, "errorMessage": "InvalidBatch : x"}),
    )
    org.on(f"GET {JOB}/successfulResults/", Reply(200, ok.encode()))
    org.on(f"GET {JOB}/failedResults/", Reply(200, bad.encode()))
    org.on(f"GET {JOB}/unprocessedrecords/", Reply(200, left.encode()))


def ignore(job_id: str) -> None:
    return None


def test_few_records_travel_as_collections_with_json_types(org: StubOrg) -> None:
    org.on("PATCH composite/sobjects", saved())
    answers = SalesforceCrm(org.connect()).write(batch(), ignore)
    assert answers == [RecordAnswer(account_id(1), True, account_id(1))]
    assert org.body() == {
        "allOrNone": False,
        "records": [
            {
                "attributes": {"type": "Account"},
                "id": account_id(1),
                "ABM_Score__c": 73.4,
                "ABM_Tier__c": None,
                "ABM_Suppressed__c": True,
            }
        ],
    }


def test_queue_items_are_upserted_by_their_external_id(org: StubOrg) -> None:
    org.on(
        "PATCH composite/sobjects/ABM_Queue_Item__c/Queue_Key__c",
        Reply(200, [{"id": "a00000000000001AAA", "success": True, "created": True, "errors": []}]),
    )
    write = WriteBatch("ABM_Queue_Item__c", "Queue_Key__c", (RecordWrite("k/1", {"Reason__c": "why"}),))
    (answer,) = SalesforceCrm(org.connect()).write(write, ignore)
    assert (answer.is_created, answer.salesforce_id) == (True, "a00000000000001AAA")


def test_a_refused_record_keeps_the_orgs_code_and_no_personal_data(org: StubOrg) -> None:
    org.on(
        "PATCH composite/sobjects", Reply(200, [failed("INVALID_EMAIL_ADDRESS", "invalid email address: a@b.example")])
    )
    (answer,) = SalesforceCrm(org.connect()).write(batch(), ignore)
    assert (answer.is_success, answer.code, answer.message) == (
        False,
        "INVALID_EMAIL_ADDRESS",
        "invalid email address: [e-mail]",
    )


def test_locked_records_alone_are_tried_again(org: StubOrg) -> None:
    mixed = Reply(200, [{"id": account_id(1), "success": True, "errors": []}, failed("UNABLE_TO_LOCK_ROW")])
    org.on("PATCH composite/sobjects", mixed, Reply(200, [{"id": account_id(2), "success": True, "errors": []}]))
    answers = SalesforceCrm(org.connect()).write(batch(2), ignore)
    assert [answer.is_success for answer in answers] == [True, True]
    assert [record["id"] for record in org.body()["records"]] == [account_id(2)]  # type: ignore[index]


def test_records_that_stay_locked_are_rejected_with_that_code(org: StubOrg) -> None:
    org.on("PATCH composite/sobjects", Reply(200, [failed("UNABLE_TO_LOCK_ROW")]))
    (answer,) = SalesforceCrm(org.connect()).write(batch(), ignore)
    assert answer.code == "UNABLE_TO_LOCK_ROW" and len(org.requests) == 2 + 3


def test_a_lost_answer_is_asked_for_again(org: StubOrg) -> None:
    org.on("PATCH composite/sobjects", LOST, saved())
    assert SalesforceCrm(org.connect()).write(batch(), ignore)[0].is_success


def test_an_answer_of_another_length_is_not_believed(org: StubOrg) -> None:
    org.on("PATCH composite/sobjects", saved(1))
    with pytest.raises(TransientError, match="another number of results"):
        SalesforceCrm(org.connect()).write(batch(2), ignore)


def test_the_way_is_chosen_by_the_number_of_changed_records(org: StubOrg) -> None:
    crm = SalesforceCrm(org.connect())
    assert (crm.batch_size(2000), crm.batch_size(2001)) == (200, 10_000)


def test_many_records_travel_as_one_job_and_every_row_is_accounted_for(org: StubOrg) -> None:
    head = '"sf__Id","sf__Created",Id,ABM_Score__c\n'
    rows = "".join(f'"{account_id(n)}","false","{account_id(n)}","1.00"\n' for n in range(1, 200))
    bad = '"sf__Id","sf__Error",Id,ABM_Score__c\n'
    bad += f'"","STRING_TOO_LONG:data value too large: J. (max length=9):Name --","{account_id(200)}","1.00"\n'
    left = f'Id,ABM_Score__c\n"{account_id(201)}","1.00"\n'
    bulk_job(org, head + rows, bad, left)
    jobs: list[str] = []
    answers = {
        answer.record_key: answer
        for answer in SalesforceCrm(org.connect()).write(batch(201, ABM_Score__c="1.00"), jobs.append)
    }
    assert len(answers) == 201 and jobs == ["750J"]
    assert sum(answer.is_success for answer in answers.values()) == 199
    refused, unprocessed = answers[account_id(200)], answers[account_id(201)]
    assert (refused.code, refused.message) == ("STRING_TOO_LONG", "data value too large: ... (max length=9)")
    assert unprocessed.code == "UNPROCESSED"
    paths = org.paths()
    assert paths.index("POST jobs/ingest") < paths.index(f"PUT {JOB}/batches") < paths.index(f"PATCH {JOB}")


def test_a_bulk_file_is_utf_8_with_one_column_order_and_clears_by_n_a(org: StubOrg) -> None:
    bulk_job(org)
    names = ['é,"x"', "日本\nline", "😀"]
    records = tuple(
        RecordWrite(account_id(n), {"ABM_Score__c": None, "Name": names[n % 3]} if n % 2 else {"Name": names[n % 3]})
        for n in range(1, 202)
    )
    SalesforceCrm(org.connect()).write(WriteBatch("Account", "Id", records), ignore)
    upload = next(one for one in org.requests if one.method == "PUT")
    assert upload.headers["Content-Type"] == "text/csv; charset=UTF-8"
    content = upload.body
    assert isinstance(content, bytes) and b"\r" not in content
    lines = list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))
    assert lines[0] == ["Id", "ABM_Score__c", "Name"]
    assert lines[1] == [account_id(1), "#N/A", "日本\nline"]
    assert lines[2] == [account_id(2), "", "😀"], "an empty cell leaves the field alone"


def test_a_text_that_reads_like_the_empty_marker_goes_by_collections(org: StubOrg) -> None:
    bulk_job(org)
    org.on("PATCH composite/sobjects", saved())
    records = (RecordWrite(account_id(1), {"Name": "#N/A"}), *batch(201, Name="x").records[1:])
    answers = SalesforceCrm(org.connect()).write(WriteBatch("Account", "Id", records), ignore)
    assert [answer.record_key for answer in answers] == [account_id(1)]
    assert org.body()["records"][0]["Name"] == "#N/A"  # type: ignore[index]


@pytest.mark.parametrize(
    "call", ["POST jobs/ingest", f"PUT {JOB}/batches", f"PATCH {JOB}", f"GET {JOB}/successfulResults/"]
)
def test_a_lost_answer_anywhere_in_a_job_does_not_lose_the_job(org: StubOrg, call: str) -> None:
    ok = f'"sf__Id","sf__Created",Id\n"{account_id(1)}","false","{account_id(1)}"\n'
    bulk_job(org, ok)
    method, _, path = call.partition(" ")
    key = f"{method} /services/data/v62.0/{path}"
    org.answers[key] = [LOST, *org.answers[key]]
    results = bulk.ingest(org.connect(), "Account", "Id", b"Id\nx\n", ignore)
    assert [result.key for result in results] == [account_id(1)]


def test_an_upload_and_a_closing_that_arrived_although_their_answers_were_lost(org: StubOrg) -> None:
    bulk_job(org)
    refused = Reply(400, [{"errorCode": "INVALIDJOBSTATE", "message": "Not allowed."}])
    org.on(f"PUT {JOB}/batches", LOST, refused)
    org.on(f"PATCH {JOB}", LOST, refused)
    org.on(
        f"GET {JOB}",
        Reply(200, {"state": "Open"}),
        Reply(200, {"state": "UploadComplete"}),
        Reply(200, {"state": "JobComplete"}),
    )
    assert bulk.ingest(org.connect(), "Account", "Id", b"Id\nx\n", ignore) == []


def test_a_failed_job_without_results_names_the_job_and_the_reason(org: StubOrg) -> None:
    bulk_job(org, state="Failed")
    with pytest.raises(TerminalError, match=r"failed the whole job 750J: InvalidBatch : x"):
        bulk.ingest(org.connect(), "Account", "Id", b"Id\nx\n", ignore)


def test_a_job_that_was_never_closed_is_aborted_by_the_next_run(org: StubOrg) -> None:
    bulk_job(org)
    org.on(f"GET {JOB}", Reply(200, {"state": "Open"}))
    assert SalesforceCrm(org.connect()).finish_job(OpenJob("750J", "Account", "Id")) == []
    assert org.body() == {"state": "Aborted"}


def test_a_job_that_the_org_no_longer_knows_has_no_answers(org: StubOrg) -> None:
    org.on(f"GET {JOB}", Reply(404, [{"errorCode": "NOT_FOUND", "message": "gone"}]))
    assert SalesforceCrm(org.connect()).finish_job(OpenJob("750J", "Account", "Id")) == []


def test_polling_waits_longer_each_time_and_gives_up(org: StubOrg) -> None:
    bulk_job(org)
    org.on(f"GET {JOB}", Reply(200, {"state": "InProgress"}))
    with pytest.raises(TransientError, match="has not finished"):
        bulk.ingest(org.connect(), "Account", "Id", b"Id\nx\n", ignore)
    assert org.slept[:3] == [0.5, 0.75, 1.125] and max(org.slept) == 10.0
    assert 7200 <= sum(org.slept) < 7220


def query_job(org: StubOrg, *pages: str) -> None:
    org.on("POST jobs/query", Reply(200, {"id": "750Q", "state": "UploadComplete"}))
    org.on("GET jobs/query/750Q", Reply(200, {"state": "JobComplete"}))
    replies = [
        Reply(
            200,
            page.encode(),
            {"Sforce-Locator": "null" if number == len(pages) else f"L{number}", "Sforce-NumberOfRecords": "1"},
        )
        for number, page in enumerate(pages, start=1)
    ]
    org.on("GET jobs/query/750Q/results", *replies)


def test_current_values_come_as_text_over_all_pages(org: StubOrg) -> None:
    query_job(org, '"Id","Name"\n"002","日本, ""x""\ny"\n', '"Id","Name"\n"001",""\n')
    table = SalesforceCrm(org.connect()).read("Account", ["Name"])
    assert table.to_pydict() == {"Id": ["001", "002"], "Name": [None, '日本, "x"\ny']}
    assert parse_qs(urlsplit(org.requests[-1].url or "").query)["locator"] == ["L1"]


def test_reading_by_key_asks_for_those_keys_only_and_quotes_them(org: StubOrg) -> None:
    query_job(org, '"Id","Queue_Key__c"\n')
    table = SalesforceCrm(org.connect()).read("ABM_Queue_Item__c", ["Queue_Key__c"], "Queue_Key__c", ["it's", "b\\"])
    assert table.num_rows == 0
    query = next(org.body(at) for at, one in enumerate(org.requests) if one.url and one.url.endswith("jobs/query"))
    expected = "SELECT Id, Queue_Key__c FROM ABM_Queue_Item__c WHERE Queue_Key__c IN ('b\\\\', 'it\\'s')"
    assert query == {"operation": "query", "query": expected}
    before = len(org.requests)
    assert SalesforceCrm(org.connect()).read("ABM_Queue_Item__c", ["Queue_Key__c"], "Queue_Key__c", []).num_rows == 0
    assert len(org.requests) == before + 1, "no key, no query: only the login"


def contact_fields(*hidden: str) -> dict[str, str]:
    names = [*CONTRACT_COLUMNS["Contact"], "SystemModstamp"]
    return {name: "string" for name in names if name not in hidden}


def test_an_extract_has_every_contract_column_and_names_those_that_are_hidden(org: StubOrg) -> None:
    hidden = ("HasOptedOutOfEmail", "DoNotCall", "Department")
    fields = contact_fields(*hidden)
    org.on("GET sobjects/Contact/describe", Reply(200, described("Contact", fields)))
    header = ",".join(f'"{name}"' for name in fields)
    row = ",".join('"2026-10-01T00:00:00.000Z"' if name == "SystemModstamp" else f'"{name}-1"' for name in fields)
    query_job(org, f"{header}\n{row}\n")
    extract = SalesforceCrm(org.connect()).extract("Contact")
    assert tuple(extract.table.column_names) == CONTRACT_COLUMNS["Contact"]
    assert extract.missing_columns == ("Department", "HasOptedOutOfEmail", "DoNotCall")
    assert extract.missing_privacy_columns == ("HasOptedOutOfEmail", "DoNotCall")
    assert extract.table["HasOptedOutOfEmail"].to_pylist() == [None], "unknown, which downstream reads as opted out"
    assert extract.watermark == "2026-10-01T00:00:00.000Z"
    assert all(str(kind) == "string" for kind in extract.table.schema.types)


def test_an_incremental_extract_reads_from_the_watermark_on_and_sees_deletions(org: StubOrg) -> None:
    fields = contact_fields()
    org.on("GET sobjects/Contact/describe", Reply(200, described("Contact", fields)))
    query_job(org, ",".join(fields) + "\n")
    extract = SalesforceCrm(org.connect()).extract("Contact", since="2026-10-01T00:00:00.000+0000")
    body = next(org.body(at) for at, one in enumerate(org.requests) if one.url and one.url.endswith("jobs/query"))
    assert isinstance(body, dict)
    assert body["operation"] == "queryAll"
    assert body["query"].endswith(" FROM Contact WHERE SystemModstamp >= 2026-10-01T00:00:00.000Z")
    assert (extract.table.num_rows, extract.watermark) == (0, "2026-10-01T00:00:00.000+0000")


def test_a_hidden_column_that_the_pipeline_needs_stops_the_extract(org: StubOrg) -> None:
    org.on("GET sobjects/Contact/describe", Reply(200, described("Contact", contact_fields("LastName"))))
    with pytest.raises(TerminalError, match=r"does not see Contact.LastName"):
        SalesforceCrm(org.connect()).extract("Contact")


def test_the_role_of_a_user_is_read_through_its_relation(org: StubOrg) -> None:
    fields = {"Id": "id", "Name": "string", "Email": "email", "IsActive": "boolean", "UserRoleId": "reference"}
    org.on("GET sobjects/User/describe", Reply(200, described("User", fields)))
    query_job(org, '"Id","Name","Email","IsActive","UserRole.Name"\n"005","Rep","r@x.example","true","EMEA"\n')
    extract = SalesforceCrm(org.connect()).extract("User")
    assert extract.table["UserRoleName"].to_pylist() == ["EMEA"]
    assert extract.missing_columns == ("TimeZoneSidKey",)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_csv_cells_come_back_byte_for_byte(newline: str) -> None:
    cells = [
        " lead",
        "trail ",
        'q"uo"te',
        "a,b",
        "l1\nl2",
        "c\r\nd",
        "é",
        "日本語",
        "😀",
        "#N/A",
        "=cmd|x",
        "x" * 100_000,
    ]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator=newline)
    writer.writerows([["Id", "V"], *([str(at), cell] for at, cell in enumerate(cells)), ["n", ""]])
    table = bulk.read_csv(buffer.getvalue().encode(), ["Id", "V"])
    assert table["V"].to_pylist() == [*cells, None]


def test_the_columns_of_an_extract_are_those_of_the_landing_contract() -> None:
    landing = {table.file: table for table in CONTRACT if table.folder == "salesforce"}
    assert {name: (*columns, "loaded_at") for name, columns in CONTRACT_COLUMNS.items()} == {
        name: table.column_names for name, table in landing.items()
    }
    assert {name: table.required_columns for name, table in landing.items()} == REQUIRED_COLUMNS
