"""Loading against the floor: the same bytes by the warehouse's own reader, without rejections, hashes or line numbers."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import duckdb

from loading import load_landing
from tests.bench.measure import measure, print_table

SIZES = (100_000, 1_000_000)


def write_page_views(file: Path, rows: int) -> None:
    """A page-view file of plausible width (about 170 bytes a row)."""
    file.parent.mkdir(parents=True)
    ending = "format csv, header" if file.suffix == ".csv" else "format parquet"
    duckdb.sql(
        "copy (select md5(i::varchar) as event_id, strftime(timestamp '2026-01-01' + to_seconds(i), '%Y-%m-%dT%H:%M:%SZ')"
        " as occurred_at, 'v' || (i % 50000) as visitor_id, '/pricing' as path, null as email, 'a' || (i % 900) || '.example'"
        " as domain, 'https://search.example/?q=x' as referrer, 'Mozilla/5.0 (X11; Linux x86_64)' as user_agent,"
        f" i % 300 as duration_seconds from range({rows}) as numbers(i)) to '{file}' ({ending})"
    )


def load(folder: str) -> None:
    """What a night does."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        duckdb.connect(f"{scratch}/w.duckdb", config={"threads": 2}) as connection,
    ):
        load_landing(connection, Path(folder), date(2026, 10, 31))


def floor(folder: str) -> None:
    """The same rows into the same kind of table, bare."""
    (file,) = Path(folder).glob("web/page_views.*")
    reader = f"read_csv('{file}', all_varchar = true)" if file.suffix == ".csv" else f"read_parquet('{file}')"
    with (
        tempfile.TemporaryDirectory() as scratch,
        duckdb.connect(f"{scratch}/w.duckdb", config={"threads": 2}) as connection,
    ):
        connection.execute(f"create table page_views as select * from {reader}")


def main() -> None:
    """Print the table."""
    rows: list[tuple[object, ...]] = []
    for ending in (".csv", ".parquet"):
        for size in SIZES:
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch)
                write_page_views(folder / "web" / f"page_views{ending}", size)
                ours, bare = measure(load, scratch), measure(floor, scratch)
                rows.append(
                    (
                        ending[1:],
                        f"{size:,}",
                        f"{ours.seconds:.2f} s",
                        f"{bare.seconds:.2f} s",
                        f"{ours.seconds / bare.seconds:.1f}",
                        f"{ours.peak_mb:.0f} MB",
                    )
                )
    print_table("Loading web/page_views", ("file", "rows", "load", "bare DuckDB", "ratio", "peak memory"), rows)


if __name__ == "__main__":
    main()
