"""What only an emulator has: trouble on request. Under `/sandbox`, where Salesforce has nothing."""

from __future__ import annotations

import re

from sandbox.errors import ApiError
from sandbox.faults import DROPS, RECORD_ERRORS, SERVER_ERRORS, Fault
from sandbox.http import Reply
from sandbox.routes import Call, route


def set_faults(call: Call) -> Reply:
    """POST sandbox/faults: replace what waits. An empty list clears."""
    given = call.request.json()
    kinds = (*SERVER_ERRORS, *RECORD_ERRORS, *DROPS)
    faults = []
    for each in given if isinstance(given, list) else [given]:
        if not isinstance(each, dict) or each.get("kind") not in kinds:
            raise ApiError(400, "INVALID_INPUT", f"Each fault needs a kind: one of {', '.join(sorted(kinds))}")
        try:
            path = re.compile(str(each.get("path", "")))
            faults.append(Fault(each["kind"], int(each.get("times", 1)), int(each.get("after", 0)), path))
        except (re.error, TypeError, ValueError) as error:
            raise ApiError(400, "INVALID_INPUT", f"A fault is not readable: {error}") from None
    call.org.faults.set(faults)
    return Reply.json({"waiting": len(faults)})


def end_sessions(call: Call) -> Reply:
    """POST sandbox/end-sessions: every token is worthless from now on."""
    call.org.sessions.revoke_all()
    return Reply.empty()


ROUTES = [route("POST", "faults", set_faults), route("POST", "end-sessions", end_sessions)]
