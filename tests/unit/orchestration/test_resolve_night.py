"""A night that compares only what changed gives the tables that comparing everything gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from identity import IdentityRules, resolve
from identity.normalise import TEXT_COLUMNS
from orchestration.resolve_night import TABLES, Night, remembered_statistics, resolve_night
from tests.unit.identity.conftest import DAY, default_rules, make_records, make_rules

COLUMNS = (*TEXT_COLUMNS, "first_seen_date")
# A short night whatever the share of the records that changed.
SHORT = make_rules(relearn_share=1000)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def put(connection: duckdb.DuckDBPyConnection, records: pd.DataFrame) -> None:
    table = records.reindex(columns=list(COLUMNS)).astype("object")
    connection.register("given", table)
    columns = ", ".join(f"cast({name} as varchar) as {name}" for name in COLUMNS)
    connection.execute("create schema if not exists identity")
    connection.execute(f"create or replace table identity.company_records as select {columns} from given")
    connection.unregister("given")


def tables_of(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[object, ...]]]:
    return {name: connection.execute(f"select * from identity.{name} order by all").fetchall() for name in TABLES}


def expected(
    connection: duckdb.DuckDBPyConnection, records: pd.DataFrame, rules: IdentityRules, day: date
) -> dict[str, list[tuple[object, ...]]]:
    """What comparing everything gives, where what is rare is what the last full night learned."""
    found = resolve(
        records,
        connection.sql("select * from identity.account_members").to_arrow_table(),
        rules,
        day,
        connection.sql("select * from identity.account_aliases").to_arrow_table(),
        remembered_statistics(connection),
    )
    reference = duckdb.connect()
    reference.execute("create schema identity")
    for name, table in (
        ("record_keys", found.record_keys),
        ("account_members", found.members),
        ("match_candidates", found.candidates),
        ("account_aliases", found.aliases),
        ("set_aside", found.set_aside),
        ("account_id_history", found.history),
    ):
        reference.register("rows", table)
        reference.execute(f"create table identity.{name} as select * from rows")
    return tables_of(reference)


def assert_same_as_everything(
    connection: duckdb.DuckDBPyConnection, records: pd.DataFrame, rules: IdentityRules, day: date
) -> Night:
    known = connection.execute("select event_id from identity.account_id_history").fetchall()
    wanted = expected(connection, records, rules, day)
    put(connection, records)
    night = resolve_night(connection, rules, day)
    found = tables_of(connection)
    there = set(records["record_id"])
    # Memberships and events of earlier nights stay.
    found["account_members"] = [row for row in found["account_members"] if row[0] in there]
    found["account_id_history"] = [row for row in found["account_id_history"] if (row[0],) not in known]
    for name, rows in wanted.items():
        assert found[name] == rows, name
    return night


names = st.sampled_from(
    [
        "Green House",
        "GREEN HOUSE GmbH",
        "Greene House",
        "Green House Bank",
        "Green Hause Bank",
        "Tall Tower",
        "Tall Towers",
        "緑屋",
        "株式会社緑屋",
        "ミドリヤ",
        "Midoriya",
        "みどりや",
        "test",
        "",
        "Quibbledonk Systems",
        "Quibbledonck Systems",
        "Quibbledonk Systems Japan",
    ]
)
domains = st.sampled_from(["", "greenhouse.com", "greenhouse.de", "midoriya.jp", "gmail.com", "talltower.org"])
rows = st.fixed_dictionaries(
    {
        "company_name": names,
        "aliases": st.sampled_from(["", "", "Green House|緑屋", "Tall Tower"]),
        "domain": domains,
        "other_domains": st.sampled_from(["", "", "talltower.org|greenhouse.com"]),
        "country_code": st.sampled_from(["", "JP", "US"]),
        "phone": st.sampled_from(["", "", "03-1234-5678"]),
        "corporate_number": st.sampled_from(["", "", "", "7000012050002", "1000011000005", "12"]),
    }
)
ids = st.sampled_from([f"{source}:{at}" for source in ("salesforce", "firmographics:p", "product") for at in range(7)])
nights = st.dictionaries(ids, rows, max_size=18)


def frame(records: dict[str, dict[str, object]]) -> pd.DataFrame:
    return make_records(*({"record_id": record_id, **row} for record_id, row in records.items()))


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(nights, st.lists(st.tuples(nights, st.sets(ids, max_size=4)), min_size=1, max_size=3))
def test_short_nights_give_what_comparing_everything_gives(
    first: dict[str, dict[str, object]], later: list[tuple[dict[str, dict[str, object]], set[str]]]
) -> None:
    with duckdb.connect() as connection:
        records = dict(first)
        put(connection, frame(records))
        assert resolve_night(connection, SHORT, DAY).why_full
        for at, (news, gone) in enumerate(later, start=1):
            records = {key: row for key, row in (records | dict(list(news.items())[:4])).items() if key not in gone}
            night = assert_same_as_everything(connection, frame(records), SHORT, DAY + timedelta(at))
            assert not night.why_full
