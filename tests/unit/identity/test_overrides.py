from __future__ import annotations

import pytest

from identity import RuleError, resolve

from .conftest import DAY, accounts, default_rules, joins, make_records, make_rules

ROWS = ({"company_name": "Green House"}, {"company_name": "Tall Tower"}, {"company_name": "Silver Moon"})


def decide(*decisions: tuple[str, int, int]) -> list[tuple[str, str, str]]:
    return [(decision, f"salesforce:{left}", f"salesforce:{right}") for decision, left, right in decisions]


def test_a_person_joins_what_nothing_else_joins() -> None:
    found = accounts(*ROWS, rules=make_rules(decide(("same", 0, 1))))
    assert found == {frozenset({"0", "1"}), frozenset({"2"})}


def test_a_person_joins_even_two_corporate_numbers() -> None:
    rows = [
        {"company_name": "緑屋", "corporate_number": "7000012050002"},
        {"company_name": "緑屋", "corporate_number": "1000011000005"},
    ]
    assert not joins(*rows)
    assert joins(*rows, rules=make_rules(decide(("same", 0, 1))))


def test_a_person_keeps_apart_what_an_identifier_joins() -> None:
    rows = [{"company_name": "緑屋", "corporate_number": "7000012050002"}] * 3
    found = accounts(*rows, rules=make_rules(decide(("different", 0, 1))))
    assert all(not {"0", "1"} <= account for account in found)
    assert len(found) == 2


def test_a_decision_about_a_record_that_is_not_there_waits() -> None:
    resolution = resolve(make_records(*ROWS), None, make_rules(decide(("same", 0, 99))), DAY)
    assert resolution.set_aside.to_pandas()["reason"].tolist() == ["override_without_record"]
    assert "line 2" in resolution.set_aside.to_pandas()["note"].iloc[0]


@pytest.mark.parametrize(
    ("decisions", "lines"),
    [
        ([("same", 0, 1), ("different", 1, 0)], ("line 3", "line 2")),
        ([("same", 0, 1), ("same", 1, 2), ("different", 0, 2)], ("line 4", "line 3")),
        ([("same", 0, 1), ("parent", 0, 1)], ("line 3", "line 2")),
        ([("parent", 0, 1), ("parent", 0, 2)], ("line 3", "line 2")),
        ([("parent", 0, 1), ("parent", 1, 2), ("parent", 2, 0)], ("line 2", "line 4")),
        ([("same", 0, 0)], ("line 2",)),
    ],
)
def test_a_contradiction_names_both_rows(decisions: list[tuple[str, int, int]], lines: tuple[str, ...]) -> None:
    with pytest.raises(RuleError) as error:
        resolve(make_records(*ROWS), None, make_rules(decide(*decisions)), DAY)
    assert all(line in str(error.value) for line in lines)


def test_one_decision_given_twice_is_no_contradiction() -> None:
    assert joins(*ROWS[:2], rules=make_rules(decide(("same", 0, 1), ("same", 1, 0))))


def test_a_decision_survives_a_rerun_and_its_end_splits_the_account() -> None:
    rows = make_records(*ROWS)
    decided = make_rules(decide(("same", 0, 1)))
    first = resolve(rows, None, decided, DAY)
    again = resolve(rows, first.members, decided, DAY, first.aliases)
    assert again.members.equals(first.members)
    undone = resolve(rows, first.members, default_rules(), DAY, first.aliases)
    assert undone.history.to_pandas()["event"].tolist() == ["split"]
