"""The look that the pages share: font, colours, charts as SVG text, and templates in which everything is escaped."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import altair as alt
import jinja2
import vl_convert
from markupsafe import escape

# A machine without one font has one of the next; Japanese is named for Linux, macOS and Windows.
FONT: Final = "'Noto Sans', 'Noto Sans CJK JP', 'Hiragino Sans', 'Yu Gothic', 'Meiryo', sans-serif"
# Blue, vermilion, green and purple of Okabe and Ito (2008), told apart with any colour vision; darkened for white paper.
COLOURS: Final = ("#1f5f99", "#c9541c", "#11805f", "#8a4f80")
INK: Final = "#1d2733"
QUIET: Final = "#5a6675"
LINE: Final = "#dfe4ea"

Chart = alt.Chart | alt.LayerChart | alt.FacetChart


def draw(chart: Chart, name: str, title: str, description: str) -> str:
    """The chart as an SVG element for a page without scripts.

    Parameters
    ----------
    name : letters and hyphens, one chart of a page
    title, description : what a screen reader says in place of the picture

    Returns
    -------
    Text that begins with `<svg`; texts of the data are escaped in it.
    """
    themed = chart.configure(
        font=FONT,
        aria=False,  # the title and the table beside the chart say more than one label per mark
        background="transparent",
        padding=0,
        axis=alt.AxisConfig(
            labelColor=QUIET,
            titleColor=QUIET,
            titleFontWeight="normal",
            gridColor=LINE,
            domainColor=LINE,
            tickColor=LINE,
        ),
        view=alt.ViewConfig(stroke=None),
    )
    svg: str = vl_convert.vegalite_to_svg(themed.to_json(validate=False))
    head, _, body = svg[svg.index("<svg") :].partition(">")
    return (
        f'{head} role="img" aria-labelledby="{name}-title {name}-description">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-description">{escape(description)}</desc>{body}'
    )


def templates(folder: Path) -> jinja2.Environment:
    """Templates of a folder; every value is escaped, and a name that nobody gave is an error."""
    return jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True, undefined=jinja2.StrictUndefined)
