from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loading.errors import LoadError
from loading.files import MAX_LINES_PER_RECORD, find_landing_files, read_batches

HEADER = "ticket_id,created_at,requester_email,category,priority,status,closed_at\n"
GOOD = "t1,2026-01-01T00:00:00Z,a@b.example,sso,low,closed,\n"


def landing(tmp_path: Path, content: str | bytes, name: str = "support/tickets.csv") -> Path:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return tmp_path


def read(folder: Path) -> tuple[list[dict[str, object]], list[tuple[int, str]]]:
    (file,), _ = find_landing_files(folder)
    batches = list(read_batches(file))
    rows = [row for batch in batches for row in batch.rows.to_pylist()]
    return rows, [(bad.line, bad.reason) for batch in batches for bad in batch.bad_rows]


def test_a_row_carries_the_line_it_stands_on_even_behind_a_cell_with_line_breaks(tmp_path: Path) -> None:
    rows, bad = read(landing(tmp_path, HEADER + 't1,2026-01-01,"a\nb\r\nc",x,low,closed,\n' + "\n" + GOOD))
    # header 1, first record 2-4, blank line 5, second record 6
    assert [row["_row"] for row in rows] == [2, 6]
    assert rows[0]["requester_email"] == "a\nb\r\nc"
    assert bad == []


def test_empty_cells_are_null_and_absent_optional_columns_too(tmp_path: Path) -> None:
    rows, _ = read(landing(tmp_path, "ticket_id,created_at\nt1,2026-01-01\n"))
    assert rows[0]["closed_at"] is None and rows[0]["loaded_at"] is None and rows[0]["ticket_id"] == "t1"


def test_column_order_and_case_are_free_and_a_byte_order_mark_is_no_column(tmp_path: Path) -> None:
    rows, _ = read(landing(tmp_path, "﻿CREATED_AT,Ticket_Id\n2026-01-01,t1\n"))
    assert (rows[0]["ticket_id"], rows[0]["created_at"]) == ("t1", "2026-01-01")


def test_a_row_with_a_wrong_number_of_cells_is_set_aside_with_its_line(tmp_path: Path) -> None:
    rows, bad = read(landing(tmp_path, HEADER + "t0,2026-01-01\n" + GOOD))
    assert bad == [(2, "2 cells, expected 7")] and len(rows) == 1


def test_bytes_that_are_no_utf8_set_their_row_aside(tmp_path: Path) -> None:
    rows, bad = read(landing(tmp_path, HEADER.encode() + b"t0,2026-01-01,\xff\xfe,,,,\n" + GOOD.encode()))
    assert bad == [(2, "not valid UTF-8")] and len(rows) == 1


@pytest.mark.parametrize("rows_behind", [5, MAX_LINES_PER_RECORD + 50])
def test_a_quote_that_is_never_closed_costs_one_row_only(tmp_path: Path, rows_behind: int) -> None:
    rows, bad = read(landing(tmp_path, HEADER + 't0,2026-01-01,"open,,,,\n' + GOOD * rows_behind))
    assert len(rows) == rows_behind
    assert [line for line, _ in bad] == [2]


def test_nul_bytes_long_cells_and_formulas_are_kept_as_they_are(tmp_path: Path) -> None:
    rows, bad = read(landing(tmp_path, HEADER + f"t\0,2026-01-01,=cmd|x,{'x' * 200_000},low,closed,\n"))
    assert bad == [] and rows[0]["ticket_id"] == "t\0"
    assert rows[0]["requester_email"] == "=cmd|x" and len(str(rows[0]["category"])) == 200_000


def test_a_missing_required_column_names_file_column_and_the_likely_one(tmp_path: Path) -> None:
    with pytest.raises(
        LoadError, match=r"support/tickets.csv, line 1: .*created_at is missing.*Did you mean 'create_at'"
    ):
        read(landing(tmp_path, "ticket_id,create_at\nt1,2026-01-01\n"))


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="ticket_id stands there twice"):
        read(landing(tmp_path, "ticket_id,created_at,Ticket_ID\nt1,2026-01-01,x\n"))


def test_an_empty_file_and_a_broken_parquet_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"support/tickets.csv: the file is empty"):
        read(landing(tmp_path / "a", ""))
    with pytest.raises(LoadError, match=r"support/tickets.parquet: cannot be read as parquet"):
        read(landing(tmp_path / "b", "no parquet", "support/tickets.parquet"))


def test_a_missing_folder_and_a_folder_without_any_table_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="expected a landing folder"):
        find_landing_files(tmp_path / "nowhere")
    with pytest.raises(LoadError, match="no table of the landing contract"):
        find_landing_files(landing(tmp_path, "x", "support/ticket.csv"))


def test_parquet_cells_become_the_text_that_a_csv_would_hold(tmp_path: Path) -> None:
    table = pa.table(
        {
            "date": pa.array(["2026-01-01"]).cast(pa.date32()),
            "platform": ["p"],
            "campaign": pa.array(["c"]).dictionary_encode(),
            "domain": ["d.example"],
            "impressions": [3],
            "spend_usd": [0.25],
            "loaded_at": pa.array([1_700_000_000_000_000], pa.timestamp("us", "Asia/Tokyo")),
            "extra": [{"a": 1}],
        }
    )
    file = tmp_path / "ads" / "impressions" / "loaded_date=2026-01-02" / "part-0.parquet"
    file.parent.mkdir(parents=True)
    pq.write_table(table, file)
    (found,), _ = find_landing_files(tmp_path)
    (batch,) = read_batches(found)
    row = batch.rows.to_pylist()[0]
    assert found.loaded_date is not None and found.loaded_date.isoformat() == "2026-01-02"
    assert row["date"] == "2026-01-01" and row["impressions"] == "3" and row["spend_usd"] == "0.25"
    assert row["loaded_at"] == "2023-11-14T22:13:20.000000Z"  # 1.7e9 s after 1970, UTC
    assert row["clicks"] is None and row["extra"] == "{'a': 1}"


def test_files_of_no_table_are_reported(tmp_path: Path) -> None:
    landing(tmp_path, HEADER + GOOD)
    landing(tmp_path, "x", "support/notes.txt")
    _, strays = find_landing_files(tmp_path)
    assert strays == ["support/notes.txt"]
