"""The daily allocation of API calls: counted, told in a header, and enforced."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta

from sandbox.errors import ApiError

DAILY_API_REQUESTS = 100_000  # what an Enterprise org has before its licences add to it
WINDOW = timedelta(hours=24)
STEP = timedelta(minutes=5)  # calls are counted in steps of this length; one leaves the window with its step


class ApiUsage:
    """Calls of the last 24 hours, since this server started."""

    def __init__(self, allocation: int = DAILY_API_REQUESTS) -> None:
        self.allocation = allocation
        self._steps: deque[tuple[datetime, int]] = deque()
        self._used = 0
        self._lock = threading.Lock()

    @property
    def used(self) -> int:
        """Calls in the window."""
        return self._used

    def count(self, now: datetime) -> None:
        """Count one call.

        Raises
        ------
        ApiError
            403 REQUEST_LIMIT_EXCEEDED if the allocation is used up.
        """
        with self._lock:
            while self._steps and self._steps[0][0] <= now - WINDOW:
                self._used -= self._steps.popleft()[1]
            if self._used >= self.allocation:
                raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
            if self._steps and now - self._steps[-1][0] < STEP:
                self._steps[-1] = (self._steps[-1][0], self._steps[-1][1] + 1)
            else:
                self._steps.append((now, 1))
            self._used += 1

    def header(self) -> str:
        """The value of `Sforce-Limit-Info`."""
        return f"api-usage={self._used}/{self.allocation}"

    def reply(self) -> dict[str, dict[str, int]]:
        """The reply to `GET limits`: what is counted here, and nothing else."""
        return {"DailyApiRequests": {"Max": self.allocation, "Remaining": self.allocation - self._used}}
