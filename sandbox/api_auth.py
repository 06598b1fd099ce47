"""Tokens, versions, the list of resources, who I am, and what is left of the limits."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from sandbox.errors import ApiError
from sandbox.http import Reply, Request
from sandbox.org import ORG_NAME, Org
from sandbox.routes import NEWEST_VERSION, OLDEST_VERSION, Call, Route, route
from sandbox.sessions import OAuthError


def token(org: Org, request: Request) -> Reply:
    """POST /services/oauth2/token."""
    form = dict(request.form)
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            client_id, secret = "", ""
        form = {"client_id": client_id, "client_secret": secret, **form}
    now = org.store.now()
    try:
        issued = org.sessions.issue(form, now, request.origin)
    except OAuthError as error:
        return Reply.json(error.body, 400)
    identity_url = f"{request.origin}/id/{org.org_id}/{org.user_id}"
    issued_at = str(int(now.timestamp() * 1000))
    signature = hmac.new(org.credentials.client_secret.encode(), (identity_url + issued_at).encode(), hashlib.sha256)
    return Reply.json(
        {
            "access_token": issued,
            "signature": base64.b64encode(signature.digest()).decode(),
            "scope": "api",
            "instance_url": request.origin,
            "id": identity_url,
            "token_type": "Bearer",
            "issued_at": issued_at,
            "api_instance_url": request.origin,
        },
        headers={"Cache-Control": "no-store"},
    )


def revoke(org: Org, request: Request) -> Reply:
    """GET or POST /services/oauth2/revoke."""
    org.sessions.revoke(request.form.get("token", ""))
    return Reply.empty(200)


def identity(org: Org, request: Request) -> Reply:
    """GET /services/oauth2/userinfo and /id/{organisation}/{user}."""
    user = org.row(org.schema.objects["User"], org.user_id) or {}
    here = request.origin
    return Reply.json(
        {
            "sub": f"{here}/id/{org.org_id}/{org.user_id}",
            "id": f"{here}/id/{org.org_id}/{org.user_id}",
            "user_id": org.user_id,
            "organization_id": org.org_id,
            "preferred_username": user["Username"],
            "username": user["Username"],
            "nickname": user["Alias"],
            "display_name": user["Name"],
            "name": user["Name"],
            "email": user["Email"],
            "email_verified": True,
            "active": bool(user["IsActive"]),
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "utcOffset": 0,
            "zoneinfo": "GMT",
            "is_app_installed": True,
            "organization_name": ORG_NAME,
            "urls": {
                "rest": f"{here}/services/data/v{{version}}/",
                "sobjects": f"{here}/services/data/v{{version}}/sobjects/",
                "query": f"{here}/services/data/v{{version}}/query/",
                "recent": f"{here}/services/data/v{{version}}/recent/",
            },
        }
    )


def userinfo(org: Org, request: Request) -> Reply:
    """GET /services/oauth2/userinfo, whose refusal is not JSON in an org either."""
    try:
        org.sessions.check(request.headers.get("authorization", ""), org.store.now())
    except ApiError:
        return Reply(403, b"Bad_OAuth_Token", "text/html; charset=UTF-8")
    return identity(org, request)


def versions(org: Org, request: Request) -> Reply:
    """GET /services/data."""
    return Reply.json(
        [
            {"label": f"Emulated {number}", "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
            for number in range(OLDEST_VERSION, NEWEST_VERSION + 1)
        ]
    )


def resources(call: Call) -> Reply:
    """GET /services/data/vXX.X."""
    names = ("sobjects", "query", "queryAll", "limits", "composite", "jobs")
    identity_url = f"{call.request.origin}/id/{call.org.org_id}/{call.org.user_id}"
    return Reply.json({**{name: f"{call.base}/{name}" for name in names}, "identity": identity_url})


def limits(call: Call) -> Reply:
    """GET limits."""
    return Reply.json(call.org.usage.reply())


OPEN_CALLS = {
    ("POST", "services/oauth2/token"): token,
    ("POST", "services/oauth2/revoke"): revoke,
    ("GET", "services/oauth2/revoke"): revoke,
    ("GET", "services/oauth2/userinfo"): userinfo,
    ("POST", "services/oauth2/userinfo"): userinfo,
    ("GET", "services/data"): versions,
}
ROUTES = [Route("GET", (), resources), route("GET", "limits", limits)]
