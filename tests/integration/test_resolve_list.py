"""`abm resolve` as a user calls it: files in, files out, and what goes wrong said in words."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet
import pytest

from tests.conftest import Abm


@pytest.fixture
def abm(tmp_path: Path) -> Abm:
    return Abm(tmp_path)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_list_with_japanese_headers_in_shift_jis_is_resolved(abm: Abm, tmp_path: Path) -> None:
    records = tmp_path / "list.csv"
    records.write_bytes('id,会社名\n1,株式会社緑屋\n2,緑屋㈱\n3,"赤屋\n商店"\n'.encode("cp932"))
    done = abm("resolve", "--records", records, "--out", tmp_path / "out.csv")
    assert done.returncode == 0, done.stderr
    found = read(tmp_path / "out.csv")
    assert [row["record_id"] for row in found] == ["1", "2", "3"]
    assert found[0]["account_id"] == found[1]["account_id"] != found[2]["account_id"]
    assert [row["decision"] for row in found] == ["same", "same", "different"]
    assert (tmp_path / "out.review.csv").exists()


def test_a_review_file_can_be_filled_in_and_given_back(abm: Abm, tmp_path: Path) -> None:
    records = tmp_path / "list.csv"
    records.write_text(
        "record_id,name,country\na,Zorvex Harvesters,US\nb,Zorvex Harvesters Overseas,US\n", encoding="utf-8"
    )
    out, review = tmp_path / "out.csv", tmp_path / "out.review.csv"
    assert abm("resolve", "--records", records, "--out", out).returncode == 0
    (pair,) = read(review)
    assert list(pair) == ["decision", "left_record", "right_record", "decided_by", "decided_on", "note"]
    review.write_text(review.read_text(encoding="utf-8").replace("\n,a,b", "\nsame,a,b"), encoding="utf-8")
    again = abm("resolve", "--records", records, "--out", out, "--decisions", review, "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["accounts"] == 1


def test_parquet_goes_in_and_out_and_rows_in_are_rows_out(abm: Abm, tmp_path: Path) -> None:
    table = pyarrow.table({"company_id": [1, 2, 2], "Site name": ["Zorvex", "Zorvex Inc", "Zorvex Inc"]})
    pyarrow.parquet.write_table(table, tmp_path / "list.parquet")
    done = abm("resolve", "--records", tmp_path / "list.parquet", "--out", tmp_path / "out.parquet", "--json")
    assert done.returncode == 0, done.stderr
    assert pyarrow.parquet.read_table(tmp_path / "out.parquet").num_rows == 2
    assert json.loads(done.stdout)["set_aside"][0]["reason"] == "repeated_record_id"


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        ("a,b\n1,2\n", (), "which column holds the record ids"),
        ("id,colour\n1,red\n", (), "nothing to compare by"),
        ("id,name\n1,x\n", ("--column", "phone=Fernsprecher"), "no column 'Fernsprecher'"),
        ("id,name\n1,x\n", ("--column", "phone"), "expected OURS=HEADER"),
        ("id,name\n1,x,y,z\n", (), "cannot be read as a table"),
        ("id,name\n,x\n", (), "record_id is empty on 1 of 1 rows"),
        ("id,name\n1,x\n", ("--also", "colour"), "no column colour"),
    ],
)
def test_what_a_user_can_mend_is_said_without_a_traceback(
    abm: Abm, tmp_path: Path, content: str, arguments: tuple[str, ...], message: str
) -> None:
    records = tmp_path / "list.csv"
    records.write_text(content, encoding="utf-8")
    done = abm("resolve", "--records", records, "--out", tmp_path / "out.csv", *arguments)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.csv").exists()


def test_nothing_asked_for_says_what_to_ask(abm: Abm) -> None:
    done = abm("resolve")
    assert done.returncode == 2
    assert "--records" in done.stderr


def test_real_lists_of_two_countries_go_through_together(abm: Abm, tmp_path: Path, shared_data: Path) -> None:
    files = [shared_data / "real" / name for name in ("edinet_organisations_20240721.csv.gz", "nsi_companies.csv.gz")]
    done = abm("resolve", "--records", files[0], "--records", files[1], "--out", tmp_path / "out.csv", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["records"] == 34_367
    # No two different corporate numbers in one account: EDINET has one row per company but for a few pairs of rows.
    found = [row for row in read(tmp_path / "out.csv") if row["record_id"].startswith("edinet")]
    assert len({row["account_id"] for row in found}) > 0.99 * len(found)
