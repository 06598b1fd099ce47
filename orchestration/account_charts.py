"""Pictures of one account: scores over the nights, points that add up to a score, activity by day."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

import altair as alt
import pandas as pd

from measurement.charts import COLOURS, INK, LINE, QUIET, Chart
from orchestration.page_names import Language

_BLUE, _VERMILION, _GREEN, _ = COLOURS
_LINE_COLOURS: Final = (INK, _BLUE, _VERMILION, _GREEN)
_GREY: Final = "#9aa4b0"
_LABEL_COLUMNS: Final = 52  # half-width characters per line of a label
_LABEL_PIXELS: Final = 330
_ROW_PIXELS: Final = 32
_LINE_PIXELS: Final = 14
_MOST_LINES: Final = 3
_LEAST_SCALE: Final = 10.0  # points that a chart of points shows at least, so that crumbs do not look like mountains
_DATE_FORMATS: Final = {Language.ENGLISH: "%-d %b", Language.JAPANESE: "%-m/%-d"}
_MONTH_FORMATS: Final = {Language.ENGLISH: "%b %Y", Language.JAPANESE: "%Y年%-m月"}
_MOST_DATE_LABELS: Final = 9
_SCALE: Final = [0, 25, 50, 75, 100]
# Words stand after their mark, and before it where the rest of the time has no room for them.
_ROOM_AFTER: Final = 0.75
_SIDES: Final[tuple[tuple[str, Literal["left", "right"], int], ...]] = (("after", "left", 8), ("before", "right", -8))
_NUMBER_SIDES: Final[tuple[tuple[str, Literal["left", "right"], int], ...]] = (
    ("datum.points >= 0", "left", 5),
    ("datum.points < 0", "right", -5),
)
_WEIGHTS: Final[tuple[Literal["normal", "bold"], ...]] = ("normal", "bold")


@dataclass(frozen=True)
class Bar:
    """One reason: its words, its points as printed, and whether it is a driver, arithmetic (base, cap) or the sum."""

    label: str
    points: float
    kind: str


@dataclass(frozen=True)
class Mark:
    """Something that happened: row of the chart, day, how often, and words beside it."""

    row: str
    day: date
    count: int = 1
    label: str = ""


@dataclass(frozen=True)
class Band:
    """A group of rows of the timeline that share colour and shape, under a heading."""

    title: str
    marks: Sequence[Mark]


def points_chart(bars: Sequence[Bar], unit: str) -> Chart:
    """Bars to the right of zero for what raises a score, to the left for what lowers it, the sum at the bottom.

    Parameters
    ----------
    bars : from the top down; kinds driver, arithmetic, sum
    unit : title of the axis
    """
    rows = pd.DataFrame(
        {
            "row": range(len(bars)),
            "label": [wrapped(bar.label, _LABEL_COLUMNS) for bar in bars],
            "points": [bar.points for bar in bars],
            "text": [f"{bar.points:+.1f}" if bar.kind == "driver" else f"{bar.points:.1f}" for bar in bars],
            "colour": [_bar_colour(bar) for bar in bars],
            "weight": ["bold" if bar.kind == "sum" else "normal" for bar in bars],
            "lines": [wrapped(bar.label, _LABEL_COLUMNS).count("\n") + 1 for bar in bars],
        }
    )
    low, high = min(0.0, rows["points"].min()), max(0.0, rows["points"].max())
    high = max(high, _LEAST_SCALE)
    room = (high - low) * 0.14  # for the numbers beside the bars
    base = alt.Chart(rows).encode(y=alt.Y("row:O", axis=None, scale=alt.Scale(paddingInner=0.35, paddingOuter=0.2)))
    x = alt.X(
        "points:Q",
        title=unit,
        scale=alt.Scale(domain=[low - room if low < 0 else 0, high + room], nice=False),
        axis=alt.Axis(tickCount=5, grid=True),
    )
    bar = base.mark_bar().encode(x=x, color=alt.Color("colour:N", scale=None))
    numbers = [
        base.transform_filter(side).mark_text(align=align, dx=dx, fontSize=11.5, color=INK).encode(x=x, text="text:N")
        for side, align, dx in _NUMBER_SIDES
    ]
    zero = alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=INK).encode(x="zero:Q")
    return alt.layer(bar, *numbers, zero, *_labels(base, rows)).properties(width=520, height=_ROW_PIXELS * len(bars))


def standing_chart(names: Sequence[str], values: Sequence[float | None], unknown: str) -> Chart:
    """One night: a bar per score from 0 to 100; a score that is not known says so in words."""
    rows = pd.DataFrame(
        {
            "row": range(len(names)),
            "label": list(names),
            "points": [0.0 if value is None else value for value in values],
            "text": [unknown if value is None else f"{value:.1f}" for value in values],
            "colour": [_LINE_COLOURS[at % 4] for at in range(len(names))],
            "weight": ["normal"] * len(names),
            "lines": [1] * len(names),
        }
    )
    base = alt.Chart(rows).encode(y=alt.Y("row:O", axis=None, scale=alt.Scale(paddingInner=0.4, paddingOuter=0.2)))
    x = alt.X("points:Q", title=None, scale=alt.Scale(domain=[0, 106], nice=False), axis=alt.Axis(values=_SCALE))
    bar = base.mark_bar().encode(x=x, color=alt.Color("colour:N", scale=None))
    number = base.mark_text(align="left", dx=5, fontSize=11.5, color=INK).encode(x=x, text="text:N")
    return alt.layer(bar, number, *_labels(base, rows)).properties(width=520, height=28 * len(names))


def history_chart(
    names: Sequence[str],
    nights: Sequence[date],
    values: Sequence[Sequence[float | None]],
    tier_changes: Sequence[tuple[date, str]],
    language: Language,
) -> Chart:
    """Lines of the scores over the nights, broken where a score was not known, with a rule at each change of tier.

    Parameters
    ----------
    names : scores; the first is drawn strongest
    nights : two or more, oldest first
    values : per name one value per night, 0 to 100
    tier_changes : (night, words)
    """
    rows = pd.DataFrame(
        [
            {"score": name, "night": night.isoformat(), "value": value, "run": run}
            for name, own in zip(names, values, strict=True)
            for night, value, run in zip(nights, own, _runs(own), strict=True)
            if value is not None
        ],
        columns=["score", "night", "value", "run"],
    )
    x = _time_axis("night", nights[0], nights[-1], _spread(nights), _DATE_FORMATS[language])
    legend = alt.Legend(
        title=None,
        orient="top",
        symbolSize=90,
        symbolStrokeWidth=0,
        labelFontSize=12,
        labelColor=INK,
        columnPadding=22,
        offset=20,
    )
    colour = alt.Color("score:N", sort=list(names), scale=_scale(names, _LINE_COLOURS), legend=legend)
    shape = alt.Shape(
        "score:N", sort=list(names), scale=_scale(names, ["circle", "square", "triangle-up", "diamond"]), legend=legend
    )
    dash = alt.StrokeDash(
        "score:N", sort=list(names), scale=_scale(names, [[1, 0], [7, 3], [2, 2], [9, 3, 2, 3]]), legend=None
    )
    base = alt.Chart(rows).encode(
        x=x,
        y=alt.Y("value:Q", title=None, scale=alt.Scale(domain=[0, 100], nice=False), axis=alt.Axis(values=_SCALE)),
        color=colour,
    )
    lines = base.mark_line(strokeWidth=2).encode(strokeDash=dash, detail="run:N")
    points = base.mark_point(size=42, filled=True, opacity=1).encode(shape=shape)
    layers: list[alt.Chart] = []
    if tier_changes:
        changes = pd.DataFrame(
            [
                {"night": night.isoformat(), "words": words, "side": _side(night, nights[0], nights[-1])}
                for night, words in tier_changes
            ]
        )
        at_change = alt.Chart(changes).encode(x=x)
        layers.append(at_change.mark_rule(color=QUIET, strokeDash=[3, 3], strokeWidth=1.2))
        layers += [
            at_change.transform_filter(f"datum.side == '{side}'")
            .mark_text(align=align, dx=dx, baseline="bottom", fontSize=11.5, fontWeight="bold", color=QUIET)
            .encode(text="words:N", y=alt.value(-3))
            for side, align, dx in _SIDES
        ]
    return alt.layer(*layers, lines, points).properties(width=800, height=230)


def timeline_chart(bands: Sequence[Band], first_day: date, last_day: date, language: Language) -> Chart:
    """What happened when: a row per kind under the heading of its band, a mark per day, larger for more.

    Parameters
    ----------
    bands : at least one with marks; those without are left out
    """
    rows: list[dict[str, object]] = []
    marks: list[dict[str, object]] = []
    for at, band in enumerate(bands):
        if not band.marks:
            continue
        rows.append({"row": len(rows), "label": band.title, "weight": "bold", "lines": 1})
        places: dict[str, int] = {}
        for mark in band.marks:
            if mark.row not in places:
                places[mark.row] = len(rows)
                rows.append(
                    {"row": len(rows), "label": clipped(mark.row, _LABEL_COLUMNS), "weight": "normal", "lines": 1}
                )
            marks.append(
                {
                    "row": places[mark.row],
                    "day": mark.day.isoformat(),
                    "size": 26.0 + 34.0 * min(mark.count, 10),
                    "label": mark.label,
                    "side": _side(mark.day, first_day, last_day),
                    "colour": (_BLUE, _VERMILION, QUIET, _GREEN)[at % 4],
                    "shape": ("circle", "triangle-up", "square", "diamond")[at % 4],
                }
            )
    months = [
        month for back in range(10, -1, -1) if first_day <= (month := _first_of_month(last_day, back)) <= last_day
    ]
    table = pd.DataFrame(rows)
    base = alt.Chart(table).encode(
        y=alt.Y("row:O", axis=None, scale=alt.Scale(domain=table["row"].tolist(), paddingInner=0, paddingOuter=0))
    )
    x = _time_axis("day", first_day, last_day, months, _MONTH_FORMATS[language], grid=True)
    lines = base.transform_filter("datum.weight == 'normal'").mark_rule(color=LINE)
    drawn = alt.Chart(pd.DataFrame(marks)).encode(x=x, y=alt.Y("row:O", axis=None))
    points = drawn.mark_point(filled=True, opacity=0.75).encode(
        size=alt.Size("size:Q", scale=None),
        color=alt.Color("colour:N", scale=None),
        shape=alt.Shape("shape:N", scale=None),
    )
    words = [
        drawn.transform_filter(f"datum.label != '' && datum.side == '{side}'")
        .mark_text(align=align, dx=dx, fontSize=11, color=INK)
        .encode(text="label:N")
        for side, align, dx in _SIDES
    ]
    return alt.layer(lines, points, *words, *_labels(base, table)).properties(width=520, height=22 * len(rows))


def wrapped(text: str, columns: int) -> str:
    """The text on at most three lines of so many half-width characters, broken at blanks or between full-width characters."""
    lines, line = [""], 0
    # A line break of the text's own is a blank like any other.
    for piece in _pieces(" ".join(text.split())):
        width = _width(piece)
        if line and line + width > columns:
            lines.append("")
            line = 0
            piece = piece.lstrip()
            width = _width(piece)
        lines[-1] += piece
        line += width
    shown = [line.rstrip() for line in lines]
    if len(shown) > _MOST_LINES:
        shown = [*shown[: _MOST_LINES - 1], clipped(shown[_MOST_LINES - 1] + "……", columns)]
    return "\n".join(shown)


def clipped(text: str, columns: int) -> str:
    """The text, or its beginning and an ellipsis, in at most so many half-width characters."""
    if _width(text) <= columns:
        return text
    kept = ""
    for character in text:
        if _width(kept + character) > columns - 1:
            break
        kept += character
    return kept + "…"


def _pieces(text: str) -> list[str]:
    # A piece longer than a line (an address, say) is cut, so that nothing runs over the picture's edge.
    pieces = [""]
    for character in text:
        wide = unicodedata.east_asian_width(character) in "WF"
        after_wide = pieces[-1] != "" and unicodedata.east_asian_width(pieces[-1][-1]) in "WF"
        breaks_before = wide and character not in "、。）」％・ー"
        if character == " " or breaks_before or (after_wide and not wide) or _width(pieces[-1]) >= _LABEL_COLUMNS:
            pieces.append(character)
        else:
            pieces[-1] += character
    return [piece for piece in pieces if piece]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _bar_colour(bar: Bar) -> str:
    if bar.kind == "driver":
        return _BLUE if bar.points >= 0 else _VERMILION
    return INK if bar.kind == "sum" else _GREY


def _labels(base: alt.Chart, rows: pd.DataFrame) -> list[alt.Chart]:
    """Words left of the plot, and an unseen mark that keeps their column equally wide in every chart of its kind."""
    at = alt.value(-_LABEL_PIXELS)
    words = [
        base.transform_filter(f"datum.weight == '{weight}' && datum.lines == {lines}")
        .mark_text(
            align="left",
            dy=-_LINE_PIXELS * (lines - 1) / 2,  # the lines together stand at the height of the bar
            fontSize=12,
            fontWeight=weight,
            color=INK,
            lineBreak="\n",
            lineHeight=_LINE_PIXELS,
        )
        .encode(x=at, text="label:N")
        for weight in _WEIGHTS
        for lines in range(1, _MOST_LINES + 1)
        if ((rows["weight"] == weight) & (rows["lines"] == lines)).any()
    ]
    return [*words, base.mark_point(opacity=0, size=1).encode(x=at)]


def _time_axis(
    field: str, first: date, last: date, ticks: Sequence[date], label_format: str, grid: bool = False
) -> alt.X:
    # Days are points of a scale in UTC, so that no machine's time zone moves them.
    margin = timedelta(days=max(1, (last - first).days // 60))
    return alt.X(
        f"{field}:T",
        title=None,
        scale=alt.Scale(type="utc", domain=[(first - margin).isoformat(), (last + margin).isoformat()], nice=False),
        axis=alt.Axis(values=[day.isoformat() for day in ticks], format=label_format, grid=grid, labelAngle=0),
    )


def _spread(nights: Sequence[date]) -> list[date]:
    step = -(-len(nights) // _MOST_DATE_LABELS)
    return list(nights[::-1][::step][::-1])


def _side(day: date, first: date, last: date) -> str:
    return "after" if day <= first + (last - first) * _ROOM_AFTER else "before"


def _runs(values: Sequence[float | None]) -> list[int]:
    """Number of the unbroken stretch that each value belongs to."""
    runs, run = [], 0
    for value in values:
        run += value is None
        runs.append(run)
    return runs


def _first_of_month(day: date, back: int) -> date:
    months = day.year * 12 + day.month - 1 - back
    return date(months // 12, months % 12 + 1, 1)


def _scale(names: Sequence[str], marks: Sequence[str | Sequence[float]]) -> alt.Scale:
    return alt.Scale(domain=list(names), range=list(marks))
