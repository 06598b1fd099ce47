from __future__ import annotations

from datetime import date

import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from identity import account_parents
from identity.hierarchy import decide_hierarchy, record_places

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


def outcomes(
    *facts: tuple[str, str, str | None, str | None], decided: tuple[tuple[str, str], ...] = ()
) -> list[tuple[str, str, str]]:
    rows = [(child, parent, "acquisition", begins, ends) for child, parent, begins, ends in facts]
    table = decide_hierarchy(pd.DataFrame(rows, columns=COLUMNS, dtype=object), ACCOUNTS, DAY, decided).outcomes
    columns = table.to_pydict()
    return list(zip(columns["child_record_id"], columns["parent_record_id"], columns["outcome"], strict=True))


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


def test_a_sale_ends_the_first_owners_time_for_good() -> None:
    # c bought a in 2010 and gave it up in 2015; that b, who had sold it, never closed his entry does not bring a back
    found = parents(("a", "b", "2000-01-01", None), ("a", "c", "2010-01-01", "2015-01-01"))
    assert found == {}


def test_a_sale_to_a_buyer_that_nobody_describes_ends_the_sellers_time() -> None:
    assert parents(("a", "b", "1999-06-01", None), ("a", "nobody", "2014-01-01", None)) == {}
    assert parents(("a", "nobody", "1999-06-01", None), ("a", "b", "2014-01-01", None)) == {"a": ("b", "b", 1)}


def test_a_company_that_bought_itself_has_no_parent() -> None:
    assert parents(("a", "b", "2007-05-30", None), ("a", "a", "2009-04-01", None)) == {}


def test_another_statement_about_the_same_owner_does_not_end_his_time() -> None:
    assert parents(("a", "b", "2000-01-01", None), ("a", "b", "2005-01-01", "2010-01-01")) == {"a": ("b", "b", 1)}


def test_of_two_owners_from_one_day_the_smaller_id_is_taken() -> None:
    assert parents(("a", "c", "2020-01-01", None), ("a", "b", "2020-01-01", None)) == {"a": ("b", "b", 1)}


def test_every_fact_says_what_became_of_it() -> None:
    found = outcomes(
        ("a", "b", "2020-01-01", None),
        ("a", "c", "2010-01-01", None),
        ("b", "a", "2015-01-01", None),
        ("c", "c", "2020-01-01", None),
        ("d", "e", "2020-01-01", "2021-01-01"),
        ("d", "e", "2027-01-01", None),
        ("e", "f", "2020-01-01", None),
        ("nobody", "a", None, None),
        ("f", "nobody", None, None),
        decided=(("e", "a"),),
    )
    assert found == [
        ("a", "b", "used"),
        ("a", "c", "superseded"),
        ("b", "a", "circle"),
        ("c", "c", "same_account"),
        ("d", "e", "ended"),
        ("d", "e", "not_yet"),
        ("e", "a", "used"),
        ("e", "f", "overruled"),
        ("f", "nobody", "parent_unknown"),
        ("nobody", "a", "child_unknown"),
    ]


def test_records_of_one_account_are_no_parents_of_each_other_and_end_nobodys_time() -> None:
    accounts = {"a1": "acc_a", "a2": "acc_a", "b": "acc_b"}
    facts = pd.DataFrame(
        [("a1", "b", "acquisition", "2000-01-01", None), ("a1", "a2", "merger", "2010-01-01", None)],
        columns=COLUMNS,
        dtype=object,
    )
    assert account_parents(facts, accounts, DAY)["parent_account_id"].to_pylist() == ["acc_b"]


def test_a_chain_of_many_companies_ends_at_its_top() -> None:
    count = 20_000
    ids = [f"r{number:05}" for number in range(count)]
    facts = pa.table(
        {
            "child_record_id": ids,
            "parent_record_id": [*ids[1:], ids[0]],  # a ring; its oldest fact is that of r00000
            "kind": ["acquisition"] * count,
            "valid_from_date": pa.array([date.fromordinal(700_000 + number) for number in range(count)], pa.date32()),
            "valid_to_date": pa.array([None] * count, pa.date32()),
        }
    )
    found = account_parents(facts, {name: name for name in ids}, DAY).to_pydict()
    assert len(found["account_id"]) == count - 1 and set(found["ultimate_parent_account_id"]) == {"r00000"}
    assert max(found["level"]) == count - 1


def test_records_of_one_place_have_one_key_and_a_record_without_a_place_none() -> None:
    records = pa.table(
        {
            "record_id": ["b", "a", "c"],
            "address": ["東京都千代田区丸の内１－６－１", "千代田区丸の内一丁目６番１号", None],
            "postal_code": ["〒100-0005", "1000005", None],
            "phone": [None, None, ""],
        }
    )
    first, second = record_places(records).to_pylist()
    assert (first["record_id"], second["record_id"]) == ("a", "b")
    assert {key: value for key, value in first.items() if key != "record_id"} == {
        key: value for key, value in second.items() if key != "record_id"
    }


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
