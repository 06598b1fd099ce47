"""SOQL text into a tree: tokens, grammar, and errors that point at row and column."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NoReturn

from sandbox.errors import ApiError, not_implemented

MAX_LENGTH = 100_000  # characters of a statement
MAX_DEPTH = 40  # nested parentheses and subqueries; deeper is nobody's query

_KEYWORDS_WORDS = (
    "select from where and or not in like order by asc desc nulls first last limit offset group having with for"
    " using scope includes excludes all"
)
KEYWORDS = frozenset(_KEYWORDS_WORDS.split())
AGGREGATES = frozenset({"count", "count_distinct", "sum", "avg", "min", "max"})
_FUNCTIONS_WORDS = (
    "tolabel convertcurrency format calendar_year calendar_month calendar_quarter day_in_month day_in_week"
    " day_in_year day_only fiscal_year fiscal_month fiscal_quarter hour_in_day week_in_month week_in_year"
    " converttimezone distance geolocation grouping"
)
FUNCTIONS = frozenset(_FUNCTIONS_WORDS.split())
OPERATORS = frozenset({"=", "!=", "<>", "<", ">", "<=", ">="})

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<string>'(?:[^'\\]|\\.)*')
    |(?P<datetime>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|z|[ +-]\d{2}:?\d{2}))
    |(?P<date>\d{4}-\d{2}-\d{2})
    |(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)
    |(?P<word>[A-Za-z_]\w*(?:\.\w+)*(?::\d+)?)
    |(?P<sign>!=|<>|<=|>=|[=<>(),])""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """A piece of the text. `kind` is a group of the token pattern, or `end`."""

    kind: str
    text: str
    position: int


@dataclass(frozen=True)
class Literal:
    """A value in a filter.

    `kind`: string (still with its escapes), number, date, datetime, boolean, null, or range (a date literal).
    """

    kind: str
    text: str


@dataclass(frozen=True)
class Path:
    """A field, possibly of a parent: `Account.Owner.Name`."""

    names: tuple[str, ...]
    position: int


@dataclass(frozen=True)
class Aggregate:
    """`COUNT(Id)`, `MAX(SystemModstamp)`; no path for `COUNT()`."""

    function: str
    path: Path | None
    position: int


@dataclass(frozen=True)
class FieldsOf:
    """`FIELDS(ALL)`, `FIELDS(STANDARD)`, `FIELDS(CUSTOM)`."""

    which: str
    position: int


@dataclass(frozen=True)
class Comparison:
    """`field operator value`."""

    subject: Path | Aggregate
    operator: str
    value: Literal


@dataclass(frozen=True)
class Membership:
    """`field [NOT] IN (values)` or `field [NOT] IN (SELECT ...)`."""

    subject: Path
    is_negated: bool
    values: tuple[Literal, ...]
    query: Query | None = None


@dataclass(frozen=True)
class Group:
    """Conditions joined by `and` or `or`."""

    joiner: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Negation:
    """`NOT condition`."""

    condition: Condition


Condition = Comparison | Membership | Group | Negation


@dataclass(frozen=True)
class Order:
    """One sort key."""

    subject: Path | Aggregate
    is_descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True)
class Selected:
    """One item of the SELECT list, with the alias that an aggregate may have."""

    item: Path | Aggregate | FieldsOf | Query
    alias: str | None = None


@dataclass(frozen=True)
class Query:
    """A whole statement."""

    text: str
    selected: tuple[Selected, ...]
    object_name: str
    position: int
    alias: str | None = None
    scope: str | None = None
    where: Condition | None = None
    group_by: tuple[Path, ...] = ()
    having: Condition | None = None
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0

    @property
    def is_count(self) -> bool:
        """True for `SELECT COUNT() FROM ...`, which answers with a number and no records."""
        item = self.selected[0].item
        return isinstance(item, Aggregate) and item.path is None

    @property
    def is_aggregate(self) -> bool:
        """True if rows of the answer are groups, not records."""
        return bool(self.group_by) or any(isinstance(each.item, Aggregate) for each in self.selected)


def parse(text: str) -> Query:
    """The tree of a SOQL statement.

    Raises
    ------
    ApiError
        400 MALFORMED_QUERY with the place, or 501 for a part of SOQL that this emulator does not have.
    """
    if len(text) > MAX_LENGTH:
        raise ApiError(400, "MALFORMED_QUERY", f"SOQL statements cannot be longer than {MAX_LENGTH} characters.")
    parser = _Parser(text)
    query = parser.query()
    parser.expect_end()
    return query


def place(text: str, position: int) -> str:
    """The head of an error message: the line, a caret below it, row and column."""
    row = text.count("\n", 0, position) + 1
    start = text.rfind("\n", 0, position) + 1
    column = position - start + 1
    end = text.find("\n", position)
    line = text[start : len(text) if end < 0 else end]
    first = max(0, column - 40)
    return f"\n{line[first : column + 40]}\n{' ' * (column - 1 - first)}^\nERROR at Row:{row}:Column:{column}\n"


def unescape(text: str) -> str:
    """The value of a quoted string, its quotes and escapes removed."""
    return re.sub(r"\\(u[0-9A-Fa-f]{4}|.)", _unescape_one, text[1:-1], flags=re.DOTALL)


def like_pattern(text: str) -> str:
    r"""The value of a quoted string as a pattern whose `\%` and `\_` stay escaped for SQL's `escape '\'`."""
    out = []
    for match in re.finditer(r"\\(u[0-9A-Fa-f]{4}|.)|(.)", text[1:-1], flags=re.DOTALL):
        if match.group(2) is not None:
            out.append(match.group(2))
        else:
            value = _unescape_one(match)
            out.append("\\" + value if value in "%_\\" else value)
    return "".join(out)


def _unescape_one(match: re.Match[str]) -> str:
    code = match.group(1)
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return {
        "n": "\n",
        "r": "\r",
        "t": "\t",
        "b": "\b",
        "f": "\f",
        "N": "\n",
        "R": "\r",
        "T": "\t",
        "B": "\b",
        "F": "\f",
    }.get(code, code)


@dataclass
class _Parser:
    text: str
    tokens: list[Token] = field(default_factory=list)
    at: int = 0
    depth: int = 0

    def __post_init__(self) -> None:
        position = 0
        while position < len(self.text):
            match = _TOKEN.match(self.text, position)
            if match is None:
                shown = self.text[position]
                self.fail(
                    position,
                    "Bind variables only allowed in Apex code" if shown == ":" else f"unexpected token: '{shown}'",
                )
            if match.lastgroup != "space":
                self.tokens.append(Token(str(match.lastgroup), match.group(), position))
            position = match.end()
        self.tokens.append(Token("end", "<EOF>", len(self.text)))

    def fail(self, position: int, message: str) -> NoReturn:
        raise ApiError(400, "MALFORMED_QUERY", place(self.text, position) + message)

    def unexpected(self) -> NoReturn:
        token = self.tokens[self.at]
        self.fail(token.position, f"unexpected token: '{token.text}'")

    def peek(self, *words: str) -> bool:
        token = self.tokens[self.at]
        return token.kind in ("word", "sign") and token.text.lower() in words

    def take(self, *words: str) -> bool:
        if self.peek(*words):
            self.at += 1
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.take(word):
            self.unexpected()

    def expect_end(self) -> None:
        if self.tokens[self.at].kind != "end":
            self.unexpected()

    def next(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1 if token.kind != "end" else 0
        return token

    def enter(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(self.tokens[self.at].position, "statement is nested too deeply")

    def query(self) -> Query:
        self.enter()
        self.expect("select")
        selected = [self.selected_item()]
        while self.take(","):
            selected.append(self.selected_item())
        self.expect("from")
        name = self.name()
        alias = None
        if self.take("as") or (
            self.tokens[self.at].kind == "word" and self.tokens[self.at].text.lower() not in KEYWORDS
        ):
            alias = self.name().text
        if self.peek(","):
            raise not_implemented("SOQL with several objects in FROM")
        scope = None
        if self.take("using"):
            self.expect("scope")
            scope = self.name().text.lower()
        where = self.conditions() if self.take("where") else None
        self.with_clause()
        group_by = self.group_by()
        having = self.conditions() if self.take("having") else None
        order_by = self.order_by()
        limit = self.whole_number() if self.take("limit") else None
        offset = self.whole_number() if self.take("offset") else 0
        if self.take("for"):
            if self.peek("update"):
                raise not_implemented("SOQL FOR UPDATE")
            while self.take("view", "reference", ","):
                pass
        self.depth -= 1
        return Query(
            self.text,
            tuple(selected),
            name.text,
            name.position,
            alias,
            scope,
            where,
            group_by,
            having,
            order_by,
            limit,
            offset,
        )

    def with_clause(self) -> None:
        if self.take("with") and not self.take("security_enforced", "user_mode", "system_mode"):
            raise not_implemented(f"SOQL WITH {self.tokens[self.at].text}")

    def group_by(self) -> tuple[Path, ...]:
        if not self.take("group"):
            return ()
        self.expect("by")
        paths = [self.path()]
        while self.take(","):
            paths.append(self.path())
        return tuple(paths)

    def order_by(self) -> tuple[Order, ...]:
        if not self.take("order"):
            return ()
        self.expect("by")
        orders = [self.order()]
        while self.take(","):
            orders.append(self.order())
        return tuple(orders)

    def order(self) -> Order:
        subject = self.subject()
        is_descending = self.take("desc")
        if not is_descending:
            self.take("asc")
        nulls_last = False
        if self.take("nulls"):
            nulls_last = self.take("last")
            if not nulls_last:
                self.expect("first")
        return Order(subject, is_descending, nulls_last)

    def selected_item(self) -> Selected:
        if self.peek("("):
            self.at += 1
            query = self.query()
            self.expect(")")
            return Selected(query)
        token = self.tokens[self.at]
        if token.kind == "word" and token.text.lower() == "typeof":
            raise not_implemented("SOQL TYPEOF")
        if token.kind == "word" and token.text.lower() == "fields" and self.tokens[self.at + 1].text == "(":
            self.at += 2
            which = self.next().text.lower()
            self.expect(")")
            if which not in ("all", "standard", "custom"):
                self.fail(token.position, f"unexpected token: '{which}'")
            return Selected(FieldsOf(which, token.position))
        subject = self.subject()
        following = self.tokens[self.at]
        if following.kind == "word" and following.text.lower() not in KEYWORDS:
            self.at += 1
            return Selected(subject, following.text)
        return Selected(subject)

    def subject(self) -> Path | Aggregate:
        token = self.tokens[self.at]
        if token.kind == "word" and self.at + 1 < len(self.tokens) and self.tokens[self.at + 1].text == "(":
            function = token.text.lower()
            if function in FUNCTIONS:
                raise not_implemented(f"SOQL function {token.text}")
            if function not in AGGREGATES:
                self.fail(token.position, f"Invalid aggregate function: {token.text}")
            self.at += 2
            path = None if function == "count" and self.peek(")") else self.path()
            self.expect(")")
            return Aggregate(function, path, token.position)
        return self.path()

    def name(self) -> Token:
        token = self.next()
        if token.kind != "word" or token.text.lower() in KEYWORDS or ":" in token.text:
            self.at -= 1 if token.kind != "end" else 0
            self.unexpected()
        return token

    def path(self) -> Path:
        if self.tokens[self.at + 1 :] and self.tokens[self.at + 1].text == "(" and self.tokens[self.at].kind == "word":
            raise not_implemented(f"SOQL function {self.tokens[self.at].text}")
        token = self.name()
        return Path(tuple(token.text.split(".")), token.position)

    def whole_number(self) -> int:
        token = self.next()
        if token.kind != "number" or not token.text.isdecimal() or len(token.text) > 9:
            self.at -= 1 if token.kind != "end" else 0
            self.unexpected()
        return int(token.text)

    def conditions(self) -> Condition:
        self.enter()
        first = self.condition()
        joiner = self.tokens[self.at].text.lower()
        if not self.peek("and", "or"):
            self.depth -= 1
            return first
        conditions = [first]
        while self.take(joiner):
            conditions.append(self.condition())
        if self.peek("and", "or"):  # AND beside OR needs parentheses
            self.unexpected()
        self.depth -= 1
        return Group(joiner, tuple(conditions))

    def condition(self) -> Condition:
        if self.take("not"):
            self.enter()
            inner = Negation(self.condition())
            self.depth -= 1
            return inner
        if self.take("("):
            grouped = self.conditions()
            self.expect(")")
            return grouped
        subject = self.subject()
        token = self.next()
        if token.kind == "sign" and token.text in OPERATORS:
            return Comparison(subject, "!=" if token.text == "<>" else token.text, self.literal())
        word = token.text.lower() if token.kind == "word" else ""
        if word == "like":
            return Comparison(subject, "like", self.literal())
        if word in ("includes", "excludes"):
            raise not_implemented(f"SOQL {word.upper()}")
        is_negated = word == "not"
        if is_negated:
            word = self.next().text.lower()
        if word != "in" or isinstance(subject, Aggregate):
            self.at -= 1 if token.kind != "end" else 0
            self.unexpected()
        return self.membership(subject, is_negated)

    def membership(self, subject: Path, is_negated: bool) -> Membership:
        self.expect("(")
        if self.peek("select"):
            query = self.query()
            self.expect(")")
            return Membership(subject, is_negated, (), query)
        values = [self.literal()]
        while self.take(","):
            values.append(self.literal())
        self.expect(")")
        return Membership(subject, is_negated, tuple(values))

    def literal(self) -> Literal:
        token = self.next()
        if token.kind in ("string", "number", "date"):
            return Literal(token.kind, token.text)
        if token.kind == "datetime":
            return Literal(
                "datetime", token.text.replace(" ", "+")
            )  # a `+` that was not percent-encoded arrives as a space
        if token.kind == "word":
            word = token.text.lower()
            if word in ("true", "false"):
                return Literal("boolean", word)
            if word == "null":
                return Literal("null", word)
            if word not in KEYWORDS and "." not in word and re.fullmatch(r"[a-z_0-9]+(:\d{1,5})?", word):
                return Literal("range", word)
        self.at -= 1 if token.kind != "end" else 0
        self.unexpected()
