"""The folder as a whole: complete, the same every time, on reserved domains, and never half written."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from demo import DemoError, Summary, is_written, world, write_landing
from demo.landing import make_chunk
from demo.tables import COLUMNS
from demo.world import World, chunks
from loading.contract import CONTRACT
from loading.files import find_landing_files
from tests.unit.demo.conftest import AS_OF, Demo

_HOST = re.compile(r"(?:@|https?://)([^/\s\"'|,;)]+)")
_RESERVED = re.compile(r"(^|\.)[a-z0-9-]+\.(example|test)$")


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_columns_are_those_of_the_landing_contract() -> None:
    assert {table.name: table.column_names for table in CONTRACT} == COLUMNS


def test_every_table_of_the_contract_is_written_and_found_by_the_loader(demo: Demo) -> None:
    files, strays = find_landing_files(demo.summary.out)
    assert {file.table.name for file in files} == {table.name for table in CONTRACT}
    assert strays == []
    assert all(rows > 0 for rows in demo.summary.rows.values())


def test_the_summary_counts_the_rows_of_the_files(demo: Demo) -> None:
    assert {name: len(demo.landing(name)) for name in COLUMNS} == demo.summary.rows


def test_the_same_request_gives_the_same_bytes(write_small: Callable[..., Summary]) -> None:
    first, second = write_small("first"), write_small("second")
    assert digests(first.out) == digests(second.out)
    assert first.truth and second.truth and digests(first.truth) == digests(second.truth)


def test_another_seed_gives_other_companies(write_small: Callable[..., Summary]) -> None:
    first, second = write_small("first"), write_small("second", seed=6)
    assert digests(first.out)["salesforce/Account.csv"] != digests(second.out)["salesforce/Account.csv"]


def test_a_larger_demo_begins_with_the_smaller_one(
    write_small: Callable[..., Summary], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "CHUNK_COMPANIES", 30)
    short, long = write_small("short", accounts=30), write_small("long", accounts=70)
    for path in short.out.rglob("*.csv"):
        assert (long.out / path.relative_to(short.out)).read_bytes().startswith(path.read_bytes())


def test_memory_does_not_grow_with_the_number_of_chunks(
    write_small: Callable[..., Summary], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "CHUNK_COMPANIES", 30)
    held: list[int] = []
    write_small(accounts=240, progress=lambda done, total: held.append(pa.total_allocated_bytes()))
    assert len(held) == 8
    assert max(held[4:]) < 1.5 * max(held[:4])


def test_names_and_identifiers_are_unique_across_chunks(demo: Demo) -> None:
    companies = demo.truth("companies")
    assert companies.company_id.is_unique
    own = companies[~companies.is_on_shared_domain & companies.domain.notna()]
    assert own.domain.is_unique
    # Three pairs of namesakes are planted; all other names differ.
    assert len(companies) - companies.company_name.nunique() == 3
    for table in ("Contact", "Opportunity", "OpportunityHistory", "Task", "User"):
        assert demo.landing(f"salesforce/{table}").Id.is_unique


def test_every_address_and_every_domain_is_on_a_reserved_ending(demo: Demo) -> None:
    columns_of_hosts = {"domain", "unit_domain", "other_domains"}
    for name in COLUMNS:
        rows = demo.landing(name)
        for column in rows.columns:
            cells = rows[column].dropna().unique()
            hosts = {host for cell in cells for host in _HOST.findall(cell)}
            if column in columns_of_hosts:
                hosts |= {part for cell in cells for part in cell.split("|")}
            if column == "Website":
                hosts |= {re.sub(r"^https?://", "", cell).split("/")[0] for cell in cells}
            wrong = {host for host in hosts if not _RESERVED.search(host)}
            assert not wrong, (name, column, sorted(wrong)[:3])


def test_persons_carry_placeholder_names_with_a_number(demo: Demo) -> None:
    contacts = demo.landing("salesforce/Contact")
    assert contacts.FirstName.str.fullmatch(r"No\. \d{6}|\d{6}号").all()
    assert contacts.LastName.nunique() <= 16 + 2  # sixteen placeholders, one formula, one missing


def test_a_company_has_one_and_a_quarter_records_in_the_crm(demo: Demo) -> None:
    # 1 x 0.82 + 2 x 0.125 + 3 x 0.04 + 4 x 0.015 = 1.25
    assert demo.summary.rows["salesforce/Account"] / 1_100 == pytest.approx(1.25, abs=0.06)


def test_crm_records_are_created_before_they_are_changed_and_before_they_are_loaded(demo: Demo) -> None:
    for table in ("Account", "Contact", "Opportunity"):
        rows = demo.landing(f"salesforce/{table}")
        assert (rows.CreatedDate <= rows.LastModifiedDate).all()
        assert (rows.LastModifiedDate <= rows.loaded_at).all()
        assert rows.loaded_at.max() <= "2026-10-31T23:59:59Z"


def test_references_between_crm_tables_lead_somewhere(demo: Demo) -> None:
    ids = {name: set(demo.landing(f"salesforce/{name}").Id) for name in ("Account", "Contact", "Opportunity", "User")}
    for table, column, targets in (
        ("Account", "ParentId", ("Account",)),
        ("Account", "OwnerId", ("User",)),
        ("Contact", "AccountId", ("Account",)),
        ("Opportunity", "AccountId", ("Account",)),
        ("Opportunity", "OwnerId", ("User",)),
        ("OpportunityHistory", "OpportunityId", ("Opportunity",)),
        ("Task", "WhatId", ("Account", "Opportunity")),
        ("Task", "WhoId", ("Contact",)),
        ("Task", "OwnerId", ("User",)),
    ):
        found = set(demo.landing(f"salesforce/{table}")[column].dropna())
        assert found and found <= set().union(*(ids[target] for target in targets)), (table, column)


@pytest.mark.parametrize("accounts", [1, 2, 3, 7])
def test_very_small_demos_work(write_small: Callable[..., Summary], accounts: int) -> None:
    assert write_small(accounts=accounts).rows["salesforce/Account"] >= accounts


def test_a_run_that_dies_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_landing(tmp_path / "landing", 20, 1, AS_OF, tmp_path / "truth", die)
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_dies_leaves_the_earlier_demo_as_it_was(tmp_path: Path) -> None:
    def die(done: int, total: int) -> None:
        raise OSError("no space left on device")

    write_landing(tmp_path / "landing", 20, 1, AS_OF)
    before = digests(tmp_path / "landing")
    with pytest.raises(DemoError, match="no space left"):
        write_landing(tmp_path / "landing", 20, 2, AS_OF, progress=die)
    assert digests(tmp_path / "landing") == before


def test_an_earlier_demo_is_replaced_as_a_whole(tmp_path: Path) -> None:
    write_landing(tmp_path / "landing", 20, 1, AS_OF)
    write_landing(tmp_path / "landing", 20, 2, AS_OF)
    write_landing(tmp_path / "fresh", 20, 2, AS_OF)
    assert digests(tmp_path / "landing") == digests(tmp_path / "fresh")
    assert {path.name for path in tmp_path.iterdir()} == {"landing", "fresh"}


def test_is_written_tells_the_same_request_from_another(tmp_path: Path) -> None:
    write_landing(tmp_path / "landing", 20, 1, AS_OF)
    assert is_written(tmp_path / "landing", 20, 1, AS_OF)
    assert not is_written(tmp_path / "landing", 20, 2, AS_OF)
    assert not is_written(tmp_path / "elsewhere", 20, 1, AS_OF)


@pytest.mark.parametrize(
    ("accounts", "seed", "as_of", "message"),
    [
        (0, 1, AS_OF, "0 accounts asked for; expected 1 to"),
        (10**7, 1, AS_OF, "expected 1 to 200,000"),
        (10, -1, AS_OF, "seed -1 given"),
        (10, 1, date(1900, 1, 1), "as-of date 1900-01-01 given"),
    ],
)
def test_numbers_out_of_range_are_refused(tmp_path: Path, accounts: int, seed: int, as_of: date, message: str) -> None:
    with pytest.raises(DemoError, match=message):
        write_landing(tmp_path / "landing", accounts, seed, as_of)
    assert list(tmp_path.iterdir()) == []


def test_the_truth_may_not_lie_in_the_landing_folder(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="must not lie in the landing folder"):
        write_landing(tmp_path / "landing", 10, 1, AS_OF, tmp_path / "landing" / "truth")


def test_one_chunk_holds_a_bounded_number_of_rows() -> None:
    landing, _, _ = make_chunk(chunks(World(3, AS_OF), 200)[0])
    rows_per_company = sum(rows.num_rows for rows in landing.values()) / 200
    # About 115 rows per company in all 22 tables; a chunk of 1,000 therefore stays near 115,000 rows.
    assert 80 < rows_per_company < 160
    assert np.all([rows.nbytes < 4_000_000 for rows in landing.values()])
