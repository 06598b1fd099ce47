"""The calendar and the streams of random numbers."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.world import DAY, Chunk, World, choose, chunks, epoch_day, repeat_positions

WORLD = World(1, date(2026, 10, 31))


def weekdays(days: np.ndarray) -> np.ndarray:
    return (days + 3) % 7  # 1970-01-01 was a Thursday


@given(st.integers(0, 500), st.integers(0, 60), st.booleans(), st.integers(0, 100))
def test_days_lie_in_their_range(start: int, length: int, is_japan: bool, seed: int) -> None:
    low = np.full(5, WORLD.first_day + start)
    days = WORLD.days_between(np.random.default_rng(seed), low, low + length, np.full(5, is_japan))
    assert ((low <= days) & (days <= low + length)).all()


def test_weekends_are_quiet() -> None:
    count = 20_000
    low, high = np.full(count, WORLD.first_day), np.full(count, WORLD.last_day)
    days = WORLD.days_between(np.random.default_rng(0), low, high, np.zeros(count, dtype=bool))
    per_weekday = np.bincount(weekdays(days), minlength=7)
    # A weekend day weighs 0.25 against 1.0 of a Monday.
    assert per_weekday[5:].mean() / per_weekday[0] == pytest.approx(0.25, abs=0.05)


def test_golden_week_is_quiet_in_japan_only() -> None:
    count = 20_000
    low, high = (np.full(count, epoch_day(day)) for day in (date(2026, 4, 1), date(2026, 5, 31)))
    share = {}
    for is_japan in (True, False):
        days = WORLD.days_between(np.random.default_rng(0), low, high, np.full(count, is_japan))
        share[is_japan] = ((days >= epoch_day(date(2026, 4, 29))) & (days <= epoch_day(date(2026, 5, 5)))).mean()
    assert share[True] < 0.55 * share[False]


def test_the_history_is_eighteen_months_long_and_ends_on_the_as_of_day() -> None:
    assert WORLD.last_day == epoch_day(date(2026, 10, 31))
    assert WORLD.first_day == epoch_day(date(2025, 5, 1))
    assert WORLD.end_second == (WORLD.last_day + 1) * DAY - 1


def test_the_export_is_never_later_than_the_as_of_day() -> None:
    moments = np.array([WORLD.end_second - 10, WORLD.end_second - 3 * DAY])
    loaded = WORLD.export_night(np.random.default_rng(0), moments)
    assert loaded[0] == WORLD.end_second
    assert moments[1] < loaded[1] < WORLD.end_second
    assert WORLD.next_night(np.random.default_rng(0), moments)[0] > WORLD.end_second


def test_streams_differ_by_purpose_chunk_and_seed_and_by_nothing_else() -> None:
    def first(world: World, number: int, size: int, purpose: str) -> float:
        return float(Chunk(world, number, size).stream(purpose).random())

    base = first(WORLD, 0, 10, "web")
    assert base == first(WORLD, 0, 999, "web")
    others = {first(WORLD, 1, 10, "web"), first(WORLD, 0, 10, "people"), first(World(2, WORLD.as_of), 0, 10, "web")}
    assert base not in others and len(others) == 3


@given(st.integers(1, 5_000))
def test_chunks_add_up(accounts: int) -> None:
    parts = chunks(WORLD, accounts)
    assert sum(chunk.crm_companies for chunk in parts) == accounts
    assert [chunk.number for chunk in parts] == list(range(len(parts)))


def test_choose_follows_the_shares() -> None:
    drawn = choose(np.random.default_rng(0), (1, 3), 10_000)
    assert drawn.mean() == pytest.approx(0.75, abs=0.02)


def test_repeat_positions_repeats_each_position_by_its_count() -> None:
    assert repeat_positions(np.array([2, 0, 1])).tolist() == [0, 0, 2]
