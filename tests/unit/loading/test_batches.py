from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loading.batches import create_raw_tables, load_landing, store_extract
from loading.contract import CONTRACT
from loading.errors import LoadError
from loading.readable import boolean_sql, number_sql, timestamp_sql

AS_OF = date(2026, 10, 31)
TICKETS = "support/tickets.csv"
HEADER = "ticket_id,created_at,category,owner_team\n"


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    return connection


def write(folder: Path, content: str, name: str = TICKETS) -> Path:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content, newline="")
    return folder


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    return connection.execute(sql).fetchall()


def test_rows_in_are_rows_kept_plus_rows_rejected_with_line_column_and_reason(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    content = (
        HEADER + "t1,2026-01-01,sso,x\nt2,not-a-date,sso,x\n,2026-01-01,sso,x\nt4,2026-02-31T00:00:00Z,sso,x\nt5\n"
    )
    load = load_landing(connection, write(tmp_path, content), AS_OF)
    (file,) = load.files
    # five rows: t1 stands; a bad date, an empty key, the 31st of February, one cell
    assert (file.rows_in, file.rows_kept, file.rows_rejected) == (5, 1, 4)
    assert rows(connection, "select line, column_name, reason from raw.rejected order by line") == [
        (3, "created_at", "not a time; expected ISO 8601 such as 2026-10-31T09:30:00Z"),
        (4, "ticket_id", "required value is missing"),
        (5, "created_at", "not a time; expected ISO 8601 such as 2026-10-31T09:30:00Z"),
        (6, None, "1 cells, expected 4"),
    ]


def test_the_same_file_twice_changes_nothing_wherever_it_lies(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write(tmp_path, HEADER + "t1,2026-01-01,sso,x\n")
    load_landing(connection, tmp_path, AS_OF)
    write(tmp_path, HEADER + "t1,2026-01-01,sso,x\n", "support/loaded_date=2026-11-01/tickets.csv")
    again = load_landing(connection, tmp_path, AS_OF)
    assert all(file.was_loaded_before for file in again.files)
    assert rows(connection, "select count(*) from raw.support_tickets") == [(1,)]


def test_loaded_at_is_stamped_from_the_partition_or_the_night_only_where_the_source_gave_none(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write(tmp_path, "ticket_id,created_at,loaded_at\na,2026-01-01,2026-01-02T00:00:00Z\nb,2026-01-01,\n")
    write(tmp_path, "ticket_id,created_at\nc,2026-01-01\n", "support/tickets/loaded_date=2026-05-05/part.csv")
    load_landing(connection, tmp_path, AS_OF)
    assert rows(connection, "select ticket_id, loaded_at from raw.support_tickets order by 1") == [
        ("a", "2026-01-02T00:00:00Z"),
        ("b", "2026-10-31T23:59:59Z"),
        ("c", "2026-05-05T23:59:59Z"),
    ]


def test_columns_outside_the_contract_are_kept_as_json(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    load_landing(connection, write(tmp_path, HEADER + "t1,2026-01-01,sso,team 'a'\n"), AS_OF)
    assert rows(connection, "select _unknown_columns from raw.support_tickets") == [('{"owner_team":"team \'a\'"}',)]


def test_every_contract_table_exists_and_missing_ones_are_named(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    load = load_landing(connection, write(tmp_path, HEADER), AS_OF)
    assert len(load.missing_tables) == len(CONTRACT) - 1 and "web/page_views" in load.missing_tables
    assert rows(connection, "select count(*) from raw.web_page_views") == [(0,)]


def test_a_file_that_breaks_half_way_leaves_nothing_of_itself(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loading import batches

    def two_batches_then_a_broken_disk(file: object):  # type: ignore[no-untyped-def]
        yield from real(file)
        raise LoadError("cannot be read")

    real = batches.read_batches
    monkeypatch.setattr(batches, "read_batches", two_batches_then_a_broken_disk)
    with pytest.raises(LoadError):
        load_landing(connection, write(tmp_path, HEADER + "t1,2026-01-01,sso,x\n"), AS_OF)
    assert rows(connection, "select count(*) from raw.support_tickets") == [(0,)]
    assert rows(connection, "select count(*) from raw.loads") == [(0,)]


def account(name: str, modified: str) -> pa.Table:
    return pa.table({"Id": ["001"], "Name": [name], "CreatedDate": ["2026-01-01"], "LastModifiedDate": [modified]})


def test_an_extract_stores_only_versions_that_are_new(connection: duckdb.DuckDBPyConnection) -> None:
    table = CONTRACT[0]
    first = store_extract(connection, table, account("A", "2026-01-01"), AS_OF, "crm:Account")
    same = store_extract(connection, table, account("A", "2026-01-01"), AS_OF, "crm:Account")
    changed = store_extract(connection, table, account("B", "2026-02-01"), AS_OF, "crm:Account")
    assert (first.was_loaded_before, same.was_loaded_before, changed.was_loaded_before) == (False, True, False)
    assert rows(connection, "select Name from raw.salesforce_account order by 1") == [("A",), ("B",)]
    assert rows(connection, "select sum(rows_in) from raw.loads") == [(2,)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-10-03T21:47:14Z", "2026-10-03 21:47:14"),
        ("2026-10-03T21:47:14+09:00", "2026-10-03 12:47:14"),  # nine hours before
        ("2026-10-03 21:47", "2026-10-03 21:47:00"),
        ("2026/03/04", "2026-03-04 00:00:00"),
        ("2026年3月4日", "2026-03-04 00:00:00"),
        ("2021-09-28T03:08:37.000+0000", "2021-09-28 03:08:37"),
        ("31/02/2026 10:00", None),
        ("2026-02-31", None),
        ("1761955200", None),
        ("infinity", None),
        ("2026-10-03T21:47:14 JST", None),
    ],
)
def test_times_are_read_in_the_stated_formats_only(
    connection: duckdb.DuckDBPyConnection, text: str, expected: str | None
) -> None:
    assert connection.execute(f"select ({timestamp_sql('$t')})::varchar", {"t": text}).fetchall() == [(expected,)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,234", 1234.0),
        ("€1,600,000", 1.6e6),
        ("１２３", 123.0),
        ("-5.5", -5.5),
        ("1e3", 1000.0),
        ("12a", None),
        ("nan", None),
    ],
)
def test_numbers_are_read_with_commas_currency_signs_and_full_width_digits(
    connection: duckdb.DuckDBPyConnection, text: str, expected: float | None
) -> None:
    assert connection.execute(f"select {number_sql('$t')}", {"t": text}).fetchall() == [(expected,)]


def test_booleans_are_read_in_any_case(connection: duckdb.DuckDBPyConnection) -> None:
    sql = f"select {boolean_sql('$t')}"
    assert [connection.execute(sql, {"t": text}).fetchall()[0][0] for text in ("TRUE", "0", "yes")] == [
        True,
        False,
        None,
    ]


@given(st.lists(st.lists(st.text(max_size=20), min_size=3, max_size=5), max_size=30))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_content_loses_a_row(tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]]) -> None:
    import csv
    import io

    text = io.StringIO()
    csv.writer(text).writerows(cells)
    folder = tmp_path_factory.mktemp("landing")
    (folder / "support").mkdir()
    (folder / TICKETS).write_bytes((HEADER + text.getvalue()).encode("utf-8", "surrogatepass"))
    connection = duckdb.connect()
    create_raw_tables(connection)
    (file,) = load_landing(connection, folder, AS_OF).files
    assert file.rows_in == file.rows_kept + file.rows_rejected
    assert connection.execute("select count(*) from raw.support_tickets").fetchall() == [(file.rows_kept,)]


def test_what_the_api_says_last_is_stamped_later_than_the_export_file_and_the_extracts_of_the_same_night(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write(
        tmp_path,
        "Id,Name,CreatedDate,LastModifiedDate\n001,A long name,2026-01-01,2026-01-01\n",
        "salesforce/Account.csv",
    )
    load_landing(connection, tmp_path, AS_OF)
    store_extract(connection, CONTRACT[0], account("A long na", "2026-01-01"), AS_OF, "crm:Account")
    store_extract(connection, CONTRACT[0], account("Mended", "2026-01-01"), AS_OF, "crm:Account")
    stamp = timestamp_sql("loaded_at")
    assert rows(connection, f"select Name from raw.salesforce_account order by {stamp} desc") == [
        ("Mended",),
        ("A long na",),
        ("A long name",),
    ]
    assert rows(connection, f"select max({stamp}) < timestamp '2026-11-01' from raw.salesforce_account") == [(True,)]
