"""Canned answers of a Salesforce org behind the requests library, so that no test opens a socket."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter

from reverse_etl.destinations.salesforce.session import (
    Credentials,
    DeadlineSession,
    SalesforceConnection,
    connect,
)

TOKEN = "00D000000000001EAA!AQ.secret_token"
URL = "https://mine.my.salesforce.com"
CREDENTIALS = Credentials(URL, "an_id", "a_very_secret_word")


@dataclass(frozen=True)
class Reply:
    """Status, body (JSON unless bytes) and headers of one answer."""

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)


Answer = Reply | Exception | Callable[[requests.PreparedRequest], Reply]


@dataclass
class StubOrg(BaseAdapter):
    """Answers by `METHOD path`, each list of answers in turn, the last one again and again; keeps every request."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[requests.PreparedRequest] = field(default_factory=list)
    timeouts: list[object] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.answers.setdefault(
            "POST /services/oauth2/token", [Reply(200, {"access_token": TOKEN, "instance_url": URL})]
        )

    def on(self, call: str, *answers: Answer) -> None:
        """Answer `call`, a path below the versioned root or an absolute one."""
        method, _, path = call.partition(" ")
        full = path if path.startswith("/") else f"/services/data/v62.0/{path}"
        self.answers[f"{method} {full}"] = list(answers)

    def send(self, request: requests.PreparedRequest, *args: object, **options: object) -> requests.Response:  # type: ignore[override]
        self.requests.append(request)
        self.timeouts.append(options.get("timeout"))
        known = self.answers.get(f"{request.method} {urlsplit(request.url or '').path}")
        if not known:
            raise AssertionError(f"unexpected call {request.method} {request.url}")
        answer = known.pop(0) if len(known) > 1 else known[0]
        if isinstance(answer, Exception):
            raise answer
        reply = answer if isinstance(answer, Reply) else answer(request)
        response = requests.Response()
        response.status_code, response.url, response.request = reply.status, request.url or "", request
        response.headers.update(reply.headers)
        content = (
            reply.body
            if isinstance(reply.body, bytes)
            else b""
            if reply.body is None
            else json.dumps(reply.body).encode()
        )
        response.raw = io.BytesIO(content)
        return response

    def close(self) -> None:
        """Nothing to close."""

    def paths(self) -> list[str]:
        """`METHOD path` of every request, in order."""
        return [
            f"{one.method} {urlsplit(one.url or '').path.removeprefix('/services/data/v62.0/')}"
            for one in self.requests
        ]

    def body(self, position: int = -1) -> object:
        """JSON body of a request."""
        return json.loads(self.requests[position].body or "null")

    def connect(self, credentials: Credentials = CREDENTIALS, **options: object) -> SalesforceConnection:
        """A connection to this org."""
        session = DeadlineSession()
        session.mount("https://", self)
        session.mount("http://", self)
        return connect(credentials, session=session, sleep=self.slept.append, **options)  # type: ignore[arg-type]
