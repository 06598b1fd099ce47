"""What a page is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup


@dataclass(frozen=True)
class Grid:
    """A table of the page; columns in `numbers` stand to the right, and a folded one opens on demand."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = frozenset()
    title: str = ""
    is_folded: bool = False


@dataclass(frozen=True)
class Figure:
    """A picture with what it says in words, and its figures in a table that opens on demand."""

    title: str
    svg: Markup
    grid: Grid
    sentence: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the page, in the order of its fields."""

    name: str
    title: str
    note: str = ""
    sentences: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    grids: Sequence[Grid] = ()
    points: Sequence[str] = ()
    points_title: str = ""


@dataclass(frozen=True)
class Card:
    """One score of today: value as text, null when it is not known."""

    name: str
    value: str
    width: float | None
    lines: Sequence[str] = field(default_factory=tuple)
