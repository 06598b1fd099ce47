"""Login with a private key: what an org accepts and what it refuses, over real HTTP against the sandbox."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from reverse_etl.destinations.salesforce.session import JWT_BEARER, Credentials, connect
from reverse_etl.errors import TerminalError

ROOT = Path(__file__).parents[2]
USER = "integration@sandbox.example"


def new_key() -> tuple[str, str]:
    """Private and public key in PEM form."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return private, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@contextmanager
def sandbox_with_key(folder: Path, public: str) -> Iterator[str]:
    file = folder / "app.pem"
    file.write_text(public, encoding="utf-8")
    command = [sys.executable, "-m", "sandbox", "serve", "--state", str(folder / "state"), "--port", "0"]
    process = subprocess.Popen([*command, "--public-key", str(file)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield str(json.loads(process.stdout.readline())["url"])
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


@pytest.fixture(scope="module")
def key() -> tuple[str, str]:
    return new_key()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, key: tuple[str, str]) -> Iterator[str]:
    with sandbox_with_key(tmp_path_factory.mktemp("sandbox"), key[1]) as found:
        yield found


@pytest.fixture
def good(url: str, key: tuple[str, str]) -> Credentials:
    return Credentials(url, "sandbox", username=USER, private_key=key[0])


def test_a_key_logs_in_and_an_expired_session_is_renewed_with_it(good: Credentials) -> None:
    connection = connect(good)
    assert connection.call("GET", "limits", kind="limits", is_repeatable=True).status_code == 200
    requests.post(
        f"{good.login_url}/services/oauth2/revoke", data={"token": connection.salesforce.session_id}, timeout=10
    )
    assert connection.call("GET", "limits", kind="limits", is_repeatable=True).status_code == 200
    assert connection.calls.by_kind["login"] == 2


@pytest.mark.parametrize("audience", ["https://login.salesforce.com", "https://test.salesforce.com"])
def test_an_org_knows_its_own_audiences(good: Credentials, audience: str) -> None:
    assert connect(replace(good, audience=audience)).salesforce.session_id


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"client_id": "another"}, "client identifier invalid"),
        ({"username": "nobody@sandbox.example"}, "user hasn't approved this consumer"),
        ({"audience": "https://elsewhere.example"}, "audience is invalid"),
        ({"private_key": new_key()[0]}, "invalid assertion"),
    ],
)
def test_what_is_wrong_is_said_without_naming_user_or_key(good: Credentials, change: dict[str, str], said: str) -> None:
    with pytest.raises(TerminalError, match=said) as caught:
        connect(replace(good, **change))
    assert "@" not in str(caught.value)
    assert "PRIVATE" not in str(caught.value) + repr(replace(good, **change))
    assert "JWT bearer" in str(caught.value)


def test_a_key_that_is_none_is_refused_before_anything_is_sent(good: Credentials) -> None:
    with pytest.raises(TerminalError, match="ABM_SALESFORCE_PRIVATE_KEY") as caught:
        connect(replace(good, private_key="-----BEGIN NOTHING-----"))
    assert caught.value.code == "BAD_PRIVATE_KEY"
    assert "NOTHING" not in str(caught.value)


@pytest.mark.parametrize(("seconds", "said"), [(-5, "expired authorization code"), (3600, "invalid assertion")])
def test_an_assertion_lives_for_minutes(url: str, key: tuple[str, str], seconds: int, said: str) -> None:
    claims = {"iss": "sandbox", "sub": USER, "aud": url, "exp": int(time.time()) + seconds}
    form = {"grant_type": JWT_BEARER, "assertion": jwt.encode(claims, key[0], algorithm="RS256")}
    answer = requests.post(f"{url}/services/oauth2/token", data=form, timeout=10)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant", "error_description": said})


def test_an_unsigned_assertion_is_worth_nothing(url: str) -> None:
    claims = {"iss": "sandbox", "sub": USER, "aud": url, "exp": int(time.time()) + 60}
    form = {"grant_type": JWT_BEARER, "assertion": jwt.encode(claims, "", algorithm="none")}
    assert requests.post(f"{url}/services/oauth2/token", data=form, timeout=10).status_code == 400
