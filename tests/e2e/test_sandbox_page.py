"""The pages in a real browser: what a rep reads, what a rep does, and that nothing leaves this machine."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.e2e.chromium import launched, needs_chromium
from tests.unit.sandbox.running import Sandbox, running

FORCE_APP = Path(__file__).parents[2] / "reverse_etl" / "salesforce" / "force-app"
NAMES = ("株式会社サンプル工業", "<script>alert('x')</script>", "=cmd|' /C calc'!A0", 'Alpha & Söhne "GmbH"')
REASON = "直近7日間に3名が価格ページを閲覧しました。<img src=x onerror=alert(1)>"

pytestmark = needs_chromium


@dataclass
class Watched:
    """A page, and what it did that it should not."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    foreign_requests: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running(tmp_path_factory.mktemp("page") / "state", FORCE_APP) as found:
        fill(found)
        yield found


@pytest.fixture
def watched(browser: Browser, sandbox: Sandbox) -> Iterator[Watched]:
    page = browser.new_page(viewport={"width": 1360, "height": 900})
    found = Watched(page, sandbox.url)
    page.on(
        "console",
        lambda message: found.complaints.append(message.text) if message.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("dialog", lambda dialog: found.complaints.append(f"dialog {dialog.message}"))
    page.on("request", lambda request: found.foreign_requests.append(request.url) if is_foreign(request.url) else None)
    yield found
    page.close()
    assert (found.complaints, found.foreign_requests) == ([], [])


def is_foreign(url: str) -> bool:
    return urlsplit(url).scheme != "data" and urlsplit(url).hostname != "127.0.0.1"


def fill(sandbox: Sandbox) -> None:
    """Four accounts with hard names, a contact each, an opportunity, a task, and a queue of four."""
    create = sandbox.client.__getattr__
    user = sandbox.org.user_id
    for number, name in enumerate(NAMES, start=1):
        account = create("Account").create(
            {
                "Name": name,
                "Industry": "機械",
                "Website": "javascript:alert(1)" if number == 2 else "sample.example/about",
                "ABM_Account_Key__c": f"acc_{number}",
                "ABM_Score__c": 100 - 10 * number,
                "ABM_Tier__c": "Tier 1" if number == 1 else "Tier 2",
                "ABM_Fit_Score__c": 70.5,
                "ABM_Committee_Coverage_Pct__c": 50,
                "ABM_Top_Reasons__c": REASON,
                "ABM_Next_Best_Action__c": "Call the head of IT",
                "ABM_Committee_Roles_Missing__c": "Economic buyer",
            }
        )["id"]
        contact = create("Contact").create(
            {
                "LastName": f"見本 {number}",
                "AccountId": account,
                "Title": "情報システム部長",
                "HasOptedOutOfEmail": number == 1,
            }
        )["id"]
        create("Opportunity").create(
            {
                "Name": "Deal",
                "AccountId": account,
                "StageName": "Prospecting",
                "CloseDate": "2026-12-01",
                "Amount": 1_600_000,
            }
        )
        create("Task").create(
            {"Subject": "Intro call", "WhatId": account, "WhoId": contact, "ActivityDate": "2026-10-30"}
        )
        create("ABM_Queue_Item__c").create(
            {
                "Queue_Key__c": f"q{number}",
                "Account__c": account,
                "Contact__c": contact,
                "OwnerId": user,
                "Rank__c": 5 - number,
                "Reason__c": REASON,
                "Suggested_Action__c": "Offer the workshop",
                "Due_Date__c": "2026-11-02",
                "Expires_On__c": "2026-11-05",
                "Status__c": "New",
            }
        )


def distinct_colours(png: bytes) -> int:
    """How many different bytes the decoded image rows hold: a blank page has a handful."""
    position, data = 8, b""
    while position < len(png):
        length, kind = struct.unpack(">I4s", png[position : position + 8])
        data += png[position + 8 : position + 8 + length] if kind == b"IDAT" else b""
        position += length + 12
    return len(set(zlib.decompress(data)))


def test_the_account_list_shows_searches_and_sorts(watched: Watched) -> None:
    page = watched.open("/")
    assert [cell.inner_text() for cell in page.locator("tbody th a").all()] == list(NAMES)  # by score, highest first
    expect(page.locator("tbody tr").first).to_contain_text("Tier 1")
    assert distinct_colours(page.screenshot()) > 50
    page.get_by_role("link", name="Account", exact=True).click()
    assert page.locator("tbody th a").first.inner_text() == NAMES[1]  # '<' comes before '=', letters and kanji
    page.get_by_label("Search").fill("サンプル")
    page.get_by_role("button", name="Show").click()
    assert [cell.inner_text() for cell in page.locator("tbody th a").all()] == [NAMES[0]]
    page.get_by_role("link", name="Clear").click()
    page.get_by_label("Tier").select_option("Tier 2")
    page.get_by_role("button", name="Show").click()
    assert page.locator("tbody tr").count() == 3


def test_an_account_shows_why_who_and_what_happened(watched: Watched) -> None:
    page = watched.open("/")
    page.get_by_role("link", name=NAMES[0]).click()
    expect(page.locator("h1")).to_contain_text(NAMES[0])
    main = page.locator("main")
    for text in (
        REASON,
        "Call the head of IT",
        "Economic buyer",
        "見本 1",
        "no e-mail",
        "Deal",
        "1.6 M",
        "Intro call",
        "1 Dec 2026",
    ):
        expect(main).to_contain_text(text)
    assert distinct_colours(page.screenshot(full_page=True)) > 50


def test_what_looks_like_code_is_text(watched: Watched) -> None:
    page = watched.open("/")
    page.get_by_role("link", name=NAMES[1]).click()
    expect(page.locator("h1")).to_contain_text("<script>alert('x')</script>")
    assert page.locator("main script, main img").count() == 0
    assert page.locator("a[href^=javascript]").count() == 0


def test_the_queue_stands_in_order_of_rank(watched: Watched) -> None:
    page = watched.open("/queue")
    assert [cell.inner_text() for cell in page.locator(".queue .account").all()] == list(NAMES[::-1])
    assert [cell.inner_text() for cell in page.locator(".queue .rank").all()] == ["1", "2", "3", "4"]
    first = page.locator(".queue li").first
    for text in (REASON, "Offer the workshop", "見本 4", "情報システム部長", "due 2 Nov 2026", "New"):
        expect(first).to_contain_text(text)
    assert distinct_colours(page.screenshot()) > 50


def test_a_rep_finishes_an_item_and_it_is_in_the_record(watched: Watched, sandbox: Sandbox) -> None:
    page = watched.open("/queue")
    item = page.locator(".queue li", has_text=NAMES[3])
    item.locator("summary").click()
    item.get_by_label("Status").select_option("Done")
    item.get_by_label("Outcome").select_option("Meeting booked")
    item.get_by_role("button", name="Save").click()
    expect(page.locator(".lead")).to_contain_text("3 to do, 1 done")
    assert page.locator(".queue .account").count() == 3
    (record,) = sandbox.query(
        "SELECT Status__c, Outcome__c, LastModifiedById FROM ABM_Queue_Item__c WHERE Queue_Key__c = 'q4'"
    )
    assert (record["Status__c"], record["Outcome__c"]) == ("Done", "Meeting booked")
    page.get_by_label("with done").check()
    page.get_by_role("button", name="Show").click()
    assert page.locator(".queue .account").count() == 4


def test_a_form_from_elsewhere_is_not_accepted(sandbox: Sandbox) -> None:
    (record,) = sandbox.query("SELECT Id FROM ABM_Queue_Item__c WHERE Queue_Key__c = 'q1'")
    url = f"{sandbox.url}/queue/item/{record['Id']}"
    token = re.search(r'name="token" value="([^"]+)"', requests.get(f"{sandbox.url}/queue", timeout=30).text)
    assert token is not None
    attempts: list[dict[str, Any]] = [
        {"data": {"status": "Done", "token": "guess"}},
        {"data": {"status": "Done", "token": token.group(1)}, "headers": {"Origin": "http://evil.example"}},
    ]
    assert [requests.post(url, timeout=30, **attempt).status_code for attempt in attempts] == [403, 403]
    assert sandbox.query("SELECT Status__c FROM ABM_Queue_Item__c WHERE Queue_Key__c = 'q1'")[0]["Status__c"] == "New"


def test_japanese_is_drawn_and_not_as_boxes(watched: Watched) -> None:
    page = watched.open("/queue")
    drawing = "text => { const c = document.createElement('canvas').getContext('2d');"
    drawing += " c.font = '40px ' + getComputedStyle(document.body).fontFamily; c.fillText(text, 0, 40);"
    drawing += " return Array.from(c.getImageData(0, 0, 60, 60).data)"
    drawing += ".reduce((a, b, i) => (a * 31 + b * (i % 97)) % 1000003, 7); }"
    drawn = {page.evaluate(drawing, text) for text in ("株", "工", "閲", "覧")}
    assert len(drawn) == 4  # a missing glyph is the same box for all


def test_an_empty_org_and_a_wrong_path_have_a_page_too(tmp_path: Path, browser: Browser) -> None:
    with running(tmp_path) as bare:
        page = browser.new_page()
        page.goto(f"{bare.url}/")
        expect(page.locator("main")).to_contain_text("The ABM fields are not deployed")
        page.goto(f"{bare.url}/queue")
        expect(page.locator("main")).to_contain_text("The ABM fields are not deployed")
        assert page.goto(f"{bare.url}/account/001000000000001AAA").status == 404  # type: ignore[union-attr]
        page.close()
