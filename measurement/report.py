"""One night as one HTML page that needs nothing else: no script, no address, no personal data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import altair as alt
import jinja2
import pandas as pd
import vl_convert
from markupsafe import Markup

_COLOURS = ["#2f5d8a", "#d98032", "#4c9f70", "#8a6fae"]
_FONT = "'Noto Sans', 'Noto Sans CJK JP', 'Hiragino Sans', 'Yu Gothic', sans-serif"


@dataclass(frozen=True)
class Section:
    """A table of the page; `note` stands under the title and says how to read it."""

    title: str
    note: str
    rows: Sequence[Mapping[str, object]]


@dataclass(frozen=True)
class Report:
    """What the page shows.

    Attributes
    ----------
    title : name of the night
    facts : (number as text, what it counts), in reading order
    sections : tables
    scores : columns score (name) and value (0 to 100), one row per account and score; values may be null
    win_curve : see `funnel.win_curve`
    """

    title: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]
    scores: pd.DataFrame
    win_curve: pd.DataFrame


def render_report(report: Report) -> str:
    """The page as HTML text; everything in it is escaped."""
    charts = [
        ("Scores", "Accounts by score, each score on its own scale of counts.", _score_chart(report.scores)),
        (
            "Win curve",
            "Share of qualified opportunities won by age, open ones censored, with its 90% interval.",
            _win_chart(report.win_curve),
        ),
    ]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("report.html").render(
        report=report, charts=[(title, note, Markup(svg)) for title, note, svg in charts], font=Markup(_FONT)
    )


def _score_chart(scores: pd.DataFrame) -> str:
    known = scores[scores["value"].notna()]
    if known.empty:
        return ""
    binned = known.assign(bin=(known["value"] // 5 * 5).clip(0, 95))
    chart = (
        alt.Chart(binned.groupby(["score", "bin"]).size().rename("accounts").reset_index())
        .mark_bar(binSpacing=1)
        .encode(
            x=alt.X("bin:Q", bin=alt.Bin(binned=True, step=5), title="score", scale=alt.Scale(domain=[0, 100])),
            x2=alt.X2("bin_end:Q"),
            y=alt.Y("accounts:Q", title="accounts"),
            color=alt.Color("score:N", legend=None, scale=alt.Scale(range=_COLOURS)),
        )
        .transform_calculate(bin_end="datum.bin + 5")
        .properties(width=190, height=120)
        .facet(column=alt.Column("score:N", title=None, sort=["fit", "intent", "engagement", "composite"]))
        .resolve_scale(y="independent")
    )
    return _svg(chart)


def _win_chart(curve: pd.DataFrame) -> str:
    if curve.empty:
        return ""
    base = alt.Chart(curve).encode(x=alt.X("days_since_sqo:Q", title="days since qualification"))
    band = base.mark_area(opacity=0.2, interpolate="step-after", color=_COLOURS[0]).encode(
        y=alt.Y("win_share_low:Q", title="share won", axis=alt.Axis(format="%")), y2="win_share_high:Q"
    )
    line = base.mark_line(interpolate="step-after", color=_COLOURS[0]).encode(y="win_share:Q")
    return _svg((band + line).properties(width=560, height=200))


def _svg(chart: alt.Chart | alt.FacetChart | alt.LayerChart) -> str:
    svg: str = vl_convert.vegalite_to_svg(chart.configure(font=_FONT).to_json())
    return svg
