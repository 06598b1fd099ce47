"""What a handler of the data API is given, and how a path finds its handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox.bulk import Jobs
from sandbox.http import Reply, Request
from sandbox.org import Org

OLDEST_VERSION = 31  # older ones are retired: 410
NEWEST_VERSION = 66


@dataclass(frozen=True)
class Call:
    """An authenticated request to the data API, with the variable parts of its path."""

    org: Org
    jobs: Jobs
    request: Request
    version: int
    parts: Mapping[str, str]
    send: Callable[[Request], Reply]

    @property
    def base(self) -> str:
        """The path up to and with the version."""
        return f"/services/data/v{self.version}.0"


Handler = Callable[[Call], Reply]


@dataclass(frozen=True)
class Route:
    """A path pattern below the version.

    `*` before a name takes one part, `**` all that are left, because an external id may hold slashes.
    """

    method: str
    pattern: tuple[str, ...]
    handler: Handler

    def match(self, parts: list[str]) -> dict[str, str] | None:
        """The variable parts if the path fits."""
        found: dict[str, str] = {}
        for position, piece in enumerate(self.pattern):
            if piece.startswith("**"):
                found[piece[2:]] = "/".join(parts[position:])
                return found if len(parts) > position else None
            if position >= len(parts):
                return None
            if piece.startswith("*"):
                found[piece[1:]] = parts[position]
            elif piece.lower() != parts[position].lower():
                return None
        return found if len(parts) == len(self.pattern) else None


def route(method: str, path: str, handler: Handler) -> Route:
    """A route from its path as text, such as `sobjects/*object/describe`."""
    return Route(method, tuple(path.split("/")), handler)
