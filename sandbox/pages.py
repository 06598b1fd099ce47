"""Pages for people: the accounts, one account, and a rep's queue, as plain HTML made here."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sandbox.dml import Dml, Operation
from sandbox.http import Reply, Request, segments
from sandbox.org import Org
from sandbox.page_queries import ROWS_PER_PAGE, PageQueries
from sandbox.records import Write, from_json

HTML = "text/html; charset=utf-8"
TEMPLATES = Path(__file__).with_name("templates")
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

log = logging.getLogger("sandbox")

_WEB_ADDRESS = re.compile(r"(?:https?://)?[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:/[^\s\"'<>\\]*)?", re.IGNORECASE)


class Pages:
    """The pages of one org.

    A form carries a token that is random per start, so that no other site can post it.
    """

    def __init__(self, org: Org) -> None:
        self.org = org
        self.form_token = secrets.token_urlsafe(24)
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "number": _number,
            "money": _money,
            "day": _day,
            "web_address": _web_address,
            "tier_class": lambda tier: f"tier-{tier[-1]}" if re.fullmatch(r"Tier [1-3]", str(tier)) else "tier-none",
            "status_class": lambda status: "status-" + re.sub(r"[^a-z]", "", str(status).lower()),
        }

    def reply(self, request: Request) -> Reply:
        """The page at a path."""
        parts = segments(request.path)
        if request.method == "POST" and parts[:2] == ["queue", "item"] and len(parts) == 3:
            return self._save(request, parts[2])
        if request.method not in ("GET", "HEAD"):
            return self._page("message.html", 405, title="Not possible", text="This page only shows things.")
        queries = PageQueries(self.org)
        if parts == [""]:
            return self._accounts(request, queries)
        if parts == ["queue"]:
            return self._queue(request, queries)
        if len(parts) == 2 and parts[0] == "account":
            found = queries.account(parts[1])
            if found is not None:
                return self._page("account.html", page="accounts", **found)
        return self._page(
            "message.html", 404, title="Not found", text="There is no such page or record in this sandbox."
        )

    def _accounts(self, request: Request, queries: PageQueries) -> Reply:
        asked = {
            name: request.parameters.get(name, "").strip()
            for name in ("q", "tier", "owner", "score", "sort", "order", "page")
        }
        number = int(asked["page"]) if re.fullmatch(r"[1-9]\d{0,5}", asked["page"]) else 1
        found = queries.accounts(asked, number)
        kept = {name: value for name, value in asked.items() if value and name != "page"}

        def link(**changes: object) -> str:
            return "/?" + urlencode({**kept, **{name: value for name, value in changes.items() if value != ""}})

        pages = max(1, -(-found["total"] // ROWS_PER_PAGE))
        return self._page("accounts.html", page="accounts", asked=asked, link=link, number=number, pages=pages, **found)

    def _queue(self, request: Request, queries: PageQueries) -> Reply:
        found = queries.queue(request.parameters.get("rep", ""), show_all=request.parameters.get("show", "") == "all")
        saved = request.parameters.get("saved", "")
        return self._page("queue.html", page="queue", token=self.form_token, saved=saved, **found)

    def _save(self, request: Request, item_id: str) -> Reply:
        """What the rep did with an item: its status and outcome, written in the rep's name."""
        queries = PageQueries(self.org)
        item = self.org.store.schema.find("ABM_Queue_Item__c")
        row = self.org.row(item, item_id) if item else None
        if item is None or row is None or row["IsDeleted"]:
            return self._page("message.html", 404, title="Not found", text="There is no such queue item.")
        if not secrets.compare_digest(request.form.get("token", ""), self.form_token) or _is_foreign(request):
            text = "The form came from elsewhere or from before a restart. Open the queue again."
            return self._page("message.html", 403, title="Not accepted", text=text)
        wanted = {
            name: request.form.get(short, "") or None
            for short, name in (("status", "Status__c"), ("outcome", "Outcome__c"))
        }
        write: Write = from_json(
            self.org.store.schema, item, {name: value for name, value in wanted.items() if name in item.fields}
        )
        write.record_id = str(row["Id"])
        outcome = Dml(self.org.store, self.org.store.schema, queries.owner_of(row)).run(
            item, Operation.UPDATE, [write]
        )[0]
        if not outcome.is_success:
            return self._page("message.html", 400, title="Not saved", text=outcome.errors[0].message)
        back = urlencode(
            {
                "rep": str(row.get("OwnerId") or ""),
                "saved": str(row["Id"]),
                **({"show": "all"} if request.form.get("show") else {}),
            }
        )
        return Reply(303, b"", "", {"Location": f"/queue?{back}#item-{row['Id']}"})

    def _page(self, template: str, status: int = 200, **values: Any) -> Reply:
        defaults: Mapping[str, Any] = {"page": "", "title": ""}
        html = self._templates.get_template(template).render({**defaults, **values})
        return Reply(status, html.encode("utf-8", "replace"), HTML, dict(SECURITY))


def _is_foreign(request: Request) -> bool:
    origin = request.headers.get("origin")
    return origin is not None and origin not in (request.origin, "null")


def _number(value: float | None, decimals: int = 0) -> str:
    return "" if value is None else f"{value:,.{decimals}f}"


def _money(value: float | None) -> str:
    """An amount in short: 1.6 M, 340 k."""
    if value is None:
        return ""
    for size, letter in ((1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:,.1f}".removesuffix(".0") + f" {letter}"
    return f"{value:,.0f}"


def _day(value: str | None) -> str:
    """A date or date-time as its day: 31 Oct 2026."""
    if not value:
        return ""
    try:
        moment = date.fromisoformat(value[:10])
    except ValueError:
        return value
    return f"{moment.day} {moment:%b %Y}"


def _web_address(value: str | None) -> str:
    """A link for a website cell, empty if the text is no plain http address."""
    if not value or not _WEB_ADDRESS.fullmatch(value):
        return ""
    return value if value.lower().startswith("http") else f"https://{value}"
