"""Who may call: access tokens, random on every start, kept in memory and never written anywhere."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.errors import ApiError

SESSION_LIFE = timedelta(hours=2)  # of inactivity, the default of an org


@dataclass(frozen=True)
class Credentials:
    """What the token endpoint accepts."""

    client_id: str = "sandbox"
    client_secret: str = field(default="sandbox", repr=False)
    username: str = "integration@sandbox.example"
    password: str = field(default="sandbox", repr=False)


class OAuthError(Exception):
    """A refusal of the token endpoint, whose body has another shape than the rest of the API."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.body = {"error": error, "error_description": description}


class Sessions:
    """Issues tokens for the one integration user and recognises them."""

    def __init__(self, credentials: Credentials, org_id: str) -> None:
        self.credentials = credentials
        self.org_id = org_id
        self._last_used: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def issue(self, form: dict[str, str], now: datetime) -> str:
        """A new token for a token request.

        Raises
        ------
        OAuthError
            `unsupported_grant_type`, `invalid_client_id`, `invalid_client` or `invalid_grant`.
        """
        grant = form.get("grant_type", "")
        if grant not in ("client_credentials", "password"):
            raise OAuthError("unsupported_grant_type", "grant type not supported")
        if not _same(form.get("client_id", ""), self.credentials.client_id):
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if not _same(form.get("client_secret", ""), self.credentials.client_secret):
            raise OAuthError("invalid_client", "invalid client credentials")
        if grant == "password":
            known_user = form.get("username", "").lower() == self.credentials.username.lower()
            if not (known_user and _same(form.get("password", ""), self.credentials.password)):
                raise OAuthError("invalid_grant", "authentication failure")
        token = f"{self.org_id[:15]}!AQ{secrets.token_urlsafe(48)}"
        with self._lock:
            self._last_used[token] = now
        return token

    def check(self, authorization: str, now: datetime) -> None:
        """Return if the Authorization header holds a living token.

        Raises
        ------
        ApiError
            401 INVALID_SESSION_ID.
        """
        scheme, _, token = authorization.strip().partition(" ")
        with self._lock:
            used = self._last_used.get(token.strip())
            if scheme.lower() in ("bearer", "oauth") and used is not None and now - used < SESSION_LIFE:
                self._last_used[token.strip()] = now
                return
        raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")

    def revoke(self, token: str) -> None:
        """Forget a token; an unknown one is no error."""
        with self._lock:
            self._last_used.pop(token, None)

    def revoke_all(self) -> None:
        """Forget every token, as when an administrator ends all sessions."""
        with self._lock:
            self._last_used.clear()


def _same(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode(), expected.encode())
