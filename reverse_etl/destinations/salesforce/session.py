"""A connection to a Salesforce org: login, every call with a deadline, retries of what may be repeated, errors in two kinds."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import jwt
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from reverse_etl.crm import CallCount
from reverse_etl.errors import SyncError, TerminalError, TransientError

API_VERSION = "62.0"
CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS = 5.0, 120.0
ATTEMPTS, FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 5, 0.5, 20.0
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_JWT_SECONDS = 180
_EXPECTED_SECRET = (
    "an External Client App with the client-credentials flow and an execution user. Check client id, secret and login"
    " URL."
)
_EXPECTED_JWT = (
    "an External Client App with the JWT bearer flow, this key's certificate, and the user pre-authorised for it. Check"
    " client id, user name, key, and the audience: https://login.salesforce.com, or https://test.salesforce.com for a"
    " sandbox."
)
_BUSY_STATUSES = (408, 429, 500, 502, 503, 504)
_LIMIT_INFO = re.compile(r"api-usage=(\d+)/(\d+)")
_EMAIL = re.compile(r"[^\s@<>\"'=:,;]+@[^\s@<>\"',;]+")
_SESSION_TOKEN = re.compile(r"00D[A-Za-z0-9]{12,15}![A-Za-z0-9._~+/=-]+")
_BEARER = re.compile(r"(?i)bearer\s+\S+")
_TOO_LONG = re.compile(r"(data value too large:).*?(\(max length=\d+\))", re.DOTALL)
_LONGEST_MESSAGE = 300


@dataclass(frozen=True)
class Credentials:
    """Who logs in where: by OAuth client credentials, or with a private key as a user by a JWT bearer token.

    Parameters
    ----------
    client_secret : for client credentials
    username, private_key : for JWT bearer, the flow that is used when there is a key: the integration user and the app's key in
        PEM form. Neither secret nor key ever shows in `repr`
    audience : whom the JWT is for; default: the login host of production, that of sandboxes, or the emulator on this machine
    """

    login_url: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    username: str = ""
    private_key: str = field(default="", repr=False)
    audience: str = ""


def redact(message: str) -> str:
    """`message` without e-mail addresses, session tokens and values that Salesforce repeats; at most 300 characters."""
    plain = _TOO_LONG.sub(r"\1 ... \2", message)
    plain = _SESSION_TOKEN.sub("[token]", _BEARER.sub("[token]", plain))
    plain = _EMAIL.sub("[e-mail]", " ".join(plain.split()))
    return plain if len(plain) <= _LONGEST_MESSAGE else plain[: _LONGEST_MESSAGE - 1] + "…"


class LoopbackHTTP(HTTPAdapter):
    """Speaks plain http where simple-salesforce insists on https; mounted for one loopback origin only."""

    def send(self, request: requests.PreparedRequest, *args: object, **options: object) -> requests.Response:
        """The response to `request`, sent without encryption."""
        url = request.url or ""
        if urlsplit(url).hostname not in LOOPBACK_HOSTS:
            raise TerminalError("Plain http is for this machine only. Use https for a Salesforce org.")
        request.url = "http" + url[len("https") :] if url.startswith("https") else url
        return super().send(request, *args, **options)  # type: ignore[arg-type]


class DeadlineSession(requests.Session):
    """A requests session in which every call has a deadline and no redirect is followed with a token in hand."""

    def request(self, *args: object, **options: object) -> requests.Response:
        """The response, or a timeout after 5 s without a connection or 120 s without a byte."""
        options.setdefault("timeout", (CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS))
        options["allow_redirects"] = False
        return super().request(*args, **options)  # type: ignore[arg-type]


@dataclass
class SalesforceConnection:
    """A logged-in connection. `salesforce` is the library's client, usable for whatever is not wrapped here.

    `calls` counts API calls by kind; `used`, `allowed` are the org's own daily numbers from its last answer, 0 if unknown.
    """

    credentials: Credentials
    salesforce: Salesforce
    api_reserve_share: float = 0.0
    sleep: Callable[[float], None] = time.sleep
    calls: CallCount = field(default_factory=CallCount)
    used: int = 0
    allowed: int = 0

    @property
    def base_url(self) -> str:
        """Root of the REST API of the pinned version, with a slash at the end."""
        return str(self.salesforce.base_url)

    def call(
        self,
        method: str,
        path: str,
        *,
        kind: str,
        is_repeatable: bool,
        json: object | None = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        accepted: tuple[int, ...] = (200, 201, 204),
    ) -> requests.Response:
        """The answer to one REST call.

        Parameters
        ----------
        path : below the versioned root, or absolute from the host (`/services/...`)
        kind : name under which the call is counted
        is_repeatable : True if sending it twice does no harm; only then is a lost answer followed by a second try
        accepted : HTTP statuses that are an answer and not an error

        Raises
        ------
        TransientError
            If the org could not be reached, was busy, or held a lock, also after the repeats.
        TerminalError
            For everything else: refused credentials, missing rights, the daily limit, a request it does not accept.
        """
        attempts = Retrying(
            stop=stop_after_attempt(ATTEMPTS if is_repeatable else 1),
            wait=wait_exponential(multiplier=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS),
            retry=retry_if_exception_type(TransientError),
            sleep=self.sleep,
            reraise=True,
        )
        return attempts(self._call_once, method, path, kind, json, data, headers, params, accepted)

    def _call_once(
        self,
        method: str,
        path: str,
        kind: str,
        json: object | None,
        data: bytes | None,
        headers: Mapping[str, str] | None,
        params: Mapping[str, str] | None,
        accepted: tuple[int, ...],
    ) -> requests.Response:
        self._keep_reserve(kind)
        for is_second_login in (False, True):
            response = self._send(method, path, kind, json, data, headers, params)
            if response.status_code in accepted:
                return response
            error = _error(response, f"{method} {path.partition('?')[0]}")
            if response.status_code != 401 or is_second_login:
                raise error
            self._login_again()
        raise AssertionError("unreachable")

    def _send(
        self,
        method: str,
        path: str,
        kind: str,
        json: object | None,
        data: bytes | None,
        headers: Mapping[str, str] | None,
        params: Mapping[str, str] | None,
    ) -> requests.Response:
        host = self.base_url.split("/services/")[0]
        url = host + path if path.startswith("/") else self.base_url + path
        sent = {"Authorization": f"Bearer {self.salesforce.session_id}", "Accept": "application/json"}
        self.calls.add(kind)
        try:
            response = self.salesforce.session.request(
                method, url, headers=sent | dict(headers or {}), json=json, data=data, params=params
            )
        except requests.RequestException as error:
            raise TransientError(
                f"No answer from Salesforce to {method} {path.partition('?')[0]} ({type(error).__name__}). Check the network "
                "and the org's status page.",
                code="NO_ANSWER",
            ) from None
        limit = _LIMIT_INFO.search(response.headers.get("Sforce-Limit-Info", ""))
        if limit:
            self.used, self.allowed = int(limit[1]), int(limit[2])
        return response

    def _login_again(self) -> None:
        fresh = login(self.credentials, self.salesforce.session, self.calls)
        self.salesforce.session_id = fresh.token
        self.salesforce.headers["Authorization"] = f"Bearer {fresh.token}"

    def _keep_reserve(self, kind: str) -> None:
        limit = self.allowed * (1 - self.api_reserve_share)
        if self.allowed and self.used >= limit:
            raise TerminalError(
                f"{self.used:,} of the org's {self.allowed:,} API calls of today are used; delivery leaves the last "
                f"{self.api_reserve_share:.0%} to people (seeds/rules/delivery_parameters.csv, api_reserve_share). Go on "
                f"tomorrow, or lower the reserve. Not sent: {kind}.",
                code="API_RESERVE",
            )


@dataclass(frozen=True)
class Login:
    """What the token endpoint gave."""

    token: str = field(repr=False)
    instance_url: str = ""


def connect(
    credentials: Credentials,
    *,
    api_reserve_share: float = 0.0,
    session: requests.Session | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> SalesforceConnection:
    """A logged-in connection to the org behind `credentials.login_url`.

    Parameters
    ----------
    api_reserve_share : share of the org's daily calls that is left untouched
    session : replaces the session with deadlines, in tests
    sleep : replaces waiting, in tests

    Raises
    ------
    TerminalError
        If the URL is plain http to another machine, or the org refuses the credentials.
    TransientError
        If the org does not answer.
    """
    used = session or DeadlineSession()
    _allow(used, credentials.login_url)
    calls = CallCount()
    attempts = Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(multiplier=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS),
        retry=retry_if_exception_type(TransientError),
        sleep=sleep,
        reraise=True,
    )
    fresh = attempts(login, credentials, used, calls)
    if _is_plain_http(fresh.instance_url) and not _is_plain_http(credentials.login_url):
        raise TerminalError("Salesforce answered with an instance address in plain http. The token was not used.")
    _allow(used, fresh.instance_url)
    salesforce = Salesforce(session_id=fresh.token, instance_url=fresh.instance_url, version=API_VERSION, session=used)
    return SalesforceConnection(credentials, salesforce, api_reserve_share, sleep, calls)


def login(credentials: Credentials, session: requests.Session, calls: CallCount) -> Login:
    """A fresh token by the flow that the credentials are for: one POST to `{login_url}/services/oauth2/token`.

    Raises
    ------
    TerminalError
        If the org refuses the credentials, or answers without a token; if the private key is none.
    TransientError
        If the org does not answer or is busy.
    """
    calls.add("login")
    url = credentials.login_url.rstrip("/") + "/services/oauth2/token"
    form = _jwt_form(credentials) if credentials.private_key else _secret_form(credentials)
    try:
        response = session.request("POST", url, data=form, headers={"Accept": "application/json"})
    except requests.RequestException as error:
        raise TransientError(
            f"No answer from {_origin(credentials.login_url)} to the login ({type(error).__name__}). Check the login URL and "
            "the network.",
            code="NO_ANSWER",
        ) from None
    if response.status_code in _BUSY_STATUSES:
        raise TransientError(f"{_origin(credentials.login_url)} is busy (HTTP {response.status_code}).", code="BUSY")
    answer = _json(response)
    token = answer.get("access_token") if isinstance(answer, dict) else None
    instance_url = answer.get("instance_url") if isinstance(answer, dict) else None
    if response.status_code != 200 or not isinstance(token, str) or not isinstance(instance_url, str):
        reason = str(answer.get("error", "")) if isinstance(answer, dict) else ""
        # What is said about a secret may repeat it; about a JWT it is the only clue which part of it is wrong.
        said = str(answer.get("error_description", "")) if isinstance(answer, dict) and credentials.private_key else ""
        seen = redact(f"{reason} {said}".strip())
        raise TerminalError(
            f"{_origin(credentials.login_url)} refused the login (HTTP {response.status_code} {seen}). "
            f"Expected: {_EXPECTED_JWT if credentials.private_key else _EXPECTED_SECRET}",
            code=reason or "LOGIN_REFUSED",
        )
    return Login(token, instance_url)


def _secret_form(credentials: Credentials) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
    }


def _jwt_form(credentials: Credentials) -> dict[str, str]:
    claims = {
        "iss": credentials.client_id,
        "sub": credentials.username,
        "aud": credentials.audience or _audience(credentials.login_url),
        # The org takes no token that is valid for longer; the clock of this machine is the only one there is.
        "exp": int(time.time()) + _JWT_SECONDS,
    }
    try:
        assertion = jwt.encode(claims, credentials.private_key, algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError):
        raise TerminalError(
            "The private key for the login cannot be used. Expected: an RSA private key in PEM form, without a passphrase, whose "
            "certificate stands in the app of the org (ABM_SALESFORCE_PRIVATE_KEY).",
            code="BAD_PRIVATE_KEY",
        ) from None
    return {"grant_type": JWT_BEARER, "assertion": assertion}


def _audience(login_url: str) -> str:
    host = urlsplit(login_url).hostname or ""
    if host in LOOPBACK_HOSTS:
        return _origin(login_url)
    is_sandbox = ".sandbox." in host or host.startswith("test.")
    return "https://test.salesforce.com" if is_sandbox else "https://login.salesforce.com"


def _allow(session: requests.Session, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS:
        adapter = LoopbackHTTP()
        session.mount(f"https://{parts.netloc}", adapter)
        # A proxy of the environment has no business between this machine and itself.
        session.trust_env = False
        return
    raise TerminalError(
        f"The Salesforce address {_origin(url)!r} is not usable. Expected https://..., or http:// on this machine."
    )


def _is_plain_http(url: str) -> bool:
    return urlsplit(url).scheme == "http"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def _json(response: requests.Response) -> object:
    try:
        return response.json()
    except ValueError:
        return None


def _error(response: requests.Response, what: str) -> SyncError:
    """The refusal of a whole call, as the kind of error that says whether to try again."""
    answer = _json(response)
    first = answer[0] if isinstance(answer, list) and answer else answer
    code = message = ""
    if isinstance(first, dict):
        code = str(first.get("errorCode") or first.get("error") or first.get("exceptionCode") or "")
        message = redact(
            str(first.get("message") or first.get("error_description") or first.get("exceptionMessage") or "")
        )
    seen = f"Salesforce answered {what} with HTTP {response.status_code} {code}: {message}".rstrip(": ")
    status = response.status_code
    if code == "REQUEST_LIMIT_EXCEEDED":
        if "concurrent" in message.lower():
            return TransientError(f"{seen}. Too many long calls at once.", code=code)
        return TerminalError(f"{seen}. The org has no API calls left for today: go on tomorrow.", code="DAILY_LIMIT")
    if code == "UNABLE_TO_LOCK_ROW" or status in _BUSY_STATUSES:
        return TransientError(f"{seen}.", code=code or f"HTTP_{status}")
    if status == 401:
        return TerminalError(
            f"{seen}. A fresh login did not help: check the integration user.", code=code or "HTTP_401"
        )
    if status == 403:
        return TerminalError(
            f"{seen}. The integration user lacks a right: assign the permission set ABM_Sync.", code=code or "HTTP_403"
        )
    return TerminalError(f"{seen}.", code=code or f"HTTP_{status}")
