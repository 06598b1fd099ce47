"""Rows of a query as dictionaries, also from a warehouse that lacks some tables."""

from __future__ import annotations

import re
from typing import Any

import duckdb

from orchestration.errors import UsageError

Rows = list[dict[str, Any]]

_TABLE = re.compile(r"\b(?:from|join)\s+(\w+\.\w+)", re.IGNORECASE)
_PARAMETER = re.compile(r"\$(\w+)")


def fetch(connection: duckdb.DuckDBPyConnection, sql: str, **parameters: object) -> Rows:
    """Rows of a query as dictionaries."""
    cursor = connection.execute(sql, parameters or None)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


class TableReader:
    """Queries over one warehouse; one that names a table which is not there has no rows, and the table is noted.

    Attributes
    ----------
    absent : tables, as `schema.table`, that were asked for and are not there
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._present = {
            row["name"]
            for row in fetch(
                connection, "select table_schema || '.' || table_name as name from information_schema.tables"
            )
        }
        self.absent: set[str] = set()

    def has(self, table: str) -> bool:
        """Whether `schema.table` is there."""
        return table in self._present

    def rows(self, sql: str, **parameters: object) -> Rows:
        """Rows of a query; parameters that it does not name are left out.

        Raises
        ------
        UsageError
            If a table is there and lacks a column: the warehouse was made by another version.
        """
        missing = {table for table in _TABLE.findall(sql) if table not in self._present}
        if missing:
            self.absent |= missing
            return []
        try:
            used = set(_PARAMETER.findall(sql))
            return fetch(self._connection, sql, **{name: parameters[name] for name in used})
        except duckdb.BinderException as error:
            raise UsageError(
                f"The warehouse was made by another version of abm360 ({str(error).splitlines()[0]})."
                " Run a night with this one: `abm run --as-of D --input DIR --warehouse FILE`."
            ) from error
