"""Who may call: access tokens, random on every start, kept in memory and never written anywhere."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from sandbox.errors import ApiError

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")
_LONGEST_ASSERTION = timedelta(minutes=5)  # an org allows three, and a little for clocks that differ
SESSION_LIFE = timedelta(hours=2)  # of inactivity, the default of an org


@dataclass(frozen=True)
class Credentials:
    """What the token endpoint accepts; `public_key` (PEM key or certificate) lets the app log in by JWT bearer, '' does not."""

    client_id: str = "sandbox"
    client_secret: str = field(default="sandbox", repr=False)
    username: str = "integration@sandbox.example"
    password: str = field(default="sandbox", repr=False)
    public_key: str = ""


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

    def issue(self, form: dict[str, str], now: datetime, origin: str = "") -> str:
        """A new token for a token request; `origin` is where this org stands, one of the audiences that a JWT may name.

        Raises
        ------
        OAuthError
            `unsupported_grant_type`, `invalid_client_id`, `invalid_client` or `invalid_grant`.
        """
        grant = form.get("grant_type", "")
        if grant == JWT_BEARER:
            self._check_assertion(form.get("assertion", ""), now, origin)
            return self._new_token(now)
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
        return self._new_token(now)

    def _new_token(self, now: datetime) -> str:
        token = f"{self.org_id[:15]}!AQ{secrets.token_urlsafe(48)}"
        with self._lock:
            self._last_used[token] = now
        return token

    def _check_assertion(self, assertion: str, now: datetime, origin: str) -> None:
        """Refuse a JWT as an org does: unknown app, wrong audience or signature, too old, valid for too long, unknown user."""
        try:
            claims = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.PyJWTError:
            raise OAuthError("invalid_grant", "invalid assertion") from None
        if not _same(str(claims.get("iss", "")), self.credentials.client_id):
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if str(claims.get("aud", "")).rstrip("/") not in (*_AUDIENCES, origin):
            raise OAuthError("invalid_grant", "audience is invalid")
        if not self.credentials.public_key:
            raise OAuthError("invalid_client", "invalid client credentials")
        try:
            jwt.decode(
                assertion,
                _public_key(self.credentials.public_key),
                algorithms=["RS256"],
                options={"verify_exp": False, "verify_aud": False},
            )
        except jwt.PyJWTError:
            raise OAuthError("invalid_grant", "invalid assertion") from None
        left = timedelta(seconds=float(claims.get("exp", 0))) - timedelta(seconds=now.timestamp())
        if not timedelta(0) < left <= _LONGEST_ASSERTION:
            raise OAuthError(
                "invalid_grant", "expired authorization code" if left <= timedelta(0) else "invalid assertion"
            )
        if str(claims.get("sub", "")).lower() != self.credentials.username.lower():
            raise OAuthError("invalid_grant", "user hasn't approved this consumer")

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


def _public_key(pem: str) -> RSAPublicKey:
    data = pem.encode()
    found = load_pem_x509_certificate(data).public_key() if "CERTIFICATE" in pem else load_pem_public_key(data)
    if not isinstance(found, RSAPublicKey):
        raise jwt.InvalidKeyError("not an RSA key")
    return found


def _same(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode(), expected.encode())
