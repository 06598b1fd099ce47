from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from orchestration.backtest import Request, days_between, run_backtest
from orchestration.errors import UsageError


def request(first: str, last: str, every: int = 28) -> Request:
    return Request(date.fromisoformat(first), date.fromisoformat(last), every, 90, "qualified opportunity")


def test_nights_are_evenly_spaced_and_begin_with_the_first() -> None:
    assert days_between(request("2026-01-01", "2026-02-28")) == [
        date(2026, 1, 1),
        date(2026, 1, 29),
        date(2026, 2, 26),
    ]
    assert days_between(request("2026-01-01", "2026-01-01")) == [date(2026, 1, 1)]


def test_days_in_the_wrong_order_are_said() -> None:
    with pytest.raises(UsageError, match="Give the earlier day first"):
        days_between(request("2026-02-01", "2026-01-01"))


def test_without_a_warehouse_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Make a night first"):
        run_backtest(tmp_path / "absent.duckdb", request("2026-01-01", "2026-02-01"), lambda _: None)
