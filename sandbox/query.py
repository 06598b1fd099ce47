"""Queries run: pages of records with a cursor, groups, counts, children of each record."""

from __future__ import annotations

import array
import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from sandbox.clock import stamp
from sandbox.errors import ApiError
from sandbox.query_columns import column_metadata
from sandbox.schema import Schema, SObject
from sandbox.soql_names import Context
from sandbox.soql_sql import ChildQuery, Statement, compile_query
from sandbox.soql_syntax import Query, parse
from sandbox.store import Store, quote
from sandbox.values import to_csv, to_json

PAGE = 2000
SMALLEST_PAGE = 200
CURSOR_LIFE = timedelta(days=2)
MAX_GROUPS = 2000


class Queries:
    """Answers SOQL for one user over one version of the API.

    Parameters
    ----------
    base : the path before `/sobjects`, such as `/services/data/v62.0`; stands in every record's `attributes`
    """

    def __init__(self, store: Store, schema: Schema, user_id: str, base: str) -> None:
        self.store = store
        self.schema = schema
        self.user_id = user_id
        self.base = base

    def first_page(self, soql: str, *, with_deleted: bool, page: int = PAGE) -> dict[str, object]:
        """The reply to a query: everything, or the first page and where the next one is."""
        query = parse(soql)
        context = self._context(with_deleted)
        statement = compile_query(context, query)
        reader = self.store.reader()
        if query.is_count:
            count = _count(reader, statement, query)
            return {"totalSize": count, "done": True, "records": []}
        if query.is_aggregate:
            groups = self._groups(reader, statement, query)
            return {"totalSize": len(groups), "done": True, "records": groups}
        keys = array.array("q", (row[0] for row in reader.execute(*_keys(statement, query))))
        records = self._records(reader, statement, keys[:page], context)
        reply: dict[str, object] = {"totalSize": len(keys), "done": len(keys) <= page, "records": records}
        if len(keys) > page:
            cursor = self._keep(soql, keys, with_deleted)
            reply["nextRecordsUrl"] = f"{self.base}/query/{cursor}-{page}"
        return reply

    def columns(self, soql: str) -> dict[str, Any]:
        """The reply to a query that asks for its columns instead of records."""
        return column_metadata(self._context(with_deleted=False), parse(soql))

    def next_page(self, locator: str, page: int = PAGE) -> dict[str, object]:
        """The reply to a `nextRecordsUrl`: which records it holds was settled by the query, their values are those of now.

        Raises
        ------
        ApiError
            400 INVALID_QUERY_LOCATOR if there is no such cursor (any more).
        """
        cursor, _, start_text = locator.rpartition("-")
        row = (
            self.store.reader().execute("select soql, is_all, keys from sys_cursor where id = ?", (cursor,)).fetchone()
        )
        if row is None or not start_text.isdecimal():
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        start = int(start_text)
        keys = array.array("q")
        keys.frombytes(row[2])
        context = self._context(bool(row[1]))
        statement = compile_query(context, parse(str(row[0])))
        end = min(start + page, len(keys))
        records = self._records(self.store.reader(), statement, keys[start:end], context)
        reply: dict[str, object] = {"totalSize": len(keys), "done": end >= len(keys), "records": records}
        if end < len(keys):
            reply["nextRecordsUrl"] = f"{self.base}/query/{cursor}-{end}"
        return reply

    def csv_rows(self, soql: str, *, with_deleted: bool) -> tuple[list[str], Iterator[list[str]]]:
        """Header and rows of a bulk query, as text.

        Raises
        ------
        ApiError
            400 for what a bulk query may not hold: counts, groups, children, OFFSET.
        """
        query = parse(soql)
        statement = compile_query(self._context(with_deleted), query)
        if query.is_aggregate or statement.children or query.offset:
            message = "Bulk queries do not take COUNT, GROUP BY, OFFSET or child relationships"
            raise ApiError(400, "FEATURENOTENABLED", message)
        if any(output.field.type == "address" for output in statement.outputs):
            raise ApiError(400, "FUNCTIONALITY_NOT_ENABLED", "Selecting compound data not supported in Bulk Query")
        limit = f" limit {query.limit}" if query.limit is not None else ""
        sql = f"select {statement.columns} from {statement.source}{statement.where}{statement.order}{limit}"
        outputs = statement.outputs
        reader = self.store.reader()

        def rows() -> Iterator[list[str]]:
            for row in reader.execute(sql, statement.parameters):
                yield [to_csv(output.field, row[output.index]) for output in outputs]

        return [".".join(output.names) for output in outputs], rows()

    def _context(self, with_deleted: bool) -> Context:
        return Context(self.schema, self.store.now(), self.user_id, with_deleted)

    def _groups(self, reader: sqlite3.Connection, statement: Statement, query: Query) -> list[dict[str, object]]:
        limit = min(query.limit if query.limit is not None else MAX_GROUPS + 1, MAX_GROUPS + 1)
        source = f"{statement.source}{statement.where}{statement.group}{statement.order}"
        sql = f"select {statement.columns} from {source} limit ? offset ?"
        rows = reader.execute(sql, [*statement.parameters, limit, query.offset]).fetchall()
        if len(rows) > MAX_GROUPS:
            raise ApiError(
                400,
                "EXCEEDED_ID_LIMIT",
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results",
            )
        return [
            {
                "attributes": {"type": "AggregateResult"},
                **{output.names[0]: to_json(output.field, row[output.index]) for output in statement.outputs},
            }
            for row in rows
        ]

    def _records(
        self, reader: sqlite3.Connection, statement: Statement, keys: Sequence[int], context: Context
    ) -> list[dict[str, Any]]:
        if not keys:
            return []
        sql = f"select {statement.columns} from {statement.source} where t0.pk in (select value from json_each(?))"
        rows = {row[0]: row for row in reader.execute(sql, (json.dumps(list(keys)),))}
        ordered = [rows[key] for key in keys if key in rows]
        records = [self._record(statement, row) for row in ordered]
        for child in statement.children:
            self._add_children(child, records, [str(row[1]) for row in ordered], context)
        return records

    def _record(self, statement: Statement, row: Sequence[Any]) -> dict[str, Any]:
        record: dict[str, Any] = {"attributes": self._attributes(statement.item, row[1])}
        nested: dict[tuple[str, ...], dict[str, Any] | None] = {(): record}
        for output in statement.outputs:
            holder = nested.get(output.names[:-1], record)
            if len(output.names) > 1 and output.names[:-1] not in nested:
                holder = self._parents(statement, row, nested, output.names[:-1])
            if holder is not None:
                holder[output.names[-1]] = to_json(output.field, row[output.index])
        return record

    def _parents(
        self,
        statement: Statement,
        row: Sequence[Any],
        nested: dict[tuple[str, ...], dict[str, Any] | None],
        wanted: tuple[str, ...],
    ) -> dict[str, Any] | None:
        for parent in statement.parents:
            if parent.names == wanted[: len(parent.names)] and parent.names not in nested:
                above = nested[parent.names[:-1]]
                record_id = row[parent.id_index]
                made = (
                    None
                    if record_id is None
                    else {"attributes": self._attributes(self._type_of(parent.targets, record_id), record_id)}
                )
                nested[parent.names] = made
                if above is not None:
                    above[parent.names[-1]] = made
        return nested[wanted]

    def _type_of(self, targets: tuple[SObject, ...], record_id: str) -> SObject:
        return next((item for item in targets if item.key_prefix == record_id[:3]), targets[0])

    def _add_children(
        self, child: ChildQuery, records: list[dict[str, Any]], parent_ids: list[str], context: Context
    ) -> None:
        statement = compile_query(context, child.query)
        reference = f"t0.{quote(child.reference.name)}"
        joiner = " and" if statement.where else " where"
        sql = (
            f"select {statement.columns}, {reference} from {statement.source}{statement.where}"
            f"{joiner} {reference} in (select value from json_each(?)){statement.order}"
        )
        found: dict[str, list[dict[str, Any]]] = {}
        for row in self.store.reader().execute(sql, [*statement.parameters, json.dumps(parent_ids)]):
            found.setdefault(str(row[-1]), []).append(self._record(statement, row))
        start, limit = child.query.offset, child.query.limit
        for parent_id, record in zip(parent_ids, records, strict=True):
            children = found.get(parent_id, [])[start : None if limit is None else start + limit]
            whole = {"totalSize": len(children), "done": True, "records": children}
            record[child.name] = whole if children else None

    def _attributes(self, item: SObject, record_id: object) -> dict[str, str]:
        return {"type": item.name, "url": f"{self.base}/sobjects/{item.name}/{record_id}"}

    def _keep(self, soql: str, keys: array.array[int], with_deleted: bool) -> str:
        now = self.store.now()
        with self.store.transaction() as connection:
            connection.execute("delete from sys_cursor where created < ?", (stamp(now - CURSOR_LIFE),))
            cursor = self.store.make_ids(connection, "01g", 1)[0]
            parameters = (cursor, soql, int(with_deleted), keys.tobytes(), stamp(now))
            connection.execute("insert into sys_cursor values (?, ?, ?, ?, ?)", parameters)
        return cursor


def _keys(statement: Statement, query: Query) -> tuple[str, list[Any]]:
    limit = -1 if query.limit is None else query.limit
    sql = f"select t0.pk from {statement.source}{statement.where}{statement.order} limit ? offset ?"
    return sql, [*statement.parameters, limit, query.offset]


def _count(reader: sqlite3.Connection, statement: Statement, query: Query) -> int:
    inner = f"select 1 from {statement.source}{statement.where} limit ? offset ?"
    limit = -1 if query.limit is None else query.limit
    row = reader.execute(f"select count(*) from ({inner})", [*statement.parameters, limit, query.offset]).fetchone()
    return int(row[0])
