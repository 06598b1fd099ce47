"""SQL that says whether the text of a cell can be read as its type.

The same formats as the staging macros `to_timestamp`, `to_date`, `to_number` and `to_boolean`;
`tests/integration/test_cell_formats.py` holds the two to each other.
"""

from __future__ import annotations

from loading.contract import Column

_DATE = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}"
_TIME = r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
_OFFSET = r"(Z|[+-]\d{2}(:?\d{2})?)?"
_FULL_WIDTH = "０１２３４５６７８９，．－＋￥＄"
_HALF_WIDTH = "0123456789,.-+¥$"


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def timestamp_sql(text: str) -> str:
    """SQL for the UTC timestamp that the SQL text `text` says, null where it says none."""
    iso = f"regexp_replace(trim({text}), '^(\\d{{4}})年(\\d{{1,2}})月(\\d{{1,2}})日$', '\\1-\\2-\\3')"
    return (
        f"case when regexp_full_match({iso}, '{_DATE}([T ]{_TIME}{_OFFSET})?')"
        f" then try_cast({iso} as timestamptz) at time zone 'UTC' end"
    )


def number_sql(text: str) -> str:
    """SQL for the double that the SQL text `text` says, null where it says none."""
    plain = f"trim(translate({text}, '{_FULL_WIDTH}', '{_HALF_WIDTH}'))"
    bare = f"replace(regexp_replace({plain}, '^([-+]?)\\s*[€$£¥]\\s*', '\\1'), ',', '')"
    number = "[-+]?(\\d+(\\.\\d*)?|\\.\\d+)([eE][-+]?\\d+)?"
    return f"case when regexp_full_match({bare}, '{number}') then try_cast({bare} as double) end"


def boolean_sql(text: str) -> str:
    """SQL for the boolean that the SQL text `text` says, null where it says none."""
    return (
        f"case lower(trim({text})) when 'true' then true when '1' then true"
        " when 'false' then false when '0' then false end"
    )


def rejection_sql(columns: tuple[Column, ...]) -> tuple[str, str]:
    """SQL for the first required column that cannot be read, and for the reason; both null for a good row."""
    required = [column for column in columns if column.required]
    column_cases, reason_cases = [], []
    for column in required:
        name = quoted(column.name)
        column_cases.append(f"when {_unreadable(column)} then {literal(column.name)}")
        reason_cases.append(f"when {name} is null or trim({name}) = '' then 'required value is missing'")
        if column.type != "text":
            reason_cases.append(f"when {_unreadable(column)} then {literal(_REASONS[column.type])}")
    return f"case {' '.join(column_cases)} end", f"case {' '.join(reason_cases)} end"


_REASONS = {
    "timestamp": "not a time; expected ISO 8601 such as 2026-10-31T09:30:00Z",
    "date": "not a date; expected YYYY-MM-DD",
    "number": "not a number",
    "boolean": "not a boolean; expected true or false",
}


def _unreadable(column: Column) -> str:
    name = quoted(column.name)
    blank = f"{name} is null or trim({name}) = ''"
    if column.type == "text":
        return f"({blank})"
    readers = {"timestamp": timestamp_sql, "date": timestamp_sql, "number": number_sql, "boolean": boolean_sql}
    return f"({blank} or ({readers[column.type](name)}) is null)"
