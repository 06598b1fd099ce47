"""Small pictures of a series for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

_STEPS: Final = "▁▂▃▄▅▆▇█"
_UNKNOWN: Final = "·"


def sparkline(values: Sequence[float | None], low: float, high: float) -> str:
    """One character per value, from ▁ at `low` to █ at `high`; a value that is not known is a dot.

    Examples
    --------
    >>> sparkline([0, None, 50, 100], 0, 100)
    '▁·▅█'
    """
    scale = (len(_STEPS) - 1) / (high - low) if high > low else 0.0
    return "".join(
        _UNKNOWN if value is None else _STEPS[int((min(max(value, low), high) - low) * scale + 0.5)] for value in values
    )


def weekly(days: Iterable[tuple[date, int]], last_day: date, day_count: int) -> list[int]:
    """Sums of the weeks that end with `last_day`, oldest first; the oldest week may be short.

    Parameters
    ----------
    days : (day, number); days outside the last `day_count` days are left out
    day_count : length of the window in days, > 0

    Examples
    --------
    >>> weekly([(date(2026, 10, 31), 2), (date(2026, 10, 25), 1), (date(2026, 10, 24), 5)], date(2026, 10, 31), 14)
    [5, 3]
    """
    weeks = [0] * -(-day_count // 7)
    for day, number in days:
        age = (last_day - day).days
        if 0 <= age < day_count:
            weeks[-1 - age // 7] += number
    return weeks
