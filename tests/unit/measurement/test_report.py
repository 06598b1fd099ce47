"""The page stands alone, escapes everything, and is the same for the same night."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pandas as pd

from measurement.report import Report, Section, render_report

ODD = '<script>alert(1)</script> & "Müller" 株式会社'


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [f"{name}={value}" for name, value in attrs if name in ("src", "href", "action", "xlink:href")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def report(**changes: object) -> Report:
    parts: dict[str, object] = {
        "title": "2026-10-31",
        "facts": [("1,009", "CRM accounts"), ("0", ODD)],
        "sections": [
            Section("Tiers", "How many.", [{"tier": "Tier 1", "accounts": 1250, "share": 0.5, "moved": None}]),
            Section(ODD, ODD, [{"account_name": ODD, ODD: ODD}]),
            Section("Rejected rows", "None.", []),
        ],
        "scores": pd.DataFrame({"score": ["fit", "fit", "intent", ODD], "value": [10.0, 100.0, None, 3.0]}),
        "win_curve": pd.DataFrame(
            {
                "days_since_sqo": [10, 40],
                "at_risk": [9, 5],
                "won": [1, 1],
                "lost": [0, 2],
                "win_share": [0.11, 0.2],
                "win_share_low": [0.02, 0.05],
                "win_share_high": [0.3, 0.4],
            }
        ),
    }
    return Report(**{**parts, **changes})  # type: ignore[arg-type]


def read(page: str) -> Page:
    parsed = Page()
    parsed.feed(page)
    return parsed


def test_nothing_is_fetched_from_anywhere_and_nothing_runs() -> None:
    page = render_report(report())
    parsed = read(page)
    assert not {"script", "link", "iframe", "img", "object", "embed", "form"}.intersection(parsed.tags)
    assert parsed.links == []
    assert not re.search(r"url\(|@import", page)
    # The only addresses are the names of the two SVG vocabularies.
    assert set(re.findall(r"https?://[^\"' ]+", page)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_texts_of_the_warehouse_are_shown_and_never_become_markup() -> None:
    parsed = read(render_report(report()))
    assert any(ODD in text for text in parsed.text)
    assert "script" not in parsed.tags


def test_numbers_have_thousands_marks_and_empty_tables_say_so() -> None:
    text = read(render_report(report())).text
    assert "1,250" in text
    assert "Nothing." in text
    assert "None" not in text


def test_charts_are_drawn_inside_the_page_and_left_out_without_data() -> None:
    assert read(render_report(report())).tags.count("svg") == 2
    empty = render_report(
        report(
            scores=pd.DataFrame({"score": pd.Series(dtype="str"), "value": pd.Series(dtype="float")}),
            win_curve=report().win_curve.iloc[:0],
        )
    )
    assert "svg" not in read(empty).tags


def test_the_same_night_gives_the_same_page() -> None:
    assert render_report(report()) == render_report(report())


def test_scores_at_both_ends_of_the_scale_fall_into_a_bar() -> None:
    page = render_report(report(scores=pd.DataFrame({"score": ["fit"] * 3, "value": [0.0, 100.0, 99.9]})))
    assert "svg" in read(page).tags
