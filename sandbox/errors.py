"""Errors of the emulator: those of one record, those of a whole call, and those that the operator must fix.

```
SandboxError(ValueError)   the operator edits something: bad schema folder, state in use, landing folder missing
ApiError(Exception)        one HTTP reply that is not a success
RecordError                what is wrong with one record; a value, not an exception, because its neighbours go on
```
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class SandboxError(ValueError):
    """Something that whoever started the sandbox must change; the command ends with exit code 2."""


@dataclass(frozen=True)
class RecordError:
    """Why one record was refused, in the three shapes in which Salesforce says it."""

    code: str
    message: str
    fields: tuple[str, ...] = ()

    def in_single_call(self) -> dict[str, object]:
        """The item of the list that a call about one record answers with."""
        return {"message": self.message, "errorCode": self.code, "fields": list(self.fields)}

    def in_collection(self) -> dict[str, object]:
        """The item of `errors` in a collection's per-record result."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}

    def in_bulk(self) -> str:
        """The `sf__Error` cell: `CODE:message:Field --`."""
        return (
            f"{self.code}:{self.message}:{','.join(self.fields)} --"
            if self.fields
            else f"{self.code}:{self.message}:--"
        )


class RecordProblem(Exception):
    """Raised while one cell is read; carries the RecordError of its record."""

    def __init__(self, error: RecordError) -> None:
        super().__init__(error.message)
        self.error = error


class ApiError(Exception):
    """A reply that is not a success.

    Parameters
    ----------
    status : HTTP status
    code : Salesforce's `errorCode`
    message : what was wrong, in Salesforce's words where they are known
    fields : API names of the fields concerned; None leaves the key out, as Salesforce does for errors of the request
    """

    def __init__(self, status: int, code: str, message: str, fields: Sequence[str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields

    def body(self) -> list[dict[str, object]]:
        """The list that Salesforce answers with."""
        item: dict[str, object] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            item["fields"] = list(self.fields)
        return [item]


def not_found() -> ApiError:
    """The reply for a record, object or path that does not exist."""
    return ApiError(404, "NOT_FOUND", "The requested resource does not exist")


def not_implemented(what: str) -> ApiError:
    """The reply for something that Salesforce has and this emulator has not."""
    return ApiError(
        501, "NOT_IMPLEMENTED", f"{what} is not implemented by this emulator (abm360 sandbox, not Salesforce)."
    )
