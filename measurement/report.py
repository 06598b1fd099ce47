"""One night as one HTML page that needs nothing else: no script, no address, no personal data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import altair as alt
import pandas as pd
from markupsafe import Markup

from measurement.charts import COLOURS, FONT, draw, templates


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
    return (
        templates(Path(__file__).parent / "templates")
        .get_template("report.html")
        .render(
            report=report,
            charts=[
                (title, note, Markup(draw(chart, title.lower().replace(" ", "-"), title, note)))
                for title, note, chart in charts
                if chart is not None
            ],
            font=Markup(FONT),
        )
    )


def _score_chart(scores: pd.DataFrame) -> alt.FacetChart | None:
    known = scores[scores["value"].notna()]
    if known.empty:
        return None
    binned = known.assign(bin=(known["value"] // 5 * 5).clip(0, 95))
    chart: alt.FacetChart = (
        alt.Chart(binned.groupby(["score", "bin"]).size().rename("accounts").reset_index())
        .mark_bar(binSpacing=1)
        .encode(
            x=alt.X("bin:Q", bin=alt.Bin(binned=True, step=5), title="score", scale=alt.Scale(domain=[0, 100])),
            x2=alt.X2("bin_end:Q"),
            y=alt.Y("accounts:Q", title="accounts"),
            color=alt.Color("score:N", legend=None, scale=alt.Scale(range=list(COLOURS))),
        )
        .transform_calculate(bin_end="datum.bin + 5")
        .properties(width=190, height=120)
        .facet(column=alt.Column("score:N", title=None, sort=["fit", "intent", "engagement", "composite"]))
        .resolve_scale(y="independent")
    )
    return chart


def _win_chart(curve: pd.DataFrame) -> alt.LayerChart | None:
    if curve.empty:
        return None
    base = alt.Chart(curve).encode(x=alt.X("days_since_sqo:Q", title="days since qualification"))
    band = base.mark_area(opacity=0.2, interpolate="step-after", color=COLOURS[0]).encode(
        y=alt.Y("win_share_low:Q", title="share won", axis=alt.Axis(format="%")), y2="win_share_high:Q"
    )
    line = base.mark_line(interpolate="step-after", color=COLOURS[0]).encode(y="win_share:Q")
    chart: alt.LayerChart = (band + line).properties(width=560, height=200)
    return chart
