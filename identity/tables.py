"""Columns of the tables that leave this package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pyarrow as pa

from identity.prepared import Coded

_TEXT: Final = pa.string()
RECORD_KEYS: Final = pa.schema(
    [
        (name, _TEXT)
        for name in (
            "record_id",
            "normalised_name",
            "name_key",
            "legal_form",
            "branch",
            "registrable_domain",
            "domain_kind",
            "corporate_number",
            "lei",
            "duns",
            "issues",
        )
    ]
)
ACCOUNT_MEMBERS: Final = pa.schema(
    [
        ("record_id", _TEXT),
        ("account_id", _TEXT),
        ("source", _TEXT),
        ("match_rule", _TEXT),
        ("matched_record_id", _TEXT),
        ("confidence", pa.float64()),
        ("as_of_date", pa.date32()),
    ]
)
MATCH_CANDIDATES: Final = pa.schema(
    [
        ("left_record_id", _TEXT),
        ("right_record_id", _TEXT),
        ("rule", _TEXT),
        ("score", pa.float64()),
        ("decision", _TEXT),
        ("evidence", _TEXT),
    ]
)
ACCOUNT_ID_HISTORY: Final = pa.schema(
    [
        ("event_id", _TEXT),
        ("as_of_date", pa.date32()),
        ("event", _TEXT),
        ("account_id", _TEXT),
        ("other_account_id", _TEXT),
        ("record_id", _TEXT),
        ("note", _TEXT),
    ]
)
ACCOUNT_ALIASES: Final = pa.schema([("alias_account_id", _TEXT), ("account_id", _TEXT), ("as_of_date", pa.date32())])
SET_ASIDE: Final = pa.schema([("reason", _TEXT), ("key", _TEXT), ("record_count", pa.int64()), ("note", _TEXT)])


def build(schema: pa.Schema, columns: Mapping[str, Sequence[object]]) -> pa.Table:
    """Table of a schema; empty texts become null."""
    return pa.table(
        [
            pa.array(
                [value or None for value in columns[field.name]] if field.type == _TEXT else list(columns[field.name]),
                field.type,
            )
            for field in schema
        ],
        schema=schema,
    )


def build_set_aside(rows: Sequence[tuple[str, str, int, str]]) -> pa.Table:
    """Table of reason, key, number of records and note, sorted."""
    columns = list(zip(*sorted(rows), strict=True)) or [()] * len(SET_ASIDE.names)
    return build(SET_ASIDE, dict(zip(SET_ASIDE.names, columns, strict=True)))


def coded(column: Coded) -> pa.Array:
    """Texts of a column; null where there is none."""
    return column.array().dictionary_decode()
