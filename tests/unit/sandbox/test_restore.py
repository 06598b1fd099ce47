from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sandbox.errors import SandboxError
from sandbox.org import Org
from sandbox.restore import restore
from tests.unit.sandbox.running import TestClock

STAMP = "2026-10-31T09:00:00Z"
ID = "001000000000001ZZZ"  # as an export may give it: the checksum is wrong
OTHER = "001000000000002ZZZ"


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Org]:
    made = Org(tmp_path / "state", clock=TestClock())
    yield made
    made.close()


def account(**values: object) -> dict[str, object]:
    return {
        "Id": ID,
        "Name": "Firm",
        "CreatedDate": "2026-01-01",
        "LastModifiedDate": STAMP,
        "IsDeleted": "false",
        **values,
    }


def write_csv(landing: Path, name: str, rows: Sequence[dict[str, object]]) -> Path:
    path = landing / "salesforce" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return landing


def counts(report: dict[str, Any], name: str = "salesforce/Account.csv") -> dict[str, Any]:
    return dict(report["files"][name])


def stored(org: Org, table: str = "Account", record_id: str = ID) -> dict[str, Any]:
    row = org.row(org.schema.objects[table], record_id)
    assert row is not None
    return row


def test_ids_and_dates_are_kept_as_they_are(org: Org, tmp_path: Path) -> None:
    restore(org, write_csv(tmp_path, "Account.csv", [account()]))
    row = stored(org)
    assert (row["Id"], row["CreatedDate"], row["LastModifiedDate"]) == (
        ID,
        "2026-01-01T00:00:00.000Z",
        "2026-10-31T09:00:00.000Z",
    )
    assert (row["SystemModstamp"], row["OwnerId"]) == (row["LastModifiedDate"], org.user_id)


@pytest.mark.parametrize(
    ("text", "number"), [("€1,600,000", 1_600_000), ("１２３", 123), ("1,234.5", 1234.5), ("-$5", -5), ("5e3", 5000)]
)
def test_numbers_are_read_leniently(org: Org, tmp_path: Path, text: str, number: float) -> None:
    restore(org, write_csv(tmp_path, "Account.csv", [account(AnnualRevenue=text)]))
    assert stored(org)["AnnualRevenue"] == number


@pytest.mark.parametrize("text", ["2026/1/5 9:30", "2026年1月5日", "2026-01-05T09:30:00+0900", "2026-01-05 09:30:00.5"])
def test_dates_are_read_leniently(org: Org, tmp_path: Path, text: str) -> None:
    restore(org, write_csv(tmp_path, "Account.csv", [account(CreatedDate=text)]))
    assert stored(org)["CreatedDate"].startswith("2026-01-05T")


def test_a_cell_that_says_nothing_is_left_empty_and_listed(org: Org, tmp_path: Path) -> None:
    report = counts(restore(org, write_csv(tmp_path, "Account.csv", [account(AnnualRevenue="much", ParentId="001")])))
    assert (report["restored"], report["adjusted_count"]) == (1, 2)
    assert report["adjusted"][0] == {"line": 2, "column": "AnnualRevenue", "reason": "not a number; left empty"}


def test_a_text_too_long_is_cut_to_the_field_and_listed(org: Org, tmp_path: Path) -> None:
    report = counts(restore(org, write_csv(tmp_path, "Account.csv", [account(Name="x" * 4000)])))
    assert len(stored(org)["Name"]) == 255
    assert report["adjusted"] == [{"line": 2, "column": "Name", "reason": "cut to the field's 255 characters"}]


def test_a_row_without_what_it_needs_is_rejected_with_its_line(org: Org, tmp_path: Path) -> None:
    rows = [
        account(Name="two\nlines"),
        account(Id="bad id"),
        account(Id=OTHER, Name=""),
        account(Id=OTHER, CreatedDate="soon"),
    ]
    report = counts(restore(org, write_csv(tmp_path, "Account.csv", rows)))
    assert (report["rows"], report["restored"], report["rejected_count"]) == (4, 1, 3)
    # The first record takes lines 2 and 3.
    assert report["rejected"] == [
        {"line": 4, "column": "Id", "reason": "not a record id of 15 or 18 letters and digits"},
        {"line": 5, "column": "Name", "reason": "required value is missing"},
        {"line": 6, "column": "CreatedDate", "reason": "not a time; expected ISO 8601"},
    ]


def test_of_rows_with_one_id_the_newest_wins_in_any_order(org: Org, tmp_path: Path) -> None:
    rows = [account(Name="new"), account(Name="old", LastModifiedDate="2026-05-01")]
    report = counts(restore(org, write_csv(tmp_path, "Account.csv", rows)))
    assert (report["restored"], report["superseded"]) == (1, 1)
    assert stored(org)["Name"] == "new"
    other = Org(tmp_path / "other", clock=TestClock())
    restore(other, write_csv(tmp_path / "reversed", "Account.csv", rows[::-1]))
    assert stored(other)["Name"] == "new"
    other.close()


def test_partitions_and_parquet_are_read(org: Org, tmp_path: Path) -> None:
    write_csv(
        tmp_path, "Account/loaded_date=2026-10-30/part-0.csv", [account(Name="old", LastModifiedDate="2026-10-30")]
    )
    folder = tmp_path / "salesforce" / "loaded_date=2026-10-31"
    folder.mkdir()
    pq.write_table(
        pa.Table.from_pylist([account(Name="new", IsDeleted=True, NumberOfEmployees=12)]), folder / "Account.parquet"
    )
    report: dict[str, Any] = restore(org, tmp_path)
    first, second = (report["files"][name] for name in sorted(report["files"]))
    assert (first["superseded"], second["restored"]) == (1, 1)
    assert (stored(org)["Name"], stored(org)["IsDeleted"], stored(org)["NumberOfEmployees"]) == ("new", 1, 12)


def test_the_same_content_is_restored_once(org: Org, tmp_path: Path) -> None:
    landing = write_csv(tmp_path, "Account.csv", [account()])
    first = restore(org, landing)
    org.store.reader().execute("""update "Account" set "Website" = 'changed.example'""")
    second = restore(org, landing)
    assert (first["already_restored"], second["already_restored"]) == (False, True)
    assert second["files"] == first["files"]
    assert stored(org)["Website"] == "changed.example"


def test_a_record_that_was_changed_later_is_kept(org: Org, tmp_path: Path) -> None:
    restore(org, write_csv(tmp_path / "a", "Account.csv", [account()]))
    report = counts(
        restore(org, write_csv(tmp_path / "b", "Account.csv", [account(Name="stale", LastModifiedDate="2026-10-30")]))
    )
    assert (report["kept_newer"], report["restored"], stored(org)["Name"]) == (1, 0, "Firm")


def test_users_get_a_role_and_tasks_their_account(org: Org, tmp_path: Path) -> None:
    user, contact = "005000000000001ZZZ", "003000000000001ZZZ"
    write_csv(tmp_path, "Account.csv", [account(OwnerId=user)])
    write_csv(
        tmp_path,
        "User.csv",
        [{"Id": user, "Name": "Rep One", "Email": "rep@seller.example", "IsActive": "1", "UserRoleName": "SDR"}],
    )
    write_csv(tmp_path, "Contact.csv", [account(Id=contact, LastName="Person", AccountId=ID)])
    write_csv(tmp_path, "Task.csv", [{"Id": "00T000000000001ZZZ", "WhoId": contact, "CreatedDate": STAMP}])
    restore(org, tmp_path)
    reply: Any = org.queries("/x").first_page(
        "SELECT Name, UserRole.Name FROM User WHERE UserRoleId != null", with_deleted=False
    )
    assert (reply["records"][0]["Name"], reply["records"][0]["UserRole"]["Name"]) == ("Rep One", "SDR")
    assert stored(org, "Task", "00T000000000001ZZZ")["AccountId"] == ID
    assert stored(org, "Contact", contact)["OwnerId"] == user


def test_the_clock_never_runs_behind_the_data(tmp_path: Path) -> None:
    clock = TestClock(datetime(2026, 1, 1, tzinfo=UTC))
    org = Org(tmp_path / "state", clock=clock)
    restore(org, write_csv(tmp_path, "Account.csv", [account()]))
    assert org.store.now() == datetime(2026, 10, 31, 9, 0, 1, tzinfo=UTC)
    org.close()
    again = Org(tmp_path / "state", clock=clock)
    assert again.store.now() == datetime(2026, 10, 31, 9, 0, 1, tzinfo=UTC)
    again.close()


def test_a_folder_without_crm_files_or_without_a_column_is_a_clear_error(org: Org, tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="found none of User, Account"):
        restore(org, tmp_path)
    write_csv(tmp_path, "Account.csv", [{"Id": ID, "Name": "Firm"}])
    with pytest.raises(SandboxError, match="lacks the required column CreatedDate, LastModifiedDate"):
        restore(org, tmp_path)
