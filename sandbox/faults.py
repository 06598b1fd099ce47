"""Faults on request: the drills of a client that must survive a bad day of its CRM.

`POST /sandbox/faults` takes a list of faults, each `{"kind", "times", "after", "path"}`; the next matching calls of the data
API meet them.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

from sandbox.errors import ApiError, RecordError
from sandbox.http import Request

SERVER_ERRORS = {
    "server_unavailable": (503, "SERVER_UNAVAILABLE", "Server too busy: you have too many active requests"),
    "server_error": (
        500,
        "UNKNOWN_EXCEPTION",
        "An unexpected error occurred. Please include this ErrorId if you contact support",
    ),
    "concurrent_limit": (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
    "daily_limit": (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    "expired_session": (401, "INVALID_SESSION_ID", "Session expired or invalid"),
}
RECORD_ERRORS = {
    "row_lock": RecordError("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"),
    "duplicate_rule": RecordError("DUPLICATES_DETECTED", "Use one of these records?"),
}
DROPS = ("drop_before", "drop_after")  # the connection ends without an answer: before the work is done, or after it


class Dropped(Exception):
    """The connection is to be closed without an answer."""


@dataclass
class Fault:
    """One kind of trouble for the next `times` matching calls (or records), after `after` that go well."""

    kind: str
    times: int
    after: int
    path: re.Pattern[str]

    def strikes(self, subject: str) -> bool:
        """True if this call meets it."""
        if self.times <= 0 or not self.path.search(subject):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return True


class Faults:
    """The faults that wait."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def strike(self, request: Request) -> None:
        """Raise what the next call of that path is to meet, if anything."""
        kind = self._next(f"{request.method} {request.path}", (*SERVER_ERRORS, "drop_before"))
        if kind == "drop_before":
            raise Dropped
        if kind:
            raise ApiError(*SERVER_ERRORS[kind])

    def strike_after(self, request: Request) -> None:
        """Raise Dropped if the answer to this call is to get lost."""
        if self._next(f"{request.method} {request.path}", ("drop_after",)):
            raise Dropped

    def record_error(self, object_name: str) -> RecordError | None:
        """What the next record of an object is to meet."""
        kind = self._next(object_name, tuple(RECORD_ERRORS))
        return RECORD_ERRORS[kind] if kind else None

    def set(self, faults: list[Fault]) -> None:
        """Let these wait, and no others."""
        with self._lock:
            self._waiting = faults

    def _next(self, subject: str, kinds: tuple[str, ...]) -> str | None:
        if not self._waiting:
            return None
        with self._lock:
            return next((fault.kind for fault in self._waiting if fault.kind in kinds and fault.strikes(subject)), None)
