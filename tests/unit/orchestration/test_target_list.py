"""The target list as a night reads and writes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import duckdb
import pytest

from orchestration.target_list_night import decide_night
from scoring.target_list import ListRuleTables
from tests.conftest import ROOT

JULY, OCTOBER = dt.date(2026, 7, 1), dt.date(2026, 10, 1)


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """Four accounts, c merged into b long ago; names that exceptions may use."""
    with duckdb.connect() as connection:
        for schema in ("scoring", "marts", "rules", "identity", "activation"):
            connection.execute(f"create schema {schema}")
        for name in (*ListRuleTables.__dataclass_fields__, "touch_types"):
            file = ROOT / "seeds" / "rules" / f"{name}.csv"
            is_text = name != "touch_types"
            connection.execute(
                f"create table rules.{name} as select * from read_csv('{file}', all_varchar = {is_text})"
            )
        connection.execute("""
            create table marts.account_360 as
            select account_id, 'Prospect' as crm_type, false as is_customer, row_number() over () as place
            from (values ('acc_a'), ('acc_b'), ('acc_d'), ('acc_e')) as accounts (account_id);
            create table marts.fct_touch_days (account_id varchar, touch_type varchar, activity_date date);
            create table marts.fct_sales_activities (account_id varchar, task_type varchar, is_human boolean,
                is_completed boolean, is_connected boolean, activity_date date);
            create table activation.int_held_accounts as select 'acc_e' as account_id;
            create table identity.account_aliases as
            select 'acc_c' as alias_account_id, 'acc_b' as account_id, date '2026-01-01' as as_of_date;
            create table identity.account_members as
            select 'salesforce:001' || upper(right(account_id, 1)) as record_id, account_id, 'salesforce' as source
            from marts.account_360;
            create table identity.account_domains as
            select 'd.example' as registrable_domain, 'acc_d' as account_id
        """)
        yield connection


def score(connection: duckdb.DuckDBPyConnection, as_of: dt.date) -> None:
    from orchestration.score_night import create_score_tables

    create_score_tables(connection)
    for name, column in (
        ("fit_scores", "fit_points"),
        ("intent_scores", "intent_score"),
        ("engagement_scores", "engagement_score"),
        ("composite_scores", "composite_score"),
    ):
        connection.execute(
            f"insert into scoring.{name} (account_id, {column}, method, as_of_date)"
            " select account_id, 90 - place, 'rules', $as_of from marts.account_360",
            {"as_of": as_of},
        )


def written(connection: duckdb.DuckDBPyConnection) -> list[list[tuple[object, ...]]]:
    return [
        connection.execute(f"select * from scoring.{name} order by all").fetchall()
        for name in ("target_list", "target_list_changes", "target_list_quarters")
    ]


def test_a_night_that_is_run_again_leaves_what_was_there(warehouse: duckdb.DuckDBPyConnection) -> None:
    for as_of in (JULY, OCTOBER):
        score(warehouse, as_of)
        decide_night(warehouse, as_of)
    before = written(warehouse)
    assert len(before[0]) == 3 and len(before[2]) == 2  # d, b and a in July; all silent for a quarter by October
    for as_of in (OCTOBER, JULY, OCTOBER):
        decide_night(warehouse, as_of)
        assert written(warehouse) == before


@pytest.mark.parametrize(
    ("name", "account_id"),
    [("acc_b", "acc_b"), ("acc_c", "acc_b"), ("001B", "acc_b"), ("d.example", "acc_d"), (" D.Example ", "acc_d")],
)
def test_an_exception_names_its_account_by_any_id_or_domain(
    warehouse: duckdb.DuckDBPyConnection, name: str, account_id: str
) -> None:
    warehouse.execute(
        "insert into rules.target_list_exceptions values (?, 'remove', 'counsel', 'legal', '2026-01-01', null, 'dispute')",
        [name],
    )
    score(warehouse, JULY)
    decided = decide_night(warehouse, JULY)
    assert set(decided.members["account_id"]) == {"acc_a", "acc_b", "acc_d"} - {account_id}
