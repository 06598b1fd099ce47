"""Names in a SOQL statement resolved against the schema: fields, parents, aggregates, as SQL expressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn

from sandbox.errors import ApiError
from sandbox.schema import NUMBER_TYPES, Field, Schema, SObject
from sandbox.soql_syntax import Aggregate, Path, Query, place
from sandbox.store import quote

MAX_PARENTS = 5
HINT = (
    " If you are attempting to use a custom {what}, be sure to append the '{suffix}' after the {where}."
    " Please reference your WSDL or the describe call for the appropriate names."
)


@dataclass(frozen=True)
class Context:
    """What a query means beside its text: who asks, when, and whether deleted records count."""

    schema: Schema
    now: datetime
    user_id: str
    with_deleted: bool = False


@dataclass(frozen=True)
class Resolved:
    """A field of the queried object or of a parent: its SQL, and its canonical names from the object to the field."""

    sql: str
    field: Field
    names: tuple[str, ...]


@dataclass
class Names:
    """Resolves the names of one statement, and remembers the joins that they need.

    `prefix` begins every table alias, so that a statement inside another has its own.
    """

    context: Context
    query: Query
    prefix: str = "t"
    item: SObject = field(init=False)
    joins: dict[tuple[str, ...], tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root = f"{self.prefix}0"
        found = self.context.schema.find(self.query.object_name)
        if found is None:
            hint = HINT.format(what="object", suffix="__c", where="entity name")
            self.fail(
                "INVALID_TYPE", self.query.position, f"sObject type '{self.query.object_name}' is not supported.{hint}"
            )
        self.item = found

    def fail(self, code: str, position: int, message: str) -> NoReturn:
        """Raise the 400 reply that points at a place of the statement."""
        raise ApiError(400, code, place(self.query.text, position) + message)

    def source(self) -> str:
        """What follows FROM: the object's table and the parents joined so far."""
        return f"{quote(self.item.name)} as {self.root}" + "".join(
            f" left join {join}" for join, _ in self.joins.values()
        )

    def resolve(self, path: Path) -> Resolved:
        """The field that a path names; refused with INVALID_FIELD if there is none."""
        names = path.names
        if (
            len(names) > 1
            and names[0].lower() in (str(self.query.alias).lower(), self.item.name.lower())
            and names[0].lower() not in self.item.relationships
        ):
            names = names[1:]
        if len(names) == 1:
            target = self.item.find_field(names[0])
            if target is None:
                self._no_column(path, names[0], self.item)
            return Resolved(f"{self.root}.{quote(target.name)}", target, (target.name,))
        if len(names) > MAX_PARENTS + 1:
            self.fail("MALFORMED_QUERY", path.position, f"a path may go over at most {MAX_PARENTS} parents")
        canonical: tuple[str, ...] = ()
        alias, item = self.root, self.item
        for depth, name in enumerate(names[:-1]):
            reference = item.relationships.get(name.lower())
            if reference is None:
                hint = HINT.format(what="relationship", suffix="__r", where="custom relationship name")
                self.fail(
                    "INVALID_FIELD", path.position, f"Didn't understand relationship '{name}' in field path.{hint}"
                )
            canonical = (*canonical, str(reference.relationship))
            targets = [self.context.schema.objects[each] for each in reference.reference_to]
            if reference.polymorphic:
                if depth != len(names) - 2:
                    self._no_column(path, names[depth + 1], item, "Name")
                return self._polymorphic(path, alias, reference, targets, canonical, names[-1])
            alias, item = self._join(canonical, alias, reference, targets[0]), targets[0]
        target = item.find_field(names[-1])
        if target is None:
            self._no_column(path, names[-1], item)
        return Resolved(f"{alias}.{quote(target.name)}", target, (*canonical, target.name))

    def _join(self, names: tuple[str, ...], alias: str, reference: Field, target: SObject) -> str:
        key = (*names, target.name)
        if key not in self.joins:
            made = f"{self.prefix}{len(self.joins) + 1}"
            condition = f'{made}."Id" = {alias}.{quote(reference.name)}'
            self.joins[key] = (f"{quote(target.name)} as {made} on {condition}", made)
        return self.joins[key][1]

    def _polymorphic(
        self, path: Path, alias: str, reference: Field, targets: Sequence[SObject], names: tuple[str, ...], last: str
    ) -> Resolved:
        joined = [(self._join(names, alias, reference, target), target) for target in targets]
        if last.lower() == "type":
            cases = " ".join(f"when {made}.\"Id\" is not null then '{target.name}'" for made, target in joined)
            return Resolved(f"case {cases} end", Field("Type", "string", "Type"), (*names, "Type"))
        having = [(made, found) for made, target in joined if (found := target.find_field(last))]
        if not having or last.lower() not in ("id", "name", "firstname", "lastname", "email", "phone", "title"):
            self._no_column(path, last, None, "Name")
        columns = ", ".join(f"{made}.{quote(found.name)}" for made, found in having)
        sql = f"coalesce({columns})" if len(having) > 1 else columns
        return Resolved(sql, having[0][1], (*names, having[0][1].name))

    def parent(self, names: tuple[str, ...]) -> tuple[str, tuple[SObject, ...]]:
        """SQL of the parent's Id, and the objects it may be."""
        made = [(alias, key[-1]) for key, (_, alias) in self.joins.items() if key[:-1] == names]
        columns = ", ".join(f'{alias}."Id"' for alias, _ in made)
        targets = tuple(self.context.schema.objects[name] for _, name in made)
        return (f"coalesce({columns})" if len(made) > 1 else columns), targets

    def _no_column(self, path: Path, name: str, item: SObject | None, entity: str = "") -> NoReturn:
        hint = HINT.format(what="field", suffix="__c", where="custom field name")
        shown = entity or (item.name if item else "")
        self.fail("INVALID_FIELD", path.position, f"No such column '{name}' on entity '{shown}'.{hint}")

    def aggregate(self, item: Aggregate) -> tuple[str, Field]:
        """SQL of an aggregate, and a field that says of what type its value is."""
        if item.path is None:
            return "count(*)", Field("count", "int", "count")
        resolved = self.resolve(item.path)
        if item.function in ("sum", "avg") and resolved.field.type not in NUMBER_TYPES:
            self.fail(
                "MALFORMED_QUERY",
                item.position,
                f"field {resolved.field.name} does not support aggregate operator {item.function.upper()}",
            )
        if item.function == "count_distinct":
            return f"count(distinct {resolved.sql})", Field("count", "int", "count")
        result = Field("count", "int", "count") if item.function == "count" else resolved.field
        if item.function == "avg":
            result = Field("avg", "double", "avg")
        return f"{item.function}({resolved.sql})", result
