"""`abm resolve`: a list of companies in, its duplicates or its matches in another list out.

Beside them go the pairs that a person should decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from identity.lists import ListResolution, counts, resolve_list, review_rows
from orchestration.errors import UsageError
from orchestration.list_files import as_csv, read_identity_rules, read_list, review_path, write_table
from orchestration.views import print_json

_MOST_SET_ASIDE = 20


@dataclass(frozen=True)
class Request:
    """What is asked for; see the options of `abm resolve`."""

    records: Sequence[Path]
    against: Path | None
    out: Path | None
    precision: float | None
    columns: Mapping[str, str]
    also: Sequence[str]
    decisions: Path | None
    previous: Path | None
    as_of: date


def parse_columns(texts: Sequence[str]) -> dict[str, str]:
    """Our columns with the headers that the user names for them.

    Raises
    ------
    UsageError
        If a text is not OURS=HEADER.
    """
    found = {}
    for text in texts:
        ours, equals, header = text.partition("=")
        if not equals or not ours.strip() or not header.strip():
            raise UsageError(f"--column {text}: expected OURS=HEADER, such as company_name='Site name'.")
        found[ours.strip()] = header.strip()
    return found


def run(request: Request, say: Callable[[str], None]) -> ListResolution:
    """Resolve a list and write the answer and the pairs to decide beside it.

    Raises
    ------
    UsageError
        If a file or a column is not there.
    RuleError
        If decisions contradict each other.
    """
    rules = read_identity_rules(request.decisions)
    say(f"read {', '.join(str(path) for path in request.records)}")
    records = read_list(request.records, request.columns)
    against = read_list([request.against], {}) if request.against else None
    previous = read_list([request.previous], {"record_id": "record_id"}) if request.previous else None
    try:
        answer = resolve_list(records, rules, request.as_of, against, request.precision, request.also, previous, say)
    except ValueError as error:
        if type(error) is not ValueError:
            raise
        raise UsageError(f"{', '.join(str(path) for path in request.records)}: {error}") from None
    if request.out is not None:
        say(f"write {request.out}")
        write_table(answer.records, request.out)
        write_table(answer.review, review_path(request.out))
    return answer


def print_answer(answer: ListResolution, request: Request, review: bool, as_json: bool, console: Console) -> None:
    """Counts, the threshold, and what was set aside; or the pairs to decide as CSV."""
    if review:
        typer.echo(as_csv(answer.review), nl=False)
        return
    numbers = {**counts(answer), "pairs_to_review": len(answer.review)}
    if as_json:
        print_json({**numbers, "threshold": answer.threshold, "set_aside": answer.set_aside.to_pylist()})
        return
    console.print(
        f"{numbers['records']:,} records are {numbers['accounts']:,} companies: {numbers['same']:,} with another record, "
        f"{numbers['review']:,} to review in {numbers['pairs_to_review']:,} pairs, {numbers['different']:,} alone."
    )
    console.print(f"Two records were joined from a probability of {answer.threshold:.3f} on.")
    rows = answer.set_aside.to_pylist()
    if rows:
        table = Table(title="set aside", title_justify="left")
        for name in ("reason", "key", "records", "note"):
            table.add_column(name, overflow="fold")
        for row in sorted(rows, key=lambda row: -row["record_count"])[:_MOST_SET_ASIDE]:
            table.add_row(row["reason"], Text((row["key"] or "")[:60]), f"{row['record_count']:,}", row["note"])
        console.print(table)
    if request.out is not None:
        console.print(f"answer {request.out}   pairs to review {review_path(request.out)}", soft_wrap=True)


def read_review(connection: duckdb.DuckDBPyConnection) -> str:
    """Pairs of the last night that a person should decide, best first, as rows for `seeds/rules/account_overrides.csv`."""
    rows = connection.execute(
        "select candidates.left_record_id, candidates.right_record_id, candidates.score,"
        " coalesce(lefts.company_name, '') || ' | ' || coalesce(rights.company_name, '') || ' | ' || candidates.evidence,"
        " (select max(as_of_date) from identity.account_members)"
        " from identity.match_candidates as candidates"
        " left join identity.company_records as lefts on candidates.left_record_id = lefts.record_id"
        " left join identity.company_records as rights on candidates.right_record_id = rights.record_id"
        " where candidates.decision = 'review' order by candidates.score desc, 1, 2"
    ).fetchall()
    day = rows[0][4] if rows else date.min
    return as_csv(
        review_rows(
            [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows], [row[3] for row in rows], day
        )
    )
