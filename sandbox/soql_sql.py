"""A SOQL tree into one SQL statement over the store's tables, and the plan to turn its rows into records."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sandbox.errors import ApiError
from sandbox.schema import TEXT_TYPES, Field, SObject
from sandbox.soql_filter import Filter
from sandbox.soql_names import HINT, Context, Names
from sandbox.soql_syntax import Aggregate, FieldsOf, Order, Path, Query
from sandbox.values import Value

MAX_OFFSET = 2000
MAX_FIELDS_ROWS = 200  # FIELDS(ALL) and FIELDS(CUSTOM) need a LIMIT of at most this


@dataclass(frozen=True)
class Output:
    """One column of the answer: canonical names from the queried object to the field, and where the value stands in a SQL row."""

    names: tuple[str, ...]
    field: Field
    index: int


@dataclass(frozen=True)
class Parent:
    """A parent of which columns are asked: where its Id stands in a SQL row, and the objects it may be."""

    names: tuple[str, ...]
    id_index: int
    targets: tuple[SObject, ...]


@dataclass(frozen=True)
class ChildQuery:
    """A query for the children of each record, and the field that points at the parent."""

    name: str
    query: Query
    item: SObject
    reference: Field


@dataclass(frozen=True)
class Statement:
    """SQL that answers a query. A row is (pk, Id, then the columns that `outputs` and `parents` index)."""

    item: SObject
    columns: str
    source: str
    where: str
    order: str
    parameters: tuple[Value, ...]
    outputs: tuple[Output, ...] = ()
    parents: tuple[Parent, ...] = ()
    children: tuple[ChildQuery, ...] = ()
    group: str = ""


def compile_query(context: Context, query: Query) -> Statement:
    """The SQL of a query on records or on groups.

    Raises
    ------
    ApiError
        400 with Salesforce's code: INVALID_TYPE, INVALID_FIELD, MALFORMED_QUERY, NUMBER_OUTSIDE_VALID_RANGE ...
    """
    if query.offset > MAX_OFFSET:
        raise ApiError(400, "NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
    names = Names(context, query)
    if query.is_count:
        conditions = Filter(names)
        where = conditions.where()
        return Statement(names.item, "count(*)", names.source(), where, "", tuple(conditions.parameters))
    return _group_statement(names) if query.is_aggregate else _record_statement(names)


def _record_statement(names: Names) -> Statement:
    query = names.query
    if query.having:
        names.fail("MALFORMED_QUERY", query.position, "HAVING cannot be used without GROUP BY")
    columns = [f"{names.root}.pk", f'{names.root}."Id"']
    outputs: dict[tuple[str, ...], Output] = {}
    parents: dict[tuple[str, ...], Parent] = {}
    children = []
    for selected in query.selected:
        if isinstance(selected.item, Query):
            children.append(_child(names, selected.item))
            continue
        for path in _paths(names, selected.item):
            resolved = names.resolve(path)
            if resolved.names in outputs:
                names.fail("INVALID_FIELD", path.position, f"duplicate field selected: {'.'.join(resolved.names)}")
            outputs[resolved.names] = Output(resolved.names, resolved.field, len(columns))
            columns.append(resolved.sql)
            for depth in range(1, len(resolved.names)):
                parent = resolved.names[:depth]
                if parent not in parents:
                    sql, targets = names.parent(parent)
                    parents[parent] = Parent(parent, len(columns), targets)
                    columns.append(sql)
    conditions = Filter(names)
    where = conditions.where()
    order = _order(names, is_record=True)
    return Statement(
        item=names.item,
        columns=", ".join(columns),
        source=names.source(),
        where=where,
        order=order,
        parameters=tuple(conditions.parameters),
        outputs=tuple(outputs.values()),
        parents=tuple(sorted(parents.values(), key=lambda each: len(each.names))),
        children=tuple(children),
    )


def _group_statement(names: Names) -> Statement:
    query = names.query
    columns: list[str] = []
    outputs: list[Output] = []
    grouped = [names.resolve(path) for path in query.group_by]
    unnamed = 0
    for selected in query.selected:
        item = selected.item
        if isinstance(item, Aggregate):
            sql, result = names.aggregate(item)
            shown = selected.alias or f"expr{unnamed}"
            unnamed += selected.alias is None
        elif isinstance(item, Path):
            resolved = names.resolve(item)
            if resolved.names not in [each.names for each in grouped]:
                message = f"Field must be grouped or aggregated: {'.'.join(item.names)}"
                names.fail("MALFORMED_QUERY", item.position, message)
            sql, result, shown = resolved.sql, resolved.field, selected.alias or resolved.names[-1]
        else:
            names.fail("MALFORMED_QUERY", query.position, "a grouped query selects only grouped fields and aggregates")
        outputs.append(Output((shown,), result, len(columns)))
        columns.append(sql)
    conditions = Filter(names)
    where = conditions.where()
    group = f" group by {', '.join(each.sql for each in grouped)}" if grouped else ""
    if query.having:
        group += f" having {conditions.condition(query.having)}"
    order = _order(names, is_record=False)
    parameters = tuple(conditions.parameters)
    columns_sql = ", ".join(columns)
    return Statement(names.item, columns_sql, names.source(), where, order, parameters, tuple(outputs), group=group)


def _paths(names: Names, item: Path | Aggregate | FieldsOf | Query) -> list[Path]:
    if isinstance(item, Path):
        return [item]
    assert isinstance(item, FieldsOf)
    limit = names.query.limit
    if item.which != "standard" and (limit is None or limit > MAX_FIELDS_ROWS):
        message = f"The SOQL FIELDS function must have a LIMIT of at most {MAX_FIELDS_ROWS}"
        names.fail("MALFORMED_QUERY", item.position, message)
    fields = names.item.fields.values()
    wanted = [each for each in fields if item.which == "all" or each.custom == (item.which == "custom")]
    return [Path((each.name,), item.position) for each in wanted]


def _child(names: Names, query: Query) -> ChildQuery:
    wanted = query.object_name.lower()
    for item, reference in names.context.schema.references_to[names.item.name]:
        shown = child_relationship(reference)
        if shown and shown.lower() == wanted:
            return ChildQuery(shown, replace(query, object_name=item.name), item, reference)
    hint = HINT.format(what="relationship", suffix="__r", where="custom relationship name")
    message = f"Didn't understand relationship '{query.object_name}' in FROM part of query call.{hint}"
    names.fail("INVALID_TYPE", query.position, message)


def _order(names: Names, *, is_record: bool) -> str:
    keys = [_order_key(names, each) for each in names.query.order_by]
    if is_record:
        keys.append(f"{names.root}.pk")
    return f" order by {', '.join(keys)}" if keys else ""


def _order_key(names: Names, order: Order) -> str:
    if isinstance(order.subject, Aggregate):
        sql, result = names.aggregate(order.subject)
    else:
        resolved = names.resolve(order.subject)
        sql, result = resolved.sql, resolved.field
        if not result.filterable:
            names.fail(
                "INVALID_FIELD", order.subject.position, f"field '{result.name}' can not be sorted in a query call"
            )
    collation = " collate nocase" if result.type in TEXT_TYPES else ""
    direction = "desc" if order.is_descending else "asc"
    return f"{sql}{collation} {direction} nulls {'last' if order.nulls_last else 'first'}"


def child_relationship(reference: Field) -> str | None:
    """The name under which SOQL asks for the records that refer by this field: custom ones end in `__r`."""
    if reference.children is None:
        return None
    return f"{reference.children}__r" if reference.custom else reference.children
