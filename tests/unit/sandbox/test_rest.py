from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.bulk import Jobs
from sandbox.http import Request
from sandbox.org import Org
from sandbox.rest import Rest
from tests.unit.sandbox.running import TestClock

BASE = "/services/data/v62.0"
NAMES = (
    "records allOrNone ids fields compositeRequest batchRequests object operation externalIdFieldName state query url method"
    " referenceId body httpHeaders Name attributes type Account LastName Owner richInput Id"
)
KEYS = st.sampled_from(NAMES.split())
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=5),
    st.sampled_from(
        [
            "Account",
            "insert",
            "POST",
            f"{BASE}/sobjects/Account",
            "@{r.id}",
            "SELECT Id FROM Account",
            "001Sb0000000001IAA",
        ]
    ),
)
BODIES = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
CALLS = st.sampled_from(
    [
        *(
            ("POST", path)
            for path in (
                "sobjects/Account",
                "composite",
                "composite/batch",
                "composite/sobjects",
                "composite/tree/Account",
            )
        ),
        *(("PATCH", path) for path in ("sobjects/Account/Id/x", "composite/sobjects", "composite/sobjects/Account/Id")),
        *(("POST", path) for path in ("jobs/ingest", "jobs/query", "composite/sobjects/Contact")),
        ("PATCH", "jobs/ingest/750Sb0000000001IAA"),
    ]
)


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    org = Org(Path(tmp_path_factory.mktemp("state")), clock=TestClock(), daily_api_requests=10**9)
    yield Rest(org, Jobs(org))
    org.close()


def ask(rest: Rest, method: str, path: str, body: Any) -> int:
    form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}
    token = rest.org.sessions.issue(form, rest.org.store.now())
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    return rest.reply(Request(method, f"{BASE}/{path}", headers=headers, body=json.dumps(body).encode())).status


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CALLS, BODIES, st.sampled_from(["records", "compositeRequest", "batchRequests"]))
def test_any_json_is_answered_and_never_breaks_the_server(
    rest: Rest, call: tuple[str, str], body: Any, key: str
) -> None:
    for given_body in (body, {key: body if isinstance(body, list) else [body]}):
        status = ask(rest, *call, given_body)
        assert status < 500 or status == 501


def test_a_path_part_is_decoded_on_its_own(rest: Rest) -> None:
    assert ask(rest, "GET", "sobjects%2FAccount", None) == 404
    assert ask(rest, "GET", "sobjects/%41ccount", None) == 200
