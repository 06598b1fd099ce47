"""Stand-ins for dbt's cross-database macros, so that sqlfluff can render the models without a database.

Each returns SQL of the same shape (one expression); what a macro really writes is not linted.
"""

from __future__ import annotations


def dateadd(datepart: str, interval: object, from_date_or_timestamp: str) -> str:
    """A date or time moved by an interval."""
    return f"date_add({from_date_or_timestamp}, '{interval}', '{datepart}')"


def datediff(first_date: str, second_date: str, datepart: str) -> str:
    """Number of boundaries between two dates."""
    return f"date_diff('{datepart}', {first_date}, {second_date})"


def date_trunc(datepart: str, date: str) -> str:
    """Start of the period that a time lies in."""
    return f"date_trunc('{datepart}', {date})"


def split_part(text: str, delimiter: str, part: int) -> str:
    """One part of a delimited text."""
    return f"split_part({text}, {delimiter}, {part})"


def listagg(measure: str, delimiter: str = "','", order_by_clause: str = "", limit_num: int | None = None) -> str:
    """Values of a group as one text."""
    return f"string_agg({measure}, {delimiter} {order_by_clause})"


def hash(field: str) -> str:
    """Hash of a text."""
    return f"md5({field})"


def safe_cast(field: str, type_name: str) -> str:
    """Value of another type, null where it has none."""
    return f"try_cast({field} as {type_name})"
