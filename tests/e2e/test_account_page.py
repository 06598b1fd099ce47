"""The page of an account in a real browser without a network: everything on it is drawn, and nothing leaves this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from typer.testing import CliRunner

from orchestration.cli import app
from tests.e2e.chromium import launched, needs_chromium
from tests.unit.orchestration.account_warehouse import ACCOUNT, HOSTILE, NIGHT, rows, write_warehouse

pytestmark = needs_chromium


@dataclass
class Opened:
    """A page opened from a file, what it asked for, and what it complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page as the command writes it, of a Japanese account with a hostile name."""
    folder = tmp_path_factory.mktemp("account")
    write_warehouse(folder / "abm.published.duckdb", rows())
    page = folder / "new" / "account.html"
    called = CliRunner().invoke(
        app, ["explain", ACCOUNT, "--warehouse", str(folder / "abm.duckdb"), "--html", str(page)]
    )
    assert called.exit_code == 0, called.output
    return page


@pytest.fixture(scope="module")
def opened(browser: Browser, file: Path) -> Iterator[Opened]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    found = Opened(context.new_page())
    found.page.on("request", lambda request: found.requests.append(request.url))
    found.page.on("console", lambda message: found.complaints.append(message.text))
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    found.page.on("dialog", lambda dialog: found.complaints.append(f"dialog {dialog.message}"))
    found.page.goto(file.as_uri())
    yield found
    context.close()
    assert (found.requests, found.complaints) == ([file.as_uri()], [])


def test_the_heading_is_the_name_and_the_language_that_of_the_country(opened: Opened) -> None:
    assert opened.page.locator("h1").text_content() == HOSTILE
    assert opened.page.locator("html").get_attribute("lang") == "ja"
    expect(opened.page.locator("h2").first).to_have_text("スコアの推移")
    assert opened.page.locator("script, img, iframe, a").count() == 0


def test_every_chart_is_seen_and_lies_within_the_page(opened: Opened) -> None:
    charts = opened.page.locator("svg[role=img]")
    assert charts.count() == 6
    for chart in charts.all():
        expect(chart).to_be_visible()
        box = chart.bounding_box()
        assert box is not None and box["width"] > 500 and box["height"] > 60
        # What is drawn, and not only the frame that it is drawn in.
        drawn = chart.evaluate("svg => { const box = svg.getBBox(); return [box.width, box.height]; }")
        assert min(drawn) > 30
    assert opened.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_sums_are_shown_and_the_tables_open(opened: Opened) -> None:
    reasons = opened.page.locator("#reasons")
    for score in ("62.4", "70.0", "18.1", "42.0"):
        expect(reasons).to_contain_text(f"点数の合計はスコアと一致：{score}。")
        assert reasons.locator("svg text", has_text=score).count() >= 1
    table = reasons.locator("details").nth(1)
    expect(table.locator("table")).to_be_hidden()
    table.locator("summary").click()
    expect(table.locator("tr").last).to_contain_text("70.0")


def test_no_text_is_cut_in_print(opened: Opened) -> None:
    page = opened.page
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 900})  # a sheet of A4 between its margins
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for chart in page.locator("svg[role=img]").all():
        expect(chart).to_be_visible()
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 1280, "height": 800})


def test_japanese_is_drawn_and_not_as_boxes(opened: Opened) -> None:
    drawing = "text => { const c = document.createElement('canvas').getContext('2d');"
    drawing += " c.font = '40px ' + getComputedStyle(document.body).fontFamily; c.fillText(text, 0, 40);"
    drawing += " return Array.from(c.getImageData(0, 0, 60, 60).data)"
    drawing += ".reduce((a, b, i) => (a * 31 + b * (i % 97)) % 1000003, 7); }"
    assert len({opened.page.evaluate(drawing, text) for text in ("株", "工", "閲", "覧")}) == 4


def test_the_command_says_what_it_cannot_write(tmp_path: Path) -> None:
    write_warehouse(tmp_path / "abm.published.duckdb", rows(nights=(NIGHT,), name="見本"))
    asked = ["explain", ACCOUNT, "--warehouse", str(tmp_path / "abm.duckdb")]
    for options, message in (
        (["--html", str(tmp_path)], "is a folder"),
        (["--html", "-"], "takes the name of a file"),
        (["--language", "en"], "--html FILE"),
    ):
        called = CliRunner().invoke(app, [*asked, *options])
        assert isinstance(called.exception, ValueError) and message in str(called.exception)
    page = tmp_path / "english.html"
    assert CliRunner().invoke(app, [*asked, "--html", str(page), "--language", "en"]).exit_code == 0
    assert "Only one night has been scored so far" in page.read_text(encoding="utf-8")
