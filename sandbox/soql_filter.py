"""The WHERE and HAVING of a SOQL statement as SQL, with the checks of types that Salesforce makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import NoReturn

from sandbox import ids
from sandbox.date_literals import day_range
from sandbox.errors import not_implemented
from sandbox.schema import ID_TYPES, NUMBER_TYPES, TEXT_TYPES, Field
from sandbox.soql_names import Names, Resolved
from sandbox.soql_syntax import (
    Aggregate,
    Condition,
    Group,
    Literal,
    Membership,
    Negation,
    Path,
    like_pattern,
    unescape,
)
from sandbox.values import Value, parse_date, parse_datetime, well_formed

_TYPE_NAMES = {"datetime": "dateTime"}


@dataclass
class Filter:
    """Compiles conditions; the values go to `parameters`, in the order of their marks."""

    names: Names
    parameters: list[Value] = field(default_factory=list)

    def where(self) -> str:
        """The WHERE clause, empty or beginning with a space, with what the scope and deleted records add."""
        query, item, root = self.names.query, self.names.item, self.names.root
        conditions = [self.condition(query.where)] if query.where else []
        if item.has_is_deleted and not self.names.context.with_deleted:
            conditions.append(f'{root}."IsDeleted" = 0')
        if query.scope == "mine" and "OwnerId" in item.fields:
            conditions.append(f'{root}."OwnerId" = ?')
            self.parameters.append(self.names.context.user_id)
        elif query.scope not in (None, "everything"):
            raise not_implemented(f"SOQL USING SCOPE {query.scope} on {item.name}")
        return f" where {' and '.join(conditions)}" if conditions else ""

    def condition(self, condition: Condition) -> str:
        """SQL of a condition, null where it cannot be told."""
        if isinstance(condition, Group):
            return "(" + f" {condition.joiner} ".join(self.condition(each) for each in condition.conditions) + ")"
        if isinstance(condition, Negation):
            return f"not coalesce({self.condition(condition.condition)}, 0)"
        if isinstance(condition, Membership):
            return self._membership(condition)
        subject = condition.subject
        if isinstance(subject, Aggregate):
            sql, result = self.names.aggregate(subject)
        else:
            resolved = self.names.resolve(subject)
            sql, result = resolved.sql, resolved.field
            self._check_filterable(subject, result)
        return self._compare(sql, result, condition.operator, condition.value, subject.position)

    def _check_filterable(self, path: Path, target: Field) -> None:
        if not target.filterable:
            self.names.fail(
                "INVALID_FIELD", path.position, f"field '{target.name}' can not be filtered in a query call"
            )

    def _compare(self, sql: str, target: Field, operator: str, value: Literal, position: int) -> str:
        if value.kind == "null":
            if operator not in ("=", "!="):
                self.names.fail("MALFORMED_QUERY", position, f"operator {operator} cannot be used with null")
            return f"{sql} is {'not ' if operator == '!=' else ''}null"
        if value.kind == "range":
            return self._compare_range(sql, target, operator, value, position)
        if operator == "like":
            if target.type not in TEXT_TYPES or value.kind != "string":
                self.names.fail(
                    "INVALID_QUERY_FILTER_OPERATOR", position, "invalid operator on " + target.type + " field"
                )
            self.parameters.append(well_formed(like_pattern(value.text)))
            return f"{sql} like ? escape '\\'"
        typed = self._typed(target, value, position)
        if target.type in ID_TYPES:
            if operator not in ("=", "!="):
                self.names.fail("INVALID_QUERY_FILTER_OPERATOR", position, "invalid operator on id field")
            if len(str(typed)) == 15:
                sql = f"substr({sql}, 1, 15)"
        elif target.type == "boolean" and operator not in ("=", "!="):
            self.names.fail("INVALID_QUERY_FILTER_OPERATOR", position, "invalid operator on boolean field")
        self.parameters.append(typed)
        collation = " collate nocase" if target.type in TEXT_TYPES and not target.case_sensitive else ""
        if operator == "!=":  # null is a value that differs from every other
            return f"({sql} is null or {sql}{collation} <> ?)"
        return f"{sql}{collation} {operator} ?"

    def _compare_range(self, sql: str, target: Field, operator: str, value: Literal, position: int) -> str:
        try:
            days = day_range(value.text, self.names.context.now.date())
        except (OverflowError, ValueError):
            days = (date.max, date.max)
        if days is None:
            self.names.fail("MALFORMED_QUERY", position, f"unexpected token: '{value.text}'")
        if target.type not in ("date", "datetime") or operator == "like":
            self._wrong_type(target, position)
        start, end = (each.isoformat() + ("T00:00:00.000Z" if target.type == "datetime" else "") for each in days)
        bounds: dict[str, tuple[str, list[Value]]] = {
            "=": (f"({sql} >= ? and {sql} < ?)", [start, end]),
            "!=": (f"({sql} is null or {sql} < ? or {sql} >= ?)", [start, end]),
            "<": (f"{sql} < ?", [start]),
            "<=": (f"{sql} < ?", [end]),
            ">": (f"{sql} >= ?", [end]),
            ">=": (f"{sql} >= ?", [start]),
        }
        text, parameters = bounds[operator]
        self.parameters += parameters
        return text

    def _membership(self, condition: Membership) -> str:
        resolved = self.names.resolve(condition.subject)
        self._check_filterable(condition.subject, resolved.field)
        if condition.query is not None:
            return self._semi_join(condition, resolved)
        position = condition.subject.position
        has_null = any(value.kind == "null" for value in condition.values)
        if any(value.kind == "range" for value in condition.values):
            self._wrong_type(resolved.field, position)
        typed = [self._typed(resolved.field, value, position) for value in condition.values if value.kind != "null"]
        sql = resolved.sql
        if resolved.field.type in ID_TYPES and any(len(str(each)) == 15 for each in typed):
            typed = [str(each)[:15] for each in typed]
            sql = f"substr({sql}, 1, 15)"
        collation = " collate nocase" if resolved.field.type in TEXT_TYPES and not resolved.field.case_sensitive else ""
        self.parameters += typed
        inside = f"{sql}{collation} in ({', '.join('?' * len(typed))})" if typed else "0"
        if condition.is_negated:
            return f"({sql} is not null and not {inside})" if has_null else f"({sql} is null or not {inside})"
        return f"({sql} is null or {inside})" if has_null else inside

    def _semi_join(self, condition: Membership, resolved: Resolved) -> str:
        query = condition.query
        assert query is not None
        position = condition.subject.position
        if resolved.field.type not in ID_TYPES or self.names.prefix != "t":
            message = "semi join sub-selects are only allowed on id and reference fields, one level deep"
            self.names.fail("MALFORMED_QUERY", position, message)
        inner = Names(self.names.context, query, prefix="s")
        if len(query.selected) != 1 or not isinstance(query.selected[0].item, Path):
            self.names.fail("MALFORMED_QUERY", query.position, "a semi join sub-select must select exactly one field")
        column = inner.resolve(query.selected[0].item)
        if column.field.type not in ID_TYPES:
            self.names.fail(
                "MALFORMED_QUERY", query.position, "a semi join sub-select must select an id or reference field"
            )
        where = Filter(inner, self.parameters).where()
        present = f"{column.sql} is not null"
        where += f" and {present}" if where else f" where {present}"
        limit = f" limit {query.limit}" if query.limit is not None else ""
        inside = f"in (select {column.sql} from {inner.source()}{where}{limit})"
        return (
            f"({resolved.sql} is null or {resolved.sql} not {inside})"
            if condition.is_negated
            else f"{resolved.sql} {inside}"
        )

    def _typed(self, target: Field, value: Literal, position: int) -> Value:
        if target.type in TEXT_TYPES or target.type in ID_TYPES:
            if value.kind != "string":
                self._wrong_type(target, position)
            text = well_formed(unescape(value.text))
            if target.type in ID_TYPES and not ids.has_id_shape(text):
                self.names.fail("INVALID_QUERY_FILTER_OPERATOR", position, f"invalid ID field: {text}")
            return text
        if target.type == "boolean" and value.kind == "boolean":
            return int(value.text == "true")
        if target.type in NUMBER_TYPES and value.kind == "number":
            return float(value.text)
        if target.type == "date" and value.kind == "date" and (day := parse_date(value.text)):
            return day
        if target.type == "datetime" and value.kind == "datetime" and (moment := parse_datetime(value.text)):
            return moment
        self._wrong_type(target, position)

    def _wrong_type(self, target: Field, position: int) -> NoReturn:
        wants_quotes = target.type in TEXT_TYPES or target.type in ID_TYPES
        kind = "string" if target.type in TEXT_TYPES else _TYPE_NAMES.get(target.type, target.type)
        quotes = "should be enclosed in quotes" if wants_quotes else "should not be enclosed in quotes"
        self.names.fail(
            "INVALID_FIELD",
            position,
            f"value of filter criterion for field '{target.name}' must be of type {kind} and {quotes}",
        )
