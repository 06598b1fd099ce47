"""What a job title says about its holder: function, rank and role in a purchase, by ordered rules and known spellings."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz import fuzz, process

from identity.rules import RuleError

# The rule files that are read, by the names of the arguments of `TitleRules.from_tables`.
TITLE_RULE_TABLES: Final = (
    "title_functions",
    "title_seniorities",
    "title_departments",
    "title_aliases",
    "title_roles",
    "mart_parameters",
)
TITLE_READINGS_SCHEMA: Final = pa.schema(
    [
        ("title", pa.string()),
        ("department", pa.string()),
        ("function", pa.string()),
        ("seniority", pa.string()),
        ("role", pa.string()),
        ("role_rule", pa.string()),
        ("role_confidence", pa.float64()),
        ("problem", pa.string()),
        ("folded_title", pa.string()),
    ]
)
UNKNOWN_ROLE: Final = "unknown"
RANK_ONLY: Final = "rank_only"
FUNCTION_UNKNOWN: Final = "function_unknown"
NOT_UNDERSTOOD: Final = "not_understood"
# A rank is named and its function is left to the department: `Vice President`.
_UNSPECIFIED: Final = "unspecified"
# The pattern that gives a rank to every title that names none.
_ANY_TEXT: Final = "."
_BETWEEN_WORDS: Final = r"[\s\p{P}\p{S}\p{Z}]+"


@dataclass(frozen=True)
class _Pattern:
    priority: int
    pattern: str
    meaning: str


@dataclass(frozen=True)
class _Alias:
    text: str
    function: str
    seniority: str


@dataclass(frozen=True)
class _Reading:
    """What one text says; `None` where it says nothing."""

    function: str | None
    seniority: str | None
    function_rule: str
    seniority_rule: str
    is_rank_named: bool
    is_rank_only: bool
    similarity: float | None


@dataclass(frozen=True)
class TitleRules:
    """The rules that titles are read by, checked."""

    functions: tuple[_Pattern, ...]
    seniorities: tuple[_Pattern, ...]
    departments: tuple[tuple[str, str], ...]
    aliases: Mapping[str, _Alias]
    roles: Mapping[tuple[str, str], str]
    min_similarity: float
    rules_confidence: float
    default_rank_confidence: float
    department_confidence: float

    @classmethod
    def from_tables(
        cls,
        title_functions: pd.DataFrame,
        title_seniorities: pd.DataFrame,
        title_departments: pd.DataFrame,
        title_aliases: pd.DataFrame,
        title_roles: pd.DataFrame,
        mart_parameters: pd.DataFrame,
    ) -> TitleRules:
        """The rules of `seeds/rules/title_*.csv` and the rows `title_*` of `mart_parameters.csv`.

        Raises
        ------
        RuleError
            If a pattern is no regular expression (RE2), an alias is no text or stands there twice with two meanings, or
            a parameter is missing.
        """
        values = dict(zip(mart_parameters["parameter"], mart_parameters["value"], strict=True))
        return cls(
            functions=_patterns(title_functions, "title_functions.csv", "function"),
            seniorities=_patterns(title_seniorities, "title_seniorities.csv", "seniority"),
            departments=_departments(title_departments),
            aliases=_aliases(title_aliases),
            roles={
                (str(row.function), str(row.seniority)): str(row.role)
                for row in title_roles.sort_values(["function", "seniority"]).itertuples()
            },
            min_similarity=_parameter(values, "title_min_similarity"),
            rules_confidence=_parameter(values, "title_rules_confidence"),
            default_rank_confidence=_parameter(values, "title_default_rank_confidence"),
            department_confidence=_parameter(values, "title_department_confidence"),
        )


def read_titles(titles: Iterable[tuple[str, str]], rules: TitleRules) -> pa.Table:
    """Function, rank and role of each job title, with the rule that decided and how surely.

    Parameters
    ----------
    titles : pairs of job title and department ('' where none is known), in any order, repeated or not
    rules : of seeds/rules

    Returns
    -------
    `TITLE_READINGS_SCHEMA`, one row per distinct pair, sorted. `role` is `unknown` where title and department name no
    function or no rule gives one; `problem` then says why: `rank_only` (部長 and no department), `function_unknown` (a rank, and
    words that nobody knows), `not_understood` (neither). `role_confidence` is null for them, else in (0, 1].

    Notes
    -----
    An alias that is written exactly so decides; then the patterns, the first that matches in order of priority; where they
    leave function or rank open, the alias with as many words of highest Indel similarity (rapidfuzz `ratio`, at least
    `title_min_similarity`), unless it contradicts what they found or
    one is the other with more letters at an end. Ranks are read with departments cut off, as 社長室 is
    no 社長. A department gives the function that a title leaves open, never the rank.
    """
    pairs = sorted({(title, department) for title, department in titles})
    texts = sorted({text for pair in pairs for text in pair if text})
    readings = _read_texts(texts, rules)
    rows = [_row(title, department, readings, rules) for title, department in pairs]
    return pa.Table.from_pylist(rows, schema=TITLE_READINGS_SCHEMA)


def fold_title(text: str) -> str:
    """A title in NFKC and lower case with single blanks, as the patterns see it."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def _row(title: str, department: str, readings: Mapping[str, _Reading], rules: TitleRules) -> dict[str, object]:
    said = readings[title]
    function, seniority, function_rule = said.function, said.seniority, said.function_rule
    confidence = rules.rules_confidence if said.is_rank_named else rules.default_rank_confidence
    if said.similarity is not None:
        confidence = said.similarity / 100 * (1 if said.similarity == 100 else rules.rules_confidence)
    is_by_department = False
    if function in (None, _UNSPECIFIED) and department and readings[department].function not in (None, _UNSPECIFIED):
        function, function_rule, is_by_department = (
            readings[department].function,
            readings[department].function_rule,
            True,
        )
    if function is None and not said.is_rank_named:
        seniority = None
    role = rules.roles.get((function or "", seniority or ""), UNKNOWN_ROLE)
    problem = None
    if role == UNKNOWN_ROLE:
        problem = RANK_ONLY if said.is_rank_only else FUNCTION_UNKNOWN if said.is_rank_named else NOT_UNDERSTOOD
    return {
        "title": title,
        "department": department,
        "function": function,
        "seniority": seniority,
        "role": role,
        "role_rule": None
        if role == UNKNOWN_ROLE
        else f"{'department ' if is_by_department else ''}{function_rule}, {said.seniority_rule}",
        "role_confidence": None
        if role == UNKNOWN_ROLE
        else round(confidence * (rules.department_confidence if is_by_department else 1), 4),
        "problem": problem,
        "folded_title": fold_title(title),
    }


def _read_texts(texts: Sequence[str], rules: TitleRules) -> dict[str, _Reading]:
    folded = pa.array([fold_title(text) for text in texts], pa.string())
    without_department = folded
    for pattern, kept in rules.departments:
        without_department = pc.replace_substring_regex(without_department, pattern, kept)
    functions = _first_matches(folded, rules.functions)
    ranks = _first_matches(without_department, rules.seniorities)
    keys = pc.utf8_trim_whitespace(pc.replace_substring_regex(folded, _BETWEEN_WORDS, " ")).to_pylist()
    spellings: dict[int, list[str]] = {}
    for spelling in sorted(rules.aliases):
        spellings.setdefault(_words(spelling), []).append(spelling)
    readings = {}
    for text, key, rest, function_at, rank_at in zip(
        texts, keys, without_department.to_pylist(), functions, ranks, strict=True
    ):
        function = rules.functions[function_at] if function_at is not None else None
        rank = rules.seniorities[rank_at] if rank_at is not None else None
        is_rank_named = rank is not None and rank.pattern != _ANY_TEXT
        is_rank_only = function is None and rank is not None and is_rank_named and _is_all(rest, rank.pattern)
        alias, similarity = rules.aliases.get(key), 100.0
        if alias is None and not is_rank_only and (function is None or not is_rank_named):
            alias, similarity = _nearest(key, spellings.get(_words(key), []), rules)
            if alias is not None and (
                _is_longer_form(key, alias)
                or (function is not None and function.meaning != alias.function)
                or (is_rank_named and rank is not None and rank.meaning != alias.seniority)
            ):
                alias = None
        if alias is not None:
            readings[text] = _Reading(
                alias.function, alias.seniority, f"alias {alias.text}", f"similarity {similarity:.0f}", True, False,
                similarity,
            )  # fmt: skip
            continue
        readings[text] = _Reading(
            function=function.meaning if function else None,
            seniority=rank.meaning if rank else None,
            function_rule=f"function {function.priority}" if function else "",
            seniority_rule=f"seniority {rank.priority}" if rank else "",
            is_rank_named=is_rank_named,
            is_rank_only=is_rank_only,
            similarity=None,
        )
    return readings


def _first_matches(texts: pa.Array, patterns: Sequence[_Pattern]) -> list[int | None]:
    """Position of the first pattern that is found in each text; only texts without one are tried again."""
    found: list[int | None] = [None] * len(texts)
    waiting = list(range(len(texts)))
    for position, pattern in enumerate(patterns):
        if not waiting:
            break
        matched = pc.match_substring_regex(texts.take(pa.array(waiting, pa.int64())), pattern.pattern).to_pylist()
        for text_at, is_match in zip(waiting, matched, strict=True):
            if is_match:
                found[text_at] = position
        waiting = [text_at for text_at, is_match in zip(waiting, matched, strict=True) if not is_match]
    return found


def _nearest(key: str, spellings: Sequence[str], rules: TitleRules) -> tuple[_Alias | None, float]:
    """The alias most like a text, the first by its letters among equals."""
    best = process.extractOne(key, spellings, scorer=fuzz.ratio, score_cutoff=rules.min_similarity) if key else None
    return (rules.aliases[best[0]], float(best[1])) if best else (None, 0.0)


def _is_longer_form(key: str, alias: _Alias) -> bool:
    """One goes on where the other ends: 情報システム部 is a department, and 情報システム部長 its head."""
    other = _key(fold_title(alias.text))
    return key in other or other in key


def _words(key: str) -> int:
    """Slips of the pen add no word: Senior Manager is no Senior IT Manager."""
    return key.count(" ") + 1


def _is_all(text: str, pattern: str) -> bool:
    """Nothing but the rank stands in the text."""
    rest = pc.replace_substring_regex(pa.array([text]), pattern, "")
    return _key(rest[0].as_py()) == ""


def _key(folded: str) -> str:
    """A folded title without what stands between its words, which writers put as they like."""
    return str(pc.replace_substring_regex(pa.scalar(folded), _BETWEEN_WORDS, " ").as_py()).strip()


def _patterns(table: pd.DataFrame, file: str, meaning: str) -> tuple[_Pattern, ...]:
    rows = [
        _Pattern(int(row["priority"]), str(row["pattern"]), str(row[meaning]))
        for row in table.sort_values("priority").to_dict("records")
    ]
    for row in rows:
        _check_pattern(row.pattern, file, f"priority {row.priority}")
    return tuple(rows)


def _departments(table: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    rows = [
        (str(row["pattern"]), "" if pd.isna(row["kept"]) else str(row["kept"]))
        for row in table.sort_values("priority").to_dict("records")
    ]
    for pattern, kept in rows:
        _check_pattern(pattern, "title_departments.csv", f"pattern {pattern}", kept)
    return tuple(rows)


def _check_pattern(pattern: str, file: str, row: str, kept: str = "") -> None:
    try:
        pc.replace_substring_regex(pa.array([""]), pattern, kept)
    except pa.ArrowInvalid as error:
        raise RuleError(
            f"seeds/rules/{file}, {row}: {pattern!r} cannot be read as a regular expression ({error})."
            " Expected RE2 syntax, which has no look-ahead. Correct the row and run again."
        ) from error


def _aliases(table: pd.DataFrame) -> dict[str, _Alias]:
    aliases: dict[str, _Alias] = {}
    for row in table.sort_values("alias").to_dict("records"):
        alias = _Alias(str(row["alias"]), str(row["function"]), str(row["seniority"]))
        key = _key(fold_title(alias.text))
        if not key:
            raise RuleError(
                f"seeds/rules/title_aliases.csv: the alias {alias.text!r} has no letter. Write the title as people do."
            )
        other = aliases.setdefault(key, alias)
        if (other.function, other.seniority) != (alias.function, alias.seniority):
            raise RuleError(
                f"seeds/rules/title_aliases.csv: {other.text!r} ({other.function}, {other.seniority}) and {alias.text!r}"
                f" ({alias.function}, {alias.seniority}) are one title in other letters. Keep one of the rows."
            )
    return aliases


def _parameter(values: Mapping[str, float], name: str) -> float:
    if name not in values:
        raise RuleError(f"seeds/rules/mart_parameters.csv: the row {name} is missing. Restore it.")
    return float(values[name])
