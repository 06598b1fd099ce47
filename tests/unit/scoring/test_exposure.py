from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import RuleError, Rules
from scoring.exposure import ExposureCalendar, decayed_exposure
from scoring.inputs import day

WEEK = [("weekday", name, 1.0, "") for name in ("monday", "tuesday", "wednesday", "thursday", "friday")]
WEEK += [("weekday", "saturday", 0.25, ""), ("weekday", "sunday", 0.25, "")]


def calendar(*rows: tuple[str, str, float, str]) -> ExposureCalendar:
    return ExposureCalendar(pd.DataFrame([*WEEK, *rows], columns=["kind", "key", "factor", "country"]))


def one_day(exposure: ExposureCalendar, country: str, date: str) -> float:
    number = day(dt.date.fromisoformat(date))
    return float(exposure.factors(country, number, number)[0])


@pytest.mark.parametrize("country", ["", "JP", "US", "FR"])
@pytest.mark.parametrize("year", [2024, 2026, 2031])
def test_a_year_has_mean_one_in_every_country(rules: Rules, country: str, year: int) -> None:
    exposure = ExposureCalendar(rules.exposure_calendar)
    factors = exposure.factors(country, day(dt.date(year, 1, 1)), day(dt.date(year, 12, 31)))
    assert factors.mean() == pytest.approx(1.0, abs=1e-12)
    assert (factors > 0).all()


def test_factors_do_not_depend_on_where_the_window_starts(rules: Rules) -> None:
    exposure = ExposureCalendar(rules.exposure_calendar)
    first, last = day(dt.date(2024, 11, 3)), day(dt.date(2026, 5, 9))
    whole = exposure.factors("JP", first, last)
    assert (exposure.factors("JP", first + 400, last) == whole[400:]).all()


def test_a_saturday_is_a_quarter_of_a_monday() -> None:
    exposure = calendar()
    assert one_day(exposure, "JP", "2026-03-07") / one_day(exposure, "JP", "2026-03-09") == pytest.approx(0.25)


def test_golden_week_obon_and_new_year_are_low_in_japan_only(rules: Rules) -> None:
    exposure = ExposureCalendar(rules.exposure_calendar)
    for date, usual, ratio in [
        ("2026-05-01", "2026-05-15", 0.4),  # a Friday between the holidays of Golden Week
        ("2026-05-04", "2026-05-11", 0.3),  # Greenery Day: the smaller factor of public holiday and Golden Week
        ("2026-08-13", "2026-08-20", 0.45),  # Obon
        ("2026-12-31", "2026-12-17", 0.2),  # year-end: the smallest of the factors
        ("2027-01-01", "2027-01-15", 0.2),
    ]:
        assert one_day(exposure, "JP", date) / one_day(exposure, "JP", usual) == pytest.approx(ratio, rel=0.02)
    assert one_day(exposure, "FR", "2026-08-13") == one_day(exposure, "FR", "2026-08-20")


def test_a_country_with_rows_of_a_kind_does_not_take_the_common_ones() -> None:
    exposure = calendar(("date_range", "12-24..12-31", 0.3, ""), ("date_range", "12-29..12-31", 0.2, "JP"))
    assert one_day(exposure, "JP", "2026-12-28") == one_day(exposure, "JP", "2026-12-21")
    assert one_day(exposure, "FR", "2026-12-28") / one_day(exposure, "FR", "2026-12-21") == pytest.approx(0.3)


def test_a_dated_range_happens_once() -> None:
    exposure = calendar(("date_range", "2026-06-01..2026-06-05", 0.5, "JP"))
    assert one_day(exposure, "JP", "2026-06-01") / one_day(exposure, "JP", "2026-06-08") == pytest.approx(0.5)
    assert one_day(exposure, "JP", "2027-06-02") == one_day(exposure, "JP", "2027-06-09")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("weekday", "montag", 1.0, ""), "monday to sunday"),
        (("date_range", "04-29", 0.5, ""), r"MM-DD\.\.MM-DD"),
        (("date_range", "04-31..05-02", 0.5, ""), r"MM-DD\.\.MM-DD"),
        (("date_range", "2026-05-02..2026-05-01", 0.5, ""), "first day first"),
        (("public_holiday", "some", 0.5, "JP"), "'all' or a date"),
        (("public_holiday", "all", 0.5, ""), "a country code with a public holiday calendar"),
        (("public_holiday", "all", 0.5, "XX"), "a country code with a public holiday calendar"),
        (("weekday", "monday", 0.9, "AE"), "a row for every weekday; friday, saturday, sunday"),
    ],
)
def test_rows_that_cannot_be_read_are_named(row: tuple[str, str, float, str], message: str) -> None:
    with pytest.raises(RuleError, match=message):
        calendar(row)


@given(
    factors=st.lists(st.floats(0.1, 3), min_size=0, max_size=120),
    half_life=st.floats(1, 90),
    lag=st.integers(0, 40),
)
def test_decayed_exposure_equals_its_recursion(factors: list[float], half_life: float, lag: int) -> None:
    array = np.array(factors)
    out = decayed_exposure(array, half_life, lag)
    assert len(out) == len(factors) + 1
    for tracked in {0, len(factors) // 2, len(factors)}:
        total = 0.0  # E(t) = E(t-1) 2^(-1/h) + g(t - lag), from the first tracked day on
        window = array[len(array) - tracked :]
        for at in range(tracked):
            total = total * 2 ** (-1 / half_life) + (window[at - lag] if at >= lag else 0.0)
        assert out[tracked] == pytest.approx(total, abs=1e-9)


def test_a_constant_day_tends_to_the_geometric_sum() -> None:
    # 1 / (1 - 2^(-1/14)) = 20.7019
    assert decayed_exposure(np.ones(2000), 14.0)[-1] == pytest.approx(20.7019, abs=5e-5)
