"""What the ledger says about many nights: who is refused again and again, and what is forgotten when."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb

from reverse_etl.ledger import dead_letters
from tests.unit.reverse_etl.night import DAY, Night, account_id, account_row, tables


def refuse(night: Night, *numbers: int) -> None:
    refused = {account_id(number) for number in numbers}
    night.crm.refuse = lambda name, key: ("UNABLE_TO_LOCK_ROW", "record locked") if key in refused else None


def deliver(night: Night, day: int) -> None:
    # A score that moves every night, so that every account is planned every night.
    night.deliver(tables([account_row(n, score=50.0 + 2 * day) for n in (1, 2)]), DAY + timedelta(day))


def letters(connection: duckdb.DuckDBPyConnection, nights: int) -> list[tuple[object, object]]:
    return [(row["record_key"], row["refused_nights"]) for row in dead_letters(connection, nights)]


def test_a_record_that_is_refused_three_nights_running_is_a_dead_letter(
    night: Night, connection: duckdb.DuckDBPyConnection
) -> None:
    refuse(night, 2)
    for day in range(3):
        assert letters(connection, 3) == []
        deliver(night, day)
    assert letters(connection, 3) == [(account_id(2), 3)]
    (letter,) = dead_letters(connection, 3)
    assert (letter["code"], letter["first_refused_on"]) == ("UNABLE_TO_LOCK_ROW", DAY)


def test_one_night_that_takes_it_begins_the_count_anew(night: Night, connection: duckdb.DuckDBPyConnection) -> None:
    refuse(night, 2)
    deliver(night, 0)
    deliver(night, 1)
    refuse(night)
    deliver(night, 2)
    assert letters(connection, 1) == []
    refuse(night, 2)
    deliver(night, 3)
    assert letters(connection, 1) == [(account_id(2), 1)]


def test_a_second_try_of_the_same_night_is_no_second_night(night: Night, connection: duckdb.DuckDBPyConnection) -> None:
    refuse(night, 2)
    deliver(night, 0)
    deliver(night, 0)
    assert letters(connection, 1) == [(account_id(2), 1)]
    refuse(night)
    deliver(night, 0)
    assert letters(connection, 1) == []


def test_old_nights_are_forgotten_and_what_was_sent_is_not(night: Night, connection: duckdb.DuckDBPyConnection) -> None:
    deliver(night, 0)
    deliver(night, 10)
    sent = night.ledger.last_sent()["Account"]
    night.ledger.expire(DAY + timedelta(5))
    for table in ("plans", "ledger"):
        days = connection.execute(f"select distinct as_of_date from delivery.{table}").fetchall()
        assert days == [(DAY + timedelta(10),)]
    plans = connection.execute("select count(distinct plan_id) from delivery.plan_rows").fetchall()
    assert plans == [(1,)]
    assert night.ledger.last_sent()["Account"].equals(sent)


def test_a_delivery_that_was_interrupted_is_kept_however_old(
    night: Night, connection: duckdb.DuckDBPyConnection
) -> None:
    deliver(night, 0)
    connection.execute("update delivery.plans set state = 'applying'")
    night.ledger.expire(date(2030, 1, 1))
    assert connection.execute("select count(*) from delivery.plans").fetchall() == [(1,)]
    assert connection.execute("select count(*) from delivery.ledger").fetchall() == [(2,)]
