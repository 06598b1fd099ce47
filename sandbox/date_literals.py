"""SOQL's date literals (`TODAY`, `LAST_N_DAYS:30`) as half-open ranges of days. Weeks begin on Sunday, the org's zone is UTC."""

from __future__ import annotations

import re
from datetime import date, timedelta

_COUNTED = re.compile(
    r"(last|next)_n_(days|weeks|months|quarters|years):(\d+)|n_(days|weeks|months|quarters|years)_ago:(\d+)"
)
_NAMED = re.compile(r"(last|this|next)_(week|month|quarter|year)")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def day_range(literal: str, today: date) -> tuple[date, date] | None:
    """First day, and the day after the last, that a literal stands for; None if there is no such literal.

    Raises
    ------
    OverflowError, ValueError
        If the range lies outside the calendar.
    """
    simple = {"yesterday": -1, "today": 0, "tomorrow": 1}
    if literal in simple:
        start = today + timedelta(days=simple[literal])
        return start, start + timedelta(days=1)
    if literal == "last_90_days":
        return today - timedelta(days=90), today + timedelta(days=1)
    if literal == "next_90_days":
        return today + timedelta(days=1), today + timedelta(days=91)
    if match := _NAMED.fullmatch(literal):
        shift = {"last": -1, "this": 0, "next": 1}[match.group(1)]
        return _period(today, match.group(2), shift), _period(today, match.group(2), shift + 1)
    if not (match := _COUNTED.fullmatch(literal)):
        return None
    direction, units, count, ago_units, ago_count = match.groups()
    if ago_units:
        unit, number = ago_units[:-1], int(ago_count)
        return _period(today, unit, -number), _period(today, unit, 1 - number)
    unit, number = units[:-1], int(count)
    if unit == "day":
        if direction == "last":
            return today - timedelta(days=number), today + timedelta(days=1)
        return today + timedelta(days=1), today + timedelta(days=number + 1)
    if direction == "last":
        return _period(today, unit, -number), _period(today, unit, 0)
    return _period(today, unit, 1), _period(today, unit, number + 1)


def _period(today: date, unit: str, shift: int) -> date:
    """First day of the period that lies `shift` periods from the one that holds today."""
    if unit == "day":
        return today + timedelta(days=shift)
    if unit == "week":
        return today - timedelta(days=(today.weekday() + 1) % 7) + timedelta(weeks=shift)
    months = _MONTHS[unit]
    index = (today.year * 12 + today.month - 1) // months + shift
    return date(index * months // 12, index * months % 12 + 1, 1)
