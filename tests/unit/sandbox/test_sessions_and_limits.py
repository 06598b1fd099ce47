from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.errors import ApiError
from sandbox.limits import ApiUsage
from sandbox.sessions import Credentials, OAuthError, Sessions
from tests.unit.sandbox.running import START

ORG_ID = "00DSb0000000001MAA"
GOOD = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"grant_type": "magic"}, "unsupported_grant_type"),
        ({"client_id": "other"}, "invalid_client_id"),
        ({"client_secret": "other"}, "invalid_client"),
        ({"grant_type": "password", "username": "integration@sandbox.example", "password": "wrong"}, "invalid_grant"),
    ],
)
def test_a_wrong_token_request_says_what_is_wrong(change: dict[str, str], error: str) -> None:
    with pytest.raises(OAuthError) as caught:
        Sessions(Credentials(), ORG_ID).issue({**GOOD, **change}, START)
    assert caught.value.body["error"] == error


def test_a_token_lives_two_hours_from_its_last_use() -> None:
    sessions = Sessions(Credentials(), ORG_ID)
    header = f"Bearer {sessions.issue(GOOD, START)}"
    for hours in (1.5, 3.0):
        sessions.check(header, START + timedelta(hours=hours))
    with pytest.raises(ApiError) as caught:
        sessions.check(header, START + timedelta(hours=5))
    assert (caught.value.status, caught.value.code) == (401, "INVALID_SESSION_ID")


def test_tokens_are_random_and_begin_with_the_organisation() -> None:
    sessions = Sessions(Credentials(), ORG_ID)
    tokens = {sessions.issue(GOOD, START) for _ in range(5)}
    assert len(tokens) == 5
    assert all(token.startswith("00DSb0000000001!") for token in tokens)


def test_secrets_are_not_shown() -> None:
    assert "sandbox.example" in repr(Credentials()) and "secret" not in repr(Credentials())


def test_calls_leave_the_window_after_a_day() -> None:
    usage = ApiUsage(2)
    usage.count(START)
    usage.count(START + timedelta(hours=1))
    assert usage.header() == "api-usage=2/2"
    with pytest.raises(ApiError) as caught:
        usage.count(START + timedelta(hours=2))
    assert (caught.value.status, caught.value.message) == (403, "TotalRequests Limit exceeded.")
    usage.count(START + timedelta(hours=24, minutes=1))
    assert usage.used == 2  # the second of the first day, and this one
