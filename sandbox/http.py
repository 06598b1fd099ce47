"""One request and one reply, free of the web framework, so that a composite call can make requests of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NoReturn
from urllib.parse import parse_qsl, unquote

from sandbox.errors import ApiError

JSON_TYPE = "application/json;charset=UTF-8"
CSV_TYPE = "text/csv"  # without a charset, as Salesforce sends it although the bytes are UTF-8


@dataclass(frozen=True)
class Request:
    """What came in.

    `path` is still percent-encoded: an external id may hold an encoded slash. Header names are in lower case.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    origin: str = ""

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The query string; of a repeated name the last counts."""
        return dict(parse_qsl(self.query, keep_blank_values=True, errors="replace"))

    @cached_property
    def form(self) -> dict[str, str]:
        """A form body, joined with the query string as an OAuth client may send either."""
        return self.parameters | dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def flag(self, name: str) -> bool:
        """True if the query string says `name=true`."""
        return self.parameters.get(name, "").lower() == "true"

    def json(self) -> Any:
        """The JSON body.

        Raises
        ------
        ApiError
            400 JSON_PARSER_ERROR if it is none, or holds NaN or Infinity.
        """
        try:
            return json.loads(self.body.decode("utf-8"), parse_constant=_no_such_number)
        except (ValueError, RecursionError) as error:
            raise ApiError(400, "JSON_PARSER_ERROR", f"The HTTP entity body is not readable JSON: {error}") from None

    def json_object(self) -> dict[str, Any]:
        """The JSON body, which must be an object."""
        body = self.json()
        if not isinstance(body, dict):
            raise ApiError(400, "JSON_PARSER_ERROR", "The HTTP entity body is required to be a JSON object")
        return body

    def towards(self, method: str, url: str, body: object, headers: Mapping[str, str]) -> Request:
        """A request of the same client to another path."""
        path, _, query = url.partition("?")
        encoded = b"" if body is None else json.dumps(body).encode()
        kept = {"authorization": self.headers.get("authorization", ""), "content-type": "application/json"}
        return replace(self, method=method.upper(), path=path, query=query, headers=kept | dict(headers), body=encoded)


@dataclass
class Reply:
    """What goes out."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: dict[str, str] = field(default_factory=dict)
    value: Any = None  # the JSON value that `body` encodes

    @classmethod
    def json(cls, value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        """A JSON reply."""
        encoded = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        return cls(status, encoded, headers=dict(headers or {}), value=value)

    @classmethod
    def empty(cls, status: int = 204) -> Reply:
        """A reply without a body."""
        return cls(status, b"", "")

    @classmethod
    def of_error(cls, error: ApiError) -> Reply:
        """The reply that an error stands for."""
        return cls.json(error.body(), error.status)


def segments(path: str) -> list[str]:
    """The parts of a path, each decoded on its own; a slash at the end makes no part."""
    return [unquote(part, errors="replace") for part in path.strip("/").split("/")]


def _no_such_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")
