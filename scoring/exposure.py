"""How much research a day could have seen: weekday and holiday factors with mean 1, and their decayed sums."""

from __future__ import annotations

import datetime as dt
import re

import holidays
import numpy as np
import pandas as pd

from scoring.inputs import FloatArray
from scoring.rules import RuleTable

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
KINDS = ("weekday", "date_range", "public_holiday")
EPOCH = dt.date(1970, 1, 1)
_YEARLY = re.compile(r"(\d{2})-(\d{2})\.\.(\d{2})-(\d{2})")
_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})")


class ExposureCalendar:
    """Day factors per country from the rows of `exposure_calendar`.

    Parameters
    ----------
    rows : kind, key, factor, country. `weekday`: monday..sunday. `date_range`: `MM-DD..MM-DD` every year, or
        `YYYY-MM-DD..YYYY-MM-DD` once. `public_holiday`: `all` for every public holiday of the country, or one date.
        An empty country speaks for every country without rows of that kind of its own.

    Raises
    ------
    RuleError
        If a row cannot be read, a weekday is missing, or a country has no holiday calendar.

    Notes
    -----
    g(day) = weekday factor x smallest holiday factor of the day, divided by its mean over the calendar year. The mean is
    taken from the calendar, not from observed traffic, which would absorb a real rise in demand.
    """

    def __init__(self, rows: pd.DataFrame) -> None:
        table = RuleTable("exposure_calendar", rows, ["kind", "key", "country"], ["factor"])
        self._kinds = table.texts("kind", allowed=KINDS)
        self._countries = [country.upper() for country in table.texts("country", required=False)]
        self._factors = table.numbers("factor", 0.0, 10.0, above_low=True)
        self._keys = table.texts("key")
        for at, kind in enumerate(self._kinds):
            _check_key(table, at, kind, self._keys[at], self._countries[at])
        for country in {"", *self._countries}:
            absent = set(WEEKDAYS) - {self._keys[at] for at in self._rows_for("weekday", country)}
            if absent:
                at = next((at for at in self._rows_for("weekday", country)), 0)
                raise table.fail(
                    at, "key", f"a row for every weekday; {', '.join(sorted(absent))} missing for '{country}'"
                )

    @property
    def countries(self) -> list[str]:
        """Countries with rows of their own, sorted; every other country shares one calendar."""
        return sorted({country for country in self._countries if country})

    def factors(self, country: str, first_day: int, last_day: int) -> FloatArray:
        """Exposure of each day, mean 1 over a calendar year.

        Parameters
        ----------
        country : ISO 3166 alpha-2 code; any code without rows gets the common calendar
        first_day, last_day : days since 1970-01-01, both included
        """
        years = range(_date(first_day).year, _date(last_day).year + 1)
        whole = np.concatenate([self._year(country.upper(), year) for year in years])
        offset = first_day - (dt.date(years[0], 1, 1) - EPOCH).days
        return whole[offset : offset + last_day - first_day + 1]

    def _rows_for(self, kind: str, country: str) -> list[int]:
        own = [at for at, name in enumerate(self._kinds) if name == kind and self._countries[at] == country]
        return own or [at for at, name in enumerate(self._kinds) if name == kind and not self._countries[at]]

    def _year(self, country: str, year: int) -> FloatArray:
        first = dt.date(year, 1, 1)
        length = (dt.date(year + 1, 1, 1) - first).days
        by_weekday = {self._keys[at]: self._factors[at] for at in self._rows_for("weekday", country)}
        week = np.array([by_weekday[name] for name in WEEKDAYS])
        holiday = np.ones(length)
        for at in [*self._rows_for("date_range", country), *self._rows_for("public_holiday", country)]:
            for place in _days_of_year(self._kinds[at], self._keys[at], self._countries[at], year):
                holiday[place] = min(holiday[place], self._factors[at])
        factor = week[(np.arange(length) + first.weekday()) % 7] * holiday
        return np.asarray(factor / factor.mean(), dtype=np.float64)


def decayed_exposure(factors: FloatArray, half_life_days: float, lag_days: int = 0) -> FloatArray:
    """Decayed exposure on the last day, by number of tracked days.

    Parameters
    ----------
    factors : (m,) exposure per day, the last entry being the scored day
    half_life_days : float > 0
    lag_days : the newest days left out

    Returns
    -------
    (m + 1,) float: entry n is the sum over the last n days of factor x 2^(-age / half_life), ages counted from
    `lag_days` ago; entry 0 is 0. Equal to the recursion E(t) = E(t-1) * 2^(-1/half_life) + factor(t - lag).
    """
    count = len(factors)
    newest_first = factors[::-1][lag_days:] if lag_days < count else factors[:0]
    sums = np.cumsum(newest_first * np.exp2(-np.arange(len(newest_first)) / half_life_days))
    return np.concatenate((np.zeros(min(lag_days, count) + 1), sums))


def _check_key(table: RuleTable, at: int, kind: str, key: str, country: str) -> None:
    try:
        if kind == "weekday":
            if key not in WEEKDAYS:
                raise ValueError
        else:
            if kind == "public_holiday" and (not country or country not in holidays.list_supported_countries()):
                raise table.fail(at, "country", "a country code with a public holiday calendar, such as JP")
            _days_of_year(kind, key, country, 2024)
    except ValueError as error:
        if type(error) is not ValueError:
            raise
        expected = {
            "weekday": "a weekday, monday to sunday",
            "date_range": "MM-DD..MM-DD or YYYY-MM-DD..YYYY-MM-DD, first day first",
            "public_holiday": "'all' or a date YYYY-MM-DD",
        }[kind]
        raise table.fail(at, "key", expected) from None


def _days_of_year(kind: str, key: str, country: str, year: int) -> list[int]:
    """Positions in the year of the days that a date_range or public_holiday row speaks for."""
    first, after = dt.date(year, 1, 1), dt.date(year + 1, 1, 1)
    if kind == "public_holiday":
        is_all = key == "all"
        named = sorted(holidays.country_holidays(country, years=year)) if is_all else [dt.date.fromisoformat(key)]
        return [(day - first).days for day in named if first <= day < after]
    if match := _YEARLY.fullmatch(key):
        from_month, from_day, to_month, to_day = map(int, match.groups())
        begin, end = (from_month, from_day), (to_month, to_day)
        dt.date(2024, *begin), dt.date(2024, *end)
        turns = begin > end  # over the end of the year
        month_days = [((date := _plus(first, n)).month, date.day) for n in range((after - first).days)]
        return [n for n, at in enumerate(month_days) if (at >= begin or at <= end if turns else begin <= at <= end)]
    if match := _DATED.fullmatch(key):
        start, stop = (dt.date.fromisoformat(part) for part in match.groups())
        if start > stop:
            raise ValueError(key)
        return [n for n in range((after - first).days) if start <= _plus(first, n) <= stop]
    raise ValueError(key)


def _plus(day: dt.date, count: int) -> dt.date:
    return day + dt.timedelta(days=count)


def _date(number: int) -> dt.date:
    return EPOCH + dt.timedelta(days=int(number))
