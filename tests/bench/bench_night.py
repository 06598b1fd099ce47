"""Company resolution night by night: what a night costs in which one record in a hundred is new, and whether it says the same."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from identity import Resolution, resolve
from identity.normalise import TEXT_COLUMNS
from orchestration.list_files import read_identity_rules
from orchestration.night_memory import remembered_statistics
from orchestration.resolve_night import resolve_night
from tests.bench.company_lists import make_company_list
from tests.bench.measure import measure, print_table
from tests.bench.pairwise import pairwise_scores

SIZES: Final = (10_000, 100_000, 1_000_000)
SEED: Final = 7
DAY: Final = date(2026, 10, 31)
NEW_SHARE: Final = 0.01
REPEAT: Final = 3


def company_records(size: int) -> pa.Table:
    """Invented records with the columns of `identity.company_records`."""
    made = make_company_list(size, SEED).drop_columns(["true_id"])
    empty = pa.array([None] * len(made), pa.string())
    columns = (*TEXT_COLUMNS, "first_seen_date")
    return pa.table({name: made[name] if name in made.column_names else empty for name in columns})


def night(warehouse: str, day: date) -> None:
    """One night over a warehouse, as a process of its own."""
    with duckdb.connect(warehouse, config={"threads": 2}) as connection:
        resolve_night(connection, read_identity_rules(), day)


def two_nights(size: int) -> tuple[object, ...]:
    """One row of the table: a first night, one in which 1% is new, and the same with everything compared."""
    records, rules = company_records(size), read_identity_rules()
    is_old = pa.array(np.random.default_rng(SEED).random(len(records)) >= NEW_SHARE)
    with TemporaryDirectory() as folder:
        file = str(Path(folder) / "night.duckdb")
        _put(file, records.filter(is_old))
        full = _quickest_night(file, DAY)
        with duckdb.connect(file) as warehouse:
            members = warehouse.sql("select * from identity.account_members").to_arrow_table()
            statistics = remembered_statistics(warehouse)
        _put(file, records)
        short_seconds = _quickest_night(file, DAY + timedelta(1))
        with duckdb.connect(file) as warehouse:
            short = warehouse.sql("select record_id, account_id from identity.account_members").to_arrow_table()
    same = resolve(records, members, rules, DAY + timedelta(1), None, statistics)
    anew = resolve(records, members, rules, DAY + timedelta(1))
    return (
        f"{size:,}",
        f"{full:.1f} s",
        f"{short_seconds:.1f} s",
        f"{short_seconds / full:.1%}",
        f"{_moved(short, same):,}",
        f"{_moved(short, anew):,}",
        f"{_pairwise(short, anew):.6f}",
    )


def _quickest_night(file: str, day: date) -> float:
    """Seconds of the quickest of some nights over copies of a warehouse, the last of which takes its place."""
    seconds = []
    for _ in range(REPEAT):
        shutil.copyfile(file, f"{file}.copy")
        seconds.append(measure(night, f"{file}.copy", day, repeat=1).seconds)
    shutil.move(f"{file}.copy", file)
    return min(seconds)


def _put(file: str, records: pa.Table) -> None:
    with duckdb.connect(file) as warehouse:
        warehouse.execute("create schema if not exists identity")
        warehouse.register("records", records)
        warehouse.execute(
            f"create or replace table identity.company_records as select *, hash({', '.join(records.column_names)}) as"
            " content_hash from records order by record_id"
        )


def _account_of(table: pa.Table) -> pd.Series:
    return table.select(["record_id", "account_id"]).to_pandas().set_index("record_id")["account_id"].sort_index()


def _moved(short: pa.Table, other: Resolution) -> int:
    """Number of records that have another account id."""
    return int((_account_of(short) != _account_of(other.members)).sum())


def _pairwise(short: pa.Table, other: Resolution) -> float:
    """F1 of the pairs that are one account, against those of the other answer."""
    ours, theirs = (pd.factorize(_account_of(table))[0] for table in (short, other.members))
    return pairwise_scores(theirs, ours)[2]


def main() -> None:
    """Print the table."""
    largest = int(os.environ.get("ABM_BENCH_RECORDS", SIZES[-1]))
    print_table(
        "A night in which 1% of the records are new",
        (
            "records",
            "everything compared and learned",
            "what a change can touch",
            "share",
            "ids other than by comparing everything by the same measure",
            "ids other than by learning anew too",
            "pairwise F1 against that",
        ),
        [two_nights(size) for size in SIZES if size <= largest],
    )


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main()
