"""Writing demo input: time grows with its size, memory does not."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

from demo import write_landing
from tests.bench.measure import measure, print_table

SIZES = (1_000, 10_000, 50_000)


def write(accounts: int) -> None:
    """Write a landing folder and throw it away."""
    with tempfile.TemporaryDirectory() as scratch:
        write_landing(Path(scratch) / "landing", accounts=accounts, seed=7, as_of=date(2026, 10, 31))


def main() -> None:
    """Print the table."""
    rows: list[tuple[object, ...]] = []
    for accounts in SIZES:
        took = measure(write, accounts, repeat=1)
        rows.append(
            (
                f"{accounts:,}",
                f"{took.seconds:.1f} s",
                f"{took.seconds / accounts * 1000:.2f} s",
                f"{took.peak_mb:.0f} MB",
            )
        )
    print_table("Demo input", ("accounts", "time", "per 1,000 accounts", "peak memory"), rows)


if __name__ == "__main__":
    main()
