"""From a request to a reply: which path and method means what, who may ask, and the headers that every reply carries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sandbox import api_auth, api_collections, api_composite, api_faults, api_jobs, api_metadata, api_sobjects, api_tree
from sandbox.bulk import Jobs
from sandbox.errors import ApiError, not_found, not_implemented
from sandbox.http import Reply, Request, segments
from sandbox.org import Org
from sandbox.routes import NEWEST_VERSION, OLDEST_VERSION, Call, Handler, Route

SERVER_NAME = "abm360 local Salesforce emulator (not Salesforce)"

# parts of the real API that this emulator does not have, by the first segment after the version
_MISSING_RESOURCES_WORDS = (
    "actions analytics appMenu async-queries chatter commerce compactLayouts connect consent dedupe domino eclair"
    " einstein event emailConnect exchange-connect iot jsonxform knowledgeManagement localizedvalue metadata nouns"
    " parameterizedSearch payments prechatForms process query-plan quickActions recent scheduling search"
    " serviceTemplates sfdc_survey smartdatadiscovery support tabs theme tooling ui-api wave"
)
MISSING_RESOURCES = frozenset(_MISSING_RESOURCES_WORDS.split())


ROUTES = (
    *api_auth.ROUTES,
    *api_collections.ROUTES,
    *api_composite.ROUTES,
    *api_jobs.ROUTES,
    *api_metadata.ROUTES,
    *api_sobjects.ROUTES,
    *api_tree.ROUTES,
)


class Rest:
    """The API of one org."""

    def __init__(self, org: Org, jobs: Jobs) -> None:
        self.org = org
        self.jobs = jobs

    def reply(self, request: Request) -> Reply:
        """The reply to any request under /services, /id or /sandbox."""
        try:
            found = self._dispatch(request)
        except ApiError as error:
            found = Reply.of_error(error)
        if request.path.startswith("/services/data/v"):
            found.headers["Sforce-Limit-Info"] = self.org.usage.header()
        return found

    def _dispatch(self, request: Request) -> Reply:
        parts = segments(request.path)
        open_call = api_auth.OPEN_CALLS.get((request.method, "/".join(parts)))
        if open_call:
            return open_call(self.org, request)
        if parts[:2] == ["services", "data"] and len(parts) > 2:
            return self._data_call(request, parts[2], parts[3:])
        if (parts[0] == "id" and len(parts) == 3) or parts[0] == "sandbox":
            self.org.sessions.check(request.headers.get("authorization", ""), self.org.store.now())
            if parts[0] == "id":
                return api_auth.identity(self.org, request)
            handler, variables = self._handler(api_faults.ROUTES, request.method, parts[1:])
            return handler(self._call(request, NEWEST_VERSION, variables))
        if parts[:1] == ["services"] and len(parts) > 1 and parts[1] in ("Soap", "async", "apexrest", "oauth2", "auth"):
            raise not_implemented(f"{request.method} /services/{parts[1]}")
        raise not_found()

    def _data_call(self, request: Request, version_text: str, parts: list[str]) -> Reply:
        version = _version(version_text)
        now = self.org.store.now()
        self.org.sessions.check(request.headers.get("authorization", ""), now)
        self.org.usage.count(now)
        self.org.faults.strike(request)
        method = (
            request.parameters.get("_HttpMethod", request.method).upper()
            if request.method == "POST"
            else request.method
        )
        handler, variables = self._handler(ROUTES, "GET" if method == "HEAD" else method, parts)
        return handler(self._call(request, version, variables))

    def _call(self, request: Request, version: int, variables: Mapping[str, str]) -> Call:
        return Call(self.org, self.jobs, request, version, variables, self._nested)

    def _nested(self, request: Request) -> Reply:
        """The reply to a subrequest of a composite call, which is not counted."""
        try:
            parts = segments(request.path)
            if parts[:2] != ["services", "data"] or len(parts) < 4:
                raise not_found()
            handler, variables = self._handler(ROUTES, request.method, parts[3:])
            return handler(self._call(request, _version(parts[2]), variables))
        except ApiError as error:
            return Reply.of_error(error)

    def _handler(self, routes: Sequence[Route], method: str, parts: list[str]) -> tuple[Handler, dict[str, str]]:
        allowed: dict[str, tuple[Handler, dict[str, str]]] = {}
        for each in routes:
            found = each.match(parts)
            if found is not None:
                allowed.setdefault(each.method, (each.handler, found))
        if method in allowed:
            return allowed[method]
        if allowed:
            shown = ",".join(sorted({"HEAD", *allowed} if "GET" in allowed else allowed))
            raise ApiError(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed. Allowed are {shown}")
        if parts and parts[0] in MISSING_RESOURCES:
            raise not_implemented(f"The resource {parts[0]}")
        raise not_found()


def _version(text: str) -> int:
    match = re.fullmatch(r"v(\d{1,3})\.0", text)
    if match is None or int(match.group(1)) > NEWEST_VERSION:
        raise not_found()
    version = int(match.group(1))
    if version < OLDEST_VERSION:
        raise ApiError(
            410, "UNSUPPORTED_API_VERSION", f"The API version {version}.0 is retired. Use {OLDEST_VERSION}.0 or later."
        )
    return version
