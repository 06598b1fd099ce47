from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.dml import Operation
from sandbox.errors import ApiError
from sandbox.org import Org
from sandbox.query import Queries
from sandbox.records import Write
from sandbox.soql_syntax import Group, Negation, like_pattern, parse, unescape
from tests.unit.sandbox.running import TestClock

WORDS = [
    *(
        "SELECT",
        "FROM",
        "WHERE",
        "AND",
        "OR",
        "NOT",
        "IN",
        "LIKE",
        "ORDER BY",
        "GROUP BY",
        "HAVING",
        "LIMIT",
        "OFFSET",
        "NULLS LAST",
    ),
    *(
        "Id",
        "Name",
        "Account",
        "Account.Name",
        "Owner.Name",
        "Contact",
        "What.Name",
        "Task",
        "Industry",
        "CreatedDate",
        "COUNT()",
    ),
    *(
        "COUNT(Id)",
        "(",
        ")",
        ",",
        "=",
        "!=",
        "<",
        ">=",
        "'a'",
        r"'\''",
        "'",
        "1",
        "-1.5",
        "2026-01-01",
        "2026-01-01T00:00:00Z",
    ),
    *(
        "TODAY",
        "LAST_N_DAYS:3",
        "LAST_N_DAYS:99999",
        "null",
        "true",
        "(SELECT Id FROM Contacts)",
        "FIELDS(ALL)",
        ":x",
        "\n",
        "%",
        "日本",
    ),
]


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    made = Org(Path(tmp_path_factory.mktemp("state")), clock=TestClock())
    accounts = [
        Write({"Name": "Alpha 100%", "Industry": "Energy", "AnnualRevenue": 10.0}),
        Write({"Name": "beta_1", "Industry": None, "AnnualRevenue": 20.0}),
        Write({"Name": "Gamma", "Industry": "Media", "AnnualRevenue": None}),
    ]
    ids = [str(each.record_id) for each in made.dml().run(made.schema.objects["Account"], Operation.INSERT, accounts)]
    contacts = [Write({"LastName": "A", "FirstName": "Z", "AccountId": ids[0]}), Write({"LastName": "B"})]
    made.dml().run(made.schema.objects["Contact"], Operation.INSERT, contacts)
    tasks = [Write({"Subject": "Call", "WhatId": ids[1]}), Write({"Subject": "Mail"})]
    made.dml().run(made.schema.objects["Task"], Operation.INSERT, tasks)
    yield made
    made.close()


def queries(org: Org) -> Queries:
    return org.queries("/services/data/v62.0")


def names(org: Org, condition: str) -> list[str]:
    """Names of the accounts that a condition finds."""
    reply: Any = queries(org).first_page(
        f"SELECT Name FROM Account WHERE {condition} ORDER BY Name", with_deleted=False
    )
    return [record["Name"] for record in reply["records"]]


def refusal(org: Org, soql: str) -> ApiError:
    with pytest.raises(ApiError) as caught:
        queries(org).first_page(soql, with_deleted=False)
    return caught.value


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("Name = 'ALPHA 100%'", ["Alpha 100%"]),  # letter case does not count
        ("Industry != 'Energy'", ["beta_1", "Gamma"]),  # null differs from every value
        ("NOT Industry = 'Energy'", ["beta_1", "Gamma"]),
        ("Industry = null", ["beta_1"]),
        ("Industry IN ('Energy', null)", ["Alpha 100%", "beta_1"]),
        ("Industry NOT IN ('Energy')", ["beta_1", "Gamma"]),
        ("Name LIKE '%100\\%'", ["Alpha 100%"]),
        ("Name LIKE 'beta\\_%'", ["beta_1"]),
        ("Name LIKE '_amma'", ["Gamma"]),
        ("(Industry = 'Media' OR AnnualRevenue > 15) AND Name != 'x'", ["beta_1", "Gamma"]),
        ("AnnualRevenue <= 10", ["Alpha 100%"]),
        ("CreatedDate = TODAY", ["Alpha 100%", "beta_1", "Gamma"]),
        ("CreatedDate < TODAY", []),
        ("CreatedDate >= 2026-11-01T08:00:00+09:00", ["Alpha 100%", "beta_1", "Gamma"]),
        ("Id IN (SELECT AccountId FROM Contact)", ["Alpha 100%"]),
        ("Id NOT IN (SELECT AccountId FROM Contact WHERE LastName = 'A')", ["beta_1", "Gamma"]),
        ("Owner.Name = 'ABM Integration' AND Owner.IsActive = true AND Name LIKE 'G%'", ["Gamma"]),
        ("Account.Name = 'Gamma'", ["Gamma"]),  # the object's own name before a field
    ],
)
def test_a_condition_finds_what_it_says(org: Org, condition: str, found: list[str]) -> None:
    assert names(org, condition) == found


def test_nulls_come_first_unless_asked_last(org: Org) -> None:
    def order(clause: str) -> list[str]:
        reply: Any = queries(org).first_page(f"SELECT Name FROM Account ORDER BY {clause}", with_deleted=False)
        return [record["Name"] for record in reply["records"]]

    assert order("Industry") == ["beta_1", "Alpha 100%", "Gamma"]
    assert order("Industry DESC NULLS LAST, Name") == ["Gamma", "Alpha 100%", "beta_1"]


def test_a_parent_is_nested_and_null_if_there_is_none(org: Org) -> None:
    reply: Any = queries(org).first_page(
        "SELECT Name, Account.Owner.Name FROM Contact ORDER BY LastName", with_deleted=False
    )
    first, second = reply["records"]
    assert (first["Name"], first["Account"]["Owner"]["Name"], second["Account"]) == ("Z A", "ABM Integration", None)
    assert first["Account"]["attributes"]["type"] == "Account"


def test_a_parent_of_several_kinds_gives_its_name_and_type(org: Org) -> None:
    reply: Any = queries(org).first_page(
        "SELECT What.Name, What.Type, AccountId FROM Task ORDER BY Subject", with_deleted=False
    )
    call, mail = reply["records"]
    assert (call["What"]["Name"], call["What"]["Type"], mail["What"]) == ("beta_1", "Account", None)
    assert call["AccountId"] == call["What"]["attributes"]["url"].rpartition("/")[2]


def test_children_come_with_their_parent(org: Org) -> None:
    soql = "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName LIMIT 1) FROM Account ORDER BY Name"
    reply: Any = queries(org).first_page(soql, with_deleted=False)
    alpha, beta, _ = reply["records"]
    assert [child["LastName"] for child in alpha["Contacts"]["records"]] == ["A"]
    assert beta["Contacts"] is None


def test_groups_are_counted(org: Org) -> None:
    soql = "SELECT Industry, COUNT(Id) n, MAX(AnnualRevenue) FROM Account GROUP BY Industry HAVING COUNT(Id) > 0"
    soql += " ORDER BY Industry"
    reply: Any = queries(org).first_page(soql, with_deleted=False)
    assert [(each["Industry"], each["n"], each["expr0"]) for each in reply["records"]] == [
        (None, 1, 20.0),
        ("Energy", 1, 10.0),
        ("Media", 1, None),
    ]
    assert queries(org).first_page("SELECT COUNT() FROM Account", with_deleted=False) == {
        "totalSize": 3,
        "done": True,
        "records": [],
    }


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELECT Id FROM", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        (
            "SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'",
            "MALFORMED_QUERY",
            "unexpected token: 'OR'",
        ),
        ("SELECT Id FROM XYZZY", "INVALID_TYPE", "sObject type 'XYZZY' is not supported."),
        ("SELECT x FROM Account", "INVALID_FIELD", "No such column 'x' on entity 'Account'."),
        ("SELECT Foo.Name FROM Account", "INVALID_FIELD", "Didn't understand relationship 'Foo' in field path."),
        (
            "SELECT Id FROM Account WHERE Name = 5",
            "INVALID_FIELD",
            "must be of type string and should be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Account WHERE AnnualRevenue = '5'",
            "INVALID_FIELD",
            "must be of type currency and should not be enclosed",
        ),
        ("SELECT Id FROM Account WHERE CreatedDate > 2026-01-01", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Account WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"),
        ("SELECT Id FROM Account WHERE Description = 'a'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id, Id FROM Account", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
        ("SELECT Id FROM Account WHERE Name = :name", "MALFORMED_QUERY", "Bind variables only allowed in Apex code"),
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY", "Field must be grouped or aggregated: Name"),
        (
            "SELECT Id FROM Account WHERE " + "(" * 500 + "Name = 'a'" + ")" * 500,
            "MALFORMED_QUERY",
            "nested too deeply",
        ),
    ],
)
def test_a_bad_statement_is_refused_with_the_code_and_words_of_salesforce(
    org: Org, soql: str, code: str, message: str
) -> None:
    error = refusal(org, soql)
    assert (error.status, error.code) == (400, code)
    assert message in error.message


def test_an_error_points_at_row_and_column(org: Org) -> None:
    # The second line begins at column 1; the name of the object is its sixth character.
    assert "ERROR at Row:2:Column:6" in refusal(org, "SELECT Id\nFROM Nothing__c").message


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT TYPEOF What WHEN Account THEN Name END FROM Task",
        "SELECT CALENDAR_YEAR(CreatedDate) FROM Account",
        "SELECT Id FROM Account FOR UPDATE",
    ],
)
def test_soql_that_the_emulator_lacks_answers_501(org: Org, soql: str) -> None:
    assert refusal(org, soql).status == 501


def test_escapes_of_a_string_are_undone() -> None:
    assert unescape(r"'it\'s \u0041\n\\'") == "it's A\n\\"
    assert like_pattern(r"'100\% of a\\b'") == r"100\% of a\\b"


def test_not_binds_tighter_than_and() -> None:
    where = parse("SELECT Id FROM Account WHERE NOT Name = 'a' AND Name = 'b'").where
    assert isinstance(where, Group) and isinstance(where.conditions[0], Negation)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(WORDS), max_size=14), st.text(max_size=6))
def test_any_text_is_answered_or_refused_with_a_code(org: Org, words: list[str], tail: str) -> None:
    for soql in (" ".join(words) + tail, "SELECT Id FROM Account WHERE " + " ".join(words)):
        try:
            queries(org).first_page(soql, with_deleted=False)
        except ApiError as error:
            assert error.status in (400, 501)
