from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.backtest import Request, days_between, let_what_was_there_count, run_backtest
from orchestration.errors import UsageError


def request(first: str, last: str, every: int = 28) -> Request:
    return Request(date.fromisoformat(first), date.fromisoformat(last), every, 90, "qualified opportunity")


def test_nights_are_evenly_spaced_and_begin_with_the_first() -> None:
    assert days_between(request("2026-01-01", "2026-02-28")) == [
        date(2026, 1, 1),
        date(2026, 1, 29),
        date(2026, 2, 26),
    ]
    assert days_between(request("2026-01-01", "2026-01-01")) == [date(2026, 1, 1)]


def test_days_in_the_wrong_order_are_said() -> None:
    with pytest.raises(UsageError, match="Give the earlier day first"):
        days_between(request("2026-02-01", "2026-01-01"))


def test_without_a_warehouse_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Make a night first"):
        run_backtest(tmp_path / "absent.duckdb", request("2026-01-01", "2026-02-01"), lambda _: None)


def test_what_was_there_when_the_warehouse_began_counts_in_earlier_nights() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            """
            create schema raw;
            create table raw.loads as select unnest([date '2026-10-31', date '2026-11-01']) as as_of_date;
            create table raw.salesforce_user as select * from (values
                ('of a file', '2026-10-31T23:59:59Z'),
                ('extracted', '2026-10-31T23:59:59.900000Z'),
                ('of its own time', '2025-03-01T02:00:00Z'),
                ('a night later', '2026-11-01T23:59:59Z')
            ) as rows (Id, loaded_at);
            create table raw.consent_records as select * from (values
                ('dated', '2025-01-01T00:00:00Z', '2026-10-31T23:59:59Z'), ('undated', null, '2026-10-31T23:59:59Z')
            ) as rows (record_id, occurred_at, loaded_at)
            """
        )
        assert let_what_was_there_count(connection) == date(2026, 10, 31)
        users = "select Id, loaded_at from raw.salesforce_user order by cast(loaded_at as timestamptz)"
        assert connection.execute(users).fetchall() == [
            ("of a file", "1970-01-01T23:59:59Z"),
            ("extracted", "1970-01-01T23:59:59.900000Z"),
            ("of its own time", "2025-03-01T02:00:00Z"),
            ("a night later", "2026-11-01T23:59:59Z"),
        ]
        assert connection.execute("select record_id, loaded_at from raw.consent_records order by all").fetchall() == [
            ("dated", "1970-01-01T23:59:59Z"),
            ("undated", "2026-10-31T23:59:59Z"),
        ]
