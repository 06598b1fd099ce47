from __future__ import annotations

import pytest
import requests

from reverse_etl.destinations.salesforce.session import Credentials, DeadlineSession, LoopbackHTTP, connect, redact
from reverse_etl.errors import SyncError, TerminalError, TransientError
from tests.unit.reverse_etl.stub_org import CREDENTIALS, TOKEN, Reply, StubOrg

GONE = requests.ConnectionError(f"connection to {TOKEN} lost")


@pytest.fixture
def org() -> StubOrg:
    return StubOrg()


def get(org: StubOrg, is_repeatable: bool = True, **options: object) -> requests.Response:
    return org.connect(**options).call("GET", "limits", kind="limits", is_repeatable=is_repeatable)  # type: ignore[arg-type]


def test_login_is_one_form_post_and_calls_carry_the_token(org: StubOrg) -> None:
    org.on("GET limits", Reply(200, {}))
    assert get(org).status_code == 200
    assert org.paths() == ["POST /services/oauth2/token", "GET limits"]
    assert "grant_type=client_credentials" in str(org.requests[0].body)
    assert org.requests[1].headers["Authorization"] == f"Bearer {TOKEN}"


def test_every_call_has_a_deadline_and_follows_no_redirect(org: StubOrg) -> None:
    org.on("GET limits", Reply(302, None, {"Location": "https://elsewhere.example/"}))
    with pytest.raises(TerminalError, match="HTTP 302"):
        get(org)
    assert set(org.timeouts) == {(5.0, 120.0)}
    assert len(org.requests) == 2


def test_a_repeatable_call_survives_a_lost_connection_and_a_busy_server(org: StubOrg) -> None:
    org.on("GET limits", GONE, Reply(503, [{"errorCode": "SERVER_UNAVAILABLE", "message": "busy"}]), Reply(200, {}))
    assert get(org).status_code == 200
    assert org.slept == [0.5, 1.0], "waits grow"


def test_a_call_that_must_not_be_repeated_is_not(org: StubOrg) -> None:
    org.on("GET limits", GONE, Reply(200, {}))
    with pytest.raises(TransientError, match="ConnectionError"):
        get(org, is_repeatable=False)


def test_a_server_that_stays_down_is_given_up_after_five_tries(org: StubOrg) -> None:
    org.on("GET limits", GONE)
    with pytest.raises(TransientError) as caught:
        get(org)
    assert len(org.requests) == 1 + 5 and caught.value.code == "NO_ANSWER"


def test_an_expired_session_is_renewed_once(org: StubOrg) -> None:
    expired = Reply(401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}])
    org.on("GET limits", expired, Reply(200, {}))
    assert get(org).status_code == 200
    assert org.paths() == ["POST /services/oauth2/token", "GET limits"] * 2
    org.on("GET limits", expired)
    with pytest.raises(TerminalError, match="A fresh login did not help"):
        get(org)


def test_a_401_without_json_is_understood(org: StubOrg) -> None:
    org.on("GET limits", Reply(401, b"<html>no</html>"), Reply(200, {}))
    assert get(org).status_code == 200


def test_the_daily_limit_is_final_and_too_many_at_once_is_not(org: StubOrg) -> None:
    total = Reply(403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}])
    org.on("GET limits", total)
    with pytest.raises(TerminalError) as caught:
        get(org)
    assert caught.value.code == "DAILY_LIMIT" and len(org.requests) == 2
    many = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
    org.on("GET limits", Reply(403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": many}]), Reply(200, {}))
    assert get(org).status_code == 200


def test_the_last_calls_of_the_day_are_left_to_people(org: StubOrg) -> None:
    org.on("GET limits", Reply(200, {}, {"Sforce-Limit-Info": "api-usage=800/1000"}))
    connection = org.connect(api_reserve_share=0.2)
    connection.call("GET", "limits", kind="limits", is_repeatable=True)
    # 800 of 1,000 are used and a fifth is kept back.
    with pytest.raises(TerminalError, match=r"800 of the org's 1,000 API calls .* leaves the last 20%"):
        connection.call("GET", "limits", kind="limits", is_repeatable=True)
    assert connection.calls.by_kind == {"login": 1, "limits": 1}


def test_refused_credentials_say_what_to_check_and_not_what_they_were(org: StubOrg) -> None:
    org.on(
        "POST /services/oauth2/token",
        Reply(400, {"error": "invalid_client", "error_description": "a_very_secret_word"}),
    )
    with pytest.raises(TerminalError) as caught:
        org.connect()
    assert "invalid_client" in str(caught.value) and "Check client id" in str(caught.value)
    assert "a_very_secret_word" not in str(caught.value)
    assert "a_very_secret_word" not in repr(CREDENTIALS)


def test_a_login_page_that_is_not_an_org_is_refused(org: StubOrg) -> None:
    org.on("POST /services/oauth2/token", Reply(200, b"<html>hello</html>"))
    with pytest.raises(TerminalError, match="refused the login"):
        org.connect()


@pytest.mark.parametrize(
    "url", ["http://mine.my.salesforce.com", "http://10.0.0.1:8801", "ftp://x", "mine", "", "https://"]
)
def test_anything_but_https_is_refused_for_other_machines(org: StubOrg, url: str) -> None:
    with pytest.raises(TerminalError, match="is not usable"):
        org.connect(Credentials(url, "i", "s"))
    assert org.requests == []


def test_an_org_that_answers_with_a_plain_http_instance_gets_no_token(org: StubOrg) -> None:
    org.on("POST /services/oauth2/token", Reply(200, {"access_token": TOKEN, "instance_url": "http://127.0.0.1:1"}))
    with pytest.raises(TerminalError, match="plain http"):
        org.connect()
    assert len(org.requests) == 1


def test_the_loopback_adapter_refuses_other_hosts() -> None:
    request = requests.Request("GET", "https://mine.my.salesforce.com/").prepare()
    with pytest.raises(TerminalError, match="Plain http is for this machine only"):
        LoopbackHTTP().send(request)


def test_an_unreachable_sandbox_is_a_clear_error() -> None:
    with pytest.raises(TransientError, match=r"No answer from http://127.0.0.1:9 to the login"):
        connect(Credentials("http://127.0.0.1:9", "i", "s"), sleep=lambda seconds: None)


def test_a_session_with_deadlines_is_a_requests_session() -> None:
    assert isinstance(DeadlineSession(), requests.Session)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("invalid email address: someone@firm.example", "invalid email address: [e-mail]"),
        (f"token {TOKEN} expired", "token [token] expired"),
        ("Authorization: Bearer abc.def", "Authorization: [token]"),
        (
            "Title: data value too large: Head of Everything (max length=40)",
            "Title: data value too large: ... (max length=40)",
        ),
        ("a\nb", "a b"),
    ],
)
def test_messages_lose_addresses_tokens_and_values(message: str, expected: str) -> None:
    assert redact(message) == expected


def test_no_error_of_a_call_repeats_a_token_or_an_address(org: StubOrg) -> None:
    noisy = f"bad {TOKEN} for someone@firm.example"
    for status in (400, 401, 403, 404, 409, 500, 503):
        org.on("GET limits", Reply(status, [{"errorCode": "X", "message": noisy}]))
        with pytest.raises(SyncError) as caught:
            get(org)
        assert "secret_token" not in str(caught.value) and "firm.example" not in str(caught.value)
    org.on("GET limits", GONE)
    with pytest.raises(SyncError) as caught:
        get(org)
    chain = [str(caught.value), str(caught.value.__cause__)]
    assert not any("secret_token" in one for one in chain)
