from __future__ import annotations

from datetime import date

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from identity import account_parents

DAY = date(2026, 1, 31)
COLUMNS = ["child_record_id", "parent_record_id", "kind", "valid_from_date", "valid_to_date"]
ACCOUNTS = {letter: f"acc_{letter}" for letter in "abcdef"}


def parents(
    *facts: tuple[str, str, str | None, str | None], decided: tuple[tuple[str, str], ...] = ()
) -> dict[str, tuple[str, str, int]]:
    rows = [(child, parent, "acquisition", begins, ends) for child, parent, begins, ends in facts]
    table = account_parents(pd.DataFrame(rows, columns=COLUMNS, dtype=object), ACCOUNTS, DAY, decided).to_pandas()
    keys = [account.removeprefix("acc_") for account in table["account_id"]]
    values = zip(
        table["parent_account_id"].str[4:], table["ultimate_parent_account_id"].str[4:], table["level"], strict=True
    )
    return dict(zip(keys, values, strict=True))


def test_the_ultimate_parent_is_at_the_top_of_the_chain() -> None:
    found = parents(("a", "b", "2020-01-01", None), ("b", "c", "2021-01-01", None))
    assert found == {"a": ("b", "c", 2), "b": ("c", "c", 1)}


def test_a_fact_holds_from_its_first_day_up_to_its_last() -> None:
    assert parents(("a", "b", "2026-01-31", None)) == {"a": ("b", "b", 1)}
    assert parents(("a", "b", "2026-02-01", None)) == {}
    assert parents(("a", "b", "2020-01-01", "2026-01-31")) == {}
    assert parents(("a", "b", None, None)) == {"a": ("b", "b", 1)}


def test_a_resale_replaces_the_first_sale() -> None:
    assert parents(("a", "b", "2020-01-01", None), ("a", "c", "2023-01-01", None)) == {"a": ("c", "c", 1)}


def test_a_company_is_no_parent_of_itself() -> None:
    assert parents(("a", "a", "2020-01-01", None)) == {}


def test_a_circle_loses_its_oldest_fact() -> None:
    found = parents(("a", "b", "2020-01-01", None), ("b", "c", "2021-01-01", None), ("c", "a", "2022-01-01", None))
    assert found == {"b": ("c", "a", 2), "c": ("a", "a", 1)}


def test_a_person_decides_before_every_fact() -> None:
    assert parents(("a", "b", "2025-01-01", None), decided=(("a", "c"),)) == {"a": ("c", "c", 1)}


def test_a_fact_about_an_unknown_record_is_left_out() -> None:
    assert parents(("a", "nobody", "2020-01-01", None)) == {}


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdef"),
            st.sampled_from("abcdef"),
            st.sampled_from(["2020-01-01", "2021-01-01", None]),
            st.none(),
        )
    )
)
def test_any_facts_give_a_forest_whatever_their_order(facts: list[tuple[str, str, str | None, None]]) -> None:
    found = parents(*facts)
    assert found == parents(*reversed(facts))
    for _, (_, top, level) in found.items():
        assert top not in found
        assert 1 <= level <= len(ACCOUNTS)
