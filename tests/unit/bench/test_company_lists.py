"""The labelled company lists that benches measure with."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from stdnum.jp import cn

from tests.bench.company_lists import make_company_list

RECORDS = 5_000


@pytest.fixture(scope="module")
def companies() -> pa.Table:
    return make_company_list(RECORDS, seed=3)


def share_null(table: pa.Table, column: str) -> float:
    return table[column].null_count / table.num_rows


def test_the_same_seed_gives_the_same_table_and_another_seed_another(companies: pa.Table) -> None:
    assert companies.equals(make_company_list(RECORDS, seed=3))
    assert not companies.equals(make_company_list(RECORDS, seed=4))


def test_every_record_has_an_id_of_its_own_and_a_name(companies: pa.Table) -> None:
    assert companies.num_rows == RECORDS
    assert pc.count_distinct(companies["record_id"]).as_py() == RECORDS
    assert companies["company_name"].null_count == 0


def test_ids_say_nothing_about_companies(companies: pa.Table) -> None:
    true_ids = companies["true_id"].to_numpy()
    assert abs(np.corrcoef(np.arange(RECORDS), true_ids)[0, 1]) < 0.05


def test_shares_are_those_that_the_generator_promises(companies: pa.Table) -> None:
    assert RECORDS / pc.count_distinct(companies["true_id"]).as_py() == pytest.approx(1.6, abs=0.1)
    assert share_null(companies, "domain") == pytest.approx(0.30, abs=0.03)
    assert share_null(companies, "phone") == pytest.approx(0.35, abs=0.03)
    assert share_null(companies, "address") == pytest.approx(0.25, abs=0.03)
    # 0.4 of the companies are in Japan; a few that are large move the share of records.
    assert pc.mean(pc.equal(companies["country_code"], "JP").cast(pa.int8())).as_py() == pytest.approx(0.4, abs=0.05)


def test_corporate_numbers_are_valid_and_a_company_has_one(companies: pa.Table) -> None:
    numbered = companies.filter(pc.is_valid(companies["corporate_number"]))
    assert all(cn.is_valid(number) for number in numbered["corporate_number"].to_pylist())
    pairs = numbered.group_by(["true_id", "corporate_number"]).aggregate([]).num_rows
    assert (
        pairs
        == pc.count_distinct(numbered["true_id"]).as_py()
        == pc.count_distinct(numbered["corporate_number"]).as_py()
    )


def test_a_list_may_be_tiny_or_empty() -> None:
    assert make_company_list(0, seed=1).num_rows == 0
    assert make_company_list(3, seed=1).num_rows == 3
