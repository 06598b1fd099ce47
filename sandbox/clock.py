"""The sandbox's clock: the machine's, moved forward so that it never runs behind the data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]


def machine_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def starting_at(start: datetime, clock: Clock = machine_clock) -> Clock:
    """A clock that reads `start` now and then runs at the speed of `clock`."""
    offset = start - clock()
    return lambda: clock() + offset


def stamp(moment: datetime) -> str:
    """A date-time as the store keeps it: UTC, whole seconds (Salesforce's audit fields have no finer ones), sortable as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def offset_to_pass(newest: datetime, now: datetime) -> timedelta:
    """How far the clock must be moved so that it reads later than `newest`; zero if it does already."""
    return max(newest + timedelta(seconds=1) - now, timedelta(0))
