"""`abm score audit`: the leak guard over any table in a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.errors import UsageError
from orchestration.resources import RULES_FOLDER
from orchestration.table_files import read_rule, read_table
from scoring.inputs import NO_DATE, dates
from scoring.leak_guard import Finding, audit, can_convict, together_too_good
from scoring.outcome_counts import fold_cell, read_days
from scoring.parameters import Parameters, read_parameters
from scoring.together import auc_together

REFUSED: Final = "refused"
TO_BE_EXPLAINED: Final = "to be explained"
FINE: Final = "fine"
# Pairs of values of which everyone knows which one is the outcome.
_POSITIVE: Final = {
    "true": "false", "t": "f", "1": "0", "1.0": "0.0", "yes": "no", "y": "n", "won": "lost", "closed won": "closed lost",
    "win": "loss", "converted": "not converted", "はい": "いいえ", "有": "無", "受注": "失注", "成約": "不成約",
}  # fmt: skip
_MOST_VALUES: Final = 6


@dataclass(frozen=True)
class Request:
    """What to audit.

    Attributes
    ----------
    table : CSV (also .gz) or Parquet file
    label : column of the outcome
    positive, negative : values of the outcome, None where they go without saying; with both, rows of other values are left out
    index : column of the day for which each row is to be known, None for none
    """

    table: Path
    label: str
    positive: str | None = None
    negative: str | None = None
    index: str | None = None


@dataclass(frozen=True)
class Verdict:
    """One column, what is to be done with it, and what the checks said."""

    column: str
    verdict: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Answer:
    """What the guard says of a table.

    Attributes
    ----------
    rows, positives : rows with a known outcome, and those of them with the positive one
    positive, negative : the two values of the label
    columns : a verdict for every column, in their order
    together_auc : of a model of the columns that were not refused, on unseen rows; None where there are too few rows
    together : the finding on that
    notes : what was left out, and what could not be judged
    """

    rows: int
    positives: int
    positive: str
    negative: str
    columns: tuple[Verdict, ...]
    together_auc: float | None
    together: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def refused(self) -> bool:
        """Whether a column must not be learned from."""
        return any(column.verdict == REFUSED for column in self.columns)


def run(request: Request) -> Answer:
    """Audit a table.

    Raises
    ------
    UsageError
        If the file or a column is absent, or the label has not two values.
    """
    parameters = read_parameters(read_rule(RULES_FOLDER / "scoring_parameters.csv"))
    leak_columns = read_rule(RULES_FOLDER / "leak_columns.csv")
    table = read_table(request.table)
    for option, name in (("--label", request.label), ("--index", request.index)):
        if name is not None and table.column_names.count(name) != 1:
            seen = "two columns of this name" if name in table.column_names else "no such column"
            raise UsageError(f"{request.table}: {option} {name!r}: {seen}. It has {', '.join(table.column_names)}.")
    if not table.num_rows:
        raise UsageError(f"{request.table}: no rows. Expected rows under the header, each with an outcome.")
    label = table[request.label].to_pandas()
    positive, negative, value = _outcome(label, request)
    known = np.isin(value, (positive, negative))
    names = [name for name in table.column_names if name not in (request.label, request.index)]
    if not names:
        raise UsageError(f"{request.table}: no column beside {request.label!r}. Expected columns to audit.")
    index_dates = None if request.index is None else _index_dates(table[request.index].to_pandas(), request)[known]
    notes = []
    if not known.all():
        # An open deal is neither won nor lost.
        notes.append(f"{int((~known).sum()):,} rows without a known outcome were left out.")
        table = table.filter(known)
    keep = [at for at, name in enumerate(table.column_names) if name in names]
    rows = table.select(keep).to_pandas()
    del table
    outcome = value[known] == positive
    findings = audit(rows, outcome, leak_columns, index_dates, parameters=parameters)
    columns = _verdicts([str(name) for name in rows.columns], findings)
    usable = [at for at, column in enumerate(columns) if column.verdict != REFUSED]
    auc = auc_together(rows.iloc[:, usable], outcome)
    positives = int(outcome.sum())
    notes += _notes(positives, len(outcome) - positives, len(columns), auc, parameters)
    return Answer(
        len(outcome),
        positives,
        positive,
        negative,
        columns,
        None if np.isnan(auc) else auc,
        together_too_good(auc, parameters),
        tuple(notes),
    )


def print_answer(answer: Answer, as_json: bool, console: Console) -> None:
    """The verdicts as a table for a person, or as JSON for a script."""
    if as_json:
        console.print_json(json.dumps(_as_dict(answer), ensure_ascii=False))
        return
    table = Table(show_lines=True)
    for name in ("column", "verdict", "why"):
        table.add_column(name, overflow="fold")
    colours = {REFUSED: "red", TO_BE_EXPLAINED: "yellow", FINE: "green"}
    for column in answer.columns:
        why = "\n".join(finding.sentence for finding in column.findings)
        table.add_row(Text(column.column), Text(column.verdict, style=colours[column.verdict]), Text(why))
    console.print(table)
    counts = {name: sum(column.verdict == name for column in answer.columns) for name in colours}
    console.print(
        f"{answer.rows:,} rows, {answer.positives:,} with the outcome '{answer.positive}' (the others: '{answer.negative}'). "
        + ", ".join(f"{count} {name}" for name, count in counts.items())
        + ".",
        markup=False,
    )
    if answer.together_auc is not None:
        console.print(f"Without what is refused the columns reach an AUC of {answer.together_auc:.3f} on unseen rows.")
    for text in (*(finding.sentence for finding in answer.together), *answer.notes):
        console.print(text, markup=False)


def _as_dict(answer: Answer) -> dict[str, object]:
    out = asdict(answer)
    out["refused"] = answer.refused
    return out


def _outcome(label: pd.Series, request: Request) -> tuple[str, str, np.ndarray[tuple[int], np.dtype[np.object_]]]:
    """The positive and the negative value, folded, and the folded value of every row."""
    code, distinct = pd.factorize(label)
    folded = np.array([*(fold_cell(str(text)) for text in distinct), ""], dtype=object)
    value = folded[code]
    values, counts = np.unique(value.astype(str), return_counts=True)
    seen = sorted(
        ((int(count), text) for text, count in zip(values.tolist(), counts.tolist(), strict=True) if text), reverse=True
    )
    shown = ", ".join(f"'{text}' ({count:,} rows)" for count, text in seen[:_MOST_VALUES])
    shown += f" and {len(seen) - _MOST_VALUES:,} more" if len(seen) > _MOST_VALUES else ""
    where = f"{request.table}, column {request.label!r}"
    asked = [fold_cell(text) for text in (request.positive, request.negative) if text is not None]
    for text in asked:
        if text not in values or not text:
            raise UsageError(f"{where}: no row has the value '{text}'. It holds {shown or 'no values'}.")
    if len(asked) == 2:
        if asked[0] == asked[1]:
            raise UsageError(f"--positive and --negative are both '{asked[0]}'. Expected two different values.")
        return asked[0], asked[1], value
    if len(seen) != 2:
        raise UsageError(
            f"{where}: expected two values, such as true and false or won and lost; it holds {shown or 'no values'}.\n"
            "Keep the rows whose outcome is known, or name both values with --positive VALUE --negative VALUE; "
            "rows with another value are then left out."
        )
    found = {text for _, text in seen}
    if request.positive is not None:
        return asked[0], (found - {asked[0]}).pop(), value
    if request.negative is not None:
        return (found - {asked[0]}).pop(), asked[0], value
    pairs = [(one, other) for one, other in _POSITIVE.items() if found == {one, other}]
    if not pairs:
        raise UsageError(f"{where}: which of {shown} is the outcome to be learned? Name it with --positive VALUE.")
    return *pairs[0], value


def _index_dates(values: pd.Series, request: Request) -> pd.Series:
    days = read_days(values)
    if days is None:
        seen = next((f"'{text}'" for text in values.dropna().tolist()), "nothing")
        raise UsageError(
            f"{request.table}, column {request.index!r}: {seen} was seen where dates were expected, such as 2026-10-31. "
            "Name the column of the day for which each row is to be known, or leave --index out."
        )
    if (days == NO_DATE).all():
        raise UsageError(f"{request.table}, column {request.index!r}: no dates. Leave --index out.")
    return pd.Series(dates(days))


def _verdicts(names: Sequence[str], findings: Sequence[Finding]) -> tuple[Verdict, ...]:
    out = []
    for name in names:
        own = tuple(finding for finding in findings if finding.column == name)
        verdict = FINE
        if any(finding.blocks for finding in own):
            verdict = TO_BE_EXPLAINED
        if any(finding.refuses for finding in own):
            verdict = REFUSED
        out.append(Verdict(name, verdict, own))
    return tuple(out)


def _notes(positives: int, negatives: int, columns: int, auc: float, parameters: Parameters) -> list[str]:
    if not can_convict(positives, negatives, columns, parameters):
        return [
            f"{positives:,} rows with the outcome and {negatives:,} without are too few to tell a leak from chance: "
            "only names, dates and ids were judged."
        ]
    if np.isnan(auc):
        return ["Whether the columns are too good together was not judged: too few rows or no column left."]
    return []
