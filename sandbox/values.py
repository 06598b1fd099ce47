"""One cell: read from JSON or from a bulk CSV, checked against its field, and written back out."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime

from sandbox import ids
from sandbox.errors import ApiError, RecordError, RecordProblem
from sandbox.schema import ID_TYPES, NUMBER_TYPES, TEXT_TYPES, Field

Value = str | int | float | None  # what the store holds; a boolean is 0 or 1

_EMAIL = re.compile(r"[^\s@,;<>()\"\[\]\\:]+@[^\s@,;<>()\"\[\]\\:.]+(\.[^\s@,;<>()\"\[\]\\:.]+)+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATETIME = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(\.\d+)?(Z|z|[+-]\d{2}:?\d{2})?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_INT_LIMIT = 2**31


def utf16_length(text: str) -> int:
    """How many UTF-16 units a text has: what Salesforce counts (a character outside the basic plane is two)."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def well_formed(text: str) -> str:
    """The text without NUL and with unpaired surrogates, which no UTF-8 can hold, replaced by `?`."""
    return (
        text.replace("\x00", "")
        if text.isascii()
        else text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    )


def parse_date(text: str) -> str | None:
    """A date as `YYYY-MM-DD`, or None if the text is none."""
    head = text[:10]
    if not _DATE.fullmatch(head) or (len(text) > 10 and not _DATETIME.fullmatch(text)):
        return None
    try:
        return date.fromisoformat(head).isoformat()
    except ValueError:
        return None


def parse_datetime(text: str) -> str | None:
    """A date-time as the store keeps it (UTC, milliseconds), or None. A date alone is its midnight; no offset means UTC."""
    if len(text) == 20 and text[4] == text[7] == "-" and text[10] == "T" and text[19] == "Z":
        return _whole_second(text)
    if _DATE.fullmatch(text):
        text += "T00:00:00Z"
    match = _DATETIME.fullmatch(text)
    if not match:
        return None
    day, time, fraction, zone = match.groups()
    zone = "+00:00" if zone in (None, "Z", "z") else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    try:
        moment = datetime.fromisoformat(f"{day}T{time}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    milliseconds = (fraction or ".0")[1:4].ljust(3, "0")
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds}Z".zfill(24)


def _whole_second(text: str) -> str | None:
    """`2026-01-01T00:00:00Z`, the form of nearly every cell, without the general pattern."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return text[:19] + ".000Z"


def checker(field: Field) -> Callable[[Value], Value]:
    """A function that returns a typed value as it is stored, or raises RecordProblem."""
    label, name, limit = field.label, field.name, field.length

    def check_text(value: Value) -> Value:
        text = well_formed(str(value))
        if text == "":
            return None
        if limit and len(text) * 2 > limit and utf16_length(text) > limit:
            message = f"{label}: data value too large: {text} (max length={limit})"
            raise RecordProblem(RecordError("STRING_TOO_LONG", message, (name,)))
        return text

    def check_email(value: Value) -> Value:
        text = check_text(value)
        if isinstance(text, str) and not _EMAIL.fullmatch(text):
            raise RecordProblem(
                RecordError("INVALID_EMAIL_ADDRESS", f"{label}: invalid email address: {text}", (name,))
            )
        return text

    allowed = {value.lower(): value for value, _ in field.values}

    def check_picklist(value: Value) -> Value:
        text = check_text(value)
        if not isinstance(text, str):
            return text
        chosen = text.split(";") if field.type == "multipicklist" else [text]
        for each in chosen:
            if each.lower() not in allowed:
                message = f"{label}: bad value for restricted picklist field: {each}"
                raise RecordProblem(RecordError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (name,)))
        return ";".join(allowed[each.lower()] for each in chosen)

    whole_limit = 10.0 ** (field.precision - field.scale) if field.precision else 1e18

    def check_number(value: Value) -> Value:
        number = round(float(value or 0), field.scale)
        if not abs(number) < whole_limit:
            message = f"{label}: value outside of valid range on numeric field: {value}"
            raise RecordProblem(RecordError("NUMBER_OUTSIDE_VALID_RANGE", message, (name,)))
        return number

    if field.type in ("picklist", "multipicklist") and field.restricted:
        return check_picklist
    if field.type == "email":
        return check_email
    if field.type in TEXT_TYPES:
        return check_text
    if field.type in ("double", "currency", "percent"):
        return check_number
    return lambda value: value


def json_reader(field: Field) -> Callable[[object], Value]:
    """A function from a JSON value (not null) to the stored value; raises RecordProblem, or ApiError for the wrong type."""
    check = checker(field)
    kind = field.type

    def read(value: object) -> Value:
        if isinstance(value, dict | list):
            raise _wrong_json(kind, "START_OBJECT" if isinstance(value, dict) else "START_ARRAY", value)
        if value == "":
            return check("") if kind in TEXT_TYPES else None
        if kind == "boolean":
            if isinstance(value, bool):
                return int(value)
            if isinstance(value, str) and value.lower() in ("true", "false"):
                return int(value.lower() == "true")
            raise _wrong_json(kind, _token(value), value)
        if kind in NUMBER_TYPES:
            number = _number(value)
            if number is None or (kind == "int" and (number != int(number) or abs(number) >= _INT_LIMIT)):
                raise _wrong_json(kind, _token(value), value)
            return check(int(number) if kind == "int" else number)
        if kind in ("date", "datetime"):
            parsed = (parse_date if kind == "date" else parse_datetime)(value) if isinstance(value, str) else None
            if parsed is None:
                raise _wrong_json(kind, _token(value), value)
            return parsed
        if isinstance(value, bool):
            value = "true" if value else "false"
        return check(ids.to_18(str(value)) if kind in ID_TYPES else str(value))

    return read


def csv_reader(field: Field) -> Callable[[str], Value]:
    """A function from a cell that is neither empty nor `#N/A` to the stored value; raises RecordProblem."""
    check = checker(field)
    kind = field.type

    def wrong(text: str) -> RecordProblem:
        message = f"{field.label}: value not of required type: {text}"
        return RecordProblem(RecordError("INVALID_TYPE_ON_FIELD_IN_RECORD", message, (field.name,)))

    def read_boolean(text: str) -> Value:
        if text.lower() in ("true", "1", "yes", "false", "0", "no"):
            return int(text.lower() in ("true", "1", "yes"))
        raise wrong(text)

    def read_number(text: str) -> Value:
        number = _number(text)
        if number is None or (kind == "int" and (number != int(number) or abs(number) >= _INT_LIMIT)):
            raise wrong(text)
        return check(int(number) if kind == "int" else number)

    def read_time(text: str) -> Value:
        parsed = parse_date(text) if kind == "date" else parse_datetime(text)
        if parsed is None:
            raise wrong(text)
        return parsed

    if kind == "boolean":
        return read_boolean
    if kind in NUMBER_TYPES:
        return read_number
    if kind in ("date", "datetime"):
        return read_time
    if kind in ID_TYPES:
        return lambda text: ids.to_18(text.strip())
    return check


def to_json(field: Field, value: Value) -> object:
    """A stored value as JSON shows it: `true`, `2026-01-01T00:00:00.000+0000`."""
    if value is None:
        return None
    if field.type == "boolean":
        return bool(value)
    if field.type == "datetime":
        return str(value).replace("Z", "+0000")
    if field.type == "address":
        return json.loads(str(value))
    return value


def to_csv(field: Field, value: Value) -> str:
    """A stored value as a bulk result shows it: `true`, `2026-01-01T00:00:00.000Z`, empty for null."""
    if value is None:
        return ""
    if field.type == "boolean":
        return "true" if value else "false"
    return str(value)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or (isinstance(value, str) and not _NUMBER.fullmatch(value)):
        return None
    if not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _token(value: object) -> str:
    if isinstance(value, bool):
        return f"VALUE_{str(value).upper()}"
    if isinstance(value, str):
        return "VALUE_STRING"
    return "VALUE_NUMBER_INT" if isinstance(value, int) else "VALUE_NUMBER_FLOAT"


def _wrong_json(kind: str, token: str, value: object) -> ApiError:
    shown = f" value {value}" if token == "VALUE_STRING" else ""
    return ApiError(
        400,
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {kind} from {token}{shown} or request may be missing a required field",
    )
