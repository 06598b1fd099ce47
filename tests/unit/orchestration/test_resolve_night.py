"""A night that compares only what changed gives the tables that comparing everything gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from identity import IdentityRules, RuleError, resolve
from identity.normalise import TEXT_COLUMNS
from identity.overrides import check_overrides
from identity.rules import Override
from orchestration.night_memory import remembered_statistics
from orchestration.resolve_night import TABLES, Night, resolve_night
from tests.unit.identity.conftest import DAY, default_rules, make_records, make_rules

Records = dict[str, dict[str, object]]
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
    connection.execute(
        "create or replace table identity.company_records as"
        f" select *, hash({', '.join(COLUMNS)}) as content_hash from (select {columns} from given)"
    )
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
    known = set(connection.execute("select event_id from identity.account_id_history").fetchall())
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


def frame(records: Records) -> pd.DataFrame:
    return make_records(*({"record_id": record_id, **row} for record_id, row in records.items()))


decisions = st.lists(st.tuples(st.sampled_from(["same", "different", "parent"]), ids, ids), max_size=3)


def decided(drawn: list[tuple[str, str, str]]) -> IdentityRules:
    overrides = tuple(Override(*decision, row) for row, decision in enumerate(drawn, start=2))
    try:
        check_overrides(overrides)
    except RuleError:
        assume(False)
    return replace(SHORT, overrides=overrides)


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(nights, decisions, st.lists(st.tuples(nights, st.sets(ids, max_size=4), decisions), min_size=1, max_size=3))
def test_short_nights_give_what_comparing_everything_gives(
    first: Records,
    first_decisions: list[tuple[str, str, str]],
    later: list[tuple[Records, set[str], list[tuple[str, str, str]]]],
) -> None:
    with duckdb.connect() as connection:
        records = dict(first)
        put(connection, frame(records))
        assert resolve_night(connection, decided(first_decisions), DAY).why_full
        for at, (news, gone, drawn) in enumerate(later, start=1):
            records = {key: row for key, row in (records | dict(list(news.items())[:4])).items() if key not in gone}
            night = assert_same_as_everything(connection, frame(records), decided(drawn), DAY + timedelta(at))
            assert not night.why_full


COMPANIES: Records = {
    f"salesforce:{at}": {"company_name": f"Quib{at}ledonk Systems", "domain": f"quib{at}.com"} for at in range(20)
}


def test_a_night_without_news_compares_nothing_and_changes_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    put(connection, frame(COMPANIES))
    resolve_night(connection, default_rules(), DAY)
    before = tables_of(connection)
    night = resolve_night(connection, default_rules(), DAY + timedelta(1))
    assert (night.why_full, night.changed, night.gone, night.compared) == ("", 0, 0, 0)
    assert tables_of(connection) == before


def test_a_record_that_comes_back_finds_its_account(connection: duckdb.DuckDBPyConnection) -> None:
    twins = COMPANIES | {"product:1": {"company_name": "Other", "domain": "quib3.com"}}
    put(connection, frame(twins))
    resolve_night(connection, SHORT, DAY)
    for day, records in enumerate(
        (
            {key: row for key, row in twins.items() if key != "salesforce:3"},
            twins | {"salesforce:3": {"company_name": "Moved Away", "domain": "elsewhere.com"}},
        ),
        start=1,
    ):
        assert_same_as_everything(connection, frame(records), SHORT, DAY + timedelta(day))


def test_words_that_become_too_common_part_names_of_nights_before(connection: duckdb.DuckDBPyConnection) -> None:
    few = make_rules(relearn_share=1000, max_names_per_word=3)
    alike: Records = {
        f"salesforce:{at}": {"company_name": f"{name} Zephyrine"} for at, name in enumerate(["Alma", "Almas", "Tor"])
    }
    more: Records = alike | {
        f"product:{at}": {"company_name": f"{name} Zephyrine"} for at, name in enumerate(["Nord", "Sud"])
    }
    put(connection, frame(alike))
    resolve_night(connection, few, DAY)
    for day, records in enumerate((more, alike), start=1):
        assert_same_as_everything(connection, frame(records), few, DAY + timedelta(day))


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        (make_rules(same_probability=0.96), "a rule of company matching changed"),
        (default_rules(), "15% of the records changed since what is rare was learned"),
    ],
)
def test_a_night_is_full_when_what_was_kept_no_longer_holds(
    connection: duckdb.DuckDBPyConnection, rules: IdentityRules, why: str
) -> None:
    put(connection, frame(COMPANIES))
    resolve_night(connection, default_rules(), DAY)
    put(connection, frame(COMPANIES | {f"product:{at}": {"company_name": f"New {at}"} for at in range(3)}))
    assert resolve_night(connection, rules, DAY).why_full == why
    assert resolve_night(connection, rules, DAY).why_full == ""


def test_a_night_that_breaks_leaves_the_night_before(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(connection, frame(COMPANIES))
    resolve_night(connection, default_rules(), DAY)
    before = tables_of(connection)
    news = COMPANIES | {"product:1": {"company_name": "Quib1ledonk Systems"}}
    put(connection, frame(news))
    with monkeypatch.context() as broken:
        broken.setattr("orchestration.short_night.history_rows", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            resolve_night(connection, default_rules(), DAY)
    assert tables_of(connection) == before
    assert_same_as_everything(connection, frame(news), default_rules(), DAY)


def test_repeated_record_ids_are_compared_every_night_and_reported(connection: duckdb.DuckDBPyConnection) -> None:
    put(connection, pd.concat([frame(COMPANIES), frame(COMPANIES).head(2)]))
    resolve_night(connection, default_rules(), DAY)
    assert resolve_night(connection, default_rules(), DAY).why_full == "a record_id stands on several rows"
    reasons = connection.execute("select reason, record_count from identity.set_aside").fetchall()
    assert ("repeated_record_id", 2) in reasons


def test_the_content_hash_covers_all_that_decides_over_a_record() -> None:
    model = Path(__file__).parents[3] / "dbt_project" / "models" / "identity" / "company_records.sql"
    hashed = re.findall(r"hash\(([^)]*)\)", model.read_text(encoding="utf-8"))
    assert len(hashed) == 1
    carried_along = {"source_id", "region"}
    assert {name.strip() for name in hashed[0].split(",")} == {*TEXT_COLUMNS, "first_seen_date"} - carried_along
