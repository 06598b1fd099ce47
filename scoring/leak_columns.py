"""Columns that are known by name: written after the outcome, or looked at by a person and found to be honest."""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

import pandas as pd

from scoring.rules import RuleTable

# What a row says of the columns that it names.
EXPLAINED: Final = "explained"
REASONS: Final = {
    "sales process": "salespeople write it while or after they sell",
    "last activity": "it moves with every contact, so it tells how long the sale went on",
    "computed score": "a CRM or marketing system computes it from what happened until today",
    "outcome": "it says what the outcome was",
    EXPLAINED: "a person has looked and found it known before the outcome",
}


@dataclass(frozen=True)
class NamedColumn:
    """A row of leak_columns that a column's name matches."""

    pattern: str
    reason: str
    note: str

    @property
    def is_explained(self) -> bool:
        """Whether a person has looked at the column and found it honest."""
        return self.reason == EXPLAINED


class LeakColumns:
    """Rows of leak_columns, checked.

    Parameters
    ----------
    rows : columns pattern, reason, note. A pattern is compared with the whole folded name; `*` stands for any text, and a Latin
        word beside it stays whole (`*tag` is not in `percentage`)

    Raises
    ------
    RuleError
        If a pattern is empty or names every column, or a reason is unknown.
    """

    def __init__(self, rows: pd.DataFrame) -> None:
        table = RuleTable("leak_columns", rows, ["pattern"], ["reason", "note"])
        patterns, notes = table.texts("pattern"), table.texts("note")
        reasons = table.texts("reason", allowed=REASONS)
        found = []
        for at, pattern in enumerate(patterns):
            if not fold_name(pattern).replace("*", "").strip():
                raise table.fail(at, "pattern", "a name, with * for any text; this one would name every column")
            found.append((_expression(pattern), NamedColumn(pattern, reasons[at], notes[at])))
        # What a person explained goes before what a name suggests.
        self._rows = sorted(found, key=lambda row: (not row[1].is_explained, row[1].pattern))

    def find(self, name: str) -> NamedColumn | None:
        """The row that names a column, one that explains it before one that refuses it; None without such a row."""
        plain = fold_name(name)
        return next((row for expression, row in self._rows if expression.fullmatch(plain)), None)


def fold_name(name: str) -> str:
    """Name for comparison: width and case do not matter, separators are spaces, `StageName` and `stage__c` are words.

    Examples
    --------
    >>> fold_name("Last_Activity-Date"), fold_name("StageName"), fold_name("Lead_Score__c")
    ('last activity date', 'stage name', 'lead score')
    """
    plain = re.sub(r"__(c|pc|r)$", "", unicodedata.normalize("NFKC", name).strip(), flags=re.IGNORECASE)
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", plain)
    return " ".join(re.sub(r"[\s_\-./:|\\()\[\]#・]+", " ", plain.lower()).split())


def _expression(pattern: str) -> re.Pattern[str]:
    parts = [re.escape(fold_name(part)) for part in pattern.split("*")]
    out = parts[0]
    for before, after in itertools.pairwise(parts):
        out += r"(?![a-z0-9])" if re.search(r"[a-z0-9]$", before) else ""
        out += ".*"
        out += (r"(?<![a-z0-9])" if re.match(r"[a-z0-9]", after) else "") + after
    return re.compile(out)
