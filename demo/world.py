"""The frame of one demo world: its clock, its calendar, and the random streams of each chunk of companies."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DAY = 86_400
HISTORY_DAYS = 549  # 18 months of events, the last day being the as-of day
CRM_HISTORY_DAYS = 1_100  # a CRM remembers three years of deals
CHUNK_COMPANIES = 1_000  # companies made at a time; bounds memory
OUTSIDE_SHARE = 0.08  # further companies that no CRM record exists for
CALENDAR_DAYS_BEFORE = 2_600
CALENDAR_DAYS_AFTER = 200

_EPOCH = date(1970, 1, 1)
_WEEKDAY_WEIGHTS = (1.0, 1.05, 1.05, 1.0, 0.9, 0.25, 0.25)


def epoch_day(day: date) -> int:
    """Days from 1970-01-01 to `day`."""
    return (day - _EPOCH).days


@dataclass(frozen=True)
class World:
    """Seed and as-of date of one demo, and what follows from them."""

    seed: int
    as_of: date

    @property
    def last_day(self) -> int:
        """The as-of day as an epoch day; no regular event lies behind it."""
        return epoch_day(self.as_of)

    @property
    def first_day(self) -> int:
        """First epoch day with events."""
        return self.last_day - HISTORY_DAYS + 1

    @property
    def end_second(self) -> int:
        """The last second of the as-of day, UTC."""
        return (self.last_day + 1) * DAY - 1

    @cached_property
    def _cumulative_weights(self) -> tuple[Floats, Floats]:
        first = self.last_day - CALENDAR_DAYS_BEFORE
        days = [_EPOCH + timedelta(days=first + i) for i in range(CALENDAR_DAYS_BEFORE + CALENDAR_DAYS_AFTER)]
        columns = []
        for is_japan in (False, True):
            weights = np.array([_day_weight(day, is_japan) for day in days])
            columns.append(np.concatenate([[0.0], np.cumsum(weights)]))
        return columns[0], columns[1]

    def days_between(self, rng: np.random.Generator, low: Ints, high: Ints, is_japan: Bools) -> Ints:
        """Epoch days in [low, high], working days far more often than others; one for each row.

        Days outside the calendar (seven years back, half a year ahead) are moved to its edge.
        """
        first = self.last_day - CALENDAR_DAYS_BEFORE
        count = CALENDAR_DAYS_BEFORE + CALENDAR_DAYS_AFTER
        low_at = np.clip(low - first, 0, count - 1)
        high_at = np.clip(np.maximum(high, low) - first, 0, count - 1) + 1
        share = rng.random(len(low))
        found = np.empty(len(low), dtype=np.int64)
        for flag, cumulative in zip((False, True), self._cumulative_weights, strict=True):
            rows = is_japan == flag
            target = cumulative[low_at[rows]] + share[rows] * (cumulative[high_at[rows]] - cumulative[low_at[rows]])
            found[rows] = np.searchsorted(cumulative, target, side="right") - 1
        return np.asarray(np.clip(found, low_at, high_at - 1) + first, dtype=np.int64)

    def moments(self, rng: np.random.Generator, days: Ints, is_japan: Bools) -> Ints:
        """Epoch seconds (UTC) in the office hours of each day, in Japan or in western Europe."""
        opening = np.where(is_japan, 0, 8) * 3_600
        within = (rng.beta(2.0, 2.2, len(days)) * 36_000).astype(np.int64)
        return np.asarray(days * DAY + opening + within, dtype=np.int64)

    def next_night(self, rng: np.random.Generator, seconds: Ints) -> Ints:
        """When the nightly load after each moment arrived: between 02:00 and 02:45 UTC of the next day."""
        return (seconds // DAY + 1) * DAY + 7_200 + rng.integers(0, 2_700, len(seconds))

    def export_night(self, rng: np.random.Generator, seconds: Ints) -> Ints:
        """As `next_night`, and never after the as-of day: the CRM is exported once more at its end."""
        return np.minimum(self.next_night(rng, seconds), self.end_second)


def _day_weight(day: date, is_japan: bool) -> float:
    weight = _WEEKDAY_WEIGHTS[day.weekday()]
    month_day = (day.month, day.day)
    if is_japan:
        if (4, 29) <= month_day <= (5, 5):
            weight *= 0.4
        if (8, 13) <= month_day <= (8, 16):
            weight *= 0.45
        if month_day >= (12, 29) or month_day <= (1, 3):
            weight *= 0.2
    elif month_day >= (12, 24) or month_day <= (1, 1):
        weight *= 0.3
    return weight


@dataclass(frozen=True)
class Chunk:
    """A run of companies that are made together; chunk k is the same whatever is made after it."""

    world: World
    number: int
    crm_companies: int

    @property
    def companies(self) -> int:
        """Companies in the chunk: those in the CRM first, then those outside it."""
        return self.crm_companies + round(self.crm_companies * OUTSIDE_SHARE)

    def stream(self, purpose: str) -> np.random.Generator:
        """Random numbers of one purpose: a change in one table does not move the others."""
        return np.random.default_rng([self.world.seed, self.number, zlib.crc32(purpose.encode())])

    def serial(self, position: int) -> int:
        """A number for the row at `position` of any table of this chunk, unique over all chunks."""
        return (self.number << 17) + position


def chunks(world: World, accounts: int) -> list[Chunk]:
    """Chunks that hold `accounts` companies of the CRM together."""
    sizes = [CHUNK_COMPANIES] * (accounts // CHUNK_COMPANIES)
    if rest := accounts % CHUNK_COMPANIES:
        sizes.append(rest)
    return [Chunk(world, number, size) for number, size in enumerate(sizes)]


def choose(rng: np.random.Generator, shares: Sequence[float], count: int) -> Ints:
    """Positions 0..len(shares)-1, drawn by their shares (which need not add up to one)."""
    cumulative = np.cumsum(shares)
    found = np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right")
    return np.asarray(found, dtype=np.int64)


def repeat_positions(counts: Ints) -> Ints:
    """0 repeated counts[0] times, then 1 repeated counts[1] times, and so on."""
    return np.repeat(np.arange(len(counts), dtype=np.int64), counts)
