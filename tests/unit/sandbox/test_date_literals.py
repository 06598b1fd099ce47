from __future__ import annotations

from datetime import date

import pytest

from sandbox.date_literals import day_range

TODAY = date(2026, 11, 1)  # a Sunday: the first day of its week, of its month, and in the fourth quarter


@pytest.mark.parametrize(
    ("literal", "first", "end"),
    [
        ("today", date(2026, 11, 1), date(2026, 11, 2)),
        ("yesterday", date(2026, 10, 31), date(2026, 11, 1)),
        ("tomorrow", date(2026, 11, 2), date(2026, 11, 3)),
        ("this_week", date(2026, 11, 1), date(2026, 11, 8)),
        ("last_week", date(2026, 10, 25), date(2026, 11, 1)),
        ("next_month", date(2026, 12, 1), date(2027, 1, 1)),
        ("last_month", date(2026, 10, 1), date(2026, 11, 1)),
        ("this_quarter", date(2026, 10, 1), date(2027, 1, 1)),
        ("last_quarter", date(2026, 7, 1), date(2026, 10, 1)),
        ("next_year", date(2027, 1, 1), date(2028, 1, 1)),
        ("last_n_days:30", date(2026, 10, 2), date(2026, 11, 2)),  # 30 days back, and today
        ("next_n_days:2", date(2026, 11, 2), date(2026, 11, 4)),
        ("last_n_months:2", date(2026, 9, 1), date(2026, 11, 1)),  # whole months, not this one
        ("n_days_ago:1", date(2026, 10, 31), date(2026, 11, 1)),
        ("last_90_days", date(2026, 8, 3), date(2026, 11, 2)),
    ],
)
def test_a_literal_stands_for_a_range_of_days(literal: str, first: date, end: date) -> None:
    assert day_range(literal, TODAY) == (first, end)


def test_a_word_that_is_no_literal_has_no_range() -> None:
    assert day_range("someday", TODAY) is None
